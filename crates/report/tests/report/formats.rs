//! One table in every format, with text that each of them would stumble over.

use arclab_metrics::{Difference, Summary};
use arclab_report::{Better, Cell, Column, Format, Kind, Table, render, render_experiments};

fn table() -> Table {
    let columns = vec![
        Column::new("variant", "Variant", Kind::Text),
        Column::new("open_accuracy", "Open-set", Kind::Spread),
        Column::new("open_difference", "Difference", Kind::Difference(Better::Higher)),
        Column::new("duration", "Duration", Kind::Number),
        Column::new("ended", "Ended", Kind::Text),
    ];
    let mut table = Table::new("accuracy", "Accuracy, 95% of it", columns);
    let spread = |mean, std| Cell::Spread { summary: Summary { count: 2, mean, std }, decimals: 3 };
    table.push(vec![
        Cell::text("baseline"),
        spread(0.745, None),
        Cell::Empty,
        Cell::Seconds(83.4),
        Cell::Time(1_772_323_200_000),
    ]);
    let difference = Difference { value: -0.0126, low: -0.0216, high: -0.0036 };
    table.push(vec![
        Cell::text("a|b, \"c\" & <d> 50%_*"),
        spread(0.7325, Some(0.01)),
        Cell::Difference { difference, decimals: 3, is_clear: difference.is_significant() },
        Cell::Empty,
        Cell::Empty,
    ]);
    let difference = Difference { value: 0.0, low: -0.0001, high: 0.01 };
    let row = [
        Cell::text("m0.8"),
        spread(0.745, None),
        Cell::Difference { difference, decimals: 3, is_clear: difference.is_significant() },
    ];
    table.push(row.into_iter().chain([Cell::Count(7), Cell::Empty]).collect());
    table.notes.push("Open-set: 1500 pairs & more.".to_owned());
    table
}

