//! What stands before a face: scarf, hand, sunglasses, hat or a strand of hair.

use super::attributes::Occlusion;
use super::canvas::Canvas;
use super::colour::Rgb;
use super::glasses::Glasses;
use super::person::Person;
use super::pose::{Spot, edge, skin};
use super::random::Stream;

/// Paints the occlusion drawn; `strength` makes it larger.
pub(super) fn paint(
    kind: Occlusion,
    canvas: &mut Canvas<'_>,
    person: &Person,
    strength: f32,
    stream: &mut Stream,
) {
    let size = strength.clamp(0.5, 2.0).sqrt();
    match kind {
        Occlusion::None => {}
        Occlusion::Scarf => scarf(canvas, size, stream),
        Occlusion::Hand => hand(canvas, person, size, stream),
        Occlusion::Sunglasses => {
            let dark = stream.between(0.72, 0.97);
            Glasses::sun(stream).paint(canvas, &person.eyes, &person.head, dark);
        }
        Occlusion::HairStrand => strand(canvas, person, size, stream),
        Occlusion::Hat => hat(canvas, person, size, stream),
    }
}

/// The colour of a cloth: any hue, seldom strong.
pub(super) fn cloth(stream: &mut Stream) -> Rgb {
    let light = stream.between(0.08, 0.85);
    let strength = stream.unit() * stream.unit() * 0.5;
    Rgb::grey(light).plus([0; 3].map(|_: u8| stream.between(-strength, strength)))
}

fn scarf(canvas: &mut Canvas<'_>, size: f32, stream: &mut Stream) {
    let top = 41.0 - stream.between(0.0, 22.0) * size;
    let lean = stream.around(0.0, 3.0);
    let colour = cloth(stream);
    let outline = [
        edge(-48.0, top + 4.0 - lean, 6.0),
        edge(-18.0, top + 1.0 - lean * 0.5, 26.0),
        edge(0.0, top + 3.0, 32.0),
        edge(18.0, top + 1.0 + lean * 0.5, 26.0),
        edge(48.0, top + 4.0 + lean, 6.0),
        edge(56.0, 110.0, 6.0),
        edge(-56.0, 110.0, 6.0),
    ];
    canvas.blob(&outline, colour, 1.0);
    for row in 1..5 {
        let y = top + 9.0 * row as f32 + stream.around(0.0, 1.5);
        let fold = [-44.0, -15.0, 15.0, 44.0]
            .map(|x: f32| (edge(x, y - 0.004 * x * x + lean * x * 0.02, 22.0), 1.3));
        let shade = if row % 2 == 0 { 1.18 } else { 0.75 };
        canvas.ribbon(&fold, colour.times(shade), 0.6);
    }
}

/// A hat down to the forehead, with or without a brim.
fn hat(canvas: &mut Canvas<'_>, person: &Person, size: f32, stream: &mut Stream) {
    let colour = cloth(stream);
    let low = -31.0 + stream.between(0.0, 7.0) * size;
    let width = person.head.half_width + stream.between(2.0, 6.0);
    let crown = [
        edge(-width, low + 3.0, 0.0),
        edge(-width * 0.98, -48.0, 0.0),
        edge(-width * 0.6, -72.0, 0.0),
        edge(width * 0.6, -72.0, 0.0),
        edge(width * 0.98, -48.0, 0.0),
        edge(width, low + 3.0, 0.0),
        skin(width * 0.5, low),
        skin(0.0, low - 1.0),
        skin(-width * 0.5, low),
    ];
    canvas.blob(&crown, colour, 1.0);
    let (brim, thickness) = (stream.chance(0.6), stream.between(2.0, 3.5));
    let reach = if brim { width * 0.92 } else { width };
    let band = [-1.0_f32, -0.5, 0.0, 0.5, 1.0].map(|t| {
        let lift = if brim { 14.0 * (1.0 - t * t) } else { 1.0 };
        (
            Spot::Skin { x: t * reach, y: low + 1.0 + 2.0 * t * t, lift },
            thickness * if brim { 1.2 - t * t } else { 1.0 },
        )
    });
    canvas.ribbon(&band, colour.times(0.7), 1.0);
}

/// Four fingers side by side, from below or from a side.
fn hand(canvas: &mut Canvas<'_>, person: &Person, size: f32, stream: &mut Stream) {
    let side = if stream.chance(0.5) { -1.0 } else { 1.0 };
    let (tip_x, tip_y) = (side * stream.between(2.0, 24.0), stream.between(8.0, 34.0));
    let lean = stream.around(0.25, 0.2);
    let colour = person.skin.colour.times(stream.between(0.88, 1.04));
    let thickness = stream.between(4.0, 5.0) * size;
    let palm_y = tip_y + 36.0;
    for finger in 0..4 {
        let across = (finger as f32 - 1.5) * thickness * 1.9;
        let tip = tip_y + (finger as f32 - 1.3).powi(2) * 2.2;
        let line = [
            (at(tip_x + across, tip), thickness * 0.55),
            (at(tip_x + across, tip + 4.0), thickness),
            (at(tip_x + across * 0.95 + side * lean * 18.0, tip + 20.0), thickness * 1.05),
            (at(tip_x + across * 0.9 + side * lean * 36.0, palm_y + 12.0), thickness * 1.2),
        ];
        canvas.ribbon(&line.map(|(spot, width)| (spot, width + 0.7)), person.skin.shadow, 0.75);
        canvas.ribbon(&line, colour, 1.0);
        let nail = [
            (at(tip_x + across, tip + 0.8), thickness * 0.4),
            (at(tip_x + across, tip + 4.6), thickness * 0.5),
        ];
        canvas.ribbon(&nail, colour.towards(Rgb([0.95, 0.80, 0.78]), 0.5), 0.7);
    }
    let palm = side * lean * 36.0;
    let corners = [
        at(tip_x + palm - thickness * 3.6, palm_y),
        at(tip_x + palm + thickness * 3.6, palm_y),
        at(tip_x + palm + thickness * 4.0, 110.0),
        at(tip_x + palm - thickness * 4.0, 110.0),
    ];
    canvas.blob(&corners, colour, 1.0);
}

/// A point of the hand, a little before the face and moving with it.
fn at(x: f32, y: f32) -> Spot {
    edge(x, y, 34.0)
}

fn strand(canvas: &mut Canvas<'_>, person: &Person, size: f32, stream: &mut Stream) {
    let side = if stream.chance(0.5) { -1.0 } else { 1.0 };
    // Bald people get a strand, too: somebody else's, or a leaf's shadow.
    let colour = person.hair.colour.times(stream.between(0.8, 1.1));
    let end_y = stream.between(-2.0, 34.0);
    for lock in 0..3 {
        let spread = lock as f32 * stream.between(2.0, 4.5);
        let line = [
            (skin(side * (2.0 + spread * 0.4), -50.0), 2.0 * size),
            (skin(side * (9.0 + spread), -30.0), 2.8 * size),
            (skin(side * (18.0 + spread), -8.0), 2.4 * size),
            (skin(side * (21.0 + spread * 1.4), end_y - 4.0 * lock as f32), 0.4),
        ];
        canvas.ribbon(&line, colour.times(1.0 - 0.1 * lock as f32), 0.95);
    }
}
