//! Each test and interval by simulation: how often a p of no difference falls below 5%, and how often an interval covers
//! what is true.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use arclab_metrics::{
    Decisions, Difference, Far, PairedComparison, Placed, Proportion, Resampling, TarAt, Unit, compare_auc,
    normal_quantile, seed_difference, tar_band, trend, unpaired_difference,
};
use statrs::distribution::{ContinuousCDF as _, Normal};
use support::Stream;

/// A share of `repeats` experiments must lie within three standard deviations of its chance, and as much beyond as the method is
/// not exact.
fn about(share: f64, chance: f64, repeats: u32, inexact: f64) {
    let deviation = (chance * (1.0 - chance) / f64::from(repeats)).sqrt();
    assert!((share - chance).abs() <= 3.0 * deviation + inexact, "{share} is not {chance}");
}

fn share(repeats: u32, mut is_so: impl FnMut() -> bool) -> f64 {
    f64::from((0..repeats).map(|_| u32::from(is_so())).sum::<u32>()) / f64::from(repeats)
}

fn covers(found: Difference, truth: f64) -> bool {
    found.low <= truth && truth <= found.high
}

/// How people and pairs make two variants err.
#[derive(Clone, Copy)]
struct World {
    people: usize,
    same: usize,
    different: usize,
    /// By how much people differ in which variant decides them rightly.
    of_people: f64,
}

/// Decisions of two equally good variants, and both people of each pair. A pair's gain is +1 or -1 where the normal deviate of its
/// people and its own is far enough from 0, so that a person's pairs come out alike.
fn world(
    World { people, same, different, of_people }: World,
    stream: &mut Stream,
) -> ([Vec<bool>; 3], Vec<[u32; 2]>) {
    let effects: Vec<f64> = (0..people).map(|_| stream.normal()).collect();
    let (mut a, mut b, mut truth, mut whose) = (vec![], vec![], vec![], vec![]);
    for pair in 0..same + different {
        let kind = pair < same;
        let i = stream.below(people);
        let j = if kind { i } else { (i + 1 + stream.below(people - 1)) % people };
        let of_people = of_people * (effects[i] + effects[j]) / 2_f64.sqrt();
        let deviate = of_people + stream.normal();
        a.push((deviate < 1.0) == kind);
        b.push((deviate > -1.0) == kind);
        truth.push(kind);
        whose.push([i as u32, j as u32]);
    }
    ([a, b, truth], whose)
}

fn coverage(world_of: World, unit: Unit, repeats: u32) -> [f64; 3] {
    let (mut stream, mut covered) = (Stream::new(11), [0; 3]);
    for repeat in 0..repeats {
        let ([a, b, truth], whose) = world(world_of, &mut stream);
        let decisions = Decisions { a: &a, b: &b, truth: &truth };
        let resampling = Resampling { unit, draws: 400, seed: u64::from(repeat) };
        let found = PairedComparison::resampled(decisions, &whose, resampling).expect("as many of each");
        let all = [found.accuracy, found.false_positives, found.false_negatives];
        for (covered, effect) in covered.iter_mut().zip(all) {
            *covered += u32::from(covers(effect.difference, 0.0));
        }
    }
    covered.map(|covered| f64::from(covered) / f64::from(repeats))
}

#[test]
fn intervals_over_identities_cover_the_truth_where_pairs_share_people() {
    let dense = World { people: 60, same: 400, different: 400, of_people: 1.0 };
    for covered in coverage(dense, Unit::Identities, 500) {
        about(covered, 0.95, 500, 0.02);
    }
    // What is wrong with pairs as units.
    let [accuracy, ..] = coverage(dense, Unit::Pairs, 500);
    assert!(accuracy < 0.85, "{accuracy}");
}

#[test]
fn intervals_over_identities_are_not_too_wide_where_pairs_share_nobody_that_matters() {
    for people in [80, 3000] {
        let sparse = World { people, same: 400, different: 400, of_people: 0.0 };
        for covered in coverage(sparse, Unit::Identities, 500) {
            about(covered, 0.955, 500, 0.015);
        }
    }
}

#[test]
fn mcnemars_test_is_at_most_as_often_wrong_as_it_says() {
    let mut stream = Stream::new(3);
    let wrong = share(2000, || {
        let ([a, b, truth], _) =
            world(World { people: 2000, same: 300, different: 300, of_people: 0.0 }, &mut stream);
        PairedComparison::new(Decisions { a: &a, b: &b, truth: &truth }).unwrap().accuracy.p <= 0.05
    });
    // Exact tests of counts stay below.
    assert!((0.025..=0.055).contains(&wrong), "{wrong}");
}

