//! `evaluation.threshold:`, and each test's own.

use arclab_metrics::ThresholdPolicy;
use serde_json::json;

use super::{
    range::{Counts, Range},
    section::{Section, not_one_of},
};

const FOLDS: u32 = 10;
const DOC: &str = "Where the decision threshold comes from: `validation` (the most accurate on the validation pairs), \
    `k_fold` (InsightFace's procedure on the test pairs), `{k_fold: N}` or `{fixed: COSINE}`.";
const FORMS: &[&str] = &["validation", "k_fold", "{k_fold: N}", "{fixed: COSINE}"];

/// The policy of `section`, or that of the section above it.
pub(super) fn read(section: &mut Section<'_>, above: ThresholdPolicy) -> ThresholdPolicy {
    let node = section.take("threshold", DOC, json!({}));
    let mut kinds = section.below("threshold", node.filter(|node| node.entries().is_some()));
    kinds.exclusive(["k_fold", "fixed"]);
    let (has_folds, has_fixed) = (kinds.has("k_fold"), kinds.has("fixed"));
    let folds = kinds.count(
        "k_fold",
        "Number of folds, where the list names none.",
        u64::from(FOLDS),
        Counts::from(2, 1_000),
    );
    let fixed = kinds.number("fixed", "A cosine similarity.", 0.3, Range::closed(-1.0, 1.0));
    let schema = json!({"anyOf": [{"enum": ["validation", "k_fold"]}, kinds.finish()]});
    section.describe("threshold", DOC, schema);
    let Some(node) = node else { return above };
    let is_unknown = node.entries().is_some_and(|entries| !entries.is_empty()) && !has_folds && !has_fixed;
    match (node.scalar(), has_folds, has_fixed) {
        (Some("validation"), ..) => return ThresholdPolicy::Validation,
        (Some("k_fold"), ..) => return ThresholdPolicy::KFold { folds: FOLDS },
        (None, true, false) => return ThresholdPolicy::KFold { folds: folds as u32 },
        (None, false, true) => return ThresholdPolicy::Fixed(fixed),
        // The unknown key is reported already.
        _ if is_unknown => {}
        _ => section.reading().report(not_one_of(node, &section.path_of("threshold"), FORMS)),
    }
    above
}
