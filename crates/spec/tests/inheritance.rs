//! `extends`, `--set`, folders, paths and names.

mod support;

use std::path::PathBuf;

use arclab_spec::{
    Fingerprint, InvalidOverride, Override, Plan, Spec, TRAINER_VERSION,
    config::{
        Backbone, CrossEntropy, Dataset, Executor, LayerOptions, LossConfig, MarginGradient, OptimizerConfig,
        PairSource, PastTurn, ResourceRequest, ScheduleShape, SlurmRequest, SplitConfig,
    },
    read_specs,
};
use support::{Folder, LEAST};

fn changes(spec: &Spec) -> Vec<String> {
    let line = |change: &arclab_spec::Change| {
        format!("{}: {} → {}", change.key, change.from.as_deref().unwrap_or("nothing"), change.to)
    };
    spec.changes.iter().map(line).collect()
}

fn margin(spec: &Spec) -> f64 {
    let LossConfig::ArcFace { margin, .. } = spec.config.loss else { panic!("{:?}", spec.config.loss) };
    margin
}

#[test]
fn what_a_spec_leaves_out_has_its_usual_value() {
    let spec = Folder::new().read("least.yaml", LEAST).unwrap();
    assert_eq!(margin(&spec), 0.5);
    assert_eq!(spec.seeds, [0]);
    assert_eq!(spec.config.model.backbone, Backbone::Small);
    let protocols: Vec<_> = spec.config.evaluation.protocols.keys().map(ToString::to_string).collect();
    assert_eq!(protocols, ["closed", "open"]);
    assert_eq!((spec.name.as_str(), spec.parent), ("least", None));
}

/// Plan hashes cover this form: runs that have succeeded are found again by it.
#[test]
fn what_specs_could_say_from_the_first_keeps_its_form_in_plans() {
    let spec = Folder::new().read("least.yaml", LEAST).unwrap();
    let config = serde_json::to_string(&spec.config).unwrap();
    let loss = r#""loss":{"name":"arcface","scale":64.0,"margin":0.5,"gradient":"exact"},"optimizer":"#;
    assert!(config.contains(loss), "{config}");
    let text = "extends: base.yaml\nloss: {past_turn: none, focal: 0, label_smoothing: 0, sample_rate: 1}\n";
    let same = Folder::new().read("same.yaml", text).unwrap();
    assert_eq!(serde_json::to_string(&same.config).unwrap(), config);
}

#[test]
fn a_spec_says_only_what_differs_from_the_one_that_it_extends() {
    let folder = Folder::new();
    folder.write("base.yaml", "data: {dataset: synthetic}\nloss: {margin: 0.5, scale: 30}\n");
    let spec = folder.read("m0.8.yaml", "extends: base.yaml\nloss: {margin: 0.8}\n").unwrap();
    assert_eq!(
        spec.config.loss,
        LossConfig::ArcFace {
            scale: 30.0,
            margin: 0.8,
            past_turn: PastTurn::Plain,
            gradient: MarginGradient::Exact
        }
    );
    assert_eq!(spec.name.as_str(), "m0.8");
    assert_eq!(spec.parent.as_ref().unwrap().as_str(), "base");
    assert_eq!(changes(&spec), ["loss.margin: 0.5 → 0.8"]);
}

#[test]
fn a_chain_of_specs_is_followed_to_its_end_and_the_parent_is_the_nearest() {
    let folder = Folder::new();
    folder.write("a.yaml", "extends: base.yaml\nname: first\nhypothesis: of a\nloss: {margin: 0.1}\n");
    folder.write("b.yaml", "extends: a.yaml\ntraining: {epochs: 3}\n");
    let spec = folder.read("c.yaml", "extends: b.yaml\nloss: {scale: 32}\n").unwrap();
    assert_eq!((margin(&spec), spec.config.training.epochs), (0.1, 3));
    assert_eq!(spec.parent.as_ref().unwrap().as_str(), "b");
    assert_eq!(changes(&spec), ["loss.scale: nothing → 32"]);
    let b = folder.read("b.yaml", "extends: a.yaml\n").unwrap();
    assert_eq!(b.parent.unwrap().as_str(), "first");
}

#[test]
fn name_and_hypothesis_are_not_inherited() {
    let folder = Folder::new();
    folder.write("base.yaml", format!("name: first\nhypothesis: of the first\n{LEAST}"));
    let spec = folder.read("second.yaml", "extends: base.yaml\n").unwrap();
    assert_eq!((spec.name.as_str(), spec.hypothesis.as_str()), ("second", ""));
    assert_eq!(spec.parent.unwrap().as_str(), "first");
}

