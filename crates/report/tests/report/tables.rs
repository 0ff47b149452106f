//! The tables of a comparison.

use arclab_metrics::{ResolvedPolicy, Unit};
use arclab_report::{Comparison, Format, PairList, PairLists, TableOptions, VariantResults};
use arclab_spec::{Fingerprint, SharedPeople, VariantName};

use crate::support::{lineage, lists, pair_list, protocol, result, scores, single_runs, variant};

const TEXT: Format = Format::Text { colour: false };

fn json(table: &arclab_report::Table) -> serde_json::Value {
    serde_json::from_str(&table.render(Format::Json)).expect("JSON")
}

fn notes(table: &arclab_report::Table) -> String {
    table.notes.join("\n")
}

/// A variant with one run, on one list of pairs, at a fixed threshold of 0.5.
fn at_half(name: &str, list: &PairList, scores: &[f32]) -> VariantResults {
    let policy = ResolvedPolicy::Fixed { threshold: 0.5 };
    with_result(name, result("open", list, scores.to_vec(), policy))
}

fn with_result(name: &str, result: arclab_report::ProtocolResult) -> VariantResults {
    let mut variant = variant(name, 0.2, &[0], &[]);
    variant.runs[0].protocols.insert(protocol("open"), result);
    variant
}

fn only(list: PairList) -> PairLists {
    PairLists::from([(Fingerprint::of(b"open"), list)])
}

