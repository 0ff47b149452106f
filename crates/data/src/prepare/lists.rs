//! The pair lists of a configuration.

use std::path::Path;

use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    ProtocolName,
    config::{EvaluationConfig, PairSource, Protocol, SplitPart},
};

use super::{PrepareError, judgeable};
use crate::{
    gallery::Opened,
    images::Images,
    pairs::{self, Drawn, Pair, PairList, PairsError, Wanted},
    random::Purpose,
    split::Split,
};

/// Makes pair lists that can be judged.
pub(super) struct Lists<'a> {
    pub(super) split: &'a Split,
    /// Seed of the draws.
    pub(super) seed: u64,
    pub(super) images: &'a Images,
    /// Where lists are kept.
    pub(super) cache: &'a Path,
    /// What a person should know of the lists that were made.
    pub(super) notes: Vec<String>,
}

impl Lists<'_> {
    /// The pairs that validate: perhaps none, where no threshold comes from them.
    pub(super) fn validation(&mut self, evaluation: &EvaluationConfig) -> Result<PairList, PrepareError> {
        let wanted = Wanted {
            count: evaluation.validation_pairs,
            mislabelled: 0.0,
            seed: self.seed,
            purpose: Purpose::ValidationPairs,
        };
        let Drawn { pairs, supply } = pairs::draw(&self.split.validation, wanted);
        let mut protocols = evaluation.protocols.iter();
        let needs = protocols.find(|(_, protocol)| protocol.threshold == ThresholdPolicy::Validation);
        if let Some((protocol, _)) = needs.filter(|_| pairs.is_empty()) {
            let (protocol, wanted) = (protocol.clone(), wanted.count);
            return Err(PrepareError::NoValidationPairs { protocol, wanted, supply });
        }
        let pairs = self.noting("validation", wanted.count, Drawn { pairs, supply });
        PairList::keep(pairs, self.images, self.cache).map_err(PrepareError::ValidationPairs)
    }

    /// The pairs of a protocol, whose images are those of `opened`.
    pub(super) fn protocol(
        &mut self,
        name: &ProtocolName,
        protocol: &Protocol,
        opened: &Opened,
    ) -> Result<PairList, PrepareError> {
        let list = match &protocol.pairs {
            PairSource::Drawn { from, count, mislabelled } => self.drawn(name, *from, *count, *mislabelled),
            PairSource::Listed { list, .. } => pairs::read(list, &opened.to_library(self.images)),
        }
        .and_then(|pairs| PairList::keep(pairs, self.images, self.cache))
        .map_err(|source| PrepareError::Pairs { protocol: name.clone(), source })?;
        judgeable::check(&list, protocol.threshold).map_err(|source| {
            let pairs = match &protocol.pairs {
                PairSource::Drawn { .. } => "the pairs drawn for it".to_owned(),
                PairSource::Listed { list, .. } => list.display().to_string(),
            };
            PrepareError::Unjudgeable { protocol: name.clone(), pairs, source }
        })?;
        Ok(list)
    }

    fn drawn(
        &mut self,
        name: &ProtocolName,
        from: SplitPart,
        count: u32,
        mislabelled: f64,
    ) -> Result<Vec<Pair>, PairsError> {
        // By part and not by name: two protocols that differ in wrong labels alone ask about the same pairs.
        let purpose = match from {
            SplitPart::ClosedTest => Purpose::ClosedPairs,
            SplitPart::OpenTest => Purpose::OpenPairs,
        };
        let wanted = Wanted { count, mislabelled, seed: self.seed, purpose };
        let drawn = pairs::draw(self.split.part(from), wanted);
        if drawn.pairs.is_empty() {
            return Err(PairsError::NoneToDraw { supply: drawn.supply });
        }
        Ok(self.noting(&format!("protocol {name}"), count, drawn))
    }

    /// The pairs, after a note where they are fewer than `wanted`.
    fn noting(&mut self, whose: &str, wanted: u32, drawn: Drawn) -> Vec<Pair> {
        let Drawn { pairs, supply } = drawn;
        if pairs.len() < wanted as usize {
            let found = pairs.len();
            self.notes
                .push(format!("{whose}: {wanted} pairs were asked for, and {found} are drawn: {supply}"));
        }
        pairs
    }
}
