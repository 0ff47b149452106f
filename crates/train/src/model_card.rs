//! What weights say of themselves: the note in the metadata of `weights.safetensors`.

use std::path::{Path, PathBuf};

use arclab_spec::{
    PlanHash, RunId,
    config::{Backbone, ColourMode, Config, Dataset, ModelConfig, ModelInput},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::settings;

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
    #[serde(default, deserialize_with = "cosine")]
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

fn cosine<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let threshold = Option::<f64>::deserialize(from)?;
    match threshold.filter(|threshold| !(-1.0..=1.0).contains(threshold)) {
        Some(other) => {
            Err(D::Error::custom(format!("validation_threshold {other} is no cosine, in [-1, 1]")))
        }
        None => Ok(threshold),
    }
}

/// A network in the words of specs.
pub(crate) fn words(model: &ModelConfig) -> String {
    let input = match model.input {
        ModelInput::Rgb => "rgb",
        ModelInput::Grey => "grey",
    };
    let (backbone, embedding_size) = (backbone(model.backbone), model.embedding_size);
    format!("`{{backbone: {backbone}, embedding_size: {embedding_size}, input: {input}}}`")
}

fn backbone(backbone: Backbone) -> &'static str {
    settings::backbone(backbone).name()
}

/// Weights that say of themselves what cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{} says of itself what this arclab does not understand: use the arclab that wrote it", path.display())]
pub(crate) struct UnreadableCard {
    path: PathBuf,
    source: serde_json::Error,
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
    #[error(
        "it holds a network `{}`, and `model.backbone` is `{}`: name the same one", backbone(*found), backbone(*wanted)
    )]
    Backbone { found: Backbone, wanted: Backbone },
    #[error(
        "it reads grey images in one channel, and `model.input` is `rgb`: write `model: {{input: grey}}` and \
         `data: {{colour: grey}}`, or use weights that read colours"
    )]
    OneChannel,
    #[error(
        "it was trained on grey images, and `data.colour` is `rgb`: set it to `grey`, or use weights that were trained \
         on colours"
    )]
    GreyImages,
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

    /// What the note of the weights in `path` says, where they have one.
    pub(crate) fn read(path: &Path, note: Option<&str>) -> Result<Option<Self>, UnreadableCard> {
        let card = note.map(serde_json::from_str).transpose();
        card.map_err(|source| UnreadableCard { path: path.to_owned(), source })
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
    pub(crate) fn suits(&self, config: &Config) -> Result<Vec<String>, OtherInput> {
        self.can_be_fed()?;
        let (found, wanted) = (self.image_size, config.data.image_size);
        if found != wanted {
            return Err(OtherInput::ImageSize { found, wanted });
        }
        let (found, wanted) = (self.model.backbone, config.model.backbone);
        if found != wanted {
            return Err(OtherInput::Backbone { found, wanted });
        }
        let colours = self.suits_colours(config)?;
        let alignment = self.suits_alignment(&config.data.dataset)?;
        Ok(colours.into_iter().chain(alignment).collect())
    }

    /// Weights of colours can go on with grey images; those of grey ones have never told colours apart.
    fn suits_colours(&self, config: &Config) -> Result<Option<String>, OtherInput> {
        match (self.model.input, config.model.input) {
            (ModelInput::Grey, ModelInput::Rgb) => return Err(OtherInput::OneChannel),
            (ModelInput::Grey, ModelInput::Grey) | (ModelInput::Rgb, ModelInput::Rgb | ModelInput::Grey) => {}
        }
        match (self.colour, config.data.colour) {
            (ColourMode::Grey, ColourMode::Rgb) => Err(OtherInput::GreyImages),
            (ColourMode::Rgb, ColourMode::Grey) => {
                Ok(Some("it was trained on colours, and goes on with grey images".to_owned()))
            }
            (ColourMode::Grey, ColourMode::Grey) | (ColourMode::Rgb, ColourMode::Rgb) => Ok(None),
        }
    }

    fn suits_alignment(&self, dataset: &Dataset) -> Result<Option<String>, OtherInput> {
        let (found, wanted) = (self.alignment, Alignment::of(dataset));
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

/// What is taken for granted of weights that say nothing of themselves.
pub(crate) fn assumed(dataset: &Dataset) -> String {
    let assumed = "it does not say which input it was trained on, and is taken for InsightFace's: red, green and blue, \
                   (x / 255 - 0.5) / 0.5, faces aligned to InsightFace's five points";
    match Alignment::of(dataset) {
        Alignment::Unknown | Alignment::InsightFace => assumed.to_owned(),
        other @ Alignment::Rendered => {
            format!(
                "{assumed}; those of `data.dataset` are aligned {}, which is another alignment",
                other.name()
            )
        }
    }
}