#[test]
fn null_takes_away_what_is_inherited() {
    let folder = Folder::new();
    folder.write("base.yaml", "data: {dataset: synthetic}\noptimizer: {clip_norm: 5, momentum: 0.5}\n");
    let spec = folder.read("free.yaml", "extends: base.yaml\noptimizer: {clip_norm: null}\n").unwrap();
    let OptimizerConfig::Sgd { clip_norm, momentum, .. } = spec.config.optimizer else {
        panic!("{:?}", spec.config.optimizer)
    };
    assert_eq!((clip_norm, momentum), (None, 0.5));
    assert_eq!(changes(&spec), ["optimizer.clip_norm: 5 → null"]);
}

#[test]
fn null_where_nothing_is_inherited_changes_nothing() {
    let folder = Folder::new();
    let text =
        "extends: base.yaml\noptimizer: {clip_norm: null}\ndata: {augment: {colour_temperature: null}}\n";
    let spec = folder.read("same.yaml", text).unwrap();
    assert_eq!(changes(&spec), [""; 0]);
    assert_eq!(spec.config, folder.read("base.yaml", LEAST).unwrap().config);
}

#[test]
fn a_protocol_can_be_taken_away() {
    let folder = Folder::new();
    let text =
        "extends: base.yaml\nevaluation: {protocols: {a: {draw: open_test}, v1.2: {draw: closed_test}}}\n";
    folder.write("two.yaml", text);
    let spec = folder.read("one.yaml", "extends: two.yaml\nevaluation: {protocols: {a: null}}\n").unwrap();
    let names: Vec<_> = spec.config.evaluation.protocols.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["v1.2"]);
}

#[test]
fn a_data_set_of_another_kind_replaces_the_inherited_one() {
    let folder = Folder::new();
    folder.write("base.yaml", "data: {dataset: {synthetic: {identities: 7}}, image_size: 32}\n");
    let spec = folder.read("photos.yaml", "extends: base.yaml\ndata: {dataset: {folder: faces}}\n").unwrap();
    assert_eq!(spec.config.data.dataset, Dataset::Folder(folder.path().join("faces")));
    assert_eq!(spec.config.data.image_size, 32);
    let back = folder.read("back.yaml", "extends: photos.yaml\ndata: {dataset: synthetic}\n").unwrap();
    assert!(matches!(&back.config.data.dataset, Dataset::Synthetic(faces) if faces.identities == 100));
}

#[test]
fn a_split_and_a_protocol_of_another_kind_replace_the_inherited_ones() {
    let folder = Folder::new();
    folder.write(
        "base.yaml",
        "data: {dataset: synthetic, split: {open_identities: 0.5, closed_images: 0.5}}\n\
         evaluation: {protocols: {v1.0: {draw: open_test, pairs: 10, mislabelled: 0.1}}}\n",
    );
    let text = "extends: base.yaml\ndata: {split: {file: s.csv}}\n\
                evaluation: {protocols: {v1.0: {list: p.csv}}}\n";
    let spec = folder.read("given.yaml", text).unwrap();
    assert!(matches!(&spec.config.data.split, SplitConfig::File { file, .. } if file.ends_with("s.csv")));
    let protocol = spec.config.evaluation.protocols.values().next().unwrap();
    assert!(matches!(&protocol.pairs, PairSource::Listed { list, .. } if list.ends_with("p.csv")));
}

#[test]
fn one_share_of_a_drawn_split_leaves_the_other_as_it_was() {
    let folder = Folder::new();
    folder.write("base.yaml", "data: {dataset: synthetic, split: {closed_images: 0.4}}\n");
    let spec = folder.read("a.yaml", "extends: base.yaml\ndata: {split: {open_identities: 0.5}}\n").unwrap();
    let SplitConfig::Drawn { open_identities, closed_images, .. } = spec.config.data.split else {
        panic!("{:?}", spec.config.data.split)
    };
    assert_eq!((open_identities, closed_images), (0.5, 0.4));
}

