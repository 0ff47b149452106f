//! Every loss beside its definition in float64, written out term by term: values, and gradients as difference quotients.

use super::{super::*, triplet};
use crate::heads::tests::{
    gradients::{assert_quotients, wide},
    support::fill,
};

/// Cosines and distances of a batch, of images with each other or of proxies with images, in float64.
struct Batch<'a> {
    cosines: Vec<Vec<f64>>,
    distances: Vec<Vec<f64>>,
    labels: &'a [u32],
    /// Cosines through which no gradient goes.
    fixed: &'a [Vec<f64>],
}

type Definition = fn(&Batch<'_>) -> f64;

impl Batch<'_> {
    /// The pairs of an image, same or different.
    fn of(&self, anchor: usize, same: bool) -> impl Iterator<Item = usize> + Clone {
        let label = self.labels[anchor];
        (0..self.labels.len()).filter(move |&other| other != anchor && (self.labels[other] == label) == same)
    }

    /// All pairs of a kind.
    fn all(&self, same: bool) -> Vec<(usize, usize)> {
        let anchors = 0..self.labels.len();
        anchors.flat_map(|anchor| self.of(anchor, same).map(move |other| (anchor, other))).collect()
    }

    fn triplets(&self) -> Vec<(f64, f64)> {
        let distances = |(anchor, positive): (usize, usize)| {
            let row = &self.distances[anchor];
            self.of(anchor, false).map(move |negative| (row[positive], row[negative]))
        };
        self.all(true).into_iter().flat_map(distances).collect()
    }
}

fn mean(terms: impl IntoIterator<Item = f64>) -> f64 {
    let terms: Vec<f64> = terms.into_iter().collect();
    terms.iter().sum::<f64>() / terms.len().max(1) as f64
}

fn mean_of_positive(terms: impl IntoIterator<Item = f64>) -> f64 {
    mean(terms.into_iter().filter(|term| *term > 0.0))
}

fn contrastive(batch: &Batch<'_>) -> f64 {
    let distances = |same| batch.all(same).into_iter().map(|(a, b)| batch.distances[a][b]);
    mean_of_positive(distances(true).map(|d| d - 0.3)) + mean_of_positive(distances(false).map(|d| 1.4 - d))
}

fn all_triplets(batch: &Batch<'_>) -> f64 {
    mean_of_positive(batch.triplets().into_iter().map(|(near, far)| near - far + 0.3))
}

fn semi_hard_triplets(batch: &Batch<'_>) -> f64 {
    let mined = batch.triplets().into_iter().filter(|(near, far)| far > near);
    mean_of_positive(mined.map(|(near, far)| near - far + 0.3))
}

fn hard_triplets(batch: &Batch<'_>) -> f64 {
    let mined = batch.triplets().into_iter().filter(|(near, far)| far <= near);
    mean_of_positive(mined.map(|(near, far)| near - far + 0.3))
}

fn multi_similarity(batch: &Batch<'_>) -> f64 {
    mean((0..batch.labels.len()).map(|anchor| {
        let sum = |same, scale: f64| {
            batch
                .of(anchor, same)
                .map(|other| (scale * (batch.cosines[anchor][other] - 0.4)).exp())
                .sum::<f64>()
        };
        (1.0 + sum(true, -2.0)).ln() / 2.0 + (1.0 + sum(false, 5.0)).ln() / 5.0
    }))
}

fn circle(batch: &Batch<'_>) -> f64 {
    mean_of_positive((0..batch.labels.len()).map(|anchor| {
        let (cosine, fixed) =
            (|other: usize| batch.cosines[anchor][other], |other: usize| batch.fixed[anchor][other]);
        let same = |other| (-6.0 * (1.25 - fixed(other)).max(0.0) * (cosine(other) - 0.75)).exp();
        let different = |other| (6.0 * (fixed(other) + 0.25).max(0.0) * (cosine(other) - 0.25)).exp();
        let product: f64 = batch.of(anchor, true).map(same).sum::<f64>()
            * batch.of(anchor, false).map(different).sum::<f64>();
        (1.0 + product).ln()
    }))
}

fn supcon(batch: &Batch<'_>) -> f64 {
    mean_of_positive((0..batch.labels.len()).map(|anchor| {
        let logit = |other: usize| batch.cosines[anchor][other] / 0.3;
        let all = batch.of(anchor, true).chain(batch.of(anchor, false));
        let total = all.map(|other| logit(other).exp()).sum::<f64>();
        let has_others = batch.of(anchor, false).count() > 0;
        if has_others { mean(batch.of(anchor, true).map(|other| total.ln() - logit(other))) } else { 0.0 }
    }))
}

fn ntxent(batch: &Batch<'_>) -> f64 {
    mean(batch.all(true).into_iter().map(|(anchor, positive)| {
        let power = |other: usize| (batch.cosines[anchor][other] / 0.3).exp();
        let others = batch.of(anchor, false).map(power).sum::<f64>();
        -(power(positive) / (power(positive) + others)).ln()
    }))
}

