//! Invented results, the same in every run.

use std::collections::{BTreeMap, BTreeSet};

use arclab_metrics::{ResolvedPolicy, Unit, evaluate};
use arclab_report::{Comparison, PairList, PairLists, ProtocolResult, RunResults, VariantResults};
use arclab_spec::{Fingerprint, Lineage, ProtocolName, RunId, VariantName};

/// `SplitMix64`.
pub struct Random(pub u64);

impl Random {
    /// Roughly normal, with mean 0 and deviation 1: twelve uniform numbers added.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A list of `count` pairs, same and different in turn; with ten folds where `folds`.
pub fn pair_list(count: usize, folds: bool) -> PairList {
    let fold = |pair: usize| (pair * 10 / count) as u32;
    PairList {
        same: (0..count).map(|pair| pair % 2 == 0).collect(),
        folds: folds.then(|| (0..count).map(fold).collect()),
        people: (0..count as u32)
            .map(|pair| if pair % 2 == 0 { [pair, pair] } else { [pair, pair + 1] })
            .collect(),
        images: (0..count).map(|pair| [format!("p{pair}/a.png"), format!("p{pair}/b.png")]).collect(),
    }
}

pub fn protocol(name: &str) -> ProtocolName {
    ProtocolName::new(name).expect("a name")
}

/// Scores whose same pairs lie `gap` above the different ones. `pairs` seeds what lies in the pairs themselves, which
/// all variants see alike; `own` what lies in the variant.
pub fn scores(list: &PairList, gap: f64, pairs: u64, own: u64) -> Vec<f32> {
    let (mut shared, mut own) = (Random(pairs), Random(own));
    let score = |&same: &bool| {
        let mean = if same { 0.1 + gap } else { 0.1 };
        (mean + 0.12 * shared.normal() + 0.06 * own.normal()).clamp(-1.0, 1.0) as f32
    };
    list.same.iter().map(score).collect()
}

pub fn result(name: &str, list: &PairList, scores: Vec<f32>, policy: ResolvedPolicy) -> ProtocolResult {
    let evaluation = evaluate(&scores, &list.same, list.folds.as_deref(), policy).expect("usable scores");
    ProtocolResult { pair_list: Fingerprint::of(name.as_bytes()), evaluation, scores, shared_people: None }
}

/// The tests of all invented runs: name, list, and seed of the pairs.
pub fn tests() -> Vec<(&'static str, PairList, u64)> {
    vec![
        ("closed", pair_list(1000, false), 11),
        ("lfw", pair_list(600, true), 13),
        ("open", pair_list(1500, false), 12),
    ]
}

pub fn lists() -> PairLists {
    tests().into_iter().map(|(name, list, _)| (Fingerprint::of(name.as_bytes()), list)).collect()
}

/// A run whose scores separate by `gap`, on the tests named.
pub fn run(variant: &str, gap: f64, seed: u64, on: &[&str]) -> RunResults {
    let own = variant.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let policy = ResolvedPolicy::KFold { folds: 10 };
    let of = |(name, list, pairs): (&'static str, PairList, u64)| {
        let scores = scores(&list, gap, pairs, own);
        (protocol(name), result(name, &list, scores, policy))
    };
    let protocols: BTreeMap<_, _> =
        tests().into_iter().filter(|(name, ..)| on.contains(name)).map(of).collect();
    let epochs = (1..=20).map(f64::from);
    let mut noise = Random(own);
    let loss = epochs.clone().map(|epoch| (epoch, 18.0 / (1.0 + epoch * gap) + 0.2 * noise.normal()));
    let loss = loss.collect();
    let accuracy =
        epochs.map(|epoch| (epoch, 0.5 + gap * (1.0 - (-epoch / 6.0).exp()) + 0.006 * noise.normal()));
    let run = RunId::new(format!("{variant}-s{seed}")).expect("a name");
    RunResults { run, seed, parts: None, protocols, loss, validation_accuracy: accuracy.collect() }
}

/// A variant with runs of these seeds.
pub fn variant(name: &str, gap: f64, seeds: &[u64], on: &[&str]) -> VariantResults {
    VariantResults {
        name: VariantName::new(name).expect("a name"),
        state: None,
        hypothesis: String::new(),
        stated: None,
        lineage: None,
        runs: seeds.iter().map(|&seed| run(name, gap, seed, on)).collect(),
    }
}

/// Of a variant that rests on `baseline` and was planned with these values, by key; its spec declares those of
/// `declared`.
pub fn lineage(values: &[(&str, &str)], declared: &[&str]) -> Lineage {
    Lineage {
        root: VariantName::new("baseline").expect("a name"),
        depth: 1,
        values: values.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
        declared: declared.iter().map(|&key| key.to_owned()).collect(),
        overridden: BTreeSet::new(),
    }
}

/// The report's four variants with single runs, on the closed and the open set.
pub fn single_runs() -> Comparison {
    let on = ["closed", "open"];
    let variants = [("baseline", 0.22), ("grayscale", 0.21), ("m0.8", 0.225), ("m0.2", 0.17)];
    Comparison::new(
        variants.map(|(name, gap)| variant(name, gap, &[0], &on)).to_vec(),
        lists(),
        Unit::Identities,
    )
}
