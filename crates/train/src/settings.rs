//! The spec's words as the engine's types.

use std::sync::Arc;

use arclab_nn::{
    BackboneKind, Cpu, Network, ShapeError,
    heads::{
        AdaCos, AdaFace, ArcFace, Combined, CosFace, CrossEntropy, CurricularFace, ElasticFace, Loss,
        MagFace, MarginGradient, NormFace, PastTurn, Scaling, SphereFace, SubCentre,
    },
    optim::{AdamW, Layers, Optimizer, Rule, Sgd},
    schedule::{Schedule, Shape},
};
use arclab_spec::config::{
    self, Backbone, LayerOptions, LossConfig, OptimizerConfig, ScheduleConfig, ScheduleShape,
};

/// A network at its random beginning.
pub(crate) fn network(config: &config::Config, device: Arc<Cpu>, seed: u64) -> Result<Network, ShapeError> {
    let (embedding_size, image_size) = (config.model.embedding_size, config.data.image_size);
    Network::new(device, backbone(config.model.backbone), embedding_size as usize, image_size as usize, seed)
}

pub(crate) fn backbone(backbone: Backbone) -> BackboneKind {
    match backbone {
        Backbone::Small => BackboneKind::Small,
        Backbone::MobileFaceNet => BackboneKind::MobileFaceNet,
        Backbone::IResNet18 => BackboneKind::IResNet18,
    }
}

/// The loss of a run on so many classes under `seed`.
pub(crate) fn loss(loss: LossConfig, classes: usize, seed: u64) -> Loss {
    match loss {
        LossConfig::ArcFace { scale, margin, past_turn, gradient } => {
            Loss::ArcFace(arcface(scale, margin, past_turn, gradient))
        }
        LossConfig::SubCentre { scale, margin, centres, past_turn, gradient } => {
            let arcface = arcface(scale, margin, past_turn, gradient);
            Loss::SubCentre(SubCentre { arcface, centres: centres as usize })
        }
        LossConfig::CosFace { scale, margin } => Loss::CosFace(CosFace { scale, margin }),
        LossConfig::Combined { scale, multiplier, margin, cosine_margin } => {
            Loss::Combined(Combined { scale, multiplier, margin, cosine_margin })
        }
        LossConfig::SphereFace { multiplier, annealing_start, annealing_end, annealing_rate } => {
            Loss::SphereFace(SphereFace { multiplier, annealing_start, annealing_end, annealing_rate })
        }
        LossConfig::NormFace { scale } => Loss::NormFace(NormFace { scale }),
        LossConfig::CurricularFace { scale, margin, running_share } => {
            Loss::CurricularFace(CurricularFace::new(scale, margin, running_share))
        }
        LossConfig::MagFace { scale, min_margin, max_margin, min_norm, max_norm, norm_weight, past_turn } => {
            let (margins, norms) = ([min_margin, max_margin], [min_norm, max_norm]);
            let past_turn = self::past_turn(past_turn);
            Loss::MagFace(MagFace { scale, margins, norms, norm_weight, past_turn })
        }
        LossConfig::AdaFace { scale, margin, concentration, running_share } => {
            Loss::AdaFace(AdaFace::new(scale, margin, concentration, running_share))
        }
        LossConfig::ElasticFace { scale, margin, margin_deviation } => {
            Loss::ElasticFace(ElasticFace::new(scale, margin, margin_deviation, seed))
        }
        LossConfig::AdaCos { scaling: config::Scaling::Fixed } => {
            Loss::AdaCos(AdaCos::new(Scaling::Fixed, classes))
        }
        LossConfig::AdaCos { scaling: config::Scaling::Dynamic } => {
            Loss::AdaCos(AdaCos::new(Scaling::Dynamic, classes))
        }
    }
}

fn arcface(
    scale: f64,
    margin: f64,
    past_turn: config::PastTurn,
    gradient: config::MarginGradient,
) -> ArcFace {
    let gradient = match gradient {
        config::MarginGradient::Exact => MarginGradient::Exact,
        config::MarginGradient::StraightThrough => MarginGradient::StraightThrough,
    };
    ArcFace { scale, margin, past_turn: self::past_turn(past_turn), gradient }
}

fn past_turn(past_turn: config::PastTurn) -> PastTurn {
    match past_turn {
        config::PastTurn::Plain => PastTurn::Plain,
        config::PastTurn::Linear => PastTurn::Linear,
        config::PastTurn::Easy => PastTurn::Easy,
        config::PastTurn::Clip => PastTurn::Clip,
    }
}

pub(crate) fn cross_entropy(cross_entropy: config::CrossEntropy) -> CrossEntropy {
    match cross_entropy {
        config::CrossEntropy::Plain => CrossEntropy::Plain,
        config::CrossEntropy::Focal { gamma } => CrossEntropy::Focal { gamma },
        config::CrossEntropy::Smoothed { share } => CrossEntropy::Smoothed { share },
    }
}

pub(crate) fn optimizer(optimizer: OptimizerConfig) -> Optimizer {
    let (rule, weight_decay, clip_norm, layers) = match optimizer {
        OptimizerConfig::Sgd { momentum, nesterov, weight_decay, clip_norm, layers, .. } => {
            (Rule::Sgd(Sgd::new(momentum, nesterov)), weight_decay, clip_norm, layers)
        }
        OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay, clip_norm, layers, .. } => {
            (Rule::AdamW(AdamW::new([beta1, beta2], epsilon)), weight_decay, clip_norm, layers)
        }
    };
    let LayerOptions { decay_norms, head_rate } = layers;
    Optimizer { rule, weight_decay, clip_norm, layers: Layers { decay_norms, head_rate } }
}

/// The schedule of a run of `epochs` epochs of `steps_per_epoch` steps.
pub(crate) fn schedule(
    schedule: &ScheduleConfig,
    optimizer: OptimizerConfig,
    steps_per_epoch: u64,
    epochs: u32,
) -> Schedule {
    let shape = match schedule.shape {
        ScheduleShape::Constant => Shape::Constant,
        ScheduleShape::Polynomial { power } => Shape::Polynomial { power },
        ScheduleShape::Cosine => Shape::Cosine,
        ScheduleShape::Step { ref at, factor } => {
            let milestones = at.milestones(epochs).into_iter();
            Shape::Step { milestones: milestones.map(|at| u64::from(at) * steps_per_epoch).collect(), factor }
        }
        ScheduleShape::OneCycle { rise, start_divisor, end_divisor } => {
            Shape::OneCycle { rise, start_divisor, end_divisor }
        }
    };
    Schedule {
        shape,
        peak: optimizer.learning_rate(),
        warmup_steps: schedule.warmup_epochs * steps_per_epoch as f64,
        total_steps: steps_per_epoch * u64::from(epochs),
    }
}
