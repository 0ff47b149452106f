//! Malformed specs, each with the place of its mistake, what is said of it and what would be right.

mod support;

use support::Folder;

/// A spec with one mistake.
struct Malformed {
    text: &'static str,
    /// Line and column.
    at: (usize, usize),
    /// Part of what is said.
    message: &'static str,
    /// Part of the remedy.
    help: &'static str,
}

const fn case(
    text: &'static str,
    at: (usize, usize),
    message: &'static str,
    help: &'static str,
) -> Malformed {
    Malformed { text, at, message, help }
}

/// Keys that do not exist, at every level.
const UNKNOWN_KEYS: &[Malformed] = &[
    case("extends: base.yaml\nhypotesis: x", (2, 1), "`hypotesis`", "did you mean `hypothesis`?"),
    case("extends: base.yaml\noptimiser: {}", (2, 1), "`optimiser`", "did you mean `optimizer`?"),
    case(
        "extends: base.yaml\nloss:\n  marign: 0.3",
        (3, 3),
        "`loss` has no key `marign`",
        "did you mean `margin`?",
    ),
    case(
        "extends: base.yaml\ndata: {color: grey}",
        (2, 8),
        "`data` has no key `color`",
        "did you mean `colour`?",
    ),
    case(
        "extends: base.yaml\ndata: {augment: {filp: 0.5}}",
        (2, 18),
        "`data.augment`",
        "did you mean `flip`?",
    ),
    case(
        "extends: base.yaml\ndata:\n  dataset:\n    synthetic:\n      vary: {occlusoin: 2}",
        (5, 14),
        "`data.dataset.synthetic.vary` has no key `occlusoin`",
        "did you mean `occlusion`?",
    ),
    case(
        "data: {dataset: {foldr: photos}}",
        (1, 18),
        "`data.dataset` has no key `foldr`",
        "did you mean `folder`?",
    ),
    case("extends: base.yaml\nmodel: {backbones: small}", (2, 9), "`model`", "did you mean `backbone`?"),
    case(
        "extends: base.yaml\ntraining: {lr: 0.1}",
        (2, 12),
        "`training` has no key `lr`",
        "allowed: `epochs`",
    ),
    case("extends: base.yaml\ntraining: {batch: 32}", (2, 12), "`batch`", "did you mean `batch_size`?"),
    case("extends: base.yaml\nresources: {thread: 2}", (2, 13), "`resources`", "did you mean `threads`?"),
    case(
        "extends: base.yaml\nevaluation:\n  protocols:\n    lfw: {draw: open_test, pair: 9}",
        (4, 28),
        "`evaluation.protocols.lfw` has no key `pair`",
        "did you mean `pairs`?",
    ),
    case("extends: base.yaml\nmargin: 0.3", (2, 1), "a spec has no key `margin`", "`loss`"),
];

