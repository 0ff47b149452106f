//! Cross-entropy of one row of logits, with its gradient.
//!
//! With z the logit of the own class: loss = (ln Σ over k of exp zₖ) - z; dzₖ = exp zₖ / Σ over j of exp zⱼ, for the own
//! class less 1.

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

#[cfg(test)]
mod tests {
    use super::*;

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
            let mut logits = [0.0, 1.0, 2.0];
            logits[place] = f64::NAN;
            assert!(cross_entropy(&mut logits, 1).is_nan(), "place {place}");
        }
    }
}