#[test]
fn a_terminal_gets_aligned_columns() {
    insta::assert_snapshot!(table().render(Format::Text { colour: false }), @r#"
    Accuracy, 95% of it
    Variant                    Open-set  Difference                Duration  Ended
    ────────────────────────────────────────────────────────────────────────────────────────────
    baseline                      0.745  -                           1m 23s  2026-03-01 00:00:00
    a|b, "c" & <d> 50%_*  0.733 ± 0.010  -0.013 [-0.022, -0.004]*         -  -
    m0.8                          0.745  +0.000 [-0.000, +0.010]          7  -
    Open-set: 1500 pairs & more.
    "#);
}

#[test]
fn colour_marks_headings_and_clear_differences_only() {
    let plain = table().render(Format::Text { colour: false });
    let coloured = table().render(Format::Text { colour: true });
    assert!(!plain.contains('\x1b'));
    assert!(
        coloured.contains("\x1b[31m-0.013 [-0.022, -0.004]*\x1b[0m"),
        "a clear loss is red: {coloured:?}"
    );
    assert!(coloured.contains(" +0.000 [-0.000, +0.010] "), "what may be chance is plain");
    let mut stripped = coloured;
    for code in ["\x1b[1m", "\x1b[31m", "\x1b[0m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn fewer_errors_are_good_news() {
    let column = Column::new("errors", "Errors", Kind::Difference(Better::Lower));
    let mut table = Table::new("errors", "", vec![column]);
    let difference = Difference { value: -5.0, low: -8.0, high: -2.0 };
    table.push(vec![Cell::Difference { difference, decimals: 0, is_clear: difference.is_significant() }]);
    assert!(table.render(Format::Text { colour: true }).contains("\x1b[32m-5 [-8, -2]*"));
}

#[test]
fn a_terminal_gets_no_control_characters_from_a_cell() {
    let mut table = Table::new("t", "", vec![Column::new("a", "A", Kind::Text)]);
    table.push(vec![Cell::text("x\x1b[2Jy\nz")]);
    assert!(table.render(Format::Text { colour: false }).ends_with("x [2Jy z\n"));
}

#[test]
fn notes_are_wrapped_between_words() {
    let mut table = Table::new("t", "", vec![Column::new("a", "A", Kind::Text)]);
    table.notes.push(["word"; 20].join(" "));
    let text = table.render(Format::Text { colour: false });
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(lines, [["word"; 16].join(" "), format!("  {}", ["word"; 4].join(" "))]);
}

#[test]
fn markdown_is_githubs() {
    insta::assert_snapshot!(table().render(Format::Markdown), @r#"
    **Accuracy, 95% of it**

    | Variant | Open-set | Difference | Duration | Ended |
    | :--- | ---: | :--- | ---: | :--- |
    | baseline | 0.745 | - | 1m 23s | 2026-03-01 00:00:00 |
    | a\|b, "c" & \<d> 50%_\* | 0.733 ± 0.010 | -0.013 [-0.022, -0.004]* | - | - |
    | m0.8 | 0.745 | +0.000 [-0.000, +0.010] | 7 | - |

    - Open-set: 1500 pairs & more.
    "#);
}

#[test]
fn csv_has_unrounded_numbers_and_quotes_what_needs_it() {
    insta::assert_snapshot!(table().render(Format::Csv), @r#"
    variant,open_accuracy,open_accuracy_std,open_difference,open_difference_low,open_difference_high,open_difference_is_clear,duration,ended
    baseline,0.745,,,,,,83.4,2026-03-01T00:00:00Z
    "a|b, ""c"" & <d> 50%_*",0.7325,0.01,-0.0126,-0.0216,-0.0036,true,,
    m0.8,0.745,,0.0,-0.0001,0.01,false,7,
    "#);
}

#[test]
fn latex_is_set_with_booktabs() {
    insta::assert_snapshot!(table().render(Format::Latex), @r#"
    % \usepackage{booktabs}
    \begin{table}
      \centering
      \caption{Accuracy, 95\% of it}
      \begin{tabular}{lrlrl}
        \toprule
        Variant & Open-set & Difference & Duration & Ended \\
        \midrule
        baseline & 0.745 & - & 1m 23s & 2026-03-01 00:00:00 \\
        a|b, "c" \& \textless{}d\textgreater{} 50\%\_* & 0.733 $\pm$ 0.010 & $-$0.013 {[}$-$0.022, $-$0.004{]}* & - & - \\
        m0.8 & 0.745 & $+$0.000 {[}$-$0.000, $+$0.010{]} & 7 & - \\
        \bottomrule
      \end{tabular}
      \par\footnotesize Open-set: 1500 pairs \& more.
    \end{table}
    "#);
}

#[test]
fn json_is_an_array_of_objects_with_unrounded_numbers() {
    insta::assert_snapshot!(table().render(Format::Json), @r#"
    [
      {
        "variant": "baseline",
        "open_accuracy": 0.745,
        "open_accuracy_std": null,
        "open_difference": null,
        "open_difference_low": null,
        "open_difference_high": null,
        "open_difference_is_clear": null,
        "duration": 83.4,
        "ended": "2026-03-01T00:00:00Z"
      },
      {
        "variant": "a|b, \"c\" & <d> 50%_*",
        "open_accuracy": 0.7325,
        "open_accuracy_std": 0.01,
        "open_difference": -0.0126,
        "open_difference_low": -0.0216,
        "open_difference_high": -0.0036,
        "open_difference_is_clear": true,
        "duration": null,
        "ended": null
      },
      {
        "variant": "m0.8",
        "open_accuracy": 0.745,
        "open_accuracy_std": null,
        "open_difference": 0.0,
        "open_difference_low": -0.0001,
        "open_difference_high": 0.01,
        "open_difference_is_clear": false,
        "duration": 7,
        "ended": null
      }
    ]
    "#);
}

#[test]
fn several_tables_in_json_are_one_document_with_each_note_once() {
    let mut other = table();
    other.name = "errors".to_owned();
    let text = render(&[table(), other], Format::Json);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["accuracy"], document["errors"]);
    assert_eq!(document["accuracy"][0]["open_accuracy"], 0.745);
    assert_eq!(document["notes"], serde_json::json!(["Open-set: 1500 pairs & more."]));
}

#[test]
#[should_panic(expected = "a row of table `t` has a cell for each column")]
fn a_row_of_another_length_is_a_mistake_in_the_program() {
    Table::new("t", "", Vec::new()).push(vec![Cell::Empty]);
}

#[test]
fn tables_of_several_experiments_are_one_document() {
    let two = [("faces".to_owned(), vec![table()]), ("celeba".to_owned(), vec![table()])];
    let json: serde_json::Value = serde_json::from_str(&render_experiments(&two, Format::Json)).unwrap();
    assert_eq!(json["faces"][0]["variant"], "baseline");
    assert_eq!(json["faces"], json["celeba"]);
    let csv = render_experiments(&two, Format::Csv);
    assert_eq!(csv.matches("experiment,variant,").count(), 2);
    assert!(csv.contains("\nfaces,baseline,") && csv.contains("\nceleba,baseline,"), "{csv}");
    assert_eq!(render_experiments(&two[..1], Format::Json), table().render(Format::Json));
}
