//! Whose label an image carries, and whom it shows.

use arclab_spec::config::Synthetic;

use super::random::{Purpose, Stream};

/// The identity whose label the image carries: mostly its own, and for a share of `mislabelled` another's.
///
/// Each image decides for itself, so the share is that of a draw and not exact. A data set of one person has no
/// wrong label to give.
pub fn label(config: &Synthetic, identity: u32, image: u32) -> u32 {
    let mut stream = Stream::new(config.seed, Purpose::Label, identity, image);
    let wrong = f64::from(stream.unit()) < config.mislabelled;
    if !wrong || config.identities < 2 {
        return identity;
    }
    let others = config.identities - 1;
    ((u64::from(identity) + 1 + u64::from(stream.below(others))) % u64::from(config.identities)) as u32
}

/// The person on the rendered image of this name, as a data set's identities are named: `p00012` of `p00012/003`.
pub fn person(image: &str) -> &str {
    image.split_once('/').map_or(image, |(person, _)| person)
}
