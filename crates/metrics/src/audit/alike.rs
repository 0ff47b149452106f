//! Classes whose means are more alike than chance explains: one person under two names, perhaps.
//!
//! How alike two different people's means are differs from network to network, so that no cosine is a bound for all. Nearly all
//! pairs of classes are of different people, and so the set itself shows how alike these are: middle and width of their
//! cosines, from quantiles, which a few pairs of one person do not move. The bound is where a normal distribution of that middle
//! and width has one of so many pairs beyond it: about one pair is listed for no reason where cosines are distributed like
//! that, and more where groups of people resemble each other. Normal is taken to be a cosine's inverse hyperbolic tangent, as a
//! correlation's is (Fisher, On the "probable error" of a coefficient of correlation deduced from a small sample, Metron 1, 1921):
//! a cosine ends at 1, and of a network that tells people badly the bound would lie beyond.

use super::ClassMeans;
use crate::normal_quantile;

/// Cosines that are kept for the quantiles; of more pairs, evenly many are taken.
const SAMPLE: usize = 1 << 20;

/// Two classes, and how alike they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// One of them.
    pub a: u32,
    /// The other, with a higher number.
    pub b: u32,
    /// Cosine of their means.
    pub cosine: f64,
}

/// Pairs of classes whose means are more alike than chance explains.
#[derive(Debug, Clone, PartialEq)]
pub struct AlikeClasses {
    /// The most alike first.
    pub pairs: Vec<Alike>,
    /// Pairs of classes that there are.
    pub of: usize,
    /// What chance explains; none where there are fewer than [`AlikeClasses::FEWEST`] pairs, which show no distribution.
    pub bound: Option<Bound>,
}

impl AlikeClasses {
    /// Pairs that show a distribution.
    pub const FEWEST: usize = 10;
}

/// How alike classes are by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The middle of all pairs' cosines.
    pub median: f64,
    /// The cosine above which a pair is listed.
    pub cosine: f64,
}

impl ClassMeans {
    /// Cosine of two classes' means.
    pub fn cosine(&self, a: u32, b: u32) -> f64 {
        let row = |class: u32| &self.means[class as usize * self.width..][..self.width];
        row(a).iter().zip(row(b)).map(|(a, b)| a * b).sum()
    }

    /// Pairs of classes more alike than chance explains, of classes that have embeddings.
    pub fn alike(&self) -> AlikeClasses {
        let rows = self.means.chunks_exact(self.width.max(1)).zip(0_u32..);
        let classes: Vec<u32> =
            rows.filter(|(row, _)| row.iter().any(|value| *value != 0.0)).map(|(_, class)| class).collect();
        let of = classes.len() * classes.len().saturating_sub(1) / 2;
        let each = of.div_ceil(SAMPLE).max(1);
        let mut sample: Vec<f64> = self.cosines(&classes).step_by(each).map(|alike| alike.cosine).collect();
        sample.sort_unstable_by(f64::total_cmp);
        let bound = (of >= AlikeClasses::FEWEST).then(|| bound(&sample, of));
        let is_alike = |alike: &Alike| bound.is_some_and(|bound| alike.cosine > bound.cosine);
        let mut pairs: Vec<Alike> = self.cosines(&classes).filter(is_alike).collect();
        // Stable, so that equals stay in the order of their classes.
        pairs.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
        AlikeClasses { pairs, of, bound }
    }

    fn cosines(&self, classes: &[u32]) -> impl Iterator<Item = Alike> {
        let others = |place: usize| &classes[place + 1..];
        let pairs = (0..classes.len()).flat_map(move |place| others(place).iter().map(move |&b| (place, b)));
        pairs.map(|(place, b)| Alike { a: classes[place], b, cosine: self.cosine(classes[place], b) })
    }
}

/// The largest cosine whose transform is a number.
const LARGEST: f64 = 1.0 - 1e-9;

/// The median of ascending cosines, and where one of `of` normal ones with their quartiles would be.
fn bound(sorted: &[f64], of: usize) -> Bound {
    let at = |share: f64| {
        let place = (share * sorted.len().saturating_sub(1) as f64) as usize;
        // Of equal images rounding may give more than 1, or 1, which is infinitely far.
        sorted.get(place).copied().unwrap_or_default().clamp(-LARGEST, LARGEST)
    };
    let (median, lower) = (at(0.5).atanh(), at(0.25).atanh());
    // From the lower half: resemblance, of which there is more in some pairs, widens the upper one.
    let width = (median - lower) / normal_quantile(0.75);
    let cosine = (median + width * normal_quantile(1.0 - 1.0 / of.max(2) as f64)).tanh();
    Bound { median: median.tanh(), cosine }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, between -1 and 1.
    fn noise(seed: u64) -> impl Iterator<Item = f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
    }

    /// Means of `classes`, of which the last has the same direction as the first but for a little.
    fn means(classes: u32) -> ClassMeans {
        let rows: Vec<Vec<f32>> = (0..classes)
            .map(|class| {
                let of = if class == classes - 1 { 0 } else { class };
                let little = noise(1000 + u64::from(class)).map(|value| 0.1 * value);
                noise(u64::from(of) + 1).zip(little).map(|(a, b)| a + b).take(64).collect()
            })
            .collect();
        ClassMeans::new(rows.iter().map(Vec::as_slice).zip(0..), 64, classes as usize)
    }

    #[test]
    fn one_person_under_two_names_is_found_among_many() {
        let found = means(200).alike();
        assert_eq!((found.of, (found.pairs[0].a, found.pairs[0].b)), (19_900, (0, 199)));
        assert!(found.pairs[0].cosine > 0.95 && found.pairs.len() < 8, "{found:?}");
        let bound = found.bound.unwrap();
        assert!(bound.median.abs() < 0.05 && bound.cosine < 0.7, "{found:?}");
    }

    #[test]
    fn one_of_a_million_pairs_lies_beyond_the_bound_where_their_transforms_are_normal() {
        let sorted: Vec<f64> =
            (1..10_000).map(|n| (0.2 + 0.1 * normal_quantile(f64::from(n) / 10_000.0)).tanh()).collect();
        let Bound { median, cosine } = bound(&sorted, 1_000_000);
        assert!(
            (median.atanh() - 0.2).abs() < 1e-3 && (cosine.atanh() - (0.2 + 0.1 * 4.7534)).abs() < 1e-3,
            "{median} {cosine}"
        );
    }

    #[test]
    fn few_classes_and_classes_without_images_show_nothing() {
        let few = means(4).alike();
        assert!(few.pairs.is_empty() && few.bound.is_none());
        let row: [f32; 2] = [1.0, 0.0];
        let found = ClassMeans::new([(&row[..], 0)].into_iter(), 2, 3).alike();
        assert_eq!((found.of, found.pairs.len()), (0, 0));
    }
}
