//! The embedded faces: a deterministic renderer of parametric faces.
//!
//! A person's features come from (seed, identity), the conditions of a photo from (seed, identity, image), each by
//! counter-based random numbers: photos can be rendered in any order, by any thread, and are the same bytes.
//! Features are painted as vector shapes on an ellipsoid head that turns before the camera, aligned by five points
//! as real crops are, then lit with a relief of the face, and developed with exposure, colour temperature, blur and
//! noise. All else being equal, the background and the clothes still differ from photo to photo: with every
//! strength at 0, two photos of a person show the same face before another scene.
//!
//! The same program on the same machine gives the same bytes. Across machines the random numbers agree exactly;
//! pixels may differ by single counts where the platform's sines and powers round otherwise.

mod attributes;
mod background;
mod beard;
mod brows;
mod canvas;
mod colour;
mod conditions;
mod eyes;
mod glasses;
mod hair;
mod head;
mod labels;
mod light;
mod marks;
mod mouth;
mod nose;
mod occlusion;
mod person;
mod pose;
mod random;
mod relief;
mod sensor;
mod skin;
#[cfg(test)]
mod tests;

use arclab_spec::config::Synthetic;
use tiny_skia::Pixmap;

use self::background::{Background, paint_clothes};
use self::canvas::Canvas;
use self::person::Person;
use self::pose::Pose;
use self::random::{Purpose, Stream};
use self::relief::Relief;

pub use self::attributes::{Attributes, Expression, Grooming, Occlusion};
pub use self::labels::{label, person};

/// Raised whenever the same arguments give other pixels or attributes; part of a data set's fingerprint.
pub const RENDERER_VERSION: u32 = 3;

/// One rendered photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// `size` × `size` pixels of red, green and blue, row by row.
    pub rgb: Vec<u8>,
    /// The conditions that were drawn for it.
    pub attributes: Attributes,
}

/// Photo number `image` of person number `identity`, `size` pixels wide and high.
///
/// Pure: nothing but the arguments decides, so any thread may render any photo in any order. The attributes do not
/// depend on the size. A size of 0 has no pixels.
pub fn render(config: &Synthetic, identity: u32, image: u32, size: u32) -> Photo {
    let person = Person::new(config.seed, identity);
    let attributes = conditions::draw(config, &person, identity, image);
    let stream = |purpose| Stream::new(config.seed, purpose, identity, image);
    let rgb = photograph(&person, &attributes, config.vary.occlusion as f32, size, stream);
    Photo { rgb, attributes }
}

/// The person under the conditions; the streams decide what the conditions leave open: scene, forms and noise.
fn photograph(
    person: &Person,
    drawn: &Attributes,
    occlusion_size: f32,
    size: u32,
    stream: impl Fn(Purpose) -> Stream,
) -> Vec<u8> {
    let Some(pixmap) = Pixmap::new(size, size) else { return Vec::new() };
    let pose = Pose::new(&person.head, &person.five_points(), drawn, size);
    let mut behind = stream(Purpose::Background);
    let background = Background::new(&mut behind);
    let mut canvas = Canvas { pixmap, pose: &pose };
    paint_person(&mut canvas, person, drawn, &mut behind);
    occlusion::paint(drawn.occlusion, &mut canvas, person, occlusion_size, &mut stream(Purpose::Occlusion));
    let relief = relief_of(person, &pose, drawn, size);
    let linear = light::expose(&canvas.pixmap, &background, &relief, &pose, drawn);
    sensor::develop(linear, size as usize, drawn, &mut stream(Purpose::Sensor))
}

/// Paints from back to front.
fn paint_person(canvas: &mut Canvas<'_>, person: &Person, drawn: &Attributes, clothes: &mut Stream) {
    let Person { head, skin, eyes, brows, nose, mouth, beard, marks, glasses, .. } = person;
    let expression = &drawn.expression;
    let hair = person.hair.worn(&drawn.grooming);
    hair.paint_behind(canvas, head);
    head.paint_behind(canvas, skin);
    paint_clothes(canvas, clothes);
    head.paint(canvas, skin, expression.mouth_open);
    marks.paint(canvas, skin);
    beard.worn(drawn.grooming.beard).paint(canvas, head, mouth, expression.mouth_open);
    mouth.paint(canvas, skin, expression);
    eyes.paint(canvas, skin, expression);
    nose.paint(canvas, skin);
    brows.paint(canvas, eyes, expression);
    hair.paint(canvas, head);
    if drawn.glasses && drawn.occlusion != Occlusion::Sunglasses {
        glasses.paint(canvas, eyes, head, 0.0);
    }
}

fn relief_of<'a>(person: &Person, pose: &'a Pose, drawn: &Attributes, size: u32) -> Relief<'a> {
    let mut relief = Relief::new(pose, size);
    let Person { head, eyes, nose, mouth, .. } = person;
    head.relief(&mut relief, (eyes.apart, eyes.y), drawn.expression.mouth_open);
    nose.relief(&mut relief, eyes.y);
    mouth.relief(&mut relief, &drawn.expression);
    relief
}