#[test]
fn another_schedule_keeps_the_warm_up_and_loses_the_power() {
    let folder = Folder::new();
    folder.write(
        "base.yaml",
        "data: {dataset: synthetic}\nschedule: {name: polynomial, power: 2, warmup_epochs: 3}\n",
    );
    let spec = folder.read("cosine.yaml", "extends: base.yaml\nschedule: {name: cosine}\n").unwrap();
    assert_eq!(spec.config.schedule.shape, ScheduleShape::Cosine);
    assert_eq!(spec.config.schedule.warmup_epochs, 3.0);
}

#[test]
fn another_loss_keeps_the_parameters_that_it_has_and_loses_the_rest() {
    let folder = Folder::new();
    folder.write(
        "base.yaml",
        "data: {dataset: synthetic}\nloss: {name: arcface, scale: 32, margin: 0.3, gradient: exact, focal: 2}\n",
    );
    let spec = folder.read("cosface.yaml", "extends: base.yaml\nloss: {name: cosface}\n").unwrap();
    assert_eq!(spec.config.loss, LossConfig::CosFace { scale: 32.0, margin: 0.3 });
    assert_eq!(spec.config.cross_entropy, CrossEntropy::Focal { gamma: 2.0 });
    assert_eq!(changes(&spec), ["loss.name: arcface → cosface", "loss.gradient: exact → null"]);
    let set = folder.read_with("base2.yaml", "extends: base.yaml\n", &["loss.name=sphereface"]).unwrap();
    let LossConfig::SphereFace { multiplier, .. } = set.config.loss else { panic!("{:?}", set.config.loss) };
    assert_eq!(multiplier, 4);
}

#[test]
fn another_optimiser_brings_its_own_learning_rate_and_decay() {
    let folder = Folder::new();
    let base =
        "optimizer: {learning_rate: 0.05, momentum: 0.8, weight_decay: 0, clip_norm: 2, head_rate: 10}";
    folder.write("base.yaml", format!("data: {{dataset: synthetic}}\n{base}\n"));
    let spec = folder.read("adamw.yaml", "extends: base.yaml\noptimizer: {name: adamw}\n").unwrap();
    let expected = OptimizerConfig::AdamW {
        learning_rate: 0.001,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
        clip_norm: Some(2.0),
        layers: LayerOptions { decay_norms: true, head_rate: 10.0 },
    };
    assert_eq!(spec.config.optimizer, expected);
    assert!(
        changes(&spec).contains(&"optimizer.learning_rate: 0.05 → null".to_owned()),
        "{:?}",
        spec.changes
    );
}

#[test]
fn what_would_have_no_effect_can_be_taken_back_by_the_usual_value() {
    let folder = Folder::new();
    folder.write(
        "base.yaml",
        "data: {dataset: synthetic}\noptimizer: {head_rate: 10}\n\
         loss: {gradient: straight_through, past_turn: none, sample_rate: 0.5}\n",
    );
    let refused = |text: &str| folder.read("a.yaml", text).unwrap_err().all().len();
    let pairs = "extends: base.yaml\nloss: {name: supcon}\ntraining: {sampler: {}}\n";
    assert_eq!(refused(pairs), 1);
    let spec = folder.read("b.yaml", &format!("{pairs}optimizer: {{head_rate: 1}}\n")).unwrap();
    assert_eq!(spec.config.optimizer.layers(), LayerOptions::default());
    assert_eq!(refused("extends: base.yaml\nloss: {margin: 0}\n"), 1);
    folder.read("c.yaml", "extends: base.yaml\nloss: {margin: 0, gradient: exact}\n").unwrap();
    assert_eq!(refused("extends: base.yaml\nloss: {name: adacos}\n"), 1);
    folder.read("d.yaml", "extends: base.yaml\nloss: {name: adacos, sample_rate: 1}\n").unwrap();
}

#[test]
fn what_is_frozen_is_one_set_in_whatever_order_and_how_often_it_is_written() {
    let folder = Folder::new();
    folder.write("w.pth", "");
    let freeze = |names: &str| {
        let text = format!("extends: base.yaml\nmodel: {{init: w.pth, freeze: [{names}]}}\n");
        folder.read("a.yaml", &text).unwrap().config
    };
    assert_eq!(freeze("layer1, conv1, layer1").start.freeze, ["conv1", "layer1"]);
    assert_eq!(freeze("layer1, conv1, layer1"), freeze("conv1, layer1"));
}

#[test]
fn a_constant_rate_may_be_nothing_but_warm_up() {
    let text = "extends: base.yaml\nschedule: {name: constant, warmup_epochs: 2}\ntraining: {epochs: 2}\n";
    assert_eq!(Folder::new().read("a.yaml", text).unwrap().config.schedule.warmup_epochs, 2.0);
}