/// Values of another type, or out of their range.
const VALUES: &[Malformed] = &[
    case(
        "extends: base.yaml\nloss: {margin: big}",
        (2, 16),
        "must be a number from 0 to 1.57, not `big`",
        "usual is `0.5`",
    ),
    case("extends: base.yaml\nloss: {margin: \"0.5\"}", (2, 16), "`loss.margin` must be a number", "quotes"),
    case("extends: base.yaml\nloss: {margin: 5}", (2, 16), "from 0 to 1.57, not `5`", "in radians"),
    case("extends: base.yaml\nloss: {scale: 0}", (2, 15), "above 0 and up to 1000, not `0`", "usual is `64`"),
    case(
        "extends: base.yaml\nloss: {margin: [0.2, 0.8]}",
        (2, 16),
        "must be a number from 0 to 1.57, not `[0.2, 0.8]`",
        "usual is `0.5`",
    ),
    case("extends: base.yaml\nloss: {margin: .nan}", (2, 16), "not `.nan`", "usual is `0.5`"),
    case("extends: base.yaml\nloss:\n  margin: 0,5", (3, 11), "not `0,5`", "a point for the comma: `0.5`"),
    case("extends: base.yaml\nloss: 0.3", (2, 7), "`loss` must be a mapping", "key: value"),
    case(
        "extends: base.yaml\nloss:\n  margin:0.3",
        (3, 3),
        "`loss` must be a mapping of keys to values, not `margin:0.3`",
        "a space after the colon",
    ),
    case(
        "extends: base.yaml\nloss: {margin:0.3}",
        (2, 8),
        "`loss` has no key `margin:0.3`",
        "a space after the colon",
    ),
    case("extends: base.yaml\nloss: {name: archface}", (2, 14), "`archface`", "did you mean `arcface`?"),
    case(
        "extends: base.yaml\noptimizer: {momentum: 1}",
        (2, 23),
        "from 0 to below 1, not `1`",
        "steps grow for ever",
    ),
    case(
        "extends: base.yaml\noptimizer: {name: adam}",
        (2, 19),
        "`optimizer.name` cannot be `adam`",
        "did you mean `adamw`?",
    ),
    case(
        "extends: base.yaml\noptimizer: {name: adamw, beta2: 1}",
        (2, 33),
        "from 0 to below 1, not `1`",
        "never follows the gradient",
    ),
    case(
        "extends: base.yaml\noptimizer: {nesterov: yes}",
        (2, 23),
        "`optimizer.nesterov` must be `true` or `false`, not `yes`",
        "one of the two",
    ),
    case(
        "extends: base.yaml\noptimizer: {decay_norms: \"false\"}",
        (2, 26),
        "must be `true` or `false`",
        "without quotes",
    ),
    case("extends: base.yaml\noptimizer: {head_rate: 0}", (2, 24), "above 0 and up to 1000", "usual is `1`"),
    case("extends: base.yaml\nschedule: {name: steps}", (2, 18), "`steps`", "did you mean `step`?"),
    case(
        "extends: base.yaml\nschedule: {name: step, every_epochs: 5, factor: 1}",
        (2, 49),
        "above 0 and below 1, not `1`",
        "usual is `0.1`",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, milestones: 5}",
        (2, 36),
        "`schedule.milestones` must be a list, not `5`",
        "milestones: [10, 18]",
    ),
    case(
        "extends: base.yaml\nschedule: {name: one_cycle, rise: 30}",
        (2, 35),
        "above 0 and below 1, not `30`",
        "usual is `0.3`",
    ),
    case("extends: base.yaml\ntraining: {ema: 1}", (2, 17), "above 0 and below 1", "usual is `0.999`"),
    case("extends: base.yaml\ntraining: {accumulate: 0}", (2, 24), "a whole number from 1", "usual is `1`"),
    case(
        "extends: base.yaml\ndata: {augment: {flip: 1.5}}",
        (2, 24),
        "`data.augment.flip` must be a number from 0 to 1",
        "usual is `0.5`",
    ),
    case(
        "extends: base.yaml\ndata: {split: {closed_images: 1}}",
        (2, 31),
        "above 0 and below 1",
        "something must be left",
    ),
    case("extends: base.yaml\ndata: {image_size: 100}", (2, 20), "a multiple of 16", "`96` and `112`"),
    case("extends: base.yaml\ndata: {colour: gray}", (2, 16), "`gray`", "did you mean `grey`?"),
    case("extends: base.yaml\ntraining: {epochs: 2.5}", (2, 20), "a whole number from 1 to", "usual is `10`"),
    case("extends: base.yaml\ntraining: {batch_size: -4}", (2, 24), "not `-4`", "usual is `64`"),
    case("extends: base.yaml\ntraining: {seeds: 3}", (2, 19), "must be a list", "seeds: ["),
    case("extends: base.yaml\ntraining: {seeds: []}", (2, 19), "empty", "seeds: [0, 1, 2]"),
    case(
        "extends: base.yaml\ntraining: {seeds: [4, 1, 4]}",
        (2, 26),
        "the seed 4 stands here a second time",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nresources: {device: gpu}",
        (2, 21),
        "`gpu`",
        "allowed: `auto`, `cpu` or `cuda`",
    ),
    case(
        "extends: base.yaml\ntraining: {precision: bf16, head_precision: bf16, ranks: 2}",
        (2, 45),
        "`training.head_precision` cannot be `bf16` with `training.ranks`",
        "write `float32`",
    ),
    case("extends: base.yaml\nresources: {memory: 2 gigs}", (2, 21), "`2 gigs`", "2 GiB"),
    case("extends: base.yaml\nresources: {memory: 1024}", (2, 21), "`1024`", "2 GiB"),
    case(
        "extends: base.yaml\nresources: {time_limit: 90}",
        (2, 25),
        "a length of time, not `90`",
        "`30 min`",
    ),
    case(
        "extends: base.yaml\nresources: {time_limit: 0.2 s}",
        (2, 25),
        "must be a second at least",
        "`90 s`",
    ),
    case(
        "extends: base.yaml\nqueue: {priority: soon}",
        (2, 19),
        "`queue.priority` must be a number from -1000 to 1000",
        "0",
    ),
    case(
        "extends: base.yaml\nqueue: {after: baseline}",
        (2, 16),
        "`queue.after` must be a list",
        "[baseline]",
    ),
    case("extends: base.yaml\nqueue: {after: [a/b]}", (2, 17), "`queue.after` names `a/b`", "[baseline]"),
    case(
        "extends: base.yaml\nname: me\nqueue: {after: [base, me]}",
        (3, 23),
        "`me` is this variant itself",
        "name others",
    ),
    case("extends: base.yaml\nqueue: {prioritty: 2}", (2, 9), "prioritty", "priority"),
    case("extends: base.yaml\nresources: {gpu_memory: 4 gigs}", (2, 25), "`4 gigs`", "2 GiB"),
    case(
        "extends: base.yaml\nresources: {gpu_memory: 512 MiB}",
        (2, 25),
        "must be more than 1 GiB, not `512 MiB`",
        "CUDA itself takes up to 1 GiB",
    ),
    case(
        "extends: base.yaml\nresources: {device: cpu, gpu_memory: 4 GiB}",
        (2, 26),
        "`resources.gpu_memory` has no effect beside `device: cpu`",
        "`null`",
    ),
    case("extends: base.yaml\nresources: {threads: 0}", (2, 22), "from 1 to 1024", "usual is"),
    case(
        "extends: base.yaml\nresources: {executor: slrum}",
        (2, 23),
        "`resources.executor` cannot be `slrum`",
        "executor: {slurm: {partition: gpu",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {partion: gpu}}}",
        (2, 32),
        "`resources.executor.slurm` has no key `partion`",
        "did you mean `partition`?",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {time: 2:00}}}",
        (2, 38),
        "`resources.executor.slurm.time` must be a minute or longer, not `2:00`",
        "`2:00:00`",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {time: 20 s}}}",
        (2, 38),
        "a minute or longer",
        "`30 min`",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {partition: a b}}}",
        (2, 43),
        "`resources.executor.slurm.partition` cannot be `a b`",
        "write one word",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {extra: [--time=4]}}}",
        (2, 40),
        "`resources.executor.slurm.extra` cannot hold `--time=4`",
        "write `time: …` beside it",
    ),
    case(
        "extends: base.yaml\nresources: {executor: {slurm: {extra: [-C a100]}}}",
        (2, 40),
        "cannot hold `-C a100`",
        "`--constraint=a100`",
    ),
    case(
        "extends: base.yaml\nresources: {device: cuda, executor: {slurm: {partition: gpu}}}",
        (2, 37),
        "`resources.device: cuda` asks for a GPU, and `resources.executor.slurm` for none",
        "gres: \"gpu:1\"",
    ),
    case(
        "extends: base.yaml\nresources: {device: cpu, executor: {slurm: {gres: 'gpu:a100:1'}}}",
        (2, 36),
        "`resources.executor.slurm` asks for a GPU",
        "`device: cuda`",
    ),
    case(
        "extends: base.yaml\nresources: {gpu_memory: 4 GiB, executor: slurm}",
        (2, 13),
        "`resources.gpu_memory` has no effect beside `executor: {slurm: …}`",
        "leave it out",
    ),
    case("extends: base.yaml\nname: [a, b]", (2, 7), "`name` must be a word, not `[a, b]`", "name: m0.8"),
    case(
        "extends: base.yaml\nname: ../secrets",
        (2, 7),
        "`../secrets` is not a name: use 1 to 80 letters",
        "name: m0.8",
    ),
    case("extends: base.yaml\nevaluation: {threshold: kfold}", (2, 25), "`kfold`", "did you mean `k_fold`?"),
    case(
        "extends: base.yaml\nevaluation: {threshold: {fixed: 2}}",
        (2, 33),
        "from -1 to 1, not `2`",
        "usual is",
    ),
    case(
        "extends: base.yaml\nevaluation: {threshold: {fixed: 0, k_fold: 5}}",
        (2, 25),
        "threshold",
        "{fixed: COSINE}",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.accuracy, change: rises, versus: base}]",
        (2, 42),
        "`expect.change` cannot be `rises`",
        "allowed: `increases`, `decreases` or `stays`",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: opn.accuracy, change: increases, versus: base}]",
        (2, 19),
        "`expect.metric` cannot be `opn.accuracy`",
        "did you mean `open.accuracy`?",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.false_negative, change: increases, versus: base}]",
        (2, 19),
        "`expect.metric` cannot be `open.false_negative`",
        "did you mean `open.false_negatives`?",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.auc, change: stays, versus: base}]",
        (2, 37),
        "`stays` says nothing of how much",
        "within: 0.01",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.auc, change: increases, within: 1, versus: base}]",
        (2, 56),
        "`within: 1` has no effect here",
        "change: stays",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.auc, change: stays, within: 2, versus: base}]",
        (2, 52),
        "a share cannot differ by `2`",
        "within: 0.01",
    ),
    case(
        "extends: base.yaml\nname: me\nexpect: [{metric: open.auc, change: increases, versus: me}]",
        (3, 56),
        "`me` is this variant itself",
        "such as `baseline`",
    ),
    case(
        "extends: base.yaml\nexpect: [{metric: open.auc, change: increases, versus: a}, {metric: open.auc, change: decreases, \
         versus: a}]",
        (2, 60),
        "is expected twice",
        "one thing",
    ),
    case(
        "extends: base.yaml\nexpect: [{change: increases, versus: base}]",
        (2, 10),
        "an entry of `expect` has no `metric`",
        "versus: baseline",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: [lfw]}",
        (2, 25),
        "`evaluation.protocols` must be a mapping",
        "key: value",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: {LFW 1: {draw: open_test}}}",
        (2, 26),
        "`LFW 1` is not a name",
        "simpler name",
    ),
];

