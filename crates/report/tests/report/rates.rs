//! The table of rates.

use std::collections::BTreeMap;

use arclab_metrics::{ResolvedPolicy, Unit};
use arclab_report::{Comparison, Format, PairLists, RunResults, Table, VariantResults};
use arclab_spec::{Fingerprint, RunId};

use crate::support::{lists, pair_list, protocol, result, single_runs, variant};

/// The table's numbers by row and field, as programs get them.
fn rows(table: &Table) -> Vec<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(&table.render(Format::Json)).expect("a table as JSON")
}

/// Twenty pairs, same and different in turn: of the ten different ones the highest has a score above one same pair.
fn by_hand(policy: ResolvedPolicy) -> Comparison {
    let list = pair_list(20, false);
    let score =
        |(pair, &same): (usize, &bool)| if same { 0.5 + pair as f32 / 100.0 } else { pair as f32 / 100.0 };
    let mut scores: Vec<f32> = list.same.iter().enumerate().map(score).collect();
    scores[19] = 0.505;
    let protocols = BTreeMap::from([(protocol("open"), result("open", &list, scores, policy))]);
    let run = RunResults {
        run: RunId::new("run").expect("a name"),
        seed: 0,
        parts: None,
        protocols,
        loss: Vec::new(),
        validation_accuracy: Vec::new(),
    };
    let variants = vec![VariantResults { runs: vec![run], ..variant("baseline", 0.2, &[], &[]) }];
    Comparison::new(variants, PairLists::from([(Fingerprint::of(b"open"), list)]), Unit::Identities)
}

#[test]
fn rates_are_those_that_can_be_counted_by_hand() {
    let comparison = by_hand(ResolvedPolicy::Fixed { threshold: 0.51 });
    let row = rows(&comparison.rates_table()).remove(0);
    let number = |field: &str| row[field].as_f64();
    // Above 0.51 are nine of the ten same pairs and no other; above 0.18 all, and one other.
    assert_eq!(number("accuracy"), Some(0.95));
    assert_eq!(number("best_accuracy"), Some(0.95));
    assert_eq!(number("auc"), Some(0.99));
    // At 0.502 one of ten is wrong of either kind.
    assert!((number("eer").unwrap() - 0.1).abs() < 1e-12);
    assert_eq!(number("tar_at_far_1e-1"), Some(1.0));
    assert_eq!(number("tar_at_far_1e-2"), None);
}

#[test]
fn a_rate_that_no_list_is_long_enough_for_has_no_column_for_people_and_a_note_says_so() {
    let table = by_hand(ResolvedPolicy::Fixed { threshold: 0.51 }).rates_table();
    let shown = table.without_empty_columns().render(Format::Text { colour: false });
    assert!(shown.contains("TAR@1e-1") && !shown.contains("TAR@1e-2"), "{shown}");
    assert!(table.notes.iter().any(|note| {
        note == "Open-set: TAR at a FAR of 1e-2 and below is not measurable with 10 pairs of different people."
    }));
    for digits in 1..=6 {
        assert!(table.render(Format::Csv).contains(&format!(",tar_at_far_1e-{digits},")));
    }
}

#[test]
fn lists_of_one_length_share_a_note() {
    let table = single_runs().rates_table();
    let notes: Vec<&String> = table.notes.iter().filter(|note| note.contains("not measurable")).collect();
    assert_eq!(notes.len(), 2, "500 and 750 pairs of different people: {notes:?}");
    assert_eq!(table.rows().len(), 2 * 4);
}

#[test]
fn the_best_threshold_of_the_test_is_set_apart_and_folds_are_named() {
    let fixed = by_hand(ResolvedPolicy::Fixed { threshold: 0.9 }).rates_table();
    let row = rows(&fixed).remove(0);
    assert_eq!((row["accuracy"].as_f64(), row["best_accuracy"].as_f64()), (Some(0.5), Some(0.95)));
    assert!(fixed.notes[0].contains("Best on test") && !fixed.notes[0].contains("folds"));
    let by_folds = by_hand(ResolvedPolicy::KFold { folds: 2 }).rates_table();
    assert!(by_folds.notes[0].contains("those of folds come from the other folds' pairs of the same test"));
}

#[test]
fn several_seeds_are_a_mean_unless_one_of_them_kept_no_scores() {
    let mut seeds = variant("baseline", 0.2, &[0, 1, 2], &["open"]);
    let row = |variant: &VariantResults| {
        rows(&Comparison::new(vec![variant.clone()], lists(), Unit::Identities).rates_table()).remove(0)
    };
    let all = row(&seeds);
    assert!(all["eer"].is_f64() && all["eer_std"].is_f64() && all["tar_at_far_1e-2"].is_f64());
    for result in seeds.runs[1].protocols.values_mut() {
        result.scores.clear();
    }
    let fewer = row(&seeds);
    assert!(fewer["eer"].is_null() && fewer["tar_at_far_1e-1"].is_null());
    assert_eq!(fewer["auc"], all["auc"], "which is stored with the evaluation");
}
