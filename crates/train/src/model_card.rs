//! What weights say of themselves: the note in the metadata of `weights.safetensors`.

use arclab_spec::{
    PlanHash, RunId,
    config::{Backbone, ColourMode, Config, Dataset, ModelConfig},
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
    /// Channels of the input.
    #[serde(default = "three")]
    pub(crate) channels: u32,
    /// Their order.
    #[serde(default)]
    pub(crate) channel_order: ChannelOrder,
    /// How faces lie in the images.
    #[serde(default)]
    pub(crate) alignment: Alignment,
    /// How pixels become the network's input.
    pub(crate) normalisation: String,
    /// Most accurate cosine similarity on the validation pairs; absent where there were too few images for pairs.
    pub(crate) validation_threshold: Option<f64>,
}

/// Order of colour channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ChannelOrder {
    /// Red, green, blue: what arclab feeds.
    #[default]
    Rgb,
    /// Blue, green, red: `OpenCV`'s.
    Bgr,
}

/// How faces lie in the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alignment {
    /// As they were found: nobody says.
    #[default]
    Unknown,
    /// As the embedded faces are drawn.
    Rendered,
    /// By five points to InsightFace's template for 112 × 112.
    InsightFace,
}

impl Alignment {
    fn of(dataset: &Dataset) -> Self {
        match dataset {
            Dataset::Synthetic(_) => Self::Rendered,
            Dataset::Folder(_) => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "in an unknown way",
            Self::Rendered => "as the embedded faces are drawn",
            Self::InsightFace => "to InsightFace's five points",
        }
    }
}

fn three() -> u32 {
    3
}

/// Weights that were trained on another input than they would be given, or of another network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum OtherInput {
    #[error(
        "its input has the channels blue, green, red, and arclab feeds red, green, blue: turn the input channels of \
         its first convolution around and say `\"channel_order\": \"RGB\"`"
    )]
    ChannelOrder,
    #[error("its input has {0} channels, and arclab feeds 3: use weights of 3")]
    Channels(u32),
    #[error(
        "its input is normalised as `{0}`, and arclab's as `{NORMALISATION}`: use weights that were trained so"
    )]
    Normalisation(String),
    #[error(
        "it was trained on images of {found} pixels, and `data.image_size` is {wanted}: set it to {found}"
    )]
    ImageSize { found: u32, wanted: u32 },
    #[error(
        "it was trained on faces aligned {}, and those of `data.dataset` are aligned {}: use faces that are aligned alike",
        found.name(), wanted.name()
    )]
    Alignment { found: Alignment, wanted: Alignment },
    #[error("it holds a network {found:?}, and `model.backbone` is {wanted:?}: name the same one")]
    Backbone { found: Backbone, wanted: Backbone },
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
            channels: three(),
            channel_order: ChannelOrder::Rgb,
            alignment: Alignment::of(&config.data.dataset),
            normalisation: NORMALISATION.to_owned(),
            validation_threshold,
        }
    }

    /// Whether arclab can feed these weights at all.
    pub(crate) fn can_be_fed(&self) -> Result<(), OtherInput> {
        if self.channel_order == ChannelOrder::Bgr {
            return Err(OtherInput::ChannelOrder);
        }
        if self.channels != three() {
            return Err(OtherInput::Channels(self.channels));
        }
        if self.normalisation != NORMALISATION {
            return Err(OtherInput::Normalisation(self.normalisation.clone()));
        }
        Ok(())
    }

    /// Whether a run of `config` can begin with these weights, with what is worth a word.
    pub(crate) fn suits(&self, config: &Config) -> Result<Option<String>, OtherInput> {
        self.can_be_fed()?;
        let (found, wanted) = (self.image_size, config.data.image_size);
        if found != wanted {
            return Err(OtherInput::ImageSize { found, wanted });
        }
        let (found, wanted) = (self.model.backbone, config.model.backbone);
        if found != wanted {
            return Err(OtherInput::Backbone { found, wanted });
        }
        let (found, wanted) = (self.alignment, Alignment::of(&config.data.dataset));
        if found == wanted {
            return Ok(None);
        }
        if [found, wanted].contains(&Alignment::Unknown) {
            let (found, wanted) = (found.name(), wanted.name());
            return Ok(Some(format!(
                "it was trained on faces aligned {found}, and goes on with faces aligned {wanted}"
            )));
        }
        Err(OtherInput::Alignment { found, wanted })
    }
}
