//! FAKE until arclab-data is there.
use arclab_spec::{
    Assignment, Fingerprint, ProtocolName,
    config::{DataConfig, EvaluationConfig},
};
use std::{borrow::Cow, collections::BTreeMap, path::Path};

#[derive(Debug, thiserror::Error)]
#[error("fake")]
pub struct DataError;
pub(crate) type BatchError = DataError;

#[derive(Debug)]
pub(crate) struct PairList {
    pub(crate) pairs: Vec<[usize; 2]>,
    pub(crate) same: Vec<bool>,
    pub(crate) folds: Option<Vec<u32>>,
    pub(crate) fingerprint: Fingerprint,
}
pub(crate) struct Data {
    size: usize,
    fingerprint: Fingerprint,
    list: PairList,
    names: Vec<String>,
    protocols: BTreeMap<ProtocolName, ()>,
}
pub(crate) struct Batch {
    pub(crate) pixels: Vec<u8>,
    pub(crate) labels: Vec<u32>,
}
pub(crate) struct Batches {
    next: u64,
    batch: usize,
    size: usize,
    epoch: u32,
}
fn pixel(image: usize, i: usize) -> u8 {
    (((image / 8 + 1) * 37 * (i % 91)) % 200 + (image * 7919 + i * 104_729) % 55) as u8
}
impl Batches {
    pub(crate) fn next(&mut self) -> Result<Batch, BatchError> {
        let base = (self.next as usize * self.batch * 7 + self.epoch as usize * 3) % 64;
        self.next += 1;
        let ids: Vec<usize> = (0..self.batch).map(|i| (base + i * 9) % 64).collect();
        let pixels =
            ids.iter().flat_map(|&id| (0..3 * self.size * self.size).map(move |i| pixel(id, i))).collect();
        Ok(Batch { pixels, labels: ids.iter().map(|id| (id / 8) as u32).collect() })
    }
}
impl Data {
    pub(crate) fn prepare(
        data: &DataConfig,
        evaluation: &EvaluationConfig,
        _cache: &Path,
    ) -> Result<Self, DataError> {
        let pairs: Vec<[usize; 2]> = (0..64)
            .map(|i| if i % 2 == 0 { [i, i / 8 * 8 + (i + 3) % 8] } else { [i, (i + 19) % 64] })
            .collect();
        let same = pairs.iter().map(|[a, b]| a / 8 == b / 8).collect();
        Ok(Self {
            size: data.image_size as usize,
            fingerprint: Fingerprint::of(b"data"),
            list: PairList { pairs, same, folds: None, fingerprint: Fingerprint::of(b"list") },
            names: (0..64).map(|i| format!("{i}.png")).collect(),
            protocols: evaluation.protocols.keys().map(|k| (k.clone(), ())).collect(),
        })
    }
    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
    pub(crate) fn classes(&self) -> usize {
        8
    }
    pub(crate) fn train_len(&self) -> usize {
        64
    }
    pub(crate) fn image_size(&self) -> usize {
        self.size
    }
    pub(crate) fn batches(&self, a: &Assignment, epoch: u32, from: u64) -> Batches {
        Batches { next: from, batch: a.plan.config.training.batch_size as usize, size: self.size, epoch }
    }
    pub(crate) fn pixels(&self, image: usize) -> Cow<'_, [u8]> {
        Cow::Owned((0..3 * self.size * self.size).map(|i| pixel(image, i)).collect())
    }
    pub(crate) fn name(&self, image: usize) -> &str {
        &self.names[image]
    }
    pub(crate) fn validation(&self) -> Option<&PairList> {
        Some(&self.list)
    }
    pub(crate) fn protocol(&self, name: &ProtocolName) -> &PairList {
        let _ = &self.protocols[name];
        &self.list
    }
}