#[test]
fn delongs_test_is_as_often_wrong_as_it_says_and_its_interval_covers() {
    let mut stream = Stream::new(8);
    let (mut wrong, mut covered) = (0, 0);
    for _ in 0..1500 {
        let same: Vec<bool> = (0..240).map(|pair| pair % 2 == 0).collect();
        let (mut a, mut b) = (vec![], vec![]);
        for &same in &same {
            let shared = stream.normal() + if same { 1.5 } else { 0.0 };
            for scores in [&mut a, &mut b] {
                scores.push(((shared + stream.normal()) / 20.0).clamp(-1.0, 1.0) as f32);
            }
        }
        let found = compare_auc(&a, &b, &same, None).unwrap();
        wrong += u32::from(found.p <= 0.05);
        covered += u32::from(covers(found.difference, 0.0));
    }
    about(f64::from(wrong) / 1500.0, 0.05, 1500, 0.005);
    about(f64::from(covered) / 1500.0, 0.95, 1500, 0.005);
}

#[test]
fn delongs_interval_allows_for_people_that_pairs_share() {
    let (mut stream, mut covered) = (Stream::new(12), [0, 0]);
    for _ in 0..600 {
        let effects: Vec<f64> = (0..40).map(|_| 1.5 * stream.normal()).collect();
        let (mut a, mut b, mut same, mut people) = (vec![], vec![], vec![], vec![]);
        for pair in 0..400 {
            let i = stream.below(40);
            let j = if pair % 2 == 0 { i } else { (i + 1 + stream.below(39)) % 40 };
            // People differ in which variant knows them again.
            let (gap, tilt) = if i == j { (1.5, effects[i]) } else { (0.0, 0.0) };
            let shared = gap + stream.normal();
            a.push(((shared + stream.normal() + tilt) / 40.0).clamp(-1.0, 1.0) as f32);
            b.push(((shared + stream.normal() - tilt) / 40.0).clamp(-1.0, 1.0) as f32);
            same.push(i == j);
            people.push([i as u32, j as u32]);
        }
        for (covered, people) in covered.iter_mut().zip([Some(people.as_slice()), None]) {
            let found = compare_auc(&a, &b, &same, people).expect("usable scores");
            *covered += u32::from(covers(found.difference, 0.0));
        }
    }
    let [clustered, independent] = covered.map(|covered| f64::from(covered) / 600.0);
    about(clustered, 0.95, 600, 0.03);
    assert!(independent < 0.85, "{independent}");
}

#[test]
fn a_trend_test_is_as_often_wrong_as_it_says() {
    let mut stream = Stream::new(21);
    let wrong = share(3000, || {
        let place = |pair: u32| [0.0, 1.0, 2.5, 4.0][pair as usize % 4];
        let pairs = (0..320)
            .map(|pair| Placed { at: place(pair), found: f64::from(u8::from(stream.uniform() < 0.2)) });
        trend(&pairs.collect::<Vec<_>>(), None).is_some_and(|trend| trend.p <= 0.05)
    });
    about(wrong, 0.05, 3000, 0.005);
}

/// Pairs of people who differ in where their pairs lie and in how often they are found, which rises by `slope` along the axis.
fn placed(people: usize, count: usize, slope: f64, stream: &mut Stream) -> (Vec<Placed>, Vec<[u32; 2]>) {
    let mut effects = || (0..people).map(|_| stream.normal()).collect::<Vec<_>>();
    let (place, ease) = (effects(), effects());
    let pairs = (0..count).map(|pair| {
        let i = stream.below(people);
        let j = if pair % 2 == 0 { i } else { (i + 1 + stream.below(people - 1)) % people };
        let at = place[i] + place[j] + stream.normal();
        let found = 0.7 * (ease[i] + ease[j]) + slope * at + stream.normal() > 1.5;
        (Placed { at, found: f64::from(u8::from(found)) }, [i as u32, j as u32])
    });
    pairs.unzip()
}

/// How often a trend is found, where shared people are allowed for and where they are not.
fn trends_found(people: usize, count: usize, slope: f64) -> [f64; 2] {
    let (mut stream, mut found) = (Stream::new(22), [0, 0]);
    for _ in 0..1500 {
        let (pairs, people) = placed(people, count, slope, &mut stream);
        for (found, people) in found.iter_mut().zip([Some(people.as_slice()), None]) {
            *found += u32::from(trend(&pairs, people).is_some_and(|trend| trend.p <= 0.05));
        }
    }
    found.map(|found| f64::from(found) / 1500.0)
}

#[test]
fn a_trend_test_allows_for_people_that_pairs_share() {
    for (people, count) in [(15, 200), (25, 400), (60, 400)] {
        let [shared, independent] = trends_found(people, count, 0.0);
        about(shared, 0.05, 1500, 0.01);
        // What is wrong with pairs as units.
        assert!(independent > 0.15, "{independent}");
    }
}

#[test]
fn a_trend_that_is_there_is_found_among_few_people() {
    let [shared, _] = trends_found(15, 200, 0.5);
    assert!(shared > 0.55, "{shared}");
}

