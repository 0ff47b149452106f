//! `evaluation.threshold:`, and each test's own.

use arclab_metrics::ThresholdPolicy;
use serde_json::json;

use super::{
    range::{Counts, Range},
    section::{Section, not_one_of},
};

const FOLDS: u32 = 10;
const DOC: &str = "Where the decision threshold comes from: `validation` (the most accurate on the validation pairs), \
    `k_fold` (InsightFace's procedure on the test pairs, on its grid of thresholds), `k_fold_exact` (the same over all \
    thresholds), `{k_fold: N}`, `{k_fold_exact: N}` or `{fixed: COSINE}`.";
const FORMS: &[&str] =
    &["validation", "k_fold", "k_fold_exact", "{k_fold: N}", "{k_fold_exact: N}", "{fixed: COSINE}"];
const KEYS: [&str; 3] = ["k_fold", "k_fold_exact", "fixed"];

/// The policy of `section`, or that of the section above it.
pub(super) fn read(section: &mut Section<'_>, above: ThresholdPolicy) -> ThresholdPolicy {
    let node = section.take("threshold", DOC, json!({}));
    let mut kinds = section.below("threshold", node.filter(|node| node.entries().is_some()));
    kinds.exclusive(["k_fold", "k_fold_exact"]);
    kinds.exclusive(["k_fold", "fixed"]);
    kinds.exclusive(["k_fold_exact", "fixed"]);
    let has = KEYS.map(|key| kinds.has(key));
    let [folds, exact_folds] = ["k_fold", "k_fold_exact"].map(|key| {
        let doc = "Number of folds, where the list names none.";
        kinds.count(key, doc, u64::from(FOLDS), Counts::from(2, 1_000)) as u32
    });
    let fixed = kinds.number("fixed", "A cosine similarity.", 0.3, Range::closed(-1.0, 1.0));
    let schema = json!({"anyOf": [{"enum": ["validation", "k_fold", "k_fold_exact"]}, kinds.finish()]});
    section.describe("threshold", DOC, schema);
    let Some(node) = node else { return above };
    let is_unknown = node.entries().is_some_and(|entries| !entries.is_empty()) && has == [false; 3];
    match (node.scalar(), has) {
        (Some("validation"), _) => return ThresholdPolicy::Validation,
        (Some("k_fold"), _) => return ThresholdPolicy::KFold { folds: FOLDS },
        (Some("k_fold_exact"), _) => return ThresholdPolicy::KFoldExact { folds: FOLDS },
        (None, [true, false, false]) => return ThresholdPolicy::KFold { folds },
        (None, [false, true, false]) => return ThresholdPolicy::KFoldExact { folds: exact_folds },
        (None, [false, false, true]) => return ThresholdPolicy::Fixed(fixed),
        // The unknown key is reported already.
        _ if is_unknown => {}
        _ => section.reading().report(not_one_of(node, &section.path_of("threshold"), FORMS)),
    }
    above
}
