//! Cross-entropy of one row of logits, with its gradient.
//!
//! With z the logit of the own class: loss = (ln Σ over k of exp zₖ) - z; dzₖ = exp zₖ / Σ over j of exp zⱼ, for the
//! own class less 1.
//!
//! - focal (Lin et al. 2017): (1 - p)^γ · loss with p = exp(-loss), sample by sample. (Small repositories take p of
//!   the batch's mean loss.) d / d loss = (1 - p)^γ + γ·(1 - p)^(γ-1)·p·loss. Usual: γ 2
//! - smoothed (Szegedy et al. 2016): the truth is 1 - ε for the own class and ε / C more for each of all C. Usual: ε
//!   0.1

/// How a row of logits is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CrossEntropy {
    /// Against the own class.
    Plain,
    /// The same, with what is nearly right weighed less.
    Focal {
        /// γ.
        gamma: f64,
    },
    /// Against the own class and, a little, every class.
    Smoothed {
        /// ε.
        share: f64,
    },
}

impl CrossEntropy {
    /// Turns logits into d loss / d logit in place, and returns the loss.
    pub(super) fn of(self, logits: &mut [f64], label: usize) -> f64 {
        match self {
            Self::Plain => cross_entropy(logits, label),
            Self::Focal { gamma } => focal(logits, label, gamma),
            Self::Smoothed { share } => smoothed(logits, label, share),
        }
    }
}

/// The logarithm of the sum of exponentials, in one pass: the running sum is rescaled whenever a larger logit
/// appears (Milakov and Gimelshein 2018), so nothing overflows. Not a number if a logit is not.
pub(super) fn log_sum_exp(logits: &[f64]) -> f64 {
    let (mut largest, mut sum) = (f64::NEG_INFINITY, 0.0);
    for &logit in logits {
        if logit > largest {
            sum = sum * (largest - logit).exp() + 1.0;
            largest = logit;
        } else {
            sum += (logit - largest).exp();
        }
    }
    largest + sum.ln()
}

/// Turns logits into d loss / d logit (softmax minus the truth) in place, and returns the loss.
pub(super) fn cross_entropy(logits: &mut [f64], label: usize) -> f64 {
    let total = log_sum_exp(logits);
    let loss = total - logits[label];
    for logit in logits.iter_mut() {
        *logit = (*logit - total).exp();
    }
    logits[label] -= 1.0;
    loss
}

fn focal(logits: &mut [f64], label: usize, gamma: f64) -> f64 {
    let loss = cross_entropy(logits, label);
    // Rounding can leave a loss just below 0. What is not a number must stay visible.
    let (weight, slope) = if loss <= 0.0 {
        (0.0, 0.0)
    } else {
        let missed = -(-loss).exp_m1();
        let weight = missed.powf(gamma);
        (weight, weight + gamma * weight / missed * (-loss).exp() * loss)
    };
    for d_logit in logits.iter_mut() {
        *d_logit *= slope;
    }
    weight * loss
}

fn smoothed(logits: &mut [f64], label: usize, share: f64) -> f64 {
    let count = logits.len() as f64;
    let (own, mean) = (logits[label], logits.iter().sum::<f64>() / count);
    let loss = cross_entropy(logits, label) + share * (own - mean);
    for d_logit in logits.iter_mut() {
        *d_logit -= share / count;
    }
    logits[label] += share;
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CrossEntropy; 4] = [
        CrossEntropy::Plain,
        CrossEntropy::Focal { gamma: 0.5 },
        CrossEntropy::Focal { gamma: 2.0 },
        CrossEntropy::Smoothed { share: 0.1 },
    ];

    #[test]
    fn two_equal_logits_give_the_values_worked_out_by_hand() {
        // p = 1/2: ln 2 is weighed (1/2)^γ, and smoothing takes from one what it gives to the other.
        let ln_2 = 2.0_f64.ln();
        for (entropy, expected) in ALL.into_iter().zip([ln_2, ln_2 * 0.5_f64.sqrt(), ln_2 / 4.0, ln_2]) {
            assert!((entropy.of(&mut [3.0, 3.0], 0) - expected).abs() < 1e-12, "{entropy:?}");
        }
        // Truth 0.95 and 0.05 of logits ln 3 and 0: ln 4 - 0.95 ln 3.
        let found = CrossEntropy::Smoothed { share: 0.1 }.of(&mut [3.0_f64.ln(), 0.0], 0);
        assert!((found - (4.0_f64.ln() - 0.95 * 3.0_f64.ln())).abs() < 1e-12, "{found}");
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let logits = [0.3, -2.0, 1.5, 1.1];
        for entropy in ALL {
            let mut gradient = logits;
            entropy.of(&mut gradient, 3);
            for (at, found) in gradient.iter().enumerate() {
                let nudged = |by: f64| {
                    let mut logits = logits;
                    logits[at] += by;
                    entropy.of(&mut logits, 3)
                };
                let quotient = (nudged(1e-6) - nudged(-1e-6)) / 2e-6;
                assert!((found - quotient).abs() < 1e-8, "{entropy:?} [{at}]: {found} for {quotient}");
            }
        }
    }

    #[test]
    fn what_is_surely_right_costs_nothing_and_pulls_at_nothing() {
        for gamma in [0.5, 2.0] {
            let mut logits = [900.0, 0.0];
            assert_eq!(CrossEntropy::Focal { gamma }.of(&mut logits, 0), 0.0);
            assert_eq!(logits, [0.0, 0.0]);
        }
    }

    #[test]
    fn two_equal_logits_cost_the_logarithm_of_two() {
        let mut logits = [3.0, 3.0];
        assert!((cross_entropy(&mut logits, 0) - 2.0_f64.ln()).abs() < 1e-15);
        assert!((logits[0] + 0.5).abs() < 1e-15 && (logits[1] - 0.5).abs() < 1e-15, "{logits:?}");
    }

    #[test]
    fn a_gradient_sums_to_zero_whatever_is_added_to_all_logits() {
        for shift in [-1e4, 0.0, 1e4] {
            let mut logits = [0.3, -2.0, 5.0, 1.1].map(|logit| logit + shift);
            let loss = cross_entropy(&mut logits, 3);
            assert!((loss - 3.929_800_589).abs() < 1e-8, "shift {shift}: {loss}");
            assert!(logits.iter().sum::<f64>().abs() < 1e-12, "shift {shift}: {logits:?}");
        }
    }

    #[test]
    fn a_logit_that_is_not_a_number_makes_the_loss_so() {
        for place in 0..3 {
            for entropy in ALL {
                let mut logits = [0.0, 1.0, 2.0];
                logits[place] = f64::NAN;
                assert!(entropy.of(&mut logits, 1).is_nan(), "place {place}, {entropy:?}");
            }
        }
    }
}
