//! The losses: names, formulas, sources, and their parameters, described once. Read from a tree a
//! description gives values; read from nothing, the schema, the keys that a loss has, and what `arclab losses` prints.

mod description;
mod pairs;
mod parameters;
mod shared;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::loss::OF_CENTRES;
use super::section::{Reading, Section};
use crate::config::{Compares, LossConfig};

pub use description::{LossDescription, ParameterDescription, losses, parameters_of_losses_on_centres};

/// A loss.
pub(in crate::read) struct Kind {
    /// As specs write it.
    pub(in crate::read) name: &'static str,
    /// The logit of the own class, where that of another is s·cos θⱼ; or a term of the loss, on pairs.
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
    Kind {
        name: "contrastive",
        formula: "max(0, d₊ - m₊), max(0, m₋ - d₋)",
        paper: "Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, CVPR",
        year: 2006,
        read: pairs::contrastive,
    },
    Kind {
        name: "triplet",
        formula: "max(0, d₊ - d₋ + m)",
        paper: "Schroff et al., FaceNet, CVPR",
        year: 2015,
        read: pairs::triplet,
    },
    Kind {
        name: "multi_similarity",
        formula: "ln(1 + Σ exp(-α(c₊ - λ))) / α + ln(1 + Σ exp(β(c₋ - λ))) / β",
        paper: "Wang et al., Multi-Similarity Loss, CVPR",
        year: 2019,
        read: pairs::multi_similarity,
    },
    Kind {
        name: "circle",
        formula: "ln(1 + Σ exp(-s·w₊(c₊ - 1 + m)) · Σ exp(s·w₋(c₋ - m))), w₊ = 1 + m - c₊, w₋ = c₋ + m",
        paper: "Sun et al., Circle Loss, CVPR",
        year: 2020,
        read: pairs::circle,
    },
    Kind {
        name: "supcon",
        formula: "ln Σ exp(c / τ) - mean of c₊ / τ",
        paper: "Khosla et al., Supervised Contrastive Learning, NeurIPS",
        year: 2020,
        read: pairs::supcon,
    },
    Kind {
        name: "ntxent",
        formula: "ln(exp(c₊ / τ) + Σ exp(c₋ / τ)) - c₊ / τ",
        paper: "Chen et al., SimCLR, ICML",
        year: 2020,
        read: pairs::ntxent,
    },
    Kind {
        name: "lifted_structure",
        formula: "max(0, ln Σ exp(m₋ - d₋) + d₊ - m₊)² / 2",
        paper: "Song et al., Lifted Structured Feature Embedding, CVPR",
        year: 2016,
        read: pairs::lifted_structure,
    },
    Kind {
        name: "proxy_anchor",
        formula: "ln(1 + Σ exp(-s(c₊ - m))) + ln(1 + Σ exp(s(c₋ + m))), c to a learned proxy of each class",
        paper: "Kim et al., Proxy Anchor Loss, CVPR",
        year: 2020,
        read: pairs::proxy_anchor,
    },
];

impl Kind {
    fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// What it compares, whatever its parameters.
    pub(in crate::read) fn compares(&self) -> Compares {
        (self.read)(&mut Section::new(&Reading::new(&|_| None), None, "loss")).compares()
    }

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
pub(in crate::read) fn foreign_keys(name: &str) -> BTreeSet<String> {
    let Some(kind) = Kind::named(name) else { return BTreeSet::new() };
    let own = kind.fields();
    KINDS.iter().flat_map(Kind::fields).map(|(key, _)| key).filter(|key| !own.contains_key(key)).collect()
}

/// The keys that the loss called `new` does not take over from the one called `old`; from the usual one, if nothing is.
/// Class centres and pairs have none in common: a margin is another thing there, and how logits are judged is none.
pub(crate) fn superseded_keys(old: Option<&str>, new: &str) -> BTreeSet<String> {
    let old = old.map_or(Some(&KINDS[0]), Kind::named);
    let (Some(old), Some(kind)) = (old, Kind::named(new)) else { return foreign_keys(new) };
    let is_on_centres = |kind: &Kind| kind.compares() == Compares::Centres;
    if is_on_centres(old) == is_on_centres(kind) {
        return foreign_keys(new);
    }
    KINDS.iter().flat_map(Kind::fields).map(|(key, _)| key).chain(OF_CENTRES.map(str::to_owned)).collect()
}
