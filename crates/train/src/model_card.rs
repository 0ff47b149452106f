//! What weights say of themselves: the note in the metadata of `weights.safetensors`.

use arclab_spec::{
    PlanHash, RunId,
    config::{ColourMode, ModelConfig},
};
use serde::{Deserialize, Serialize};

/// How pixels become the network's input.
const NORMALISATION: &str = "(x / 255 - 0.5) / 0.5";

/// What a program must know to use the weights. Nothing in it depends on when or where they were trained, so that
/// equal runs give equal files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelCard {
    /// The run that trained them.
    pub(crate) run: RunId,
    /// Its plan.
    pub(crate) plan: PlanHash,
    /// The program's version.
    pub(crate) arclab: String,
    /// The network.
    pub(crate) model: ModelConfig,
    /// Side of the square input, in pixels.
    pub(crate) image_size: u32,
    /// Colour treatment of the input.
    pub(crate) colour: ColourMode,
    /// How pixels become the network's input; channels are in the order red, green, blue.
    pub(crate) normalisation: String,
    /// Most accurate cosine similarity on the validation pairs; absent where there were too few images for pairs.
    pub(crate) validation_threshold: Option<f64>,
}

impl ModelCard {
    /// The card of an assignment's weights.
    pub(crate) fn new(assignment: &arclab_spec::Assignment, validation_threshold: Option<f64>) -> Self {
        let config = &assignment.plan.config;
        Self {
            run: assignment.run.clone(),
            plan: assignment.plan.hash(),
            arclab: env!("CARGO_PKG_VERSION").to_owned(),
            model: config.model,
            image_size: config.data.image_size,
            colour: config.data.colour,
            normalisation: NORMALISATION.to_owned(),
            validation_threshold,
        }
    }
}
