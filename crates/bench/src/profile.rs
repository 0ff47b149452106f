//! Where a GPU's time goes: each operator's part of a step, and how near it is to what the GPU reaches at most.

use std::collections::BTreeMap;

use arclab_gpu::{Gpu, GpuError, Timed, ops::roofline::Roofline};
use serde::{Deserialize, Serialize};

use crate::measured::median;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rows of the matrices whose product says what the GPU reaches.
    side: usize,
    /// Bytes of the copy that does, which are to be more than caches hold.
    bytes: usize,
    /// Steps of which the median counts.
    steps: usize,
}

impl Effort {
    /// For a GPU.
    pub(crate) const FULL: Self = Self { side: 8192, bytes: 1 << 30, steps: 9 };
}

/// A step by operator.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Of a large product in the case's precision.
    pub(crate) flops_per_second: f64,
    /// Of a copy, read and written.
    pub(crate) bytes_per_second: f64,
    /// The longest first.
    pub(crate) operators: Vec<Operator>,
}

/// All that an operator does in a step.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operator {
    pub(crate) name: String,
    /// Runs a step.
    pub(crate) calls: usize,
    /// Median of a step.
    pub(crate) seconds: f64,
    /// That it must read and write.
    pub(crate) bytes: f64,
    /// Of convolutions and products.
    pub(crate) flops: f64,
    /// What it would take if each run reached the roofline; 0 where nothing is known of its work.
    pub(crate) least_seconds: f64,
}

impl Profile {
    /// Of steps that `step` makes on the GPU, whose times are kept from now on.
    pub(crate) fn measure(gpu: &Gpu, effort: Effort, mut step: impl FnMut()) -> Result<Self, GpuError> {
        let roofline = Roofline::measure(gpu, effort.side, effort.bytes)?;
        gpu.keep_times();
        // One more, as what happens once may happen in the first.
        let mut steps: Vec<Vec<Timed>> = (0..=effort.steps)
            .map(|_| {
                step();
                gpu.take_times()
            })
            .collect();
        steps.remove(0);
        gpu.check().map(|()| Self::of(roofline, &steps))
    }

    fn of(roofline: Roofline, steps: &[Vec<Timed>]) -> Self {
        let mut all: BTreeMap<&str, Vec<Operator>> = BTreeMap::new();
        for step in steps {
            let mut of_step: BTreeMap<&str, Operator> = BTreeMap::new();
            for run in step {
                of_step
                    .entry(run.operator)
                    .or_insert_with(|| Operator::none(run.operator))
                    .add(run, roofline);
            }
            for (name, operator) in of_step {
                all.entry(name).or_default().push(operator);
            }
        }
        let operators = all.into_values().filter_map(|steps| Operator::median(&steps)).collect();
        let Roofline { flops_per_second, bytes_per_second } = roofline;
        Self { flops_per_second, bytes_per_second, operators }.sorted()
    }

    /// Of several profiles of one case.
    pub(crate) fn median(all: &[&Self]) -> Option<Self> {
        let mut operators: BTreeMap<&str, Vec<Operator>> = BTreeMap::new();
        for operator in all.iter().flat_map(|profile| &profile.operators) {
            operators.entry(&operator.name).or_default().push(operator.clone());
        }
        let of = |speed: fn(&Self) -> f64| median(all.iter().map(|profile| speed(profile)));
        let profile = Self {
            flops_per_second: of(|profile| profile.flops_per_second),
            bytes_per_second: of(|profile| profile.bytes_per_second),
            operators: operators.into_values().filter_map(|all| Operator::median(&all)).collect(),
        };
        (!all.is_empty()).then(|| profile.sorted())
    }

    fn sorted(mut self) -> Self {
        self.operators.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        self
    }
}

impl Operator {
    fn none(name: &str) -> Self {
        Self { name: name.to_owned(), calls: 0, seconds: 0.0, bytes: 0.0, flops: 0.0, least_seconds: 0.0 }
    }

    fn add(&mut self, run: &Timed, roofline: Roofline) {
        self.calls += 1;
        self.seconds += run.seconds;
        self.bytes += run.work.bytes as f64;
        self.flops += run.work.flops as f64;
        self.least_seconds += roofline.seconds(run.work);
    }

    /// One of several, with the median of their times.
    fn median(all: &[Self]) -> Option<Self> {
        let of = |time: fn(&Self) -> f64| median(all.iter().map(time));
        let (seconds, least_seconds) = (of(|one| one.seconds), of(|one| one.least_seconds));
        all.last().map(|last| Self { seconds, least_seconds, ..last.clone() })
    }
}

#[cfg(test)]
mod tests {
    use arclab_gpu::Work;

    use super::*;

    impl Effort {
        /// For the emulator, whose times mean nothing.
        pub(crate) const LEAST: Self = Self { side: 16, bytes: 4096, steps: 1 };
    }

    /// A thousand of either a second.
    const ROOFLINE: Roofline = Roofline { flops_per_second: 1e3, bytes_per_second: 1e3 };

    fn run(operator: &'static str, bytes: usize, flops: usize, seconds: f64) -> Timed {
        Timed { operator, work: Work { bytes, flops }, seconds }
    }

    #[test]
    fn an_operator_s_runs_in_a_step_are_summed_and_the_median_is_of_the_steps() {
        // The first run is bounded by its memory, the second by its computations.
        let step =
            |first, second| vec![run("a", 500, 100, first), run("b", 0, 0, 9.0), run("a", 100, 2000, second)];
        let profile = Profile::of(ROOFLINE, &[step(1.0, 4.0), step(2.0, 8.0), step(1.0, 3.0)]);
        let [b, a] = &profile.operators[..] else { panic!("{profile:?}") };
        assert_eq!((b.name.as_str(), b.calls, b.seconds, b.least_seconds), ("b", 1, 9.0, 0.0));
        assert_eq!((a.calls, a.seconds, a.bytes, a.flops), (2, 5.0, 600.0, 2100.0));
        assert_eq!(a.least_seconds, 0.5 + 2.0);
    }

    #[test]
    fn several_profiles_are_one_with_the_median_of_each_number() {
        let of = |seconds, speed| {
            let roofline = Roofline { flops_per_second: speed, ..ROOFLINE };
            Profile::of(roofline, &[vec![run("a", 0, 1000, seconds)]])
        };
        let all = [of(1.0, 500.0), of(3.0, 1000.0), of(2.0, 2000.0)];
        let profile = Profile::median(&all.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((profile.flops_per_second, profile.operators[0].seconds), (1000.0, 2.0));
        assert_eq!((profile.operators[0].calls, profile.operators[0].least_seconds), (1, 1.0));
        assert_eq!(Profile::median(&[]), None);
    }
}