#[test]
fn a_contradiction_with_another_file_is_placed_where_the_spec_speaks_itself() {
    let folder = Folder::new();
    folder.write("long.yaml", "extends: base.yaml\nschedule: {name: cosine, warmup_epochs: 2}\n");
    let mistake = |text: &str| folder.mistakes(text).remove(0);
    let short = mistake("extends: long.yaml\ntraining: {epochs: 1}\n");
    assert_eq!(short.at, Some((2, 20)), "{short:?}");
    folder.write("short.yaml", "extends: base.yaml\ntraining: {epochs: 2}\n");
    let long = mistake("extends: short.yaml\nschedule: {name: cosine, warmup_epochs: 2}\n");
    assert_eq!(long.at, Some((2, 41)), "{long:?}");
}

#[test]
fn what_is_set_beside_another_name_stays_in_whatever_order() {
    let set = ["optimizer.name=adamw", "optimizer.learning_rate=0.002", "optimizer.beta1=0.8"];
    for set in [set, [set[1], set[0], set[2]], [set[2], set[1], set[0]]] {
        let text = "extends: base.yaml\noptimizer: {learning_rate: 0.05}\n";
        let spec = Folder::new().read_with("a.yaml", text, &set).unwrap();
        let OptimizerConfig::AdamW { learning_rate, beta1, .. } = spec.config.optimizer else {
            panic!("{:?}", spec.config.optimizer)
        };
        assert_eq!((learning_rate, beta1), (0.002, 0.8), "{set:?}");
    }
}