/// Values that do not go together, or are missing.
const COMBINATIONS: &[Malformed] = &[
    case(
        "extends: base.yaml\nmodel: {backbone: mobilefacenet, dropout: 0.2}",
        (2, 34),
        "`model.dropout` has no effect beside `backbone: mobilefacenet`",
        "write 0",
    ),
    case(
        "extends: base.yaml\nmodel: {input: grey}",
        (2, 16),
        "`model.input: grey` reads no colours",
        "data: {colour: grey}",
    ),
    case(
        "extends: base.yaml\nmodel: {input: grey}\ndata: {colour: grey, augment: {grey: 0.5}}",
        (3, 32),
        "`data.augment.grey` has no effect beside `data.colour: grey`",
        "leave it out",
    ),
    case("extends: base.yaml\nmodel: {dropout: 1}", (2, 18), "`model.dropout`", "nothing would reach"),
    case(
        "extends: base.yaml\nmodel: {backbone: iresnet20}",
        (2, 19),
        "`model.backbone` cannot be `iresnet20`",
        "`iresnet200`",
    ),
    case(
        "extends: base.yaml\nmodel: {init: weights.pth}",
        (2, 15),
        "there is no such file",
        "a path is relative to its spec",
    ),
    case("extends: base.yaml\nmodel: {init: .}", (2, 15), "this is no file", "`.pth`"),
    case(
        "extends: base.yaml\nmodel: {freeze: [conv1]}",
        (2, 17),
        "`model.freeze` would keep random weights",
        "`model.init`",
    ),
    case("extends: base.yaml\nmodel: {init: base.yaml, freeze: []}", (2, 34), "is empty", "[conv1, layer1]"),
    case(
        "extends: base.yaml\nmodel: {init: base.yaml, freeze: conv1}",
        (2, 34),
        "must be a list",
        "write a list",
    ),
    case(
        "extends: base.yaml\nmodel: {init: base.yaml, freeze: [\"conv1 weight\"]}",
        (2, 35),
        "is no name of parameters",
        "such as `layer1`",
    ),
    case("hypothesis: nothing", (1, 1), "`data.dataset` is missing", "dataset: synthetic"),
    case("data: {image_size: 64}", (1, 7), "`data.dataset` is missing", "dataset: synthetic"),
    case("data: {dataset: {}}", (1, 17), "`data.dataset`", "{folder: PATH}"),
    case("data: {dataset: {folder: a, synthetic: {}}}", (1, 17), "`data.dataset`", "{folder: PATH}"),
    case("data: {dataset: celeba}", (1, 17), "`data.dataset` cannot be `celeba`", "{folder: PATH}"),
    case(
        "extends: base.yaml\nschedule: {name: cosine, power: 2}",
        (2, 26),
        "`schedule.power` has no effect",
        "name: polynomial",
    ),
    case(
        "extends: base.yaml\nloss: {name: cosface, gradient: exact}",
        (2, 23),
        "`loss.gradient` has no effect beside `name: cosface`",
        "leave it out: it is of `arcface` or `subcentre`",
    ),
    case(
        "extends: base.yaml\nloss: {running_share: 0.1}",
        (2, 8),
        "`loss.running_share` has no effect beside `name: arcface`",
        "it is of `curricularface` or `adaface`",
    ),
    case(
        "extends: base.yaml\nloss: {name: cosface, margin: 1.2}",
        (2, 31),
        "`loss.margin` must be a number from 0 to 1, not `1.2`",
        "it is a cosine",
    ),
    case(
        "extends: base.yaml\nloss: {name: magface, min_norm: 110}",
        (2, 33),
        "`loss.min_norm` (110) must be below `loss.max_norm` (110)",
        "exchange the two",
    ),
    case(
        "extends: base.yaml\nloss: {name: magface, max_margin: 0.4}",
        (2, 35),
        "`loss.min_margin` (0.45) must not be above `loss.max_margin` (0.4)",
        "exchange the two",
    ),
    case(
        "extends: base.yaml\nloss: {name: magface, min_margin: 0, max_margin: 0, past_turn: none}",
        (2, 53),
        "`loss.past_turn` has no effect beside `max_margin: 0`",
        "the usual `easy`",
    ),
    case(
        "extends: base.yaml\nloss: {name: magface, min_margin: 0.8, norm_weight: 0, min_norm: 20}",
        (2, 56),
        "`loss.min_norm` has no effect beside one margin and `norm_weight: 0`",
        "the usual `10`",
    ),
    case(
        "extends: base.yaml\nloss: {name: sphereface, annealing_start: 5, annealing_rate: 1}",
        (2, 46),
        "`loss.annealing_rate` has no effect",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nloss: {name: sphereface, annealing_rate: 0, annealing_end: 6}",
        (2, 45),
        "`loss.annealing_end` has no effect beside `annealing_rate: 0`",
        "the usual `5`",
    ),
    case(
        "extends: base.yaml\nloss: {name: sphereface, multiplier: 1, annealing_rate: 1}",
        (2, 41),
        "`loss.annealing_rate` has no effect beside `multiplier: 1`",
        "the usual `0.12`",
    ),
    case(
        "extends: base.yaml\nloss: {name: sphereface, multiplier: 1, annealing_start: 500}",
        (2, 41),
        "`loss.annealing_start` has no effect beside `multiplier: 1`",
        "the usual `1000`",
    ),
    case(
        "extends: base.yaml\nloss: {margin: 0, past_turn: linear}",
        (2, 19),
        "`loss.past_turn` has no effect beside `margin: 0`",
        "leave it out, or write the usual `none`",
    ),
    case(
        "extends: base.yaml\nloss: {margin: 0, gradient: straight_through}",
        (2, 19),
        "`loss.gradient` has no effect beside `margin: 0`",
        "the usual `exact`",
    ),
    case(
        "extends: base.yaml\nloss: {name: subcentre, margin: 0, past_turn: clip}",
        (2, 36),
        "`loss.past_turn` has no effect beside `margin: 0`",
        "the usual `none`",
    ),
    case(
        "extends: base.yaml\nloss: {name: adaface, margin: 0, concentration: 1}",
        (2, 34),
        "`loss.concentration` has no effect beside `margin: 0`",
        "the usual `0.333`",
    ),
    case(
        "extends: base.yaml\nloss: {name: adaface, margin: 0, running_share: 0.1}",
        (2, 34),
        "`loss.running_share` has no effect beside `margin: 0`",
        "the usual `0.01`",
    ),
    case(
        "extends: base.yaml\nloss: {name: triplet, margin: 0, miner: semi_hard}\ntraining: {sampler: {}}",
        (2, 31),
        "with `loss.margin` 0, no negative is farther than the positive and yet within the margin",
        "give a `margin`",
    ),
    case(
        "extends: base.yaml\nloss: {name: contrastive, positive_margin: 2, negative_margin: 0}\n\
         training: {sampler: {}}",
        (2, 44),
        "no pair costs anything",
        "0 and 1 are usual",
    ),
    case(
        "extends: base.yaml\nloss: {name: lifted_structure, positive_margin: 0.5}\ntraining: {sampler: {}}",
        (2, 49),
        "`loss.positive_margin` must be a number that is 0, not `0.5`",
        "write it in `negative_margin`",
    ),
    case(
        "extends: base.yaml\nloss: {focal: 2, label_smoothing: 0.1}",
        (2, 35),
        "cannot stand together",
        "set one of them to 0",
    ),
    case(
        "extends: base.yaml\nloss: {sample_rate: 0}",
        (2, 21),
        "`loss.sample_rate` must be a number above 0 and up to 1",
        "usual is `1`",
    ),
    case(
        "extends: base.yaml\nloss: {sample_rate: 0.1}\ntraining: {batch_size: 64, accumulate: 2}",
        (2, 21),
        "`loss.sample_rate` cannot stand beside `training.accumulate`",
        "leave one of them out",
    ),
    case(
        "extends: base.yaml\nloss: {name: adacos, sample_rate: 0.1}",
        (2, 35),
        "`loss.sample_rate` cannot stand beside `name: adacos`",
        "the number of classes in the softmax",
    ),
    case(
        "extends: base.yaml\nloss: {name: adacos, scaling: dynamic, sample_rate: 0.5}",
        (2, 53),
        "`loss.sample_rate` cannot stand beside `name: adacos`",
        "the usual `1`",
    ),
    case(
        "extends: base.yaml\nloss: {name: proxy_anchor, sample_rate: 0.1}",
        (2, 28),
        "`loss.sample_rate` has no effect",
        "leave it out",
    ),
    // One mistake, not one for each parameter besides.
    case(
        "extends: base.yaml\nloss: {name: cosfase, centres: 2}",
        (2, 14),
        "`cosfase`",
        "did you mean `cosface`?",
    ),
    case(
        "extends: base.yaml\noptimizer: {name: adamw, momentum: 0.9}",
        (2, 26),
        "`optimizer.momentum` has no effect beside `name: adamw`",
        "name: sgd",
    ),
    case(
        "extends: base.yaml\noptimizer: {name: adamw, nesterov: true}",
        (2, 26),
        "`optimizer.nesterov` has no effect",
        "name: sgd",
    ),
    case(
        "extends: base.yaml\noptimizer: {beta2: 0.99}",
        (2, 13),
        "`optimizer.beta2` has no effect beside `name: sgd`",
        "name: adamw",
    ),
    case("extends: base.yaml\noptimizer: {epsilon: 1e-6}", (2, 13), "`optimizer.epsilon`", "name: adamw"),
    case(
        "extends: base.yaml\noptimizer: {momentum: 0, nesterov: true}",
        (2, 26),
        "no effect beside `momentum: 0`",
        "give a `momentum`",
    ),
    case(
        "extends: base.yaml\noptimizer: {weight_decay: 0, decay_norms: false}",
        (2, 30),
        "no effect beside `weight_decay: 0`",
        "give a `weight_decay`",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, every_epochs: 5, power: 2}",
        (2, 41),
        "`schedule.power` has no effect",
        "name: polynomial",
    ),
    case("extends: base.yaml\nschedule: {factor: 0.5}", (2, 12), "`schedule.factor`", "name: step"),
    case("extends: base.yaml\nschedule: {rise: 0.5}", (2, 12), "`schedule.rise`", "name: one_cycle"),
    case(
        "extends: base.yaml\nschedule: {name: one_cycle, warmup_epochs: 1}",
        (2, 29),
        "no effect beside `name: one_cycle`",
        "`rise` is its warm-up",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step}",
        (2, 11),
        "must have one of `milestones` and `every_epochs`",
        "every_epochs: 10",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, milestones: [4], every_epochs: 4}",
        (2, 11),
        "must have one of `milestones` and `every_epochs`",
        "milestones: [10, 18]",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, milestones: []}",
        (2, 36),
        "`schedule.milestones` is empty",
        "milestones: [10, 18]",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, milestones: [6, 4]}",
        (2, 40),
        "the milestone 4 stands after 6",
        "in rising order",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, milestones: [4, 12]}\ntraining: {epochs: 12}",
        (2, 36),
        "`schedule.milestones` (12) is not below `training.epochs` (12)",
        "sooner",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, every_epochs: 20}\ntraining: {epochs: 12}",
        (2, 38),
        "`schedule.every_epochs` (20) is not below `training.epochs` (12)",
        "train for longer",
    ),
    case(
        "extends: base.yaml\nschedule: {name: step, every_epochs: 2, warmup_epochs: 3}",
        (2, 38),
        "`schedule.every_epochs` (2) is below `schedule.warmup_epochs` (3)",
        "fall later",
    ),
    case(
        "extends: base.yaml\nschedule: {name: cosine, warmup_epochs: 2}\ntraining: {epochs: 2}",
        (2, 41),
        "`schedule.warmup_epochs` (2) is not below `training.epochs` (2)",
        "never reaches its peak",
    ),
    case(
        "extends: base.yaml\nschedule: {name: constant, warmup_epochs: 2.5}\ntraining: {epochs: 2}",
        (2, 43),
        "`schedule.warmup_epochs` (2.5) is more than `training.epochs` (2)",
        "never reaches its peak",
    ),
    case(
        "extends: base.yaml\ntraining: {precision: double}",
        (2, 23),
        "`training.precision` cannot be `double`",
        "allowed: `float32`",
    ),
    case(
        "extends: base.yaml\ntraining: {precision: bf16}\nresources: {device: cpu}",
        (2, 23),
        "`training.precision` cannot be `bf16` with `resources.device: cpu`",
        "write `float32`, which is all that the CPU computes in, or `resources: {device: cuda}`",
    ),
    case(
        "extends: base.yaml\ntraining: {head_precision: bf16}",
        (2, 28),
        "`training.head_precision` cannot be `bf16` with `training.precision: float32`",
        "write `precision: bf16` beside it, which a GPU alone computes in, or `float32`",
    ),
    case(
        "extends: base.yaml\nloss: {name: adaface}\ntraining: {precision: bf16, head_precision: bf16}",
        (3, 45),
        "`training.head_precision` cannot be `bf16` with this loss, which is computed in float32",
        "write `float32`, or a loss such as `arcface` without `focal` and `label_smoothing`",
    ),
    case(
        "extends: base.yaml\nresources: {device: cpu, deterministic: false}",
        (2, 26),
        "`resources.deterministic` has no effect beside `device: cpu`",
        "the usual `true`",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 64, accumulate: 3}",
        (2, 40),
        "`training.accumulate` (3) leaves no equal parts of `training.batch_size` (64)",
        "a divisor",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 8, accumulate: 8}",
        (2, 39),
        "(8) leaves no equal parts",
        "2 images or more",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 64, ranks: 3}",
        (2, 35),
        "`training.ranks` (3) leaves no equal parts of `training.batch_size` (64)",
        "a divisor",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 64, accumulate: 8, ranks: 8}",
        (2, 50),
        "`training.ranks` (8) leaves no equal parts of `training.batch_size` / `training.accumulate` (8)",
        "2 images or more",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 64, precision: fp16, ranks: 2}",
        (2, 52),
        "`training.ranks` cannot stand beside `precision: fp16`",
        "write `bf16`",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 64, sampler: {images_each: 5}}",
        (2, 51),
        "`training.batch_size` (64) is no batch of identities with `training.sampler.images_each` (5) each",
        "a divisor",
    ),
    case(
        "extends: base.yaml\ntraining: {batch_size: 8, sampler: {images_each: 8}}",
        (2, 50),
        "is no batch of identities",
        "2 identities or more",
    ),
    case(
        "extends: base.yaml\nloss: {name: triplet}",
        (2, 14),
        "a batch of shuffled images has hardly two",
        "training: {sampler: {images_each: 4}}",
    ),
    case(
        "extends: base.yaml\nloss: {name: supcon}\ntraining: {sampler: {images_each: 1}}",
        (3, 35),
        "no batch has two images of one person",
        "2 or more",
    ),
    case(
        "extends: base.yaml\nloss: {name: circle}\ntraining: {sampler: {images_each: 4}, accumulate: 2}",
        (3, 51),
        "`training.accumulate` cannot stand beside a loss that compares the images of a batch",
        "its own images alone",
    ),
    case(
        "extends: base.yaml\ntraining: {accumulate: 2, sampler: {images_each: 4}}",
        (2, 24),
        "`training.accumulate` cannot stand beside `training.sampler`",
        "a part would hold but a few",
    ),
    case(
        "extends: base.yaml\nloss: {name: proxy_anchor}\ntraining: {accumulate: 2}",
        (3, 24),
        "`training.accumulate` cannot stand beside",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nloss: {name: ntxent}\noptimizer: {head_rate: 2}\ntraining: {sampler: {}}",
        (3, 13),
        "`optimizer.head_rate` has no effect beside a loss that has no class centres",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nloss: {name: contrastive, focal: 2}\ntraining: {sampler: {}}",
        (2, 27),
        "`loss.focal` has no effect beside `name: contrastive`",
        "it is of losses on class centres",
    ),
    case(
        "extends: base.yaml\nloss: {name: proxy_anchor, label_smoothing: 0.1}",
        (2, 28),
        "`loss.label_smoothing` has no effect",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nloss: {miner: hard}",
        (2, 8),
        "`loss.miner` has no effect beside `name: arcface`",
        "it is of `triplet`",
    ),
    case(
        "extends: base.yaml\ndata: {split: {file: s.csv, open_identities: 0.2}}",
        (2, 29),
        "no effect beside `file`",
        "leave one of them out",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: {lfw: {draw: open_test, list: p.csv}}}",
        (2, 31),
        "either `draw` or `list`",
        "{list: pairs.csv}",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: {lfw: {}}}",
        (2, 31),
        "either `draw` or `list`",
        "{draw: open_test",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: {lfw: {draw: open_test, images: p}}}",
        (2, 49),
        "no effect beside `draw`",
        "leave it out",
    ),
    case(
        "extends: base.yaml\nevaluation: {protocols: {lfw: {list: p.csv, pairs: 10}}}",
        (2, 45),
        "no effect beside `list`",
        "leave it out",
    ),
    case("extends: base.yaml\nevaluation: {protocols: {}}", (2, 25), "evaluation.protocols", "leave"),
    case(
        "extends: base.yaml\ndata: {augment: {colour_temperature: {min_kelvin: 9000, max_kelvin: 4000}}}",
        (2, 38),
        "(9000) is above `data.augment.colour_temperature.max_kelvin` (4000)",
        "exchange",
    ),
    case(
        "extends: base.yaml\ndata: {augment: {jpeg_quality: {max: 20}}}",
        (2, 32),
        "`data.augment.jpeg_quality.min` (30) is above `data.augment.jpeg_quality.max` (20)",
        "write `min`, too",
    ),
    case(
        "extends: base.yaml\ndata: {augment: {crop: {min_side: 1.2}}}",
        (2, 35),
        "`data.augment.crop.min_side` must be a number above 0 and up to 1, not `1.2`",
        "a share of the image's side",
    ),
    case(
        "extends: base.yaml\ndata: {augment: {blur: {sigma: 2}}}",
        (2, 25),
        "`data.augment.blur` has no key `sigma`",
        "`min`",
    ),
    case(
        "extends: base.yaml\ndata: {dataset: {folder: \"${ARCLAB_NOBODY_SETS_THIS}/x\"}}",
        (2, 26),
        "`ARCLAB_NOBODY_SETS_THIS` is not set",
        "export ARCLAB_NOBODY_SETS_THIS=",
    ),
    case(
        "extends: base.yaml\ndata: {dataset: {folder: \"${HOME/x\"}}",
        (2, 26),
        "`${` is not closed",
        "${NAME}",
    ),
    case("extends: base.yaml\ndata: {dataset: {folder: [a]}}", (2, 26), "must be a path", "path"),
];

