//! The variance of a sum over pairs that share people.
//!
//! With r a pair's part in the sum, less its mean: Σᵢ Sᵢ² - Σⱼ Dⱼ² over identities i and dyads j (Fafchamps and Gubert, Journal of
//! Development Economics 83, 2007; Aronow, Samii and Assenova, Political Analysis 23, 2015), times G/(G - 1) for few of G
//! identities; Sᵢ and Dⱼ are the sums of r over the pairs that have them, and a pair of one person is in no dyad. A difference of
//! sums may come out below Σ r², what pairs without anybody in common have, which is then taken.

use std::collections::BTreeMap;

/// Sums of squares, of which variances are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Squares {
    /// Σᵢ Sᵢ².
    pub(crate) people: f64,
    /// Σⱼ Dⱼ².
    pub(crate) dyads: f64,
    /// Σ r².
    pairs: f64,
    identities: f64,
}

impl Squares {
    /// Of pairs of people, numbered below `identities`, each with its r.
    pub(crate) fn of(pairs: impl Iterator<Item = ([usize; 2], f64)>, identities: usize) -> Self {
        let mut of_people = vec![0.0; identities];
        let mut of_dyads = BTreeMap::<[usize; 2], f64>::new();
        let mut of_pairs = 0.0;
        for ([i, j], r) in pairs {
            of_people[i] += r;
            of_pairs += r * r;
            if i != j {
                of_people[j] += r;
                *of_dyads.entry([i.min(j), i.max(j)]).or_default() += r;
            }
        }
        let squares = |sum: f64, value: &f64| sum + value.powi(2);
        Self {
            people: of_people.iter().fold(0.0, squares),
            dyads: of_dyads.values().fold(0.0, squares),
            pairs: of_pairs,
            identities: identities as f64,
        }
    }

    /// Of the sum of all r.
    pub(crate) fn variance(self) -> f64 {
        let few = self.identities / (self.identities - 1.0).max(1.0);
        ((self.people - self.dyads) * few).max(self.pairs)
    }
}

/// People numbered from 0 in the order of `people`'s numbers, and how many there are.
pub(crate) fn numbered(people: &[[u32; 2]]) -> (Vec<[usize; 2]>, usize) {
    let mut numbers = people.as_flattened().to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let number = |person: u32| numbers.partition_point(|&other| other < person);
    (people.iter().map(|pair| pair.map(number)).collect(), numbers.len())
}