#[test]
fn a_rates_interval_covers_the_truth_where_pairs_share_people() {
    // A rate of 12 people is itself a chance result: 91% are covered.
    for (people, inexact) in [(12, 0.04), (40, 0.015)] {
        let mut stream = Stream::new(23);
        let worlds: Vec<_> = (0..1500).map(|_| placed(people, 300, 0.0, &mut stream)).collect();
        // As many experiments as give the true share to a third digit.
        let found: f64 = worlds.iter().flat_map(|(pairs, _)| pairs).map(|pair| pair.found).sum();
        let truth = found / (1500.0 * 300.0);
        let covered = worlds.iter().filter(|(pairs, people)| {
            let found: Vec<f64> = pairs.iter().map(|pair| pair.found).collect();
            let share = Proportion::over_identities(&found, people).expect("there are pairs");
            share.low <= truth && truth <= share.high
        });
        about(covered.count() as f64 / 1500.0, 0.95, 1500, inexact);
    }
}

#[test]
fn a_shares_interval_covers_the_truth() {
    let mut stream = Stream::new(30);
    for truth in [0.03, 0.3, 0.9] {
        let covered = share(3000, || {
            let found = (0..120).filter(|_| stream.uniform() < truth).count() as u64;
            let share = Proportion::of(found, 120).unwrap();
            share.low <= truth && truth <= share.high
        });
        about(covered, 0.95, 3000, 0.015);
    }
}

#[test]
fn intervals_over_seeds_cover_the_truth_and_their_p_are_right() {
    let mut stream = Stream::new(23);
    for seeds in [2, 3, 5, 40] {
        let (mut covered, mut wrong) = (0, 0);
        for _ in 0..4000 {
            let differences: Vec<f64> = (0..seeds).map(|_| 0.2 * stream.normal()).collect();
            let found = seed_difference(&differences).unwrap();
            covered += u32::from(covers(found.difference, 0.0));
            wrong += u32::from(found.p <= 0.05);
        }
        about(f64::from(covered) / 4000.0, 0.95, 4000, 0.0);
        about(f64::from(wrong) / 4000.0, 0.05, 4000, 0.0);
    }
}

#[test]
fn welchs_test_is_right_where_variants_differ_in_how_much_seeds_matter() {
    let mut stream = Stream::new(29);
    let wrong = share(4000, || {
        let mut draw =
            |count: usize, spread: f64| (0..count).map(|_| spread * stream.normal()).collect::<Vec<_>>();
        unpaired_difference(&draw(4, 0.1), &draw(6, 0.4)).unwrap().p <= 0.05
    });
    about(wrong, 0.05, 4000, 0.01);
}

/// Scores in which people differ: in how like their own photos are, and in how like others they look. Photos of one person lie
/// `GAP` above those of different people.
fn scores_of_people(people: usize, stream: &mut Stream) -> (Vec<f32>, Vec<bool>, Vec<[u32; 2]>) {
    let effects: Vec<f64> = (0..people).map(|_| OF_PEOPLE * stream.normal()).collect();
    let (mut scores, mut same, mut whose) = (vec![], vec![], vec![]);
    for pair in 0..1000 {
        let i = stream.below(people);
        let is_same = pair % 2 == 0;
        let j = if is_same { i } else { (i + 1 + stream.below(people - 1)) % people };
        let of_people = if is_same { GAP + effects[i] } else { (effects[i] + effects[j]) / 2_f64.sqrt() };
        scores.push(((of_people + stream.normal()) / 20.0) as f32);
        same.push(is_same);
        whose.push([i as u32, j as u32]);
    }
    (scores, same, whose)
}

/// By how much people differ, beside a deviation of 1 within a person.
const OF_PEOPLE: f64 = 1.5;
const GAP: f64 = 3.0;

fn true_tar(far: Far) -> f64 {
    // Both kinds of scores are normal, with the variance of people and pairs together.
    let deviation = 1.0_f64.hypot(OF_PEOPLE);
    Normal::standard().cdf(GAP / deviation - normal_quantile(1.0 - far.get()))
}

fn band_coverage(people: usize, unit: Unit, fars: &[Far], repeats: u32) -> Vec<f64> {
    let (mut stream, mut covered) = (Stream::new(41), vec![0; fars.len()]);
    for repeat in 0..repeats {
        let (scores, same, whose) = scores_of_people(people, &mut stream);
        let resampling = Resampling { unit, draws: 300, seed: u64::from(repeat) };
        let band = tar_band(&scores, &same, &whose, fars, resampling).expect("usable scores");
        for (covered, TarAt { far, tar }) in covered.iter_mut().zip(band) {
            *covered += u32::from((tar.low..=tar.high).contains(&true_tar(far)));
        }
    }
    covered.into_iter().map(|covered| f64::from(covered) / f64::from(repeats)).collect()
}

#[test]
fn a_roc_curves_band_covers_the_true_rate_where_pairs_share_people() {
    let fars = [0.02, 0.05, 0.1, 0.3].map(|far| Far::new(far).unwrap());
    // Where people have ten pairs each, and where hardly anybody has two.
    for people in [100, 3000] {
        for covered in band_coverage(people, Unit::Identities, &fars, 300) {
            about(covered, 0.955, 300, 0.02);
        }
    }
    // What is wrong with pairs as units.
    for covered in band_coverage(60, Unit::Pairs, &fars, 300) {
        assert!(covered < 0.89, "{covered}");
    }
}