/// Texts that are not the YAML that a spec is.
const SYNTAX: &[Malformed] = &[
    case("", (1, 1), "there is nothing in it", "extends:"),
    case("# only a comment\n", (1, 17), "there is nothing in it", "extends:"),
    case("null\n", (1, 1), "there is nothing in it", "extends:"),
    case("- a\n- b\n", (1, 1), "a spec must be a mapping", "or with `data:`"),
    case("just words", (1, 1), "a spec must be a mapping", "or with `data:`"),
    case("extends: base.yaml\nname: a\nname: b", (3, 1), "`name` stands here a second time", "line 2"),
    case("extends: base.yaml\nloss:\n  margin: 0.2\n  margin: 0.2", (4, 3), "a second time", "line 3"),
    case("hypothesis: \"abc\nloss: {margin: 0.2}\n", (1, 13), "a quote is opened here", "close it"),
    case("hypothesis: a\0b\n", (1, 14), "none that a text has", "plain text in UTF-8"),
    case("extends: base.yaml\nloss:\n\tmargin: 0.2", (3, 2), "a tab indents this line", "with spaces"),
    case(
        "extends: base.yaml\nloss:\n    margin: 0.2\n  scale: 64",
        (4, 3),
        "does not fit those above it",
        "begin in the same column",
    ),
    case(
        "extends: base.yaml\nhypothesis: so: it is",
        (2, 15),
        "this `:` stands where no key can be",
        "needs quotes",
    ),
    case("extends: base.yaml\nloss: {margin: 0.2", (2, 19), "a bracket is missing", "closed by its like"),
    case(
        "extends: base.yaml\nhypothesis: \"no end",
        (2, 13),
        "a quote is opened here and not closed",
        "close it",
    ),
    case("extends: base.yaml\nmodel: *small", (2, 8), "alias", "extends"),
    case("extends: base.yaml\ndata: &d {}\nmodel: *d", (3, 8), "aliases (`*`)", "extends"),
    case("extends: base.yaml\nname: !!str a", (2, 7), "tags (`!`)", "leave the tag out"),
    case("extends: base.yaml\n---\nname: b", (2, 1), "second document", "file of its own"),
    case("extends: base.yaml\n[a]: b", (2, 1), "a key must be a word", "key: value"),
    case("extends: base.yaml\nloss:\nmodel: {}", (2, 1), "`loss` has no value", "leave the key out"),
];

