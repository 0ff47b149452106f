//! One probe against a gallery: rank-k identification (CMC), and TPIR at FPIR (ISO/IEC 19795-1; Grother and Ngan, NIST
//! Interagency Report 8009).

use crate::{EvaluateError, Far};

/// What a search of one probe among all of a gallery found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Highest score of all the gallery.
    pub best: f32,
    /// Of a probe whose person is in the gallery.
    pub mate: Option<Mate>,
}

/// The probe's own person in the gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mate {
    /// Highest score of its images.
    pub score: f32,
    /// 1 where no other person scores as high: others with an equal score come before it.
    pub rank: usize,
}

/// Searches of a gallery.
#[derive(Debug, Clone, PartialEq)]
pub struct Searches(Vec<Search>);

impl Searches {
    /// From `scores`, a row a probe and a column an image of the gallery, and whose each is.
    pub fn new(scores: &[f32], probes: &[u32], gallery: &[u32]) -> Result<Self, EvaluateError> {
        if probes.is_empty() || gallery.is_empty() {
            return Err(EvaluateError::NoPairs);
        }
        let pairs = probes.len() * gallery.len();
        if scores.len() != pairs {
            return Err(EvaluateError::LengthsDiffer { scores: scores.len(), pairs });
        }
        if let Some(pair) = scores.iter().position(|score| !score.is_finite()) {
            return Err(EvaluateError::NotFinite { pair, score: scores[pair] });
        }
        let rows = scores.chunks_exact(gallery.len()).zip(probes);
        Ok(Self(rows.map(|(row, &person)| search(row, person, gallery)).collect()))
    }

    /// One a probe, in their order.
    pub fn each(&self) -> &[Search] {
        &self.0
    }

    /// Share of the probes in the gallery that are found among the first `k` people; none where there are none.
    pub fn rank_rate(&self, k: usize) -> Option<f64> {
        self.share_of_mated(|mate| mate.rank <= k)
    }

    /// True positive identification rate: the share of probes in the gallery that come first, at the lowest threshold that at
    /// most the share `fpir` of the probes outside it reaches; none where there are none of either, or so few of the latter
    /// that the rate is below one of them.
    pub fn tpir_at(&self, fpir: Far) -> Option<f64> {
        let mut outside: Vec<f32> =
            self.0.iter().filter(|search| search.mate.is_none()).map(|search| search.best).collect();
        let allowed = (fpir.get() * outside.len() as f64 + 1e-9) as usize;
        if allowed == 0 {
            return None;
        }
        outside.sort_unstable_by(|a, b| b.total_cmp(a));
        // Rates are below 1, so that one more is there. Only what is above it is called found.
        let limit = outside[allowed];
        self.share_of_mated(|mate| mate.rank == 1 && mate.score > limit)
    }

    fn share_of_mated(&self, is_found: impl Fn(&Mate) -> bool) -> Option<f64> {
        let mates = || self.0.iter().filter_map(|search| search.mate.as_ref());
        let all = mates().count();
        (all > 0).then(|| mates().filter(|mate| is_found(mate)).count() as f64 / all as f64)
    }
}

fn search(row: &[f32], person: u32, gallery: &[u32]) -> Search {
    let highest = |of: &dyn Fn(u32) -> bool| {
        let of = row.iter().zip(gallery).filter(|&(_, &other)| of(other)).map(|(&score, _)| score);
        of.max_by(f32::total_cmp)
    };
    let mate = highest(&|other| other == person).map(|score| {
        let mut before: Vec<u32> = row
            .iter()
            .zip(gallery)
            .filter(|&(&other, &of)| of != person && other >= score)
            .map(|(_, &of)| of)
            .collect();
        before.sort_unstable();
        before.dedup();
        Mate { score, rank: before.len() + 1 }
    });
    Search { best: highest(&|_| true).expect("a gallery has an image"), mate }
}
