//! Counter-based randomness: every draw is named by what it is for, so no draw depends on the order of others.

use crate::random::{GOLDEN, mix};

/// What a stream of numbers is for; streams of different purposes never share numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// How a person looks.
    Person = 1,
    /// Under which conditions a photo was taken.
    Conditions = 2,
    /// What stands behind the person.
    Background = 3,
    /// The noise of the sensor.
    Sensor = 4,
    /// Whose label an image carries.
    Label = 5,
    /// The form of what stands before the face.
    Occlusion = 6,
}

/// A splitmix64 sequence that starts at a mixture of its name.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of `purpose` for one image of one identity; a person's own streams use image 0.
    pub(crate) fn new(seed: u64, purpose: Purpose, identity: u32, image: u32) -> Self {
        let words = [seed, purpose as u64, u64::from(identity), u64::from(image)];
        let state = words
            .iter()
            .fold(GOLDEN, |state, &word| mix(state.wrapping_add(GOLDEN) ^ mix(word.wrapping_add(GOLDEN))));
        Self { state }
    }

    /// The next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// A number in [low, high).
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A whole number in [0, count); 0 where `count` is 0.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        ((u64::from(count) * (self.bits() >> 32)) >> 32) as u32
    }

    /// A nearly normal number of mean 0 and deviation 1, within ±3.47: the sum of four uniform ones.
    ///
    /// No logarithm and no cosine, so the value is the same on every machine, and its bounds keep faces faces.
    pub(crate) fn normal(&mut self) -> f32 {
        let bits = self.bits();
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
        (sum as f32 / 65_536.0 - 2.0 + 2.0 / 65_536.0) * 1.732_050_8
    }

    /// A nearly normal number of the given mean and deviation.
    pub(crate) fn around(&mut self, mean: f32, deviation: f32) -> f32 {
        mean + deviation * self.normal()
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Stream};

    #[test]
    fn streams_of_different_names_differ_and_of_one_name_agree() {
        let first = |purpose, identity, image| Stream::new(7, purpose, identity, image).bits();
        assert_eq!(first(Purpose::Person, 1, 2), first(Purpose::Person, 1, 2));
        assert_ne!(first(Purpose::Person, 1, 2), first(Purpose::Person, 2, 1));
        assert_ne!(first(Purpose::Person, 1, 2), first(Purpose::Label, 1, 2));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut stream = Stream::new(1, Purpose::Sensor, 0, 0);
        let values: Vec<f32> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }

    #[test]
    fn whole_numbers_stay_below_their_count_and_reach_all_of_it() {
        let mut stream = Stream::new(1, Purpose::Label, 0, 0);
        let mut seen = [false; 5];
        (0..200).for_each(|_| seen[stream.below(5) as usize] = true);
        assert!(seen.iter().all(|&reached| reached));
        assert_eq!(stream.below(0), 0);
    }
}
