//! The backbones: names, sources and sizes, described once. From here come the words that specs write, what fits them,
//! and what `arclab backbones` prints. The figures are counted by a test where the networks are at hand.

use crate::config::Backbone;

/// A backbone, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackboneDescription {
    /// As specs write it.
    pub name: &'static str,
    /// What it stands for.
    pub backbone: Backbone,
    /// Authors, name and where it appeared, and whose variant it is.
    pub source: &'static str,
    /// When.
    pub year: u16,
    /// Usual side of the images, in pixels; all take the multiples of 16 from 32 to 512.
    pub image_size: u32,
    /// Usual length of the embedding.
    pub embedding_size: u32,
    /// Numbers that it learns, at these sizes and on colours.
    pub parameters: u64,
    /// Multiplications, each with its addition, of its convolutions and linear layers for one image.
    pub multiplications: u64,
    /// Whether it has dropout.
    pub has_dropout: bool,
}

/// All backbones, the usual one first.
pub const fn backbones() -> &'static [BackboneDescription] {
    BACKBONES
}

/// One of the usual sizes of the field: 112 × 112, and embeddings of 512 numbers.
const fn usual(
    name: &'static str,
    backbone: Backbone,
    (source, year): (&'static str, u16),
    [parameters, multiplications]: [u64; 2],
    has_dropout: bool,
) -> BackboneDescription {
    let (image_size, embedding_size) = (112, 512);
    BackboneDescription {
        name,
        backbone,
        source,
        year,
        image_size,
        embedding_size,
        parameters,
        multiplications,
        has_dropout,
    }
}

const BACKBONES: &[BackboneDescription] = &[
    BackboneDescription {
        image_size: 64,
        embedding_size: 128,
        ..usual(
            "small",
            Backbone::Small,
            ("arclab's own relative of IResNet, for CPUs", 2026),
            [867_424, 18_186_240],
            true,
        )
    },
    usual(
        "mobilefacenet_scale1",
        Backbone::MobileFaceNetScale1,
        MOBILEFACENET,
        [1_200_512, 221_161_984],
        false,
    ),
    usual("mobilefacenet", Backbone::MobileFaceNet, MOBILEFACENET, [2_059_520, 437_520_896], false),
    usual("ghostfacenet_v1_2", Backbone::GhostFaceNetV1Stride2, GHOSTFACENETS, [4_037_836, 59_316_222], true),
    usual(
        "ghostfacenet_v1_1",
        Backbone::GhostFaceNetV1Stride1,
        GHOSTFACENETS,
        [4_059_748, 211_909_644],
        true,
    ),
    usual("iresnet18", Backbone::IResNet18, IRESNET, [24_025_088, 2_609_954_816], true),
    usual("iresnet34", Backbone::IResNet34, IRESNET, [34_138_816, 4_459_642_880], true),
    usual("iresnet50", Backbone::IResNet50, IRESNET, [43_590_336, 6_309_330_944], true),
    usual("iresnet100", Backbone::IResNet100, IRESNET, [65_155_648, 12_089_606_144], true),
    usual("iresnet200", Backbone::IResNet200, IRESNET, [118_833_408, 23_418_945_536], true),
];

const MOBILEFACENET: (&str, u16) = ("Chen et al., MobileFaceNets, CCBR; as InsightFace has it", 2018);
const GHOSTFACENETS: (&str, u16) = ("Alansari et al., GhostFaceNets, IEEE Access", 2023);
const IRESNET: (&str, u16) = ("Duta et al., Improved Residual Networks, ICPR; as InsightFace has it", 2020);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backbone_is_described_once_under_the_name_that_plans_have() {
        let names: Vec<_> = BACKBONES
            .iter()
            .map(|one| serde_json::to_value(one.backbone).unwrap().as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, BACKBONES.iter().map(|one| one.name).collect::<Vec<_>>());
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }
}
