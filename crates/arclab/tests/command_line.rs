//! The commands as a user meets them: what they print, where, and with which exit code.

mod support;

use std::process::Stdio;

use support::{BASELINE, Lab, text};

#[test]
fn a_run_prints_both_tables_and_a_second_one_is_cached() {
    let lab = Lab::new();
    let first = lab.succeed(&["run", "specs", "--format", "csv"]);
    assert!(first.contains("closed_accuracy") && first.contains("false_negatives"), "{first}");
    assert_eq!(first.matches("trained").count(), 2, "{first}");
    let second = lab.succeed(&["run", "specs", "--format", "csv"]);
    assert_eq!(first.replace("trained", "cached"), second);

    let compared = lab.succeed(&["compare", "baseline", "m0.2", "--json"]);
    let tables: serde_json::Value = serde_json::from_str(&compared).unwrap();
    assert_eq!(tables["accuracy"][1]["variant"], "m0.2");
    assert!(tables["accuracy"][1]["open_difference_low"].is_number(), "{compared}");

    // No names mean all variants, the one that extends none first.
    assert_eq!(lab.succeed(&["compare", "--json"]), compared);

    let history = lab.succeed(&["history", "--where", "state=succeeded", "--format", "csv"]);
    assert_eq!(history.lines().count(), 3, "{history}");
    for format in ["markdown", "latex", "csv"] {
        assert!(!lab.succeed(&["compare", "baseline", "m0.2", "--format", format]).is_empty());
    }
}

#[test]
fn forced_runs_give_the_same_numbers_again() {
    let lab = Lab::new();
    let tables = ["compare", "baseline", "m0.2", "--json"];
    lab.succeed(&["run", "specs", "--quiet"]);
    let first = lab.succeed(&tables);
    let forced = lab.succeed(&["run", "specs", "--quiet", "--force"]);
    assert!(forced.contains("trained"), "{forced}");
    assert_eq!(lab.succeed(&tables), first);
}

#[test]
fn weights_at_hand_give_the_accuracy_of_their_run() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet"]);
    let compared = lab.succeed(&["compare", "baseline", "--json"]);
    let tables: serde_json::Value = serde_json::from_str(&compared).unwrap();
    let runs = std::fs::read_dir(lab.path().join(".arclab/runs")).unwrap();
    let run = runs.flatten().next().unwrap().path();
    let weights = run.join("weights.safetensors").display().to_string();
    let tested =
        lab.succeed(&["test", "--checkpoint", &weights, "--mode", "open", "--json", "--out", "predictions"]);
    let tested: serde_json::Value = serde_json::from_str(&tested).unwrap();
    assert_eq!(tested[0]["accuracy"], tables["accuracy"][0]["open_accuracy"]);
    let predictions =
        std::fs::read_dir(lab.path().join("predictions")).unwrap().flatten().next().unwrap().path();
    let ours = std::fs::read_dir(&run).unwrap().flatten().map(|entry| entry.path());
    let ours = ours.into_iter().find(|path| path.to_string_lossy().contains("open_")).unwrap();
    let pairs =
        |path| std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(pairs(predictions), pairs(ours));
}

#[test]
fn a_plan_says_what_differs_and_runs_nothing() {
    let lab = Lab::new();
    let plan = lab.succeed(&["plan", "specs"]);
    assert!(plan.contains("loss.margin") && plan.contains("0.2"), "{plan}");
    assert!(!lab.path().join(".arclab").exists());
}

#[test]
fn a_plan_of_a_sweep_says_once_what_it_goes_through() {
    let lab = Lab::new();
    let sweep = "extends: ../specs/baseline.yaml\nsweep: {axes: {loss.margin: [0.2, 0.3, 0.4]}}\ntraining: {seeds: [0, 1]}\n";
    lab.write("sweeps/margin.yaml", sweep);
    let plan = lab.succeed(&["plan", "sweeps"]);
    let once = "a sweep of 3 cells with 6 runs, by a grid, over\n    loss.margin: [0.2, 0.3, 0.4]";
    assert_eq!(plan.matches(once).count(), 1, "{plan}");
    assert!(plan.contains("margin-0.4") && plan.contains("baseline"), "{plan}");
}

