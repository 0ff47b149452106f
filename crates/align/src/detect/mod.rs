//! Finding faces with YuNet (Wu, Peng and Yu, YuNet: a tiny millisecond-level face detector, Machine Intelligence Research 20,
//! 2023): a network in an ONNX file, which gives a box, a score and five points for every place of three grids.

mod decode;
mod suppress;

use std::{
    fs,
    path::{Path, PathBuf},
};

use rten::{Dimension, Model, NodeId, Value};
use rten_tensor::{AsView as _, NdTensor};

use crate::{Landmarks, Photo, Point, warp};
use decode::{Grid, STRIDES};

/// Below this a place is no face.
const LEAST_SCORE: f32 = 0.6;
/// Side in pixels; a larger input would take more memory than a photo is worth.
const LARGEST_SIDE: usize = 2048;
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

/// A network that finds faces.
pub struct Detector {
    network: Model,
    input: NodeId,
    /// Side of its square input.
    side: usize,
    /// By stride, and then as [`OUTPUTS`] has them.
    outputs: Vec<NodeId>,
}

impl Detector {
    /// Loads YuNet from an ONNX file.
    pub fn load(path: &Path) -> Result<Self, DetectorError> {
        let bytes = fs::read(path).map_err(|source| DetectorError::Read { path: path.to_owned(), source })?;
        let network = Model::load(bytes)
            .map_err(|why| DetectorError::Load { path: path.to_owned(), reason: why.to_string() })?;
        let not_yunet = |reason: String| DetectorError::NotYunet { path: path.to_owned(), reason };
        let input = *network.input_ids().first().ok_or_else(|| not_yunet("it has no input".to_owned()))?;
        let side = match network.input_shape(0).as_deref() {
            Some(
                &[
                    Dimension::Fixed(1),
                    Dimension::Fixed(3),
                    Dimension::Fixed(height),
                    Dimension::Fixed(width),
                ],
            ) if height == width
                && height % STRIDES[2] == 0
                && (STRIDES[2]..=LARGEST_SIDE).contains(&height) =>
            {
                height
            }
            other => return Err(not_yunet(format!("its input is {}", shown(other)))),
        };
        let names = STRIDES.into_iter().flat_map(|stride| OUTPUTS.map(|output| format!("{output}_{stride}")));
        let output = |name: String| {
            network.find_node(&name).ok_or_else(|| not_yunet(format!("it has no output `{name}`")))
        };
        let outputs = names.map(output).collect::<Result<_, _>>()?;
        Ok(Self { network, input, side, outputs })
    }

    /// All faces of a photo, the surest first.
    ///
    /// The photo is brought to the network's size. Where that finds nothing in one that is larger, it is looked at once more in
    /// overlapping parts of half its longer side, for faces that were too small to be seen.
    pub fn find(&self, photo: &Photo) -> Result<Vec<Face>, DetectorError> {
        let faces = self.look(photo)?;
        if !faces.is_empty() || photo.width.max(photo.height) <= self.side {
            return Ok(faces);
        }
        let mut faces = Vec::new();
        for (place, part) in parts(photo) {
            faces.extend(self.look(&part)?.into_iter().map(|face| face.shifted(place)));
        }
        Ok(suppress::keep_the_surest(faces))
    }

    fn look(&self, photo: &Photo) -> Result<Vec<Face>, DetectorError> {
        let scale = self.side as f64 / photo.width.max(photo.height) as f64;
        let input = planes(&warp::fit(photo, scale, self.side));
        let input = NdTensor::from_data([1, 3, self.side, self.side], input);
        let values = self.network.run(vec![(self.input, input.view().into())], &self.outputs, None);
        let values = values.map_err(|why| DetectorError::Run(why.to_string()))?;
        let values: Option<Vec<Vec<f32>>> = values.into_iter().map(floats).collect();
        let values = values.ok_or_else(|| DetectorError::Run("an output holds no float32".to_owned()))?;
        let mut faces = Vec::new();
        for (stride, [class, object, boxes, points]) in STRIDES.into_iter().zip(values.as_chunks::<4>().0) {
            let side = self.side / stride;
            Grid { stride, side, class, object, boxes, points }.faces(LEAST_SCORE, &mut faces);
        }
        let faces = suppress::keep_the_surest(faces);
        Ok(faces.into_iter().map(|face| face.scaled(1.0 / scale)).collect())
    }
}

fn floats(value: Value) -> Option<Vec<f32>> {
    Some(value.into_tensor::<f32>()?.to_vec())
}

fn shown(shape: Option<&[Dimension]>) -> String {
    let sides = shape.unwrap_or_default().iter().map(|dimension| match dimension {
        Dimension::Fixed(side) => side.to_string(),
        Dimension::Symbolic(name) => name.clone(),
    });
    format!("[{}]", sides.collect::<Vec<_>>().join(", "))
}

/// Squares of half the longer side, each half over the next one, and where their upper left corners lie.
fn parts(photo: &Photo) -> impl Iterator<Item = (Point, Photo)> {
    let side = photo.width.max(photo.height).div_ceil(2);
    let starts = move |length: usize| {
        let last = length.saturating_sub(side);
        (0..last).step_by(side.div_ceil(2)).chain([last])
    };
    starts(photo.height).flat_map(move |y| {
        starts(photo.width).map(move |x| (Point { x: x as f64, y: y as f64 }, photo.part((x, y), side)))
    })
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

    /// The same face in a photo of which this one was a part that began at `place`.
    fn shifted(self, place: Point) -> Self {
        let shifted = |point: Point| Point { x: point.x + place.x, y: point.y + place.y };
        Self {
            corners: self.corners.map(shifted),
            landmarks: Landmarks(self.landmarks.0.map(shifted)),
            ..self
        }
    }
}

/// Blue, green and red, each a plane of values from 0 to 255.
fn planes(photo: &Photo) -> Vec<f32> {
    let plane = |channel: usize| photo.rgb.iter().skip(channel).step_by(3).map(|&value| f32::from(value));
    [2, 1, 0].into_iter().flat_map(plane).collect()
}
