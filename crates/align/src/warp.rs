//! From a photo and its landmarks to an aligned crop.
//!
//! Each pixel of the crop is read at its place in the photo, between four pixels (bilinear), and is black beyond the photo's
//! border, as InsightFace's crops are. A face more than twice as large as in the crop is first reduced by means over whole
//! blocks, so that nothing aliases.

use crate::{Landmarks, Photo, Point, Similarity};

/// How far alignment may move the points of a crop that is aligned already, on average, as a share of the distance between the
/// eyes: another detector put them elsewhere.
const ALIGNED: f64 = 0.25;

/// The crop of `size` × `size` pixels in which the face with these landmarks lies as the template has it; none where the
/// landmarks are one point.
pub fn align(photo: &Photo, landmarks: &Landmarks, size: usize) -> Option<Photo> {
    let template = Landmarks::template(size);
    let to_crop = Similarity::between(landmarks, &template)?;
    let factor = (1.0 / to_crop.scale()).floor().max(1.0) as usize;
    if factor >= 2 && photo.width.min(photo.height) >= factor {
        let reduced = Landmarks(landmarks.0.map(|point| point.reduced(factor)));
        let to_crop = Similarity::between(&reduced, &template)?;
        return Some(warp(&photo.reduced(factor), &to_crop.inverse(), size));
    }
    Some(warp(photo, &to_crop.inverse(), size))
}

/// The photo made `scale` times as large, in the upper left of a black square.
pub(crate) fn fit(photo: &Photo, scale: f64, side: usize) -> Photo {
    let factor = (1.0 / scale).floor().max(1.0) as usize;
    if factor >= 2 && photo.width.min(photo.height) >= factor {
        let scale = scale * factor as f64;
        return warp(&photo.reduced(factor), &Similarity::scaling(scale).inverse(), side);
    }
    warp(photo, &Similarity::scaling(scale).inverse(), side)
}

/// Whether the photo is a crop already: square, and hardly moved by what brings its landmarks to the template. How far these
/// are from it says less, since faces differ, and more so those that look aside.
pub fn is_aligned(photo: &Photo, landmarks: &Landmarks) -> bool {
    let template = Landmarks::template(photo.width);
    let moved =
        |to_crop: Similarity| Landmarks(template.0.map(|point| to_crop.apply(point))).distance(&template);
    photo.width == photo.height
        && Similarity::between(landmarks, &template)
            .is_some_and(|to_crop| moved(to_crop) < ALIGNED * template.eye_distance())
}

impl Point {
    /// Its place after blocks of `factor` pixels became one.
    fn reduced(self, factor: usize) -> Self {
        let place = |place: f64| (place + 0.5) / factor as f64 - 0.5;
        Self { x: place(self.x), y: place(self.y) }
    }
}

fn warp(photo: &Photo, to_photo: &Similarity, size: usize) -> Photo {
    let mut rgb = Vec::with_capacity(3 * size * size);
    for y in 0..size {
        for x in 0..size {
            let place = to_photo.apply(Point { x: x as f64, y: y as f64 });
            rgb.extend(between_four(photo, place));
        }
    }
    Photo { width: size, height: size, rgb }
}

fn between_four(photo: &Photo, Point { x, y }: Point) -> [u8; 3] {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = ((x - left) as f32, (y - top) as f32);
    // A place far outside saturates, and is outside still.
    let (left, top) = (left as isize, top as isize);
    std::array::from_fn(|channel| {
        let row = |y: isize| {
            let (a, b) = (photo.at(left, y, channel), photo.at(left.saturating_add(1), y, channel));
            a + (b - a) * right_share
        };
        let (upper, lower) = (row(top), row(top.saturating_add(1)));
        (upper + (lower - upper) * lower_share).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(size: usize) -> Photo {
        let pixel = |place: usize| {
            let (x, y) = (place % size, place / size);
            [(2 * x) as u8, (2 * y) as u8, (x + y) as u8]
        };
        Photo { width: size, height: size, rgb: (0..size * size).flat_map(pixel).collect() }
    }

    #[test]
    fn an_aligned_photo_stays_as_it_is() {
        let photo = pattern(112);
        assert!(is_aligned(&photo, &Landmarks::template(112)));
        assert_eq!(align(&photo, &Landmarks::template(112), 112), Some(photo));
    }

    #[test]
    fn a_face_elsewhere_in_a_photo_comes_to_lie_on_the_template() {
        // The pattern, twice as large and with a border: what is linear stays so between pixels.
        let pixel = |place: usize| {
            let (x, y) = ((place % 300) as f64, (place / 300) as f64);
            let (x, y) = ((x - 30.5) / 2.0, (y - 20.5) / 2.0);
            [(2.0 * x).round() as u8, (2.0 * y).round() as u8, (x + y).round() as u8]
        };
        let photo = Photo { width: 300, height: 300, rgb: (0..300 * 300).flat_map(pixel).collect() };
        let landmarks = Landmarks(
            Landmarks::template(112).0.map(|Point { x, y }| Point { x: 2.0 * x + 30.5, y: 2.0 * y + 20.5 }),
        );
        assert!(!is_aligned(&photo, &landmarks));
        let crop = align(&photo, &landmarks, 112).unwrap();
        let differences = crop.rgb.iter().zip(pattern(112).rgb).map(|(a, b)| a.abs_diff(b));
        assert!(differences.max() <= Some(1));
    }

    #[test]
    fn what_lies_beyond_the_border_is_black() {
        let photo = Photo { width: 20, height: 20, rgb: vec![200; 1200] };
        let far = Landmarks(Landmarks::template(112).0.map(|Point { x, y }| Point { x: x + 1e9, y }));
        assert!(align(&photo, &far, 112).unwrap().rgb.iter().all(|&value| value == 0));
    }
}