fn lifted_structure(batch: &Batch<'_>) -> f64 {
    mean(batch.all(true).into_iter().map(|(one, other)| {
        let power = |image: usize| {
            batch.of(image, false).map(|far| (1.2 - batch.distances[image][far]).exp()).sum::<f64>()
        };
        let excess = (power(one) + power(other)).ln() + batch.distances[one][other] - 0.4;
        excess.max(0.0).powi(2) / 2.0
    }))
}

fn proxy_anchor(batch: &Batch<'_>) -> f64 {
    let images = |class: usize, same: bool| {
        let images = 0..batch.labels.len();
        images.filter(move |&image| (batch.labels[image] as usize == class) == same)
    };
    let sum = |class: usize, same: bool| {
        let sign = if same { -1.0 } else { 1.0 };
        images(class, same).map(|image| (6.0 * (sign * batch.cosines[class][image] + 0.1)).exp()).sum::<f64>()
    };
    let classes = 0..batch.cosines.len();
    let present = classes.clone().filter(|&class| images(class, true).count() > 0);
    mean(present.map(|class| (1.0 + sum(class, true)).ln()))
        + mean(classes.map(|class| (1.0 + sum(class, false)).ln()))
}

fn all() -> [(PairLoss, Definition); 10] {
    [
        (PairLoss::Contrastive(Contrastive { positive_margin: 0.3, negative_margin: 1.4 }), contrastive),
        (triplet(0.3, Miner::All), all_triplets),
        (triplet(0.3, Miner::SemiHard), semi_hard_triplets),
        (triplet(0.3, Miner::Hard), hard_triplets),
        (
            PairLoss::MultiSimilarity(MultiSimilarity {
                positive_scale: 2.0,
                negative_scale: 5.0,
                base: 0.4,
            }),
            multi_similarity,
        ),
        (PairLoss::Circle(Circle { scale: 6.0, relaxation: 0.25 }), circle),
        (PairLoss::SupCon(SupCon { temperature: 0.3 }), supcon),
        (PairLoss::NtXent(NtXent { temperature: 0.3 }), ntxent),
        (
            PairLoss::LiftedStructure(LiftedStructure { positive_margin: 0.4, negative_margin: 1.2 }),
            lifted_structure,
        ),
        (PairLoss::ProxyAnchor(ProxyAnchor { scale: 6.0, cosine_margin: 0.1 }), proxy_anchor),
    ]
}

/// Values of each row of `a` with each row of `b`, after both are brought to length 1.
fn table(a: &[f64], b: &[f64], width: usize, of: impl Fn(f64, f64) -> f64) -> Vec<Vec<f64>> {
    let unit = |row: &[f64]| {
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter().map(|x| x / length).collect::<Vec<f64>>()
    };
    let sum = |a: &[f64], b: &[f64]| unit(a).iter().zip(unit(b)).map(|(a, b)| of(*a, b)).sum::<f64>();
    a.chunks(width).map(|a| b.chunks(width).map(|b| sum(a, b)).collect()).collect()
}

/// The definition's loss; of rows that are proxies, or else the images themselves.
fn defined(
    definition: Definition,
    [rows, images]: [&[f64]; 2],
    (labels, width): (&[u32], usize),
    fixed: &[Vec<f64>],
) -> f64 {
    let cosines = table(rows, images, width, |a, b| a * b);
    let mut distances = table(rows, images, width, |a, b| (a - b).powi(2));
    distances.iter_mut().flatten().for_each(|square| *square = square.sqrt());
    definition(&Batch { cosines, distances, labels, fixed })
}

#[test]
fn losses_on_pairs_are_their_definitions_and_gradients_its_difference_quotients() {
    for (loss, definition) in all() {
        let mut costly = 0;
        for [count, classes, width] in [[2, 1, 3], [6, 3, 2], [7, 3, 5], [9, 4, 33]] {
            let what = format!("{loss:?}, {count} × {classes} × {width}");
            let labels: Vec<u32> = (0..count).map(|index| (index * 2 % classes) as u32).collect();
            let embeddings = fill("e", count * width);
            let mut head = PairHead::new(loss, classes + 1, width, 0);
            if let Some(proxies) = &mut head.proxies {
                proxies.values = fill("c", proxies.values.len());
            }
            let output = head.forward_backward(&embeddings, &labels);
            let images = wide(&embeddings);
            let proxies = head.proxies.as_ref().map(|proxies| wide(&proxies.values));
            let fixed = table(&images, &images, width, |a, b| a * b);
            let at = (&*labels, width);
            let of_images = |images: &[f64]| {
                defined(definition, [proxies.as_deref().unwrap_or(images), images], at, &fixed)
            };
            let expected = of_images(&images);
            let error = (output.loss - expected).abs();
            assert!(error < 1e-5 * expected.max(1.0), "{what}: {} for {expected}", output.loss);
            assert_quotients(&output.d_embeddings, &images, of_images, &format!("{what}: embedding"));
            if let (Some(found), Some(proxies)) = (&head.proxies, &proxies) {
                let of_proxies = |proxies: &[f64]| defined(definition, [proxies, &images], at, &fixed);
                assert_quotients(&found.gradient, proxies, of_proxies, &format!("{what}: proxy"));
            }
            costly += usize::from(expected > 0.0);
        }
        // Else nothing was checked of it.
        assert!(costly >= 2, "{loss:?} costs something in {costly} batches alone");
    }
}