#[test]
fn mistakes_in_specs_exit_with_2_and_run_nothing() {
    let lab = Lab::new();
    lab.write("specs/wrong.yaml", "extends: baseline.yaml\nloss: {marign: 0.3}\n");
    let output = lab.arclab(&["run", "specs"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("wrong.yaml:2:8") && said.contains("`margin`"), "{said}");
    assert!(!lab.path().join(".arclab").exists());
    assert_eq!(lab.arclab(&["run"]).status.code(), Some(2));
    let at_odds = lab.arclab(&["run", "specs", "--executor", "local", "--slurm", "partition=gpu"]);
    assert_eq!(at_odds.status.code(), Some(2));
    assert!(text(&at_odds.stderr).starts_with("error: `--slurm` has no effect"), "{}", text(&at_odds.stderr));
}

#[test]
fn a_run_that_diverges_exits_with_1_and_says_where() {
    let lab = Lab::new();
    // Each step multiplies the weights by about a thousand.
    lab.write(
        "specs/wild.yaml",
        "extends: baseline.yaml\noptimizer: {learning_rate: 1000, weight_decay: 1, clip_norm: null}\n",
    );
    let output = lab.arclab(&["run", "specs/wild.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("step"), "{}", text(&output.stderr));
    let history = lab.succeed(&["history", "--where", "state=failed", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&history).unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn a_run_that_is_refused_leaves_everything_as_it_was() {
    let lab = Lab::new();
    let compare = ["compare", "--json"];
    lab.succeed(&["run", "specs", "--quiet"]);
    let before = (lab.succeed(&compare), lab.succeed(&["history", "--json"]));
    let refused = |arguments: &[&str], why: &str| {
        let output = lab.arclab(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
        assert_eq!((lab.succeed(&compare), lab.succeed(&["history", "--json"])), before);
    };
    let much = ["run", "specs", "--force", "--set", "loss.scale=30", "--set", "resources.memory=1000 TiB"];
    refused(&much, "of memory");
    let lock = std::fs::File::create(lab.path().join(".arclab/scheduler.lock")).unwrap();
    lock.lock().unwrap();
    refused(&["run", "specs", "--set", "loss.scale=30"], "another arclab is at work");
    refused(&["run", "specs", "--force"], "another arclab is at work");
}

#[test]
fn variants_that_were_not_set_alike_are_compared_with_a_warning() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", "--set", "training.epochs=2"]);
    lab.succeed(&["run", "specs/m0.2.yaml", "--quiet"]);
    let warning = "m0.2 differs from baseline also by what no spec says: training.epochs: 2 → 3";
    let compared = lab.succeed(&["compare", "--json"]);
    assert!(compared.contains(warning), "{compared}");
    assert!(!lab.succeed(&["run", "specs", "--json"]).contains("what no spec says"));
}

#[test]
fn several_experiments_come_as_one_document_and_a_page_each() {
    let lab = Lab::new();
    lab.write("other/baseline.yaml", BASELINE);
    let printed = lab.succeed(&["run", "specs", "other", "--json", "--html", "page.html"]);
    let tables: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(tables["specs"]["accuracy"].as_array().unwrap().len(), 2);
    assert_eq!(tables["other"]["accuracy"][0], tables["specs"]["accuracy"][0], "they share a plan");
    assert!(lab.path().join("page-specs.html").is_file() && lab.path().join("page-other.html").is_file());
    let history = lab.succeed(&["history", "--format", "csv"]);
    assert!(history.contains(",other/baseline,"), "{history}");

    // Under one name, they would be taken for one another.
    let output = lab.arclab(&["run", "specs", "other", "--experiment", "all"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn a_batch_larger_than_the_training_images_is_refused_before_anything_is_run() {
    let lab = Lab::new();
    let output = lab.arclab(&["run", "specs/m0.2.yaml", "--set", "training.batch_size=512"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("`training.batch_size` is 512"), "{}", text(&output.stderr));
    assert_eq!(lab.succeed(&["history", "--json"]).trim(), "[]");
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let lab = Lab::new();
    for command in [["history", "--store", "nowhere"], ["compare", "--store", "nowhere"]] {
        let output = lab.arclab(&command);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("nowhere"), "{}", text(&output.stderr));
        assert!(!lab.path().join("nowhere").exists());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let lab = Lab::new();
    let mut schema = lab.command(["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(schema.stdout.take());
    let output = schema.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_run_whose_errors_nobody_reads_goes_on() {
    let lab = Lab::new();
    let mut run =
        lab.command(["run", "specs"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(run.stderr.take());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("trained"), "{}", text(&output.stdout));
}

#[test]
fn a_worker_of_another_version_is_refused_and_costs_no_result() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    let before = lab.succeed(&["compare", "--json"]);
    lab.write(
        "other-worker",
        "#!/bin/sh\necho '{\"cuda\": null, \"plan_version\": 99, \"journal_version\": 1, \"trainer\": 1}'\n",
    );
    let program = lab.path().join("other-worker");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output =
        lab.command(["run", "specs", "--force"]).env("ARCLAB_WORKER", "other-worker").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("another arclab (plan 99"), "{}", text(&output.stderr));
    assert_eq!(lab.succeed(&["compare", "--json"]), before);
}

#[test]
fn all_variants_are_compared_in_the_order_in_which_they_are_run() {
    let lab = Lab::new();
    lab.write("base.yaml", BASELINE);
    lab.write("ext/baseline.yaml", "extends: ../base.yaml\nloss: {margin: 0.4}\n");
    lab.write("ext/aug.yaml", "extends: baseline.yaml\ndata: {augment: {flip: 0}}\n");
    let order = |tables: &str| {
        let tables: serde_json::Value = serde_json::from_str(tables).unwrap();
        tables["accuracy"].as_array().unwrap().iter().map(|row| row["variant"].clone()).collect::<Vec<_>>()
    };
    let run = order(&lab.succeed(&["run", "ext", "--json", "--quiet"]));
    assert_eq!(run, ["baseline", "aug"]);
    assert_eq!(order(&lab.succeed(&["compare", "--json"])), run);
}

#[test]
fn every_loss_is_listed_with_what_the_schema_allows_for_it() {
    let lab = Lab::new();
    let listed: serde_json::Value = serde_json::from_str(&lab.succeed(&["losses", "--json"])).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&lab.succeed(&["schema"])).unwrap();
    let schema = &schema["properties"]["loss"];
    let names = |of: &serde_json::Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|one| one["loss"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(serde_json::json!(names(&listed["losses"])), schema["properties"]["name"]["enum"]);
    for (name, condition) in names(&listed["losses"]).iter().zip(schema["allOf"].as_array().unwrap()) {
        assert_eq!(condition["if"]["properties"]["name"]["const"], **name);
        let own = condition["then"]["properties"].as_object().unwrap();
        let rows = listed["parameters"].as_array().unwrap().iter().filter(|row| row["loss"] == **name);
        let rows: Vec<_> = rows.collect();
        let keys: Vec<_> = rows.iter().map(|row| row["parameter"].as_str().unwrap()).collect();
        assert_eq!(keys, own.keys().collect::<Vec<_>>(), "{name}");
        for row in rows {
            let key = row["parameter"].as_str().unwrap();
            // What is listed as usual can be written in a spec.
            lab.write(
                "specs/listed.yaml",
                &format!(
                    "extends: baseline.yaml\nloss: {{name: {name}, {key}: {}}}\n\
                     training: {{sampler: {{images_each: 2}}}}\n",
                    row["default"].as_str().unwrap()
                ),
            );
            lab.succeed(&["plan", "specs/listed.yaml"]);
        }
    }
    for format in ["markdown", "latex", "csv"] {
        assert!(lab.succeed(&["losses", "--format", format]).contains("curricularface"), "{format}");
    }
    let shown = lab.succeed(&["losses"]);
    for part in ["s·(cos θ - m)", "[0, 1.57]", "label_smoothing"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn every_backbone_that_the_schema_allows_is_listed_with_its_sizes() {
    let lab = Lab::new();
    let listed: serde_json::Value = serde_json::from_str(&lab.succeed(&["backbones", "--json"])).unwrap();
    let rows = listed.as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["backbone"].clone()).collect();
    let schema: serde_json::Value = serde_json::from_str(&lab.succeed(&["schema"])).unwrap();
    assert_eq!(schema["properties"]["model"]["properties"]["backbone"]["enum"], serde_json::json!(names));
    for row in rows {
        assert!(
            ["parameters", "multiplications"].iter().all(|key| row[key].as_u64() > Some(100_000)),
            "{row}"
        );
    }
    let shown = lab.succeed(&["backbones"]);
    for part in ["iresnet200", "GhostFaceNets", "multiples of 16"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn help_teaches_and_the_schema_is_json() {
    let lab = Lab::new();
    let help = lab.succeed(&["--help"]);
    assert!(help.contains("arclab run experiments/") && help.contains("Exit codes"), "{help}");
    let schema: serde_json::Value = serde_json::from_str(&lab.succeed(&["schema"])).unwrap();
    assert!(schema["properties"]["loss"]["properties"]["scale"]["maximum"].is_number());
}

#[test]
fn a_run_begins_with_weights_at_hand_and_is_found_again_by_their_content() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet"]);
    let run = std::fs::read_dir(lab.path().join(".arclab/runs")).unwrap().flatten().next().unwrap().path();
    let weights = lab.path().join("specs/w.safetensors");
    std::fs::copy(run.join("weights.safetensors"), &weights).unwrap();
    let spec = |file: &str, freeze: &str| {
        format!("extends: baseline.yaml\nmodel: {{init: {file}, freeze: [{freeze}]}}\n")
    };
    lab.write("specs/tuned.yaml", &spec("w.safetensors", "conv1, bn1"));
    let tuned = lab.succeed(&["run", "specs/tuned.yaml", "--format", "csv"]);
    assert!(tuned.contains("trained"), "{tuned}");

    // Data may move, and so may weights.
    std::fs::rename(&weights, lab.path().join("moved.safetensors")).unwrap();
    lab.write("specs/tuned.yaml", &spec("../moved.safetensors", "conv1, bn1"));
    let again = lab.succeed(&["run", "specs/tuned.yaml", "--format", "csv"]);
    assert_eq!(again, tuned.replace("trained", "cached"));

    // What does not suit is a mistake in each spec that says it, and refused before anything is recorded.
    let before = lab.succeed(&["history", "--json"]);
    lab.write("specs/tuned.yaml", &spec("../moved.safetensors", "conv3"));
    lab.write(
        "specs/wide.yaml",
        "extends: baseline.yaml\nmodel: {init: ../moved.safetensors, embedding_size: 64}\n",
    );
    for command in ["run", "plan"] {
        let output = lab.arclab(&[command, "specs"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("tuned.yaml:2:45") && said.contains("`conv3` is no parameter"), "{said}");
        assert!(said.contains("wide.yaml:2:15") && said.contains("set it to 32"), "{said}");
        assert!(said.contains("2 mistakes; nothing was run"), "{said}");
    }
    assert_eq!(lab.succeed(&["history", "--json"]), before);
}

#[test]
fn variants_that_began_with_other_weights_of_one_name_are_compared_with_a_warning() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    let runs = std::fs::read_dir(lab.path().join(".arclab/runs")).unwrap();
    let weights: Vec<_> = runs.flatten().map(|run| run.path().join("weights.safetensors")).collect();
    let copy = |from| std::fs::copy(from, lab.path().join("lin/w.safetensors")).unwrap();
    lab.write("lin/baseline.yaml", &BASELINE.replace("small,", "small, init: w.safetensors,"));
    lab.write("lin/m.yaml", "extends: baseline.yaml\nloss: {margin: 0.2}\n");
    let warns = || {
        let compared = lab.succeed(&["compare", "baseline", "m", "--experiment", "lin", "--json"]);
        compared.contains("m differs from baseline also by what no spec says: model.init: w.safetensors (")
    };
    copy(&weights[0]);
    lab.succeed(&["run", "lin", "--quiet"]);
    assert!(!warns());
    copy(&weights[1]);
    lab.succeed(&["run", "lin/m.yaml", "--quiet"]);
    assert!(warns());
}

#[test]
fn the_doctor_says_what_is_missing_for_a_gpu_and_what_installs_it_and_that_the_cpu_works() {
    let lab = Lab::new();
    let doctor = |arguments: &[&str]| {
        let mut command = lab.command(arguments);
        for name in ["ARCLAB_CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command.env("ARCLAB_CUDA_PATH", lab.path().join("nothing")).output().unwrap()
    };
    let output = doctor(&["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("`device: cpu`") && said.contains("`device: cuda` does not work: "), "{said}");
    assert!(!said.contains('\x1b'), "no colours where nobody sees them: {said}");
    let answer: serde_json::Value = serde_json::from_slice(&doctor(&["doctor", "--json"]).stdout).unwrap();
    let libraries = answer["libraries"].as_array().unwrap();
    assert_eq!(libraries.len(), 7, "{answer}");
    for library in libraries.iter().filter(|library| library["path"].is_null()) {
        assert!(library["wrong"].as_str().unwrap().contains("ARCLAB_CUDA_PATH"), "{library}");
        assert!(library["install"].is_string(), "{library}");
    }
    let output = lab.command(["doctor"]).env("ARCLAB_WORKER", "/nowhere/arclab-worker").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("ARCLAB_WORKER names /nowhere"), "{}", text(&output.stdout));
}

#[test]
fn a_plan_that_needs_a_gpu_is_refused_before_anything_is_run() {
    let lab = Lab::new();
    let refused = |set: &str, words: [&str; 2]| {
        let output = lab.arclab(&["run", "specs", "--set", set]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(words.iter().all(|words| said.contains(words)) && said.contains("nothing was run"), "{said}");
    };
    refused("training.precision=bf16", ["`training.precision: bf16`", "a GPU alone computes in"]);
    refused("resources.device=cuda", ["`device: cuda`", "cannot be had"]);
}
