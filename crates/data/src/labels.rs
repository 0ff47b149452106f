//! Wrong labels of rendered faces.

use arclab_spec::config::Synthetic;

use crate::{
    cache::Record,
    random::{Draws, Purpose},
    split::Split,
};

/// Gives the training images of `config`'s faces the labels that they carry, right or wrong. Validation and tests keep
/// the truth: what wrong labels in training do is measured with right ones, and pairs have wrong labels of their own.
///
/// An image that carries the label of a person of the open set, who is no class, gets another wrong class.
pub(crate) fn spoil(split: &mut Split, config: &Synthetic) {
    let classes = split.identities.len() as u64;
    let draws = Draws::new(config.seed, Purpose::WrongClass);
    for sample in &mut split.train {
        // The faces are the data set, and so are numbered from 0.
        let (person, label) = Record::person_and_label(config, sample.image);
        if label == person || classes < 2 {
            continue;
        }
        let name = Record::rendered_identity(label);
        let known = split.identities.binary_search(&name).ok().map(|class| class as u32);
        sample.label = known.unwrap_or_else(|| {
            let step = 1 + draws.below(sample.image as u64, classes - 1);
            ((u64::from(sample.label) + step) % classes) as u32
        });
    }
}
