//! Shares of pairs that share people, such as a false negative rate.
//!
//! With V the variance of the number found, with people in common (`clustered.rs`), n pairs are worth n / d independent ones, where
//! d = V / (n·p̄(1 - p̄)) is the design effect, at least 1; the interval is Wilson's of so many (Franco, Little, Louis and Slud,
//! Comparative study of confidence intervals for proportions in complex sample surveys, Journal of Survey Statistics and Methodology
//! 7, 2019).

use super::clustered::{Squares, numbered};
use crate::Proportion;

impl Proportion {
    /// The share of pairs that are `found`, with an interval that allows for the people that they share; none of no pairs.
    ///
    /// # Panics
    /// Unless there are both people of each pair.
    pub fn over_identities(found: &[bool], people: &[[u32; 2]]) -> Option<Self> {
        assert_eq!(found.len(), people.len(), "a pair has two people");
        let n = found.len() as f64;
        let all = Self::of(found.iter().filter(|&&found| found).count() as u64, found.len() as u64)?;
        let (people, identities) = numbered(people);
        let residual = |&found: &bool| f64::from(u8::from(found)) - all.value;
        let variance = Squares::of(people.into_iter().zip(found.iter().map(residual)), identities).variance();
        let independent = n * all.value * (1.0 - all.value);
        // Where all or none are found, nothing shows how alike a person's pairs are.
        let effect = if independent > 0.0 { (variance / independent).max(1.0) } else { 1.0 };
        Some(Self::wilson(all.value, n / effect))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_come_out_alike_for_a_person_are_worth_as_many_as_there_are_people() {
        // Four people with ten pairs each, all of two of them found: twenty of forty, but two of four.
        let found: Vec<bool> = (0..40).map(|pair| pair < 20).collect();
        let people: Vec<[u32; 2]> = (0..40).map(|pair| [pair / 10; 2]).collect();
        let share = Proportion::over_identities(&found, &people).unwrap();
        // Their variance is that of four people, 4/3 times larger, as they are few.
        let by_hand = Proportion::wilson(0.5, 3.0);
        assert!((share.low - by_hand.low).abs() < 1e-12 && (share.high - by_hand.high).abs() < 1e-12);
        let alone: Vec<[u32; 2]> = (0..40).map(|pair| [pair; 2]).collect();
        let independent = Proportion::over_identities(&found, &alone).unwrap();
        let wilson = Proportion::of(20, 40).unwrap();
        assert!((independent.low - wilson.low).abs() < 0.005, "{independent:?} {wilson:?}");
    }

    #[test]
    fn nothing_found_has_wilsons_interval_and_no_pairs_have_none() {
        assert_eq!(Proportion::over_identities(&[false; 9], &[[0, 1]; 9]), Proportion::of(0, 9));
        assert_eq!(Proportion::over_identities(&[], &[]), None);
    }
}
