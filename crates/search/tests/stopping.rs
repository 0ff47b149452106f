//! Which trials go on.

use arclab_search::{Trial, advise, rungs};
use arclab_spec::StopRule;
use proptest::prelude::*;

const ASHA: StopRule = StopRule::Asha { min_epochs: 1, reduction: 3 };
const EPOCHS: u32 = 14;

fn paused(rung: u32, value: f64) -> Trial {
    Trial { curve: vec![value; rung as usize], until: Some(rung), is_lost: false }
}

fn going(rule: StopRule, trials: &[Trial], more: bool) -> Vec<(usize, Option<u32>)> {
    advise(rule, EPOCHS, trials, more).into_iter().map(|advice| (advice.trial, advice.until)).collect()
}

#[test]
fn rungs_lie_below_the_end() {
    assert_eq!(rungs(ASHA, EPOCHS), [1, 3, 9]);
    assert_eq!(rungs(ASHA, 9), [1, 3]);
    assert_eq!(rungs(StopRule::Median { min_epochs: 4 }, EPOCHS), [4, 8, 12]);
}

#[test]
fn the_best_third_of_a_rung_goes_on_and_the_others_wait() {
    let trials: Vec<Trial> = [0.6, 0.9, 0.7, 0.8, 0.5, 0.65].map(|value| paused(1, value)).into();
    assert_eq!(going(ASHA, &trials, true), [(1, Some(3)), (3, Some(3))]);
}

#[test]
fn nobody_waits_for_a_rung_to_fill_and_the_last_goes_on_once_nobody_comes() {
    let mut trials = vec![paused(1, 0.6), paused(1, 0.7)];
    assert_eq!(going(ASHA, &trials, true), [], "a third of two is nobody");
    trials.push(Trial { curve: vec![], until: Some(1), is_lost: false });
    assert_eq!(going(ASHA, &trials, false), [], "another one is on its way");
    trials[2].is_lost = true;
    assert_eq!(going(ASHA, &trials, false), [(1, Some(3))]);
}

#[test]
fn the_next_best_takes_the_place_of_one_that_is_lost_once_nobody_comes() {
    let mut trials = vec![paused(3, 0.9), paused(1, 0.6), paused(1, 0.7)];
    trials[0].is_lost = true;
    assert_eq!(going(ASHA, &trials, true), [], "a better one may come");
    assert_eq!(going(ASHA, &trials, false), [(2, Some(3))]);
}

#[test]
fn what_is_held_against_all_others_counts_and_is_never_paused() {
    let whole = Trial { curve: vec![0.9; 14], until: None, is_lost: false };
    assert_eq!(going(ASHA, &[whole, paused(1, 0.8), paused(1, 0.7)], true), []);
}

#[test]
fn whoever_is_below_the_median_of_the_others_ends() {
    let rule = StopRule::Median { min_epochs: 2 };
    let few = [paused(2, 0.1), paused(2, 0.5), paused(2, 0.6)];
    assert_eq!(going(rule, &few, true), [(0, Some(4)), (1, Some(4)), (2, Some(4))], "of two nothing is said");
    let more = [paused(2, 0.1), paused(2, 0.5), paused(2, 0.6), paused(2, 0.7)];
    assert_eq!(
        going(rule, &more, true),
        [(2, Some(4)), (3, Some(4))],
        "medians of the others: 0.6, 0.6, 0.5, 0.5"
    );
    let mut late = paused(2, 0.0);
    late.curve = vec![0.0, 0.65];
    assert_eq!(
        going(rule, &[late, more[1].clone(), more[2].clone(), more[3].clone()], true)[0],
        (0, Some(4)),
        "its best counts"
    );
}

/// Carries a search out, with runs that end in the order of `order`.
fn carried_out(rule: StopRule, finals: &[f64], order: &[usize]) -> (Vec<Trial>, usize) {
    let first = rungs(rule, EPOCHS)[0];
    let mut trials: Vec<Trial> =
        finals.iter().map(|_| Trial { curve: vec![], until: Some(first), is_lost: false }).collect();
    let mut turns = order.iter().cycle();
    for _ in 0..10_000 {
        let at_work = |trial: &Trial| trial.curve.len() < trial.until.unwrap_or(EPOCHS) as usize;
        let Some(next) = turns.by_ref().take(order.len()).find(|trial| at_work(&trials[**trial])) else {
            break;
        };
        let trial = &mut trials[*next];
        let until = trial.until.unwrap_or(EPOCHS);
        trial.curve = (1..=until).map(|epoch| finals[*next] * f64::from(epoch)).collect();
        for advice in advise(rule, EPOCHS, &trials, false) {
            trials[advice.trial].until = advice.until;
        }
        assert_eq!(advise(rule, EPOCHS, &trials, false), [], "asked twice, it says nothing new");
    }
    let epochs = trials.iter().map(|trial| trial.curve.len()).sum();
    (trials, epochs)
}

proptest! {
    #[test]
    fn the_best_always_comes_to_the_end(
        finals in prop::collection::vec(0.0..1.0, 1..30), seed in any::<u64>(), reduction in 2_u32..5, is_median: bool,
    ) {
        let rule = if is_median { StopRule::Median { min_epochs: 2 } } else { StopRule::Asha { min_epochs: 1, reduction } };
        let mut order: Vec<usize> = (0..finals.len()).collect();
        order.sort_by_key(|place| (*place as u64 + 1).wrapping_mul(seed | 1));
        let (trials, epochs) = carried_out(rule, &finals, &order);
        let best = (0..finals.len()).reduce(|a, b| if finals[b] > finals[a] { b } else { a });
        prop_assert_eq!(trials[best.unwrap_or(0)].curve.len(), EPOCHS as usize);
        prop_assert!(epochs <= finals.len() * EPOCHS as usize);
        prop_assert!(trials.iter().all(|trial| !trial.curve.is_empty()), "each is given a chance");
    }

    #[test]
    fn however_runs_end_about_a_third_comes_to_each_next_rung(finals in prop::collection::vec(0.0..1.0, 27..60), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..finals.len()).collect();
        order.sort_by_key(|place| (*place as u64 + 1).wrapping_mul(seed | 1));
        let (trials, epochs) = carried_out(ASHA, &finals, &order);
        let come = |epoch: usize| trials.iter().filter(|trial| trial.curve.len() >= epoch).count();
        // More than a third where the best came late: what went on before them is not taken back.
        prop_assert!(come(3) >= finals.len() / 3 && come(9) >= come(3) / 3 && come(14) >= come(9) / 3);
        prop_assert!(epochs < finals.len() * EPOCHS as usize);
    }
}
