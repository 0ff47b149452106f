//! The digest of everything in the data that decides a run's numbers.

use std::{fmt, io::Write};

use arclab_spec::{Fingerprint, ProtocolName};

use crate::{cache::CACHE_VERSION, images::Images, pairs::PairList, split::Split};

/// Digest of labels, contents and pairs. Names of files are covered where pair lists show them, and paths
/// nowhere: data may move.
pub(super) fn fingerprint(
    split: &Split,
    validation_pairs: &PairList,
    protocols: &[(ProtocolName, PairList)],
    images: &Images,
) -> Fingerprint {
    let mut covered = Vec::new();
    let mut line = |text: fmt::Arguments<'_>| writeln!(covered, "{text}").expect("memory takes every line");
    line(format_args!("images {CACHE_VERSION}"));
    for (part, samples) in [("train", &split.train), ("validation", &split.validation)] {
        for sample in samples {
            line(format_args!("{part} {} {}", sample.label, images.content(sample.image)));
        }
    }
    line(format_args!("validation {}", validation_pairs.fingerprint));
    for (name, list) in protocols {
        line(format_args!("{name} {}", list.fingerprint));
    }
    Fingerprint::of(&covered)
}