/// `extends` that leads nowhere.
const EXTENDS: &[Malformed] = &[
    case("extends: bose.yaml", (1, 10), "bose.yaml", "did you mean `base.yaml`?"),
    case(
        "extends: elsewhere/other.yaml",
        (1, 10),
        "elsewhere/other.yaml: there is no such file",
        "from this file's folder",
    ),
    case("extends: [base.yaml]", (1, 10), "`extends` must be a path, not `[base.yaml]`", "write one path"),
    case("extends: spec.yaml", (1, 10), "`extends` goes in a circle", "must not extend"),
];

fn check(cases: &[Malformed]) {
    let mut wrong = Vec::new();
    for case in cases {
        let folder = Folder::new();
        let found = folder.mistakes(case.text);
        let is_right = match found.as_slice() {
            [one] => {
                one.file.ends_with("spec.yaml")
                    && one.at == Some(case.at)
                    && one.message.contains(case.message)
                    && one.help.as_deref().is_some_and(|help| help.contains(case.help))
            }
            _ => false,
        };
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        let said = said.join("\n").replace(&format!("{}/", folder.path().display()), "");
        if !is_right {
            let Malformed { text, at, message, help } = case;
            wrong.push(format!("{text}\n-- expected: {at:?} {message:?} {help:?}\n-- said:\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn an_unknown_key_is_named_and_a_near_one_suggested() {
    check(UNKNOWN_KEYS);
}

#[test]
fn a_value_of_another_type_or_out_of_range_is_named_with_what_is_allowed() {
    check(VALUES);
}

#[test]
fn values_that_contradict_each_other_or_are_missing_are_named() {
    check(COMBINATIONS);
}

#[test]
fn a_text_that_is_not_the_yaml_of_a_spec_is_refused_at_its_place() {
    check(SYNTAX);
}

#[test]
fn an_extended_spec_that_cannot_be_read_is_named_where_it_is_asked_for() {
    check(EXTENDS);
}
