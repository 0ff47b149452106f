//! The JSON Schema that editors read.

#![expect(clippy::wildcard_enum_match_arm, reason = "of a parser's events few are of use here")]

mod support;

use arclab_spec::{json_schema, read_specs};
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value, json};
use support::{Folder, experiments};

/// A YAML text as an editor sees it: typed by YAML's core schema.
fn as_json(text: &str) -> Value {
    let mut parser = Parser::new_from_str(text);
    loop {
        let event = next(&mut parser);
        if !matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            return value(event, &mut parser);
        }
    }
}

fn next<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> Event<'a> {
    parser.next_event().expect("the text has not ended").expect("the text is YAML").0
}

fn value<'a>(event: Event<'a>, parser: &mut Parser<'a, StrInput<'a>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => plain(&text),
        Event::Scalar(text, ..) => Value::from(text.as_ref()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser) {
                    Event::SequenceEnd => return Value::Array(items),
                    event => items.push(value(event, parser)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                match next(parser) {
                    Event::MappingEnd => return Value::Object(entries),
                    Event::Scalar(key, ..) => {
                        let event = next(parser);
                        entries.insert(key.into_owned(), value(event, parser));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        other => panic!("{other:?}"),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ => {
            let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
            let whole = text.parse::<i64>().map(Value::from).ok();
            let float = || text.parse::<f64>().ok().filter(|x| x.is_finite()).map(Value::from);
            number.then(|| whole.or_else(float)).flatten().unwrap_or_else(|| text.into())
        }
    }
}

#[test]
fn the_shipped_schema_is_that_of_the_program() {
    let path = experiments().join("spec.schema.json");
    let shipped: Value =
        std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    assert!(
        shipped == json_schema(),
        "experiments/spec.schema.json is out of date: `cargo run -- schema > experiments/spec.schema.json`",
    );
}

#[test]
fn the_schema_is_one() {
    jsonschema::meta::validate(&json_schema()).unwrap();
}

#[test]
fn every_shipped_spec_fits_the_schema_and_points_at_it() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let mut specs = 0;
    for (folder, pointer) in support::shipped_folders() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // A catalogue that a person made in the clone is no spec.
            let is_catalogue = path.file_name().is_some_and(|name| name == "datasets.yaml");
            if path.extension().is_some_and(|ending| ending == "yaml") && !is_catalogue {
                let text = std::fs::read_to_string(&path).unwrap();
                schema
                    .validate(&as_json(&text))
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let first = text.lines().next().unwrap();
                assert_eq!(first, format!("# yaml-language-server: $schema={pointer}"), "{}", path.display());
                specs += 1;
            }
        }
    }
    assert!(specs >= 22, "{specs}");
}

