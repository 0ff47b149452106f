//! Tests of differences, and what was expected against what was found.

use arclab_metrics::Unit;
use arclab_report::{Comparison, Stated, Table, VariantResults};
use arclab_spec::{Direction, Expectation, Number, VariantName};
use serde_json::{Value, json};

use crate::support::{lineage, lists, protocol, single_runs, variant};

fn rows(table: &Table) -> Vec<Value> {
    let text = table.render(arclab_report::Format::Json);
    serde_json::from_str(&text).expect("JSON")
}

fn expected(number: Number, change: Direction, versus: &str) -> Expectation {
    Expectation {
        protocol: protocol("open"),
        number,
        change,
        versus: VariantName::new(versus).expect("a name"),
    }
}

fn stated(expected: Vec<Expectation>) -> Stated {
    Stated { expected, recorded_ms: Some(1_000), before: None, began_ms: Some(2_000) }
}

/// The baseline, and a variant that tells pairs apart less well.
fn with(stated: Stated) -> Comparison {
    let worse = VariantResults { stated: Some(stated), ..variant("m0.2", 0.17, &[0], &["open"]) };
    Comparison::new(vec![variant("baseline", 0.22, &[0], &["open"]), worse], lists(), Unit::Identities)
}

#[test]
fn each_test_has_a_row_a_variant_and_p_is_corrected_for_their_number() {
    let table = single_runs().tests_table();
    let found = rows(&table);
    let names: Vec<_> = found.iter().map(|row| (row["protocol"].clone(), row["variant"].clone())).collect();
    let expected = ["Closed-set", "Open-set"]
        .map(|test| ["grayscale", "m0.8", "m0.2"].map(|name| (json!(test), json!(name))));
    assert_eq!(names, expected.concat());
    for row in &found {
        let number = |key: &str| row[key].as_f64().unwrap();
        assert!(number("accuracy_corrected_p") >= number("accuracy_p"), "{row}");
        assert!(number("auc_difference_low") <= number("auc_difference"), "{row}");
    }
    // The smallest of three is taken three times.
    let worst = &found[5];
    let p = worst["accuracy_p"].as_f64().unwrap();
    assert!((worst["accuracy_corrected_p"].as_f64().unwrap() - 3.0 * p).abs() < 1e-12, "{worst}");
    assert!(
        table
            .notes
            .join(" ")
            .contains("Holm's correction over all variants that can be compared with baseline")
    );
}

#[test]
fn what_is_found_supports_contradicts_or_leaves_undecided_what_was_expected() {
    let stays = |within| Direction::Stays { within };
    let comparison = with(stated(vec![
        expected(Number::Accuracy, Direction::Decreases, "baseline"),
        expected(Number::FalsePositives, Direction::Decreases, "baseline"),
        expected(Number::Auc, stays(0.5), "baseline"),
        expected(Number::Auc, stays(0.0001), "baseline"),
        expected(Number::FalseNegatives, stays(31.0), "baseline"),
        expected(Number::Accuracy, Direction::Increases, "m0.9"),
    ]));
    let table = comparison.hypotheses_table();
    let answers: Vec<_> = rows(&table).into_iter().map(|row| row["answer"].clone()).collect();
    let expected = ["supported", "contradicted", "supported", "contradicted", "undecided", "undecided"];
    assert_eq!(answers, expected);
    let notes = table.notes.join("\n");
    assert!(
        notes.contains("open.accuracy increases versus m0.9: undecided, as m0.9 is not among"),
        "{notes}"
    );
    assert!(!notes.contains("Warning"), "{notes}");
}

#[test]
fn a_hypothesis_written_after_the_runs_had_begun_is_shown_with_the_one_before() {
    let expectation = |change| vec![expected(Number::Accuracy, change, "baseline")];
    let late = Stated {
        recorded_ms: Some(3_000),
        before: Some(expectation(Direction::Increases)),
        ..stated(expectation(Direction::Decreases))
    };
    let notes = with(late.clone()).hypotheses_table().notes.join("\n");
    let warning = "Warning: what is expected of m0.2 was written at 1970-01-01 00:00:03 UTC, after its first run had begun at \
                   1970-01-01 00:00:02 UTC; then it was: open.accuracy increases versus baseline.";
    assert!(notes.contains(warning), "{notes}");
    let notes = with(Stated { before: None, ..late.clone() }).hypotheses_table().notes.join("\n");
    assert!(notes.contains("then nothing was expected."), "{notes}");
    let taken_back = Stated { expected: Vec::new(), recorded_ms: None, ..late };
    let table = with(taken_back).hypotheses_table();
    assert_eq!(rows(&table)[0]["answer"], "withdrawn");
    assert!(table.notes[0].contains("nothing is expected of m0.2 any more"), "{:?}", table.notes);
}

#[test]
fn variants_that_differ_in_what_no_spec_says_answer_nothing() {
    let of = |name, gap, epochs| {
        let lineage = lineage(&[("loss.margin", "0.5"), ("training.epochs", epochs)], &["loss.margin"]);
        VariantResults { lineage: Some(lineage), ..variant(name, gap, &[0], &["open"]) }
    };
    let expected = vec![expected(Number::Accuracy, Direction::Decreases, "baseline")];
    let worse = VariantResults { stated: Some(stated(expected)), ..of("m0.2", 0.17, "4") };
    let comparison = Comparison::new(vec![of("baseline", 0.22, "14"), worse], lists(), Unit::Identities);
    let table = comparison.hypotheses_table();
    assert_eq!(rows(&table)[0]["answer"], "undecided");
    let notes = table.notes.join("\n");
    assert!(notes.contains("what no spec says (training.epochs: 14 → 4)"), "{notes}");
}

#[test]
fn where_nothing_was_expected_there_is_nothing_to_say() {
    let table = single_runs().hypotheses_table();
    assert!(table.rows().is_empty() && table.notes.is_empty());
}
