//! The figures of the course report that arclab grew out of: four trainings of ArcFace, compared by hand.

use arclab_spec::{ProtocolName, VariantName};

/// What the report says of one variant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reported {
    /// The variant's name in arclab.
    pub variant: &'static str,
    /// Accuracy on pairs of people seen in training.
    pub closed_accuracy: f64,
    /// Accuracy on pairs of people never seen.
    pub open_accuracy: f64,
    /// False positives and false negatives of the open set, which it gives for two variants.
    pub open_errors: Option<(u64, u64)>,
}

/// The report's two tables.
pub const REPORTED: [Reported; 4] = [
    Reported::new("baseline", (0.601, 0.745), Some((105, 289))),
    Reported::new("grayscale", (0.609, 0.740), Some((208, 183))),
    Reported::new("m0.8", (0.586, 0.765), None),
    Reported::new("m0.2", (0.584, 0.754), None),
];

/// What a reader must know of them.
pub(crate) const NOTE: &str = "Reported: the course report's own figures, from other images and other pairs. \
    Directions may be compared with them, sizes not.";

impl Reported {
    const fn new(variant: &'static str, accuracy: (f64, f64), open_errors: Option<(u64, u64)>) -> Self {
        let (closed_accuracy, open_accuracy) = accuracy;
        Self { variant, closed_accuracy, open_accuracy, open_errors }
    }
}

fn of(variant: &VariantName) -> Option<&'static Reported> {
    REPORTED.iter().find(|reported| reported.variant == variant.as_str())
}

/// Whether the report has figures of this protocol.
pub(crate) fn knows(protocol: &ProtocolName) -> bool {
    matches!(protocol.as_str(), "closed" | "open")
}

pub(crate) fn accuracy(variant: &VariantName, protocol: &ProtocolName) -> Option<f64> {
    let reported = of(variant)?;
    match protocol.as_str() {
        "closed" => Some(reported.closed_accuracy),
        "open" => Some(reported.open_accuracy),
        _ => None,
    }
}

/// False positives and false negatives.
pub(crate) fn errors(variant: &VariantName, protocol: &ProtocolName) -> Option<(u64, u64)> {
    of(variant)?.open_errors.filter(|_| protocol.as_str() == "open")
}
