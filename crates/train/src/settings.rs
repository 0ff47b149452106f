//! The spec's words as the engine's types.

use arclab_nn::{
    BackboneKind,
    heads::{ArcFace, Loss, MarginGradient},
    optim::Sgd,
    schedule::{Schedule, Shape},
};
use arclab_spec::config::{self, Backbone, LossConfig, OptimizerConfig, ScheduleConfig, ScheduleShape};

pub(crate) fn backbone(backbone: Backbone) -> BackboneKind {
    match backbone {
        Backbone::Small => BackboneKind::Small,
        Backbone::MobileFaceNet => BackboneKind::MobileFaceNet,
        Backbone::IResNet18 => BackboneKind::IResNet18,
    }
}

pub(crate) fn loss(loss: LossConfig) -> Loss {
    match loss {
        LossConfig::ArcFace { scale, margin, gradient } => {
            let gradient = match gradient {
                config::MarginGradient::Exact => MarginGradient::Exact,
                config::MarginGradient::StraightThrough => MarginGradient::StraightThrough,
            };
            Loss::ArcFace(ArcFace { scale, margin, gradient })
        }
    }
}

pub(crate) fn optimizer(optimizer: OptimizerConfig) -> Sgd {
    match optimizer {
        OptimizerConfig::Sgd { momentum, weight_decay, clip_norm, .. } => {
            Sgd::new(momentum, weight_decay, clip_norm)
        }
    }
}

/// The schedule of a run of `epochs` epochs of `steps_per_epoch` steps.
pub(crate) fn schedule(
    schedule: ScheduleConfig,
    optimizer: OptimizerConfig,
    steps_per_epoch: u64,
    epochs: u32,
) -> Schedule {
    let OptimizerConfig::Sgd { learning_rate, .. } = optimizer;
    let shape = match schedule.shape {
        ScheduleShape::Constant => Shape::Constant,
        ScheduleShape::Polynomial { power } => Shape::Polynomial { power },
        ScheduleShape::Cosine => Shape::Cosine,
    };
    Schedule {
        shape,
        peak: learning_rate,
        warmup_steps: schedule.warmup_epochs * steps_per_epoch as f64,
        total_steps: steps_per_epoch * u64::from(epochs),
    }
}