#[test]
fn every_key_has_a_description() {
    fn walk(schema: &Value, path: &str) -> usize {
        let Some(fields) = schema.get("properties").and_then(Value::as_object) else {
            let inner = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array);
            return inner.into_iter().flatten().map(|one| walk(one, path)).sum();
        };
        let own = |(key, field): (&String, &Value)| {
            let path = format!("{path}.{key}");
            assert!(field["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
            1 + walk(field, &path)
        };
        fields.iter().map(own).sum()
    }
    assert!(walk(&json_schema(), "") > 50);
}

/// Specs, and whether the schema and the reader take them.
const SPECS: &[(&str, bool)] = &[
    ("data: {dataset: synthetic}", true),
    ("data: {dataset: {synthetic: {identities: 5}}}", true),
    ("data: {dataset: {folder: photos}}", true),
    ("extends: base.yaml\nloss: null", false),
    ("extends: base.yaml\noptimizer: {clip_norm: null}", true),
    ("extends: base.yaml\nresources: {threads: 4, memory: 2 GiB}", true),
    ("extends: base.yaml\nresources: {threads: auto, memory: 0.5 TiB}", true),
    ("extends: base.yaml\nresources: {device: cuda, gpu_memory: 4GiB}", true),
    ("extends: base.yaml\nresources: {gpu_memory: null}", true),
    ("extends: base.yaml\nresources: {executor: local}", true),
    ("extends: base.yaml\nresources: {executor: slurm}", true),
    (
        "extends: base.yaml\nresources: {executor: {slurm: {partition: gpu, gres: 'gpu:1', time: 4 h, qos: null}}}",
        true,
    ),
    (
        "extends: base.yaml\nresources: {executor: {slurm: {time: '1-12:00:00', cpus: 8, memory: 16 GiB, extra: [--exclusive]}}}",
        true,
    ),
    ("extends: base.yaml\nresources: {executor: {slurm: {time: '2:00'}}}", false),
    ("extends: base.yaml\nresources: {executor: {slurm: {cpus: 0}}}", false),
    ("extends: base.yaml\nresources: {executor: {pbs: {}}}", false),
    ("extends: base.yaml\nresources: {executor: kubernetes}", false),
    ("extends: base.yaml\nresources: {gpu_memory: 4}", false),
    ("extends: base.yaml\nresources: {time_limit: 1.5 h}\nqueue: {priority: -2, after: [base]}", true),
    ("extends: base.yaml\nresources: {time_limit: 5}", false),
    ("extends: base.yaml\nqueue: {after: []}", false),
    ("extends: base.yaml\nevaluation: {threshold: {k_fold: 5}, protocols: {a: {draw: open_test}}}", true),
    ("extends: base.yaml\nevaluation: {threshold: {fixed: 0.25}}", true),
    ("extends: base.yaml\noptimizer: {learning_rate: 1e-3}\ntraining: {epochs: 10}", true),
    ("extends: base.yaml\noptimizer: {nesterov: true, decay_norms: false, head_rate: 10}", true),
    ("extends: base.yaml\noptimizer: {name: adamw, beta1: 0.8, epsilon: 1e-6}", true),
    ("extends: base.yaml\nschedule: {name: step, milestones: [3, 5], factor: 0.5}", true),
    ("extends: base.yaml\nschedule: {name: step, every_epochs: 3}", true),
    ("extends: base.yaml\nschedule: {name: one_cycle, rise: 0.2}", true),
    ("extends: base.yaml\ntraining: {accumulate: 4, ema: 0.999}", true),
    ("extends: base.yaml\ntraining: {ema: null}", true),
    ("extends: base.yaml\ntraining: {ranks: 4, accumulate: 2}", true),
    ("extends: base.yaml\ntraining: {ranks: 0}", false),
    (
        "extends: base.yaml\ntraining: {precision: bf16}\nresources: {device: cuda, deterministic: false}",
        true,
    ),
    ("extends: base.yaml\ntraining: {precision: tf32}\nresources: {deterministic: true}", true),
    ("extends: base.yaml\ntraining: {precision: bf16, head_precision: bf16}", true),
    ("extends: base.yaml\ntraining: {precision: fp8}", false),
    ("extends: base.yaml\ntraining: {head_precision: fp16}", false),
    ("extends: base.yaml\nresources: {deterministic: no}", false),
    ("extends: base.yaml\noptimizer: {nesterov: \"true\"}", false),
    ("extends: base.yaml\noptimizer: {name: adam}", false),
    ("extends: base.yaml\nschedule: {name: step, milestones: [3], every_epochs: 3}", false),
    ("extends: base.yaml\nschedule: {name: step, milestones: [0]}", false),
    ("extends: base.yaml\ntraining: {ema: 1}", false),
    ("extends: base.yaml\nloss: {marign: 0.3}", false),
    ("extends: base.yaml\nloss: {margin: 2.1}", false),
    ("extends: base.yaml\nloss: {name: arcface, margin: 1.6}", false),
    ("extends: base.yaml\nloss: {scale: 0}", false),
    ("extends: base.yaml\nloss: {margin: \"0.5\"}", false),
    ("extends: base.yaml\nloss: 0.3", false),
    ("extends: base.yaml\nloss: {name: cosface, margin: 0.35, label_smoothing: 0.1}", true),
    ("extends: base.yaml\nloss: {name: cosface, margin: 1.2}", false),
    ("extends: base.yaml\nloss: {name: cosface, gradient: exact}", false),
    ("extends: base.yaml\nloss: {name: combined, multiplier: 0.9}", true),
    ("extends: base.yaml\nloss: {name: sphereface, multiplier: 0.9}", false),
    ("extends: base.yaml\nloss: {name: subcentre, centres: 3, past_turn: linear}", true),
    ("extends: base.yaml\nloss: {name: adacos, scaling: dynamic}", true),
    ("extends: base.yaml\nloss: {name: adacos, scale: 30}", false),
    ("extends: base.yaml\nloss: {label_smoothing: 1}", false),
    ("extends: base.yaml\nloss: {name: cosface, sample_rate: 0.1}", true),
    ("extends: base.yaml\nloss: {sample_rate: 1.5}", false),
    ("extends: base.yaml\nloss: {name: triplet, miner: hard}\ntraining: {sampler: {images_each: 4}}", true),
    ("extends: base.yaml\nloss: {name: triplet, miner: hardest}\ntraining: {sampler: {}}", false),
    ("extends: base.yaml\nloss: {name: triplet, margin: 2.1}\ntraining: {sampler: {}}", false),
    ("extends: base.yaml\nloss: {name: supcon, focal: 2}\ntraining: {sampler: {}}", false),
    ("extends: base.yaml\nloss: {name: circle, temperature: 0.1}\ntraining: {sampler: {}}", false),
    ("extends: base.yaml\nloss: {name: lifted_structure, positive_margin: 0}\ntraining: {sampler: {}}", true),
    (
        "extends: base.yaml\nloss: {name: lifted_structure, positive_margin: 1}\ntraining: {sampler: {}}",
        false,
    ),
    ("extends: base.yaml\nloss: {name: proxy_anchor, scale: 32}", true),
    ("extends: base.yaml\ntraining: {sampler: null}", true),
    ("extends: base.yaml\ntraining: {sampler: {images_each: 0}}", false),
    ("extends: base.yaml\ntraining: {sampler: {images: 4}}", false),
    ("extends: base.yaml\ndata: {colour: gray}", false),
    ("extends: base.yaml\nmodel: {backbone: iresnet200, dropout: 0.4}", true),
    ("extends: base.yaml\nmodel: {backbone: mobilefacenet_scale1, dropout: 0}", true),
    ("extends: base.yaml\nmodel: {backbone: mobilefacenet_scale1, dropout: 0.4}", false),
    ("extends: base.yaml\nmodel: {dropout: 1}", false),
    ("extends: base.yaml\nmodel: {input: grey}\ndata: {colour: grey}", true),
    ("extends: base.yaml\nmodel: {input: gray}", false),
    ("extends: base.yaml\ndata: {dataset: [celeba]}", false),
    ("extends: base.yaml\ndata: {dataset: {folder: a, synthetic: {}}}", false),
    ("extends: base.yaml\ndata: {image_size: 100}", false),
    ("extends: base.yaml\ntraining: {epochs: 2.5}", false),
    ("extends: base.yaml\ntraining: {seeds: []}", false),
    ("extends: base.yaml\ntraining: {seeds: [1, 1]}", false),
    ("extends: base.yaml\nresources: {threads: 0}", false),
    ("extends: base.yaml\nresources: {memory: 2 gigs}", false),
    ("extends: base.yaml\nevaluation: {threshold: {fixed: 2}}", false),
    ("extends: base.yaml\nevaluation: {threshold: {fixed: 0, k_fold: 5}}", false),
    ("extends: base.yaml\nevaluation: {protocols: {a: {draw: all}}}", false),
    ("- a list", false),
];

#[test]
fn the_schema_and_the_reader_agree() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    for (text, is_right) in SPECS {
        let folder = Folder::new();
        let path = folder.write("spec.yaml", text);
        assert_eq!(read_specs(&[path], &[]).is_ok(), *is_right, "the reader on {text}");
        assert_eq!(schema.is_valid(&as_json(text)), *is_right, "the schema on {text}");
    }
}

#[test]
fn the_schema_says_which_values_are_usual() {
    let schema = json_schema();
    assert_eq!(schema["properties"]["loss"]["properties"]["margin"]["default"], json!(0.5));
}