#[test]
fn what_a_spec_says_nothing_of_is_no_part_of_its_plan() {
    let spec = Folder::new().read("a.yaml", LEAST).unwrap();
    let training = serde_json::to_string(&spec.config.training).unwrap();
    assert_eq!(training, r#"{"epochs":10,"batch_size":64,"precision":"float32","log_every":10}"#);
    let optimizer = serde_json::to_string(&spec.config.optimizer).unwrap();
    let before =
        r#"{"name":"sgd","learning_rate":0.1,"momentum":0.9,"weight_decay":0.0005,"clip_norm":null}"#;
    assert_eq!(optimizer, before);
    assert_eq!(serde_json::from_str::<OptimizerConfig>(before).unwrap(), spec.config.optimizer);
    let schedule = serde_json::to_string(&spec.config.schedule).unwrap();
    assert_eq!(schedule, r#"{"shape":{"polynomial":{"power":1.0}},"warmup_epochs":0.0}"#);
}

#[test]
fn what_is_computed_in_is_a_part_of_the_plan_and_whether_bits_repeat_is_not() {
    let plan = |text: &str| {
        let spec = Folder::new().read("a.yaml", &format!("{LEAST}{text}")).unwrap();
        let data = Fingerprint::of(b"data");
        let plan = Plan { config: spec.config, seed: 0, data, trainer: TRAINER_VERSION };
        (plan.hash(), serde_json::to_string(&spec.resources).unwrap())
    };
    let (usual, resources) = plan("");
    assert_eq!(resources, r#"{"device":"auto","threads":"auto","memory_bytes":null}"#);
    assert_eq!(plan("training: {precision: float32}\n").0, usual);
    for precision in ["tf32", "bf16", "fp16"] {
        assert_ne!(plan(&format!("training: {{precision: {precision}}}\n")).0, usual);
    }
    let bf16 = plan("training: {precision: bf16}\n").0;
    assert_eq!(plan("training: {precision: bf16, head_precision: float32}\n").0, bf16);
    assert_ne!(plan("training: {precision: bf16, head_precision: bf16}\n").0, bf16);
    assert_eq!(plan("training: {ranks: 1}\n").0, usual);
    assert_ne!(plan("training: {ranks: 2}\n").0, usual);
    let (same, resources) = plan("resources: {deterministic: false}\n");
    assert_eq!(same, usual);
    assert!(resources.ends_with(r#""deterministic":false}"#), "{resources}");
}

#[test]
fn a_share_of_a_gpu_is_no_part_of_the_plan_and_is_set_from_outside_too() {
    let read = |set: &[&str]| Folder::new().read_with("a.yaml", LEAST, set).unwrap();
    let (whole, shared) = (read(&[]), read(&["resources.gpu_memory=4GiB"]));
    assert_eq!((whole.resources.gpu_memory_bytes, shared.resources.gpu_memory_bytes), (None, Some(4 << 30)));
    assert_eq!(whole.config, shared.config);
    assert_eq!(whole.lineage.values, shared.lineage.values);
    let json = serde_json::to_string(&shared.resources).unwrap();
    assert_eq!(
        json,
        r#"{"device":"auto","threads":"auto","memory_bytes":null,"gpu_memory_bytes":4294967296}"#
    );
    assert_eq!(serde_json::from_str::<ResourceRequest>(&json).unwrap(), shared.resources);
}

#[test]
fn who_carries_a_run_out_is_no_part_of_the_plan_and_each_key_is_set_from_outside() {
    let folder = Folder::new();
    let cluster = "resources: {executor: {slurm: {partition: gpu, gres: 'gpu:a100:1', time: 1-12:00:00}}}\n";
    let here = folder.read("here.yaml", LEAST).unwrap();
    let there = folder.read("there.yaml", &format!("{LEAST}{cluster}")).unwrap();
    assert_eq!((&here.config, &here.lineage.values), (&there.config, &there.lineage.values));
    let slurm = SlurmRequest {
        partition: Some("gpu".to_owned()),
        gres: Some("gpu:a100:1".to_owned()),
        time_secs: Some(36 * 3_600),
        ..SlurmRequest::default()
    };
    assert!(slurm.has_gpu());
    assert_eq!(there.resources.executor, Executor::Slurm(slurm.clone()));
    let json = serde_json::to_string(&there.resources).unwrap();
    assert_eq!(serde_json::from_str::<ResourceRequest>(&json).unwrap(), there.resources);
    let set = |set: &[&str]| {
        let spec = folder.read_with("set.yaml", &format!("{LEAST}{cluster}"), set).unwrap();
        spec.resources.executor
    };
    assert_eq!(set(&["resources.executor=local"]), Executor::Local);
    assert_eq!(set(&["resources.executor.slurm={}"]), Executor::Slurm(slurm.clone()));
    let changed = set(&["resources.executor.slurm.gres=null", "resources.executor.slurm.time=30 min"]);
    assert_eq!(changed, Executor::Slurm(SlurmRequest { gres: None, time_secs: Some(1_800), ..slurm }));
}

#[test]
fn a_path_is_relative_to_the_file_that_it_is_written_in() {
    let folder = Folder::new();
    folder.write("shared/base.yaml", "data: {dataset: {folder: ../photos}, split: {file: split.csv}}\n");
    let text = "extends: ../shared/base.yaml\ndata: {split: {file: mine.csv}}\n";
    let spec = folder.read("mine/spec.yaml", text).unwrap();
    let Dataset::Folder(photos) = &spec.config.data.dataset else { panic!("no folder") };
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    assert_eq!(photos.canonicalize().unwrap(), folder.path().join("photos").canonicalize().unwrap());
    assert!(photos.is_absolute());
    let SplitConfig::File { file, .. } = &spec.config.data.split else { panic!("no file") };
    assert_eq!(file, &folder.path().join("mine/mine.csv"));
}

#[test]
fn an_absolute_path_stays_as_it_is() {
    let spec = Folder::new().read("a.yaml", "data: {dataset: {folder: /photos}}\n").unwrap();
    assert_eq!(spec.config.data.dataset, Dataset::Folder(PathBuf::from("/photos")));
}

#[test]
fn an_environment_variable_is_put_into_a_path() {
    let home = std::env::var("HOME").unwrap();
    let spec = Folder::new().read("a.yaml", "data: {dataset: {folder: \"${HOME}/faces\"}}\n").unwrap();
    assert_eq!(spec.config.data.dataset, Dataset::Folder(PathBuf::from(home).join("faces")));
}

#[test]
fn an_override_goes_on_top_of_every_spec_and_so_is_no_difference_between_them() {
    let folder = Folder::new();
    let text = "extends: base.yaml\nloss: {margin: 0.8, scale: 30}\n";
    let set = ["loss.margin=0.3", "training.seeds=[0, 1, 2]", "data.colour=grey"];
    let spec = folder.read_with("a.yaml", text, &set).unwrap();
    assert_eq!((margin(&spec), spec.seeds.as_slice()), (0.3, [0, 1, 2].as_slice()));
    assert_eq!(changes(&spec), ["loss.scale: nothing → 30"]);
}

#[test]
fn an_override_can_name_a_variable_as_a_spec_can() {
    let home = std::env::var("HOME").unwrap();
    let set = ["data.dataset.folder=${HOME}/faces"];
    let spec = Folder::new().read_with("a.yaml", "data: {dataset: {folder: x}}\n", &set).unwrap();
    assert_eq!(spec.config.data.dataset, Dataset::Folder(PathBuf::from(home).join("faces")));
}

#[test]
fn a_later_override_wins_and_an_empty_one_takes_away() {
    let folder = Folder::new();
    let set = ["loss.margin=0.3", "loss.margin=0.4", "optimizer.clip_norm="];
    let spec = folder.read_with("a.yaml", "extends: base.yaml\noptimizer: {clip_norm: 5}\n", &set).unwrap();
    let OptimizerConfig::Sgd { clip_norm, .. } = spec.config.optimizer else {
        panic!("{:?}", spec.config.optimizer)
    };
    assert_eq!((margin(&spec), clip_norm), (0.4, None));
}

#[test]
fn what_a_run_cannot_be_without_cannot_be_taken_away() {
    let folder = Folder::new();
    let errors = folder.read_with("a.yaml", LEAST, &["loss.scale="]).unwrap_err();
    assert_eq!(errors.all()[0].message, "`loss.scale` has no value");
    let errors = folder.read("b.yaml", "extends: base.yaml\ndata: null\n").unwrap_err();
    assert!(errors.all().iter().any(|one| one.message == "`data` has no value"), "{errors}");
}

#[test]
fn an_override_can_say_a_whole_section() {
    let spec =
        Folder::new().read_with("a.yaml", LEAST, &["data.dataset={synthetic: {identities: 5}}"]).unwrap();
    assert!(matches!(spec.config.data.dataset, Dataset::Synthetic(faces) if faces.identities == 5));
}

#[test]
fn a_path_in_an_override_is_relative_to_the_current_folder() {
    let spec = Folder::new().read_with("a.yaml", LEAST, &["data.dataset.folder=photos"]).unwrap();
    let here = std::env::current_dir().unwrap().join("photos");
    assert_eq!(spec.config.data.dataset, Dataset::Folder(here));
}

#[test]
fn a_mistake_in_an_override_is_shown_in_it() {
    let folder = Folder::new();
    let errors = folder.read_with("a.yaml", LEAST, &["loss.margin=5"]).unwrap_err();
    let [one] = errors.all() else { panic!("{errors}") };
    assert_eq!((one.file.as_str(), one.at), ("--set", Some((1, 13))));
    let errors = folder.read_with("a.yaml", LEAST, &["loss.marign=0.5"]).unwrap_err();
    let printed = errors.to_string();
    assert!(printed.contains("--set") && printed.contains("did you mean `margin`?"), "{printed}");
}

#[test]
fn a_mistake_in_an_override_is_reported_once_however_many_specs_there_are() {
    let folder = Folder::new();
    folder.write("other.yaml", LEAST);
    let set: Override = "loss.margin=5".parse().unwrap();
    let errors = read_specs(&[folder.path().to_owned()], &[set]).unwrap_err();
    assert_eq!(errors.all().len(), 1, "{errors}");
}

#[test]
fn an_override_of_extends_is_refused() {
    let errors = Folder::new().read_with("a.yaml", LEAST, &["extends=base.yaml"]).unwrap_err();
    let printed = errors.to_string();
    assert!(printed.contains("--set") && printed.contains("`extends`"), "{printed}");
}

#[test]
fn what_is_no_override_is_refused_before_any_spec_is_read() {
    for text in ["", "loss.margin", "=3", "loss..margin=1", ".=1", "a.=1"] {
        let error = text.parse::<Override>().unwrap_err();
        assert!(matches!(error, InvalidOverride::Form(_)), "{text}: {error}");
        assert!(error.to_string().contains("loss.margin=0.3"), "{error}");
    }
    for text in ["a=[1", "a={b", "a=*x", "a=b: c: d", "a=!!str x"] {
        let error = text.parse::<Override>().unwrap_err();
        assert!(matches!(error, InvalidOverride::Value { .. }), "{text}: {error}");
    }
    let deep = format!("{}=1", vec!["a"; 100_000].join("."));
    assert!(deep.parse::<Override>().is_err());
}

#[test]
fn a_folder_stands_for_the_specs_directly_in_it_and_those_that_extend_none_come_first() {
    let folder = Folder::new();
    folder.write("a.yaml", "extends: base.yaml\n");
    folder.write("c.yml", "extends: a.yaml\n");
    folder.write("notes.txt", "no spec");
    folder.write(".hidden.yaml", "no: spec");
    folder.write("deeper/d.yaml", "no: spec");
    let specs = read_specs(&[folder.path().to_owned()], &[]).unwrap();
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["base", "a", "c"]);
}

#[test]
fn a_spec_that_is_named_twice_is_read_once() {
    let folder = Folder::new();
    let (base, path) = (folder.path().join("base.yaml"), folder.path().to_owned());
    let roundabout = path.join("../").join(path.file_name().unwrap()).join("base.yaml");
    let specs = read_specs(&[path, base, roundabout], &[]).unwrap();
    assert_eq!(specs.len(), 1);
}

#[test]
fn two_specs_of_a_folder_cannot_have_one_name() {
    let folder = Folder::new();
    folder.write("other.yaml", "extends: base.yaml\nname: base\n");
    let errors = read_specs(&[folder.path().to_owned()], &[]).unwrap_err();
    let printed = folder.printed(&errors);
    assert!(printed.contains("`base`") && printed.contains("another `name:`"), "{printed}");
}

#[test]
fn the_experiment_is_the_folder_even_where_its_name_is_no_name() {
    let folder = Folder::new();
    for (name, expected) in [("plain", "plain"), ("with space", "with-space"), ("_x", "x"), ("…", "root")] {
        let spec = folder.read(&format!("{name}/a.yaml"), LEAST).unwrap();
        assert_eq!(spec.experiment.as_str(), expected);
    }
}

#[test]
fn every_seed_makes_a_plan_of_its_own() {
    let spec = Folder::new().read("a.yaml", &format!("{LEAST}training: {{seeds: [0, 7]}}\n")).unwrap();
    let data = arclab_spec::Fingerprint::of(b"data");
    let plans: Vec<_> = spec.plans(&data).collect();
    assert_eq!(plans.iter().map(|plan| plan.seed).collect::<Vec<_>>(), [0, 7]);
    assert_ne!(plans[0].hash(), plans[1].hash());
}

#[test]
fn weights_to_begin_with_are_a_part_of_a_plan_by_their_content_and_not_by_their_place() {
    let folder = Folder::new();
    folder.write("a.pth", "a");
    folder.write("there/b.pth", "b");
    let text = |file| format!("extends: base.yaml\nmodel: {{init: {file}, freeze: [conv1, layer1.*]}}\n");
    let [mut here, mut there] =
        ["a.pth", "there/b.pth"].map(|file| folder.read("spec.yaml", &text(file)).unwrap());
    let data = arclab_spec::Fingerprint::of(b"data");
    let hash = |spec: &Spec| spec.plans(&data).next().unwrap().hash();
    let random = folder.read("spec.yaml", LEAST).unwrap();
    assert_ne!(hash(&here), hash(&random));
    for spec in [&mut here, &mut there] {
        spec.begins_with(arclab_spec::Fingerprint::of(b"weights"));
    }
    assert_eq!(hash(&here), hash(&there));
    there.begins_with(arclab_spec::Fingerprint::of(b"other weights"));
    assert_ne!(hash(&here), hash(&there));
    assert!(here.config.start.init.unwrap().file.ends_with("a.pth"));
    assert_eq!(here.config.start.freeze, ["conv1", "layer1.*"]);

    // What was inherited is taken away by null.
    folder.write("parent.yaml", text("a.pth"));
    let child = "extends: parent.yaml\nmodel: {init: null, freeze: null}\n";
    assert_eq!(hash(&folder.read("child.yaml", child).unwrap()), hash(&random));
}

#[test]
fn what_is_expected_is_no_part_of_the_plan_and_not_inherited() {
    let folder = Folder::new();
    let expects = "expect: [{metric: open.auc, change: stays, within: 0.01, versus: other}]\n";
    let base = folder.read("base.yaml", &format!("{LEAST}{expects}")).unwrap();
    let shown: Vec<String> = base.expect.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["open.auc stays within ±0.01 versus other"]);
    let variant = folder.read("variant.yaml", "extends: base.yaml\n").unwrap();
    assert_eq!((variant.expect.as_slice(), &variant.config), (&[][..], &base.config));
    assert!(variant.changes.is_empty(), "{:?}", variant.changes);
}
