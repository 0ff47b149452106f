//! What makes a person look as they do: every property is drawn from a continuous distribution, and many lean on
//! a few common traits, so that some people look much alike and no two are the same.

use super::beard::Beard;
use super::brows::Brows;
use super::eyes::Eyes;
use super::glasses::Glasses;
use super::hair::Hair;
use super::head::Head;
use super::marks::Marks;
use super::mouth::Mouth;
use super::nose::Nose;
use super::pose::{FivePoints, Spot, skin};
use super::random::{Purpose, Stream};
use super::skin::Skin;

/// Traits that many features lean on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// Heavy jaw and brows (positive) or light ones; mean 0, deviation 1.
    pub(super) rugged: f32,
    /// Age, from young (0) to old (1).
    pub(super) age: f32,
    /// Darkness of the skin, in [0, 1]; hair and eyes follow it.
    pub(super) melanin: f32,
    /// Fullness of the flesh; mean 0, deviation 1.
    pub(super) fullness: f32,
}

/// One person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) head: Head,
    pub(super) skin: Skin,
    pub(super) eyes: Eyes,
    pub(super) brows: Brows,
    pub(super) nose: Nose,
    pub(super) mouth: Mouth,
    pub(super) hair: Hair,
    pub(super) beard: Beard,
    pub(super) marks: Marks,
    pub(super) glasses: Glasses,
}

impl Person {
    /// Person number `identity` of the data set with this seed.
    pub(super) fn new(seed: u64, identity: u32) -> Self {
        let mut stream = Stream::new(seed, Purpose::Person, identity, 0);
        let s = &mut stream;
        let traits = Traits {
            rugged: s.normal(),
            age: (s.unit() * 0.6 + s.unit() * 0.4).clamp(0.0, 1.0),
            melanin: s.around(0.34, 0.2).clamp(0.0, 1.0),
            fullness: s.normal(),
        };
        let head = Head::new(&traits, s);
        let skin = Skin::new(&traits, s);
        let hair = Hair::new(&traits, s);
        Self {
            eyes: Eyes::new(&traits, s),
            brows: Brows::new(&traits, &hair, s),
            nose: Nose::new(&traits, s),
            mouth: Mouth::new(&traits, &skin, s),
            beard: Beard::new(&traits, &hair, s),
            marks: Marks::new(&traits, s),
            glasses: Glasses::new(&traits, s),
            head,
            skin,
            hair,
        }
    }

    /// The points by which a photo of this person is aligned.
    pub(super) fn five_points(&self) -> FivePoints {
        let (eyes, mouth) = (&self.eyes, &self.mouth);
        let tip = Spot::Skin { x: 0.0, y: self.nose.tip_y, lift: self.nose.lift };
        [
            skin(-eyes.apart, eyes.y),
            skin(eyes.apart, eyes.y),
            tip,
            skin(-mouth.half_width, mouth.y),
            skin(mouth.half_width, mouth.y),
        ]
    }
}
