//! The spec's words as the engine's types.

use arclab_nn::{
    BackboneKind,
    heads::{
        AdaCos, AdaFace, ArcFace, Circle, Combined, Contrastive, CosFace, CrossEntropy, CurricularFace,
        ElasticFace, LiftedStructure, Loss, MagFace, MarginGradient, Miner, MultiSimilarity, NormFace,
        NtXent, PairLoss, PastTurn, ProxyAnchor, Scaling, SphereFace, SubCentre, SupCon, Triplet,
    },
    optim::{AdamW, Layers, Optimizer, Rule, Sgd},
    schedule::{Schedule, Shape},
};
use arclab_spec::config::{
    self, Backbone, LayerOptions, LossConfig, OptimizerConfig, ScheduleConfig, ScheduleShape,
};

pub(crate) fn backbone(backbone: Backbone) -> BackboneKind {
    match backbone {
        Backbone::Small => BackboneKind::Small,
        Backbone::MobileFaceNet => BackboneKind::MobileFaceNet,
        Backbone::IResNet18 => BackboneKind::IResNet18,
    }
}

/// A loss of either sort.
pub(crate) enum Minimised {
    Classes(Loss),
    Pairs(PairLoss),
}

/// The loss of a run on so many classes under `seed`.
#[expect(clippy::too_many_lines, reason = "one arm a loss")]
pub(crate) fn loss(loss: LossConfig, classes: usize, seed: u64) -> Minimised {
    match loss {
        LossConfig::ArcFace { scale, margin, past_turn, gradient } => {
            Minimised::Classes(Loss::ArcFace(arcface(scale, margin, past_turn, gradient)))
        }
        LossConfig::SubCentre { scale, margin, centres, past_turn, gradient } => {
            let arcface = arcface(scale, margin, past_turn, gradient);
            Minimised::Classes(Loss::SubCentre(SubCentre { arcface, centres: centres as usize }))
        }
        LossConfig::CosFace { scale, margin } => Minimised::Classes(Loss::CosFace(CosFace { scale, margin })),
        LossConfig::Combined { scale, multiplier, margin, cosine_margin } => {
            Minimised::Classes(Loss::Combined(Combined { scale, multiplier, margin, cosine_margin }))
        }
        LossConfig::SphereFace { multiplier, annealing_start, annealing_end, annealing_rate } => {
            Minimised::Classes(Loss::SphereFace(SphereFace {
                multiplier,
                annealing_start,
                annealing_end,
                annealing_rate,
            }))
        }
        LossConfig::NormFace { scale } => Minimised::Classes(Loss::NormFace(NormFace { scale })),
        LossConfig::CurricularFace { scale, margin, running_share } => {
            Minimised::Classes(Loss::CurricularFace(CurricularFace::new(scale, margin, running_share)))
        }
        LossConfig::MagFace { scale, min_margin, max_margin, min_norm, max_norm, norm_weight, past_turn } => {
            let (margins, norms) = ([min_margin, max_margin], [min_norm, max_norm]);
            let past_turn = self::past_turn(past_turn);
            Minimised::Classes(Loss::MagFace(MagFace { scale, margins, norms, norm_weight, past_turn }))
        }
        LossConfig::AdaFace { scale, margin, concentration, running_share } => {
            Minimised::Classes(Loss::AdaFace(AdaFace::new(scale, margin, concentration, running_share)))
        }
        LossConfig::ElasticFace { scale, margin, margin_deviation } => {
            Minimised::Classes(Loss::ElasticFace(ElasticFace::new(scale, margin, margin_deviation, seed)))
        }
        LossConfig::AdaCos { scaling: config::Scaling::Fixed } => {
            Minimised::Classes(Loss::AdaCos(AdaCos::new(Scaling::Fixed, classes)))
        }
        LossConfig::AdaCos { scaling: config::Scaling::Dynamic } => {
            Minimised::Classes(Loss::AdaCos(AdaCos::new(Scaling::Dynamic, classes)))
        }
        LossConfig::Contrastive { positive_margin, negative_margin } => {
            Minimised::Pairs(PairLoss::Contrastive(Contrastive { positive_margin, negative_margin }))
        }
        LossConfig::Triplet { margin, miner } => {
            Minimised::Pairs(PairLoss::Triplet(Triplet { margin, miner: self::miner(miner) }))
        }
        LossConfig::MultiSimilarity { positive_scale, negative_scale, base } => {
            let loss = MultiSimilarity { positive_scale, negative_scale, base };
            Minimised::Pairs(PairLoss::MultiSimilarity(loss))
        }
        LossConfig::Circle { scale, relaxation } => {
            Minimised::Pairs(PairLoss::Circle(Circle { scale, relaxation }))
        }
        LossConfig::SupCon { temperature } => Minimised::Pairs(PairLoss::SupCon(SupCon { temperature })),
        LossConfig::NtXent { temperature } => Minimised::Pairs(PairLoss::NtXent(NtXent { temperature })),
        LossConfig::LiftedStructure { positive_margin, negative_margin } => {
            let loss = LiftedStructure { positive_margin, negative_margin };
            Minimised::Pairs(PairLoss::LiftedStructure(loss))
        }
        LossConfig::ProxyAnchor { scale, cosine_margin } => {
            Minimised::Pairs(PairLoss::ProxyAnchor(ProxyAnchor { scale, cosine_margin }))
        }
    }
}

fn miner(miner: config::Miner) -> Miner {
    match miner {
        config::Miner::All => Miner::All,
        config::Miner::SemiHard => Miner::SemiHard,
        config::Miner::Hard => Miner::Hard,
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
