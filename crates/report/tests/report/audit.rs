//! The tables and the figure of an audit.

use arclab_metrics::Ranking;
use arclab_report::{
    Format, SuspectImage, SuspectPair, precision_recall, render, suspect_images_table, suspect_pairs_table,
    truth_table,
};
use arclab_store::records::PairRecord;

use crate::support::protocol;

fn pair(a: &str, b: &str, same: bool, mean: f64, is_wrong: Option<bool>) -> SuspectPair {
    let pair = PairRecord { a: a.to_owned(), b: b.to_owned(), same, fold: None };
    SuspectPair { protocol: protocol("open"), pair, smallest: mean / 2.0, mean, runs: 6, is_wrong }
}

fn image(name: &str, is_wrong: Option<bool>) -> SuspectImage {
    SuspectImage {
        image: name.to_owned(),
        label: "ann".to_owned(),
        suggested: "bob".to_owned(),
        cosine_label: 0.25,
        cosine_suggested: 0.75,
        is_wrong,
    }
}

const TEXT: Format = Format::Text { colour: false };

#[test]
fn a_list_of_pairs_says_what_it_is_ranked_by_and_how_much_of_it_is_right() {
    let suspects = [
        pair("p1/a", "p2/b", true, 4.0, Some(true)),
        pair("p3/a", "p3/b", false, 2.0, Some(true)),
        pair("p4/a", "p4/b", true, 1.0, Some(false)),
    ];
    let list = suspect_pairs_table(&suspects, 100, 2);
    let truth = truth_table(Some(&Ranking::new(vec![true, true, false], 4)), 100);
    insta::assert_snapshot!(render(&[list, truth], TEXT), @r"
    All runs decide against the label of 3 of 100 pairs
    Rank  Test  Label      Image  Other image  Smallest margin  Mean margin  Runs  Label is
    ───────────────────────────────────────────────────────────────────────────────────────
       1  open  same       p1/a   p2/b                    2.00         4.00     6  wrong
       2  open  different  p3/a   p3/b                    1.00         2.00     6  wrong
    A pair is listed where every run decides against its label, the largest mean margin
      first. A margin is the score's distance to the run's threshold in log odds, by how
      well the run's scores tell same from different: 2.3 is ten to one against the label.
    The first 2 of 3; `--limit` shows more.

    Beside the truth, which is known of the embedded faces: 4 of 100 labels are wrong
    Of the list                           Listed  Wrong  Precision  Recall
    ──────────────────────────────────────────────────────────────────────
    the first, half as many as are wrong       2      2      1.000   0.500
    the first, as many as are wrong            3      2      0.667   0.500
    all                                        3      2      0.667   0.500
    ");
}

#[test]
fn where_nobody_knows_the_truth_nothing_is_said_of_it() {
    let list = suspect_images_table(&[image("p1/a", None)], 10, 50);
    let text = list.without_empty_columns().render(TEXT);
    assert!(!text.contains("Label is") && text.contains("0.500") && text.contains("bob"), "{text}");
    assert!(truth_table(None, 10).rows().is_empty());
    // Programs get the field all the same.
    assert!(list.render(Format::Json).contains("\"truth\": null"));
}

#[test]
fn of_a_list_without_wrong_labels_there_is_no_recall_and_no_curve() {
    let ranking = Ranking::new(vec![false], 0);
    let json = truth_table(Some(&ranking), 10).render(Format::Json);
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&rows[2]["listed"], &rows[2]["precision"]), (&1.into(), &0.0.into()));
    assert!(rows[2]["recall"].is_null(), "{json}");
    assert!(precision_recall(&ranking, 10, "pairs").is_none());
    assert!(precision_recall(&Ranking::new(Vec::new(), 3), 10, "pairs").is_none());
}

#[test]
fn the_curve_says_what_it_is_of_and_names_its_points() {
    let ranking = Ranking::new(vec![true, false, true], 2);
    let figure = precision_recall(&ranking, 50, "training images").expect("a curve");
    let file = figure.svg();
    for words in [
        "3 listed training images",
        "2 of 50 are wrong",
        "as many as are wrong: 2",
        "half of that: 1",
        "all: 3",
    ] {
        assert!(file.contains(words), "{words}: {file}");
    }
    assert!(file.contains("Recall") && file.contains("Precision"), "{file}");
}
