//! One sample of a batch: cosines to all centres in, loss and gradients out, in one pass over the logits.

use super::{
    Head,
    loss::{Sample, Target},
    subcentre::{nearest, spread},
};

/// What a sample adds to a batch.
pub(super) struct Row {
    pub(super) loss: f64,
    /// d mean loss / d cosine, one a centre.
    pub(super) d_cosines: Vec<f32>,
    /// d mean loss / d length of the embedding, where the loss reaches it.
    pub(super) d_norm: Option<f32>,
    pub(super) correct: bool,
    pub(super) past_turn: bool,
    /// To the own class, in radians.
    pub(super) angle: f64,
}

impl Head {
    /// The row of a sample, which is made with its own cosine, in a batch of so many.
    pub(super) fn row(
        &self,
        cosines: &[f32],
        label: usize,
        sample: impl FnOnce(f64) -> Sample,
        batch: usize,
    ) -> Row {
        let centres = self.loss.centres();
        let mut logits: Vec<f64> = cosines.iter().copied().map(f64::from).collect();
        let mut picked = Vec::new();
        if centres > 1 {
            (logits, picked) = nearest(&logits, centres);
        }
        let own = logits[label];
        let correct = logits.iter().enumerate().all(|(class, &cosine)| class == label || cosine < own);
        let target = self.loss.target(&sample(own));
        let bent = self.loss.bend_others(&mut logits, label);
        logits[label] = target.value;
        for logit in &mut logits {
            *logit *= target.scale;
        }
        // Only a loss that reaches the norm needs its logits again.
        let kept = target.by_norm.map(|_| logits.clone());
        let loss = self.cross_entropy.of(&mut logits, label);
        let d_norm = kept.and_then(|kept| d_norm(&target, &kept, &logits, label));
        logits[label] *= target.slope;
        for (class, slope) in bent {
            logits[class] *= slope;
        }
        let factor = target.scale / batch as f64;
        let d_cosines: Vec<f32> = logits.iter().map(|d_logit| (d_logit * factor) as f32).collect();
        Row {
            loss: loss + target.by_norm.map_or(0.0, |by_norm| by_norm.penalty),
            d_cosines: if centres > 1 { spread(&d_cosines, &picked, centres) } else { d_cosines },
            d_norm: d_norm.map(|d_norm| (d_norm / batch as f64) as f32),
            correct,
            past_turn: target.past_turn,
            angle: own.clamp(-1.0, 1.0).acos(),
        }
    }
}

/// d loss / d norm, through the scale, the own class's logit and the penalty.
fn d_norm(target: &Target, logits: &[f64], d_logits: &[f64], label: usize) -> Option<f64> {
    let by_norm = target.by_norm?;
    let through_all: f64 = logits.iter().zip(d_logits).map(|(logit, d_logit)| logit * d_logit).sum();
    let through_scale = by_norm.d_scale * through_all / target.scale;
    Some(through_scale + by_norm.d_value * target.scale * d_logits[label] + by_norm.d_penalty)
}