#[test]
fn single_runs_give_the_accuracy_table_of_the_report() {
    let table = single_runs().accuracy_table(TableOptions::default());
    insta::assert_snapshot!(table.render(TEXT), @r"
    Accuracy
    Variant    Closed-set  Difference                Open-set  Difference
    ───────────────────────────────────────────────────────────────────────────────────
    baseline        0.776  -                            0.793  -
    grayscale       0.768  -0.008 [-0.033, +0.018]      0.784  -0.009 [-0.029, +0.011]
    m0.8            0.790  +0.014 [-0.011, +0.041]      0.797  +0.004 [-0.015, +0.023]
    m0.2            0.719  -0.057 [-0.082, -0.031]*     0.740  -0.053 [-0.074, -0.032]*
    Closed-set: 1000 pairs; Open-set: 1500 pairs.
    Thresholds: 10 folds, each at the most accurate threshold of the others
      (InsightFace).
    Closed-set and Open-set rest on different pairs: compare variants within a test,
      not one test with another.
    Differences are to baseline, with 95% intervals; an asterisk marks those that leave
      out 0 and of which p, corrected for the number of variants (Holm), is below 0.05.
    Intervals of single runs: bootstrap over identities. They allow for the choice of
      people and pairs, but not for the luck of training.
    ");
}

#[test]
fn single_runs_give_the_error_table_of_the_report() {
    let table = single_runs().errors_table(TableOptions::default());
    insta::assert_snapshot!(table.render(TEXT), @r"
    Open-set: false positives and false negatives
    Variant    False positives  Difference       False negatives  Difference
    ─────────────────────────────────────────────────────────────────────────────
    baseline               171  -                            140  -
    grayscale              177  +6 [-15, +27]                147  +7 [-14, +28]
    m0.8                   163  -8 [-28, +12]                142  +2 [-17, +21]
    m0.2                   219  +48 [+26, +70]*              171  +31 [+10, +52]*
    Open-set: 1500 pairs.
    Thresholds: 10 folds, each at the most accurate threshold of the others
      (InsightFace).
    Differences are to baseline, with 95% intervals; an asterisk marks those that
      leave out 0 and of which p, corrected for the number of variants (Holm), is
      below 0.05.
    Intervals of single runs: bootstrap over identities. They allow for the choice
      of people and pairs, but not for the luck of training.
    ");
}

#[test]
fn the_reported_figures_stand_beside_the_measured_ones() {
    let options = TableOptions { reported: true };
    let accuracy = single_runs().accuracy_table(options);
    insta::assert_snapshot!(accuracy.render(Format::Markdown), @r"
    **Accuracy**

    | Variant | Closed-set | Difference | Reported | Open-set | Difference | Reported |
    | :--- | ---: | :--- | ---: | ---: | :--- | ---: |
    | baseline | 0.776 | - | 0.601 | 0.793 | - | 0.745 |
    | grayscale | 0.768 | -0.008 [-0.033, +0.018] | 0.609 | 0.784 | -0.009 [-0.029, +0.011] | 0.740 |
    | m0.8 | 0.790 | +0.014 [-0.011, +0.041] | 0.586 | 0.797 | +0.004 [-0.015, +0.023] | 0.765 |
    | m0.2 | 0.719 | -0.057 [-0.082, -0.031]* | 0.584 | 0.740 | -0.053 [-0.074, -0.032]* | 0.754 |

    - Closed-set: 1000 pairs; Open-set: 1500 pairs.
    - Thresholds: 10 folds, each at the most accurate threshold of the others (InsightFace).
    - Closed-set and Open-set rest on different pairs: compare variants within a test, not one test with another.
    - Differences are to baseline, with 95% intervals; an asterisk marks those that leave out 0 and of which p, corrected for the number of variants (Holm), is below 0.05.
    - Intervals of single runs: bootstrap over identities. They allow for the choice of people and pairs, but not for the luck of training.
    - Reported: the course report's own figures, from other images and other pairs. Directions may be compared with them, sizes not.
    ");
    let errors = json(&single_runs().errors_table(options));
    assert_eq!(errors[1]["false_positives_reported"], 208);
    assert_eq!(errors[1]["false_negatives_reported"], 183);
    assert_eq!(errors[2]["false_positives_reported"], serde_json::Value::Null);
}

#[test]
fn counts_and_differences_are_those_of_the_pairs() {
    // Same, different in turn. The variant mends one false negative and one false positive, and loses one same pair.
    let list = pair_list(10, false);
    let baseline = [0.9, 0.1, 0.4, 0.6, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1];
    let other = [0.9, 0.1, 0.6, 0.4, 0.4, 0.1, 0.9, 0.1, 0.9, 0.1];
    let variants = vec![at_half("baseline", &list, &baseline), at_half("other", &list, &other)];
    let comparison = Comparison::new(variants, only(list), Unit::Identities);
    let accuracy = json(&comparison.accuracy_table(TableOptions::default()));
    assert_eq!((&accuracy[0]["open_accuracy"], &accuracy[1]["open_accuracy"]), (&0.8.into(), &0.9.into()));
    assert_eq!(accuracy[1]["open_difference"], 0.1);
    assert_eq!(accuracy[0]["open_difference"], serde_json::Value::Null);
    let errors = json(&comparison.errors_table(TableOptions::default()));
    assert_eq!((&errors[0]["false_positives"], &errors[0]["false_negatives"]), (&1.0.into(), &1.0.into()));
    assert_eq!(errors[1]["false_positives_difference"], -1.0);
    assert_eq!(errors[1]["false_negatives_difference"], 0.0);
}

#[test]
fn results_on_different_pairs_are_not_compared_and_the_reader_is_warned() {
    let list = pair_list(100, false);
    let policy = ResolvedPolicy::Fixed { threshold: 0.5 };
    let other = result("other pairs", &list, scores(&list, 0.2, 1, 2), policy);
    let variants = vec![at_half("baseline", &list, &scores(&list, 0.2, 1, 3)), with_result("moved", other)];
    let table =
        Comparison::new(variants, only(list), Unit::Identities).accuracy_table(TableOptions::default());
    assert_eq!(json(&table)[1]["open_difference"], serde_json::Value::Null);
    assert!(json(&table)[1]["open_accuracy"].is_number());
    let warning =
        "Warning: Open-set of moved is not compared with baseline: they were tested on different pair lists.";
    assert!(notes(&table).contains(warning), "{}", notes(&table));
}

#[test]
fn variants_of_one_plan_are_not_set_against_each_other() {
    let baseline = variant("baseline", 0.2, &[0], &["open"]);
    let copy = VariantResults { name: VariantName::new("copy").unwrap(), ..baseline.clone() };
    let table = Comparison::new(vec![baseline, copy], lists(), Unit::Identities)
        .accuracy_table(TableOptions::default());
    assert_eq!(json(&table)[1]["open_difference"], serde_json::Value::Null);
    assert!(notes(&table).contains("both stand on the same run"), "{}", notes(&table));
}

#[test]
fn a_difference_over_fewer_seeds_than_the_means_beside_it_says_so() {
    let baseline = variant("baseline", 0.2, &[0, 1, 2], &["open"]);
    let other = variant("other", 0.25, &[1], &["open"]);
    let table = Comparison::new(vec![baseline, other], lists(), Unit::Identities)
        .accuracy_table(TableOptions::default());
    let note = "The difference of other to baseline is over the seeds that both have: 1.";
    assert!(notes(&table).contains(note), "{}", notes(&table));
}

#[test]
fn a_difference_that_no_spec_declares_is_warned_of() {
    let of = |name, margin, epochs| {
        let mut variant = variant(name, 0.2, &[0], &["open"]);
        variant.lineage =
            Some(lineage(&[("loss.margin", margin), ("training.epochs", epochs)], &["loss.margin"]));
        variant
    };
    let table = |epochs| {
        let comparison = Comparison::new(
            vec![of("baseline", "0.5", "14"), of("m0.8", "0.8", epochs)],
            lists(),
            Unit::Identities,
        );
        notes(&comparison.accuracy_table(TableOptions::default()))
    };
    let warning = "Warning: m0.8 differs from baseline also by what no spec says: training.epochs: 14 → 4.";
    assert!(table("4").contains(warning), "{}", table("4"));
    assert!(!table("14").contains("Warning"));
}

#[test]
fn results_of_different_policies_are_not_compared() {
    let list = pair_list(100, false);
    let scores = scores(&list, 0.2, 1, 3);
    let folds = result("open", &list, scores.clone(), ResolvedPolicy::KFold { folds: 10 });
    let variants = vec![at_half("baseline", &list, &scores), with_result("folds", folds)];
    let table = Comparison::new(variants, only(list), Unit::Identities).errors_table(TableOptions::default());
    assert_eq!(json(&table)[1]["false_positives_difference"], serde_json::Value::Null);
    assert!(notes(&table).contains("of folds is not compared with baseline: their thresholds"));
    assert!(notes(&table).contains("Thresholds: fixed at a cosine similarity of 0.5."));
    assert!(notes(&table).contains("Thresholds: 10 folds"));
}

#[test]
fn without_scores_single_runs_have_no_intervals() {
    let list = pair_list(100, false);
    let scores = scores(&list, 0.2, 1, 3);
    let mut bare = at_half("bare", &list, &scores);
    bare.runs[0].protocols.get_mut(&protocol("open")).unwrap().scores.clear();
    let variants = vec![at_half("baseline", &list, &scores), bare];
    let table =
        Comparison::new(variants, only(list), Unit::Identities).accuracy_table(TableOptions::default());
    assert_eq!(json(&table)[1]["open_difference"], serde_json::Value::Null);
    assert!(notes(&table).contains("the scores or the pair list were not kept"));
}

#[test]
fn several_seeds_give_mean_deviation_and_paired_t_intervals() {
    let seeds = |name, gap, seeds: &[u64]| variant(name, gap, seeds, &["open"]);
    let variants = vec![seeds("baseline", 0.22, &[0, 1, 2]), seeds("m0.2", 0.17, &[0, 1, 2, 3])];
    let comparison = Comparison::new(variants, lists(), Unit::Identities);
    let table = comparison.accuracy_table(TableOptions::default());
    insta::assert_snapshot!(table.render(TEXT), @r"
    Accuracy
    Variant        Open-set  Difference
    ─────────────────────────────────────────────────
    baseline  0.794 ± 0.001  -
    m0.2      0.738 ± 0.009  -0.054 [-0.075, -0.033]*
    Open-set: 1500 pairs.
    Thresholds: 10 folds, each at the most accurate threshold of the others
      (InsightFace).
    Mean ± standard deviation (n - 1) over 3 to 4 seeds.
    Differences are to baseline, with 95% intervals; an asterisk marks those that
      leave out 0 and of which p, corrected for the number of variants (Holm), is
      below 0.05.
    Intervals of several seeds: paired t over 3 shared seeds. They allow for the
      luck of training, but not for the choice of pairs.
    The difference of m0.2 to baseline is over the seeds that both have: 0, 1, 2.
    ");
    // The same by hand: the accuracies of shared seeds, and t(2) = 4.3027.
    let of = |variant: usize, seed: usize| {
        comparison.variants()[variant].runs[seed].protocols[&protocol("open")].evaluation.accuracy
    };
    let differences: Vec<f64> = (0..3).map(|seed| of(1, seed) - of(0, seed)).collect();
    let mean = differences.iter().sum::<f64>() / 3.0;
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let half = 4.302_652_73 * (squares / 2.0).sqrt() / 3.0_f64.sqrt();
    let found = &json(&table)[1];
    assert!((found["open_difference"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((found["open_difference_high"].as_f64().unwrap() - mean - half).abs() < 1e-8);
}

#[test]
fn runs_of_other_seeds_are_not_compared() {
    let variants = vec![variant("baseline", 0.2, &[0], &["open"]), variant("late", 0.2, &[1], &["open"])];
    let table = Comparison::new(variants, lists(), Unit::Identities).accuracy_table(TableOptions::default());
    assert!(notes(&table).contains("they have no seed in common"));
}

#[test]
fn the_state_has_a_column_where_the_caller_gives_one() {
    let mut variants = vec![variant("baseline", 0.2, &[0], &["open"]), variant("failed", 0.2, &[], &[])];
    variants[0].state = Some("cached".to_owned());
    variants[1].state = Some("failed".to_owned());
    let table =
        json(&Comparison::new(variants, lists(), Unit::Identities).accuracy_table(TableOptions::default()));
    assert_eq!((&table[0]["state"], &table[1]["state"]), (&"cached".into(), &"failed".into()));
    assert_eq!(table[1]["open_accuracy"], serde_json::Value::Null);
}

#[test]
fn further_protocols_get_columns_of_accuracy_and_rows_of_errors() {
    let on = ["closed", "lfw", "open"];
    let variants = vec![variant("baseline", 0.22, &[0], &on), variant("m0.2", 0.17, &[0], &on)];
    let comparison = Comparison::new(variants, lists(), Unit::Identities);
    let accuracy = comparison.accuracy_table(TableOptions::default());
    let titles: Vec<&str> = accuracy.columns.iter().map(|column| &*column.title).collect();
    assert_eq!(
        titles,
        ["Variant", "Closed-set", "Difference", "Open-set", "Difference", "lfw", "Difference"]
    );
    let errors = json(&comparison.errors_table(TableOptions::default()));
    let tests: Vec<&str> =
        errors.as_array().unwrap().iter().map(|row| row["protocol"].as_str().unwrap()).collect();
    assert_eq!(tests, ["Closed-set", "Closed-set", "Open-set", "Open-set", "lfw", "lfw"]);
}

#[test]
fn a_list_ordered_by_truth_is_named() {
    let mut list = pair_list(100, false);
    list.same.sort_unstable();
    let policy = ResolvedPolicy::KFold { folds: 10 };
    let baseline = with_result("baseline", result("open", &list, scores(&list, 0.3, 1, 3), policy));
    let table =
        Comparison::new(vec![baseline], only(list), Unit::Identities).accuracy_table(TableOptions::default());
    assert!(notes(&table).contains("Open-set: the list is ordered by truth"), "{}", notes(&table));
}

#[test]
fn no_variants_give_empty_tables() {
    let comparison = Comparison::new(Vec::new(), PairLists::new(), Unit::Identities);
    assert!(comparison.accuracy_table(TableOptions::default()).rows().is_empty());
    assert!(comparison.errors_table(TableOptions::default()).rows().is_empty());
}

#[test]
fn who_of_a_test_is_in_training_stands_below_its_numbers() {
    let with = |name: &str, people, in_training| {
        let mut variant = variant(name, 0.22, &[0], &["closed", "open"]);
        for result in variant.runs[0].protocols.values_mut() {
            result.shared_people = Some(SharedPeople { people, in_training });
        }
        variant
    };
    let of = |variants: Vec<VariantResults>| {
        let notes = Comparison::new(variants, lists(), Unit::Identities)
            .accuracy_table(TableOptions::default())
            .notes;
        notes.into_iter().filter(|note| note.contains("training")).collect::<Vec<_>>().join("\n")
    };
    assert!(of(vec![with("baseline", 25, 0)]).contains("Open-set: 25 people, none of them in training."));
    assert!(
        of(vec![with("baseline", 75, 75)]).contains("75 people, all of them in training, with other photos.")
    );
    assert!(
        of(vec![with("baseline", 25, 3)])
            .contains("Warning: of the 25 people of Open-set, 3 are in training, too")
    );
    let differ = of(vec![with("baseline", 25, 0), with("m0.2", 25, 25)]);
    assert!(
        differ.contains("Warning: variants do not share as many people of Open-set with their training"),
        "{differ}"
    );
    assert!(differ.contains("none of them in training (of baseline)."), "{differ}");
}

#[test]
fn a_run_whose_batches_were_cut_for_lack_of_memory_is_named() {
    let mut small = variant("small", 0.3, &[0, 1], &["open"]);
    small.runs[1].parts = std::num::NonZeroU32::new(2);
    let table =
        Comparison::new(vec![variant("baseline", 0.2, &[0, 1], &["open"]), small], lists(), Unit::Identities)
            .accuracy_table(TableOptions::default());
    let said = notes(&table);
    assert!(
        said.contains("small (seed 1) ran out of memory and went on with each batch in 2 parts"),
        "{said}"
    );
}
