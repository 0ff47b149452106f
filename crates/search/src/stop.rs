//! Which trials go on, and how far, by what they have shown of validation.
//!
//! - ASHA (Li et al., A system for massively parallel hyperparameter tuning, Machine Learning and Systems, 2020): a trial pauses at rungs, after `min_epochs`
//!   times a power of `reduction`, and goes on to the next one once it is among the best 1/`reduction` of those that have come to this
//!   one. Nothing waits for a rung to fill; once nobody else can come, the best of a rung goes on however few they are, and
//!   in the place of one that failed or was called off the next best one.
//! - The median rule (Golovin et al., Google Vizier, KDD 2017): a trial pauses every `min_epochs`, and ends where the best that it has
//!   shown is below the median of what the others have shown on average so far.

use arclab_spec::StopRule;

/// Trials beside which a median says something.
const LEAST_OTHERS: usize = 3;

/// A trial as far as it has gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// After each epoch that all of its seeds have done, their mean; the higher, the better.
    pub curve: Vec<f64>,
    /// Epochs that it may do; none: all.
    pub until: Option<u32>,
    /// Whether it will do no more of them, as a run of it has failed or was called off.
    pub is_lost: bool,
}

/// What is to be done with a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// Which.
    pub trial: usize,
    /// Epochs that it may do from now on; none: all.
    pub until: Option<u32>,
}

/// The epochs after which trials pause, of `epochs` in all.
pub fn rungs(rule: StopRule, epochs: u32) -> Vec<u32> {
    let next = |&rung: &u32| match rule {
        StopRule::Asha { reduction, .. } => rung.checked_mul(reduction),
        StopRule::Median { min_epochs } => rung.checked_add(min_epochs),
    };
    let (StopRule::Asha { min_epochs, .. } | StopRule::Median { min_epochs }) = rule;
    std::iter::successors(Some(min_epochs.max(1)), next).take_while(|rung| *rung < epochs).collect()
}

/// The trials that go on now; those that are paused and not among them stay where they are. `more` says whether further trials
/// may follow.
pub fn advise(rule: StopRule, epochs: u32, trials: &[Trial], more: bool) -> Vec<Advice> {
    let rungs = rungs(rule, epochs);
    match rule {
        StopRule::Asha { reduction, .. } => asha(&rungs, reduction, trials, more),
        StopRule::Median { .. } => median(&rungs, trials),
    }
}

impl Trial {
    /// What it showed after `epoch`.
    fn at(&self, epoch: u32) -> Option<f64> {
        self.curve.get((epoch as usize).checked_sub(1)?).copied()
    }

    /// Whether it has come as far as it may, and that is `rung`.
    fn waits_at(&self, rung: u32) -> bool {
        !self.is_lost && self.until == Some(rung) && self.at(rung).is_some()
    }
}

fn asha(rungs: &[u32], reduction: u32, trials: &[Trial], mut more: bool) -> Vec<Advice> {
    let mut advice = Vec::new();
    for (level, &rung) in rungs.iter().enumerate() {
        let mut come: Vec<(usize, f64)> =
            trials.iter().enumerate().filter_map(|(place, trial)| Some((place, trial.at(rung)?))).collect();
        // Stable, so that equals keep their order.
        come.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let on_their_way = |trial: &Trial| {
            !trial.is_lost && trial.at(rung).is_none() && trial.until.is_none_or(|until| until >= rung)
        };
        more |= trials.iter().any(on_their_way);
        let best = come.len() / reduction.max(1) as usize;
        let best = if more { best } else { best.max(1) };
        if !more {
            // Who is lost and was among the best makes room, as nobody else comes to do it.
            come.retain(|(place, _)| !trials[*place].is_lost);
        }
        let going = come.iter().take(best).filter(|(place, _)| trials[*place].waits_at(rung));
        let going: Vec<Advice> =
            going.map(|&(trial, _)| Advice { trial, until: rungs.get(level + 1).copied() }).collect();
        more |= !going.is_empty();
        advice.extend(going);
    }
    advice
}

fn median(rungs: &[u32], trials: &[Trial]) -> Vec<Advice> {
    let mut advice = Vec::new();
    for (level, &rung) in rungs.iter().enumerate() {
        for (place, trial) in trials.iter().enumerate().filter(|(_, trial)| trial.waits_at(rung)) {
            let others = trials.iter().enumerate().filter(|(other, _)| *other != place);
            let mean =
                |trial: &Trial| Some(trial.curve.get(..rung as usize)?.iter().sum::<f64>() / f64::from(rung));
            let mut means: Vec<f64> = others.filter_map(|(_, trial)| mean(trial)).collect();
            means.sort_by(f64::total_cmp);
            let best = trial.curve[..rung as usize].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if means.len() < LEAST_OTHERS || best >= middle(&means) {
                advice.push(Advice { trial: place, until: rungs.get(level + 1).copied() });
            }
        }
    }
    advice
}

/// The median of what is sorted and not empty.
fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}
