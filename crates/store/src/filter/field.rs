//! What a filter can speak of.

use arclab_spec::ProtocolName;

/// A field that is compared as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextField {
    Run,
    Experiment,
    Variant,
    State,
    Device,
    Host,
    Plan,
}

/// A field that is compared as a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NumberField {
    Attempts,
    Duration,
    Protocol { protocol: ProtocolName, measure: Measure },
}

/// A number of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Accuracy,
    FalsePositives,
    FalseNegatives,
    TruePositives,
    TrueNegatives,
    Threshold,
    Auc,
    BestAccuracy,
}

impl TextField {
    pub(crate) const ALL: [(&str, Self); 7] = [
        ("run", Self::Run),
        ("experiment", Self::Experiment),
        ("variant", Self::Variant),
        ("state", Self::State),
        ("device", Self::Device),
        ("host", Self::Host),
        ("plan", Self::Plan),
    ];
}

impl Measure {
    pub(crate) const ALL: [(&str, Self); 8] = [
        ("accuracy", Self::Accuracy),
        ("fp", Self::FalsePositives),
        ("fn", Self::FalseNegatives),
        ("tp", Self::TruePositives),
        ("tn", Self::TrueNegatives),
        ("threshold", Self::Threshold),
        ("auc", Self::Auc),
        ("best_accuracy", Self::BestAccuracy),
    ];
}
