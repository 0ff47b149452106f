//! The losses on class centres: names, formulas, sources, and their parameters, described once. Read from a tree a
//! description gives values; read from nothing, the schema, the keys that a loss has, and what `arclab losses` prints.

mod description;
mod parameters;
mod shared;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::section::{Reading, Section};
use crate::config::LossConfig;

pub use description::{LossDescription, ParameterDescription, losses, parameters_of_all_losses};

/// A loss.
pub(in crate::read) struct Kind {
    /// As specs write it.
    pub(in crate::read) name: &'static str,
    /// The logit of the own class; that of another is s·cos θⱼ.
    formula: &'static str,
    paper: &'static str,
    year: u16,
    /// Its parameters.
    pub(in crate::read) read: fn(&mut Section<'_>) -> LossConfig,
}

/// The usual one comes first.
pub(in crate::read) const KINDS: &[Kind] = &[
    Kind {
        name: "arcface",
        formula: "s·cos(θ + m)",
        paper: "Deng et al., ArcFace, CVPR",
        year: 2019,
        read: parameters::arcface,
    },
    Kind {
        name: "subcentre",
        formula: "s·cos(θ + m), θ to the nearest of K centres",
        paper: "Deng et al., Sub-center ArcFace, ECCV",
        year: 2020,
        read: parameters::subcentre,
    },
    Kind {
        name: "cosface",
        formula: "s·(cos θ - m)",
        paper: "Wang et al., CosFace, CVPR",
        year: 2018,
        read: parameters::cosface,
    },
    Kind {
        name: "combined",
        formula: "s·(cos(m₁θ + m₂) - m₃)",
        paper: "Deng et al., ArcFace, CVPR",
        year: 2019,
        read: parameters::combined,
    },
    Kind {
        name: "sphereface",
        formula: "‖x‖·(λ cos θ + ψ) / (1 + λ), ψ = (-1)^k cos mθ - 2k",
        paper: "Liu et al., SphereFace, CVPR",
        year: 2017,
        read: parameters::sphereface,
    },
    Kind {
        name: "normface",
        formula: "s·cos θ",
        paper: "Wang et al., NormFace, ACM Multimedia",
        year: 2017,
        read: parameters::normface,
    },
    Kind {
        name: "curricularface",
        formula: "s·cos(θ + m), of a hard other class s·cos θⱼ·(t + cos θⱼ)",
        paper: "Huang et al., CurricularFace, CVPR",
        year: 2020,
        read: parameters::curricularface,
    },
    Kind {
        name: "magface",
        formula: "s·cos(θ + m(‖x‖)), and w·(‖x‖ / max² + 1 / ‖x‖) on top",
        paper: "Meng et al., MagFace, CVPR",
        year: 2021,
        read: parameters::magface,
    },
    Kind {
        name: "adaface",
        formula: "s·(cos(θ - m·z) - m - m·z), z = h·(‖x‖ - μ) / σ within ±1",
        paper: "Kim et al., AdaFace, CVPR",
        year: 2022,
        read: parameters::adaface,
    },
    Kind {
        name: "elasticface",
        formula: "s·cos(θ + E), E of N(m, σ²) for each sample",
        paper: "Boutros et al., ElasticFace, CVPR Workshops",
        year: 2022,
        read: parameters::elasticface,
    },
    Kind {
        name: "adacos",
        formula: "s·cos θ, s = √2·ln(C - 1) of C classes, or of each batch",
        paper: "Zhang et al., AdaCos, CVPR",
        year: 2019,
        read: parameters::adacos,
    },
];

impl Kind {
    /// Its parameters, with their schemas.
    pub(in crate::read) fn fields(&self) -> Map<String, Json> {
        fields(&|loss| {
            (self.read)(loss);
        })
    }
}

/// The keys that `read` asks for, with their schemas.
fn fields(read: &dyn Fn(&mut Section<'_>)) -> Map<String, Json> {
    let reading = Reading::new(&|_| None);
    let mut section = Section::new(&reading, None, "loss");
    read(&mut section);
    section.into_fields()
}

/// The keys of other losses that the loss called `name` does not have.
pub(crate) fn foreign_keys(name: &str) -> BTreeSet<String> {
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else { return BTreeSet::new() };
    let own = kind.fields();
    KINDS.iter().flat_map(Kind::fields).map(|(key, _)| key).filter(|key| !own.contains_key(key)).collect()
}
