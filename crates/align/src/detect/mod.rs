//! Finding faces with YuNet (Wu, Peng and Yu, YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 20,
//! 2023): a network in an ONNX file, which gives a box, a score and five points for every place of three grids.

mod decode;
mod suppress;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tract_onnx::prelude::{
    Framework as _, InferenceModelExt as _, Tensor, TypedModel, TypedRunnableModel, tvec,
};

use crate::{Landmarks, Photo, Point, warp};
use decode::{Grid, STRIDES};

/// Below this a place is no face.
const LEAST_SCORE: f32 = 0.6;
/// What a grid's places give, in the order in which they are decoded.
const OUTPUTS: [&str; 4] = ["cls", "obj", "bbox", "kps"];

/// A face in a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// The box's upper left and lower right corner.
    pub corners: [Point; 2],
    /// In (0, 1]; higher is surer.
    pub score: f32,
    /// Its five points.
    pub landmarks: Landmarks,
}

impl Face {
    /// Of the box, in pixels.
    pub fn width(&self) -> f64 {
        self.corners[1].x - self.corners[0].x
    }

    /// Of the box, in pixels.
    pub fn height(&self) -> f64 {
        self.corners[1].y - self.corners[0].y
    }

    /// Of the box.
    pub fn centre(&self) -> Point {
        let [a, b] = self.corners;
        Point { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) }
    }
}

/// Why there is no detector, or why it failed.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The file cannot be read.
    #[error("failed to read the detector's network {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no network that this runtime knows.
    #[error("failed to load the detector's network {}: {reason}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is a network, but not YuNet.
    #[error(
        "{} is no YuNet with a fixed input: {reason}; face_detection_yunet of OpenCV's model zoo, exported with an input of \
         320 × 320 or 640 × 640, is one", path.display()
    )]
    NotYunet {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The network failed on a photo.
    #[error("the detector's network failed: {0}")]
    Run(String),
}

type Network = TypedRunnableModel<TypedModel>;

/// A network that finds faces.
pub struct Detector {
    network: Network,
    /// Side of its square input.
    side: usize,
    /// By stride and then by [`OUTPUTS`], where among the network's outputs each stands.
    places: Vec<[usize; 4]>,
}

impl Detector {
    /// Loads YuNet from an ONNX file.
    pub fn load(path: &Path) -> Result<Self, DetectorError> {
        let bytes = fs::read(path).map_err(|source| DetectorError::Read { path: path.to_owned(), source })?;
        let failed = |error: tract_onnx::prelude::TractError| DetectorError::Load {
            path: path.to_owned(),
            reason: format!("{error:#}"),
        };
        let model = tract_onnx::onnx().model_for_read(&mut bytes.as_slice()).map_err(failed)?;
        let not_yunet = |reason: String| DetectorError::NotYunet { path: path.to_owned(), reason };
        let names: Vec<String> = model
            .outputs
            .iter()
            .map(|outlet| model.outlet_label(*outlet).unwrap_or(&model.nodes[outlet.node].name).to_owned())
            .collect();
        let place = |name: String| {
            names
                .iter()
                .position(|other| *other == name)
                .ok_or_else(|| not_yunet(format!("it has no output `{name}`")))
        };
        let mut places = Vec::with_capacity(STRIDES.len());
        for stride in STRIDES {
            let mut of_stride = [0; 4];
            for (at, output) in of_stride.iter_mut().zip(OUTPUTS) {
                *at = place(format!("{output}_{stride}"))?;
            }
            places.push(of_stride);
        }
        let fact = model.input_fact(0).map_err(failed)?;
        let shape: Option<Vec<usize>> =
            fact.shape.as_concrete_finite().ok().flatten().map(|shape| shape.to_vec());
        let side = match shape.as_deref() {
            Some([1, 3, height, width]) if height == width && height % STRIDES[2] == 0 => *height,
            other => return Err(not_yunet(format!("its input is {other:?}"))),
        };
        let network = model.into_optimized().and_then(|model| model.into_runnable()).map_err(failed)?;
        Ok(Self { network, side, places })
    }

    /// All faces of a photo, the surest first.
    pub fn find(&self, photo: &Photo) -> Result<Vec<Face>, DetectorError> {
        let scale = self.side as f64 / photo.width.max(photo.height) as f64;
        let fitted = warp::fit(photo, scale, self.side);
        let failed = |error: tract_onnx::prelude::TractError| DetectorError::Run(format!("{error:#}"));
        let input = Tensor::from_shape(&[1, 3, self.side, self.side], &planes(&fitted)).map_err(failed)?;
        let outputs = self.network.run(tvec!(input.into())).map_err(failed)?;
        let mut faces = Vec::new();
        for (stride, places) in STRIDES.into_iter().zip(&self.places) {
            let values = |place: usize| outputs[places[place]].as_slice::<f32>().map_err(failed);
            let grid = Grid {
                stride,
                side: self.side / stride,
                class: values(0)?,
                object: values(1)?,
                boxes: values(2)?,
                points: values(3)?,
            };
            grid.faces(LEAST_SCORE, &mut faces);
        }
        let faces = suppress::keep_the_surest(faces);
        Ok(faces.into_iter().map(|face| face.scaled(1.0 / scale)).collect())
    }
}

impl Face {
    /// The same face in a photo that is so many times as large.
    fn scaled(self, factor: f64) -> Self {
        let scaled =
            |Point { x, y }: Point| Point { x: (x + 0.5) * factor - 0.5, y: (y + 0.5) * factor - 0.5 };
        Self {
            corners: self.corners.map(scaled),
            score: self.score,
            landmarks: Landmarks(self.landmarks.0.map(scaled)),
        }
    }
}

/// Blue, green and red, each a plane of values from 0 to 255.
fn planes(photo: &Photo) -> Vec<f32> {
    let plane = |channel: usize| photo.rgb.iter().skip(channel).step_by(3).map(|&value| f32::from(value));
    [2, 1, 0].into_iter().flat_map(plane).collect()
}
