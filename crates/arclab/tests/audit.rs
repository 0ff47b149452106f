//! `arclab audit` as a user meets it: wrong labels among pairs and training images, and what it refuses.

mod support;

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::{Lab, text};

/// A fifth of the pairs' labels, and of the training images', are turned around.
const WRONG_PAIRS: [&str; 4] = [
    "--set",
    "evaluation.protocols.closed.mislabelled=0.2",
    "--set",
    "evaluation.protocols.open.mislabelled=0.2",
];
const TRAINING: [&str; 7] = [
    "audit",
    "--training",
    "specs/baseline.yaml",
    "--folds",
    "2",
    "--set",
    "data.dataset.synthetic.mislabelled=0.2",
];

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).expect("JSON")
}

fn numbers(rows: &Value, key: &str) -> Vec<f64> {
    let rows = rows.as_array().into_iter().flatten();
    rows.map(|row| row[key].as_f64().expect("a number")).collect()
}

/// Ends with 1, or with 2 where the command line itself is wrong, and says why.
fn refused(lab: &Lab, code: i32, arguments: &[&str], why: &[&str]) {
    let output = lab.arclab(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(why.iter().all(|why| said.contains(why)), "{said}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn pairs_whose_label_all_runs_contradict_are_listed_beside_the_truth() {
    let lab = Lab::new();
    lab.succeed(&[&["run", "specs", "--quiet"][..], &WRONG_PAIRS].concat());
    let found = json(&lab.succeed(&["audit", "--json", "--figure", "curve.png"]));
    let margins = numbers(&found["pairs"], "mean_margin");
    assert!(!margins.is_empty() && margins.is_sorted_by(|a, b| a >= b), "{found}");
    assert!(numbers(&found["pairs"], "smallest_margin").iter().all(|margin| *margin > 0.0));
    for pair in found["pairs"].as_array().unwrap() {
        let person = |image: &str| pair[image].as_str().unwrap()[..6].to_owned();
        let is_wrong = (pair["label"] == "same") != (person("a") == person("b"));
        assert_eq!(
            (&pair["truth"], &pair["runs"]),
            (&if is_wrong { "wrong" } else { "right" }.into(), &2.into())
        );
    }
    // Of 10 and of 60 pairs: one of each kind, and six.
    let truth = &found["truth"][2];
    let (wrong, recall) = (truth["wrong"].as_f64().unwrap(), truth["recall"].as_f64().unwrap());
    assert!(wrong >= 1.0 && (recall - wrong / 14.0).abs() < 1e-9, "{found}");
    assert!(std::fs::read(lab.path().join("curve.png")).unwrap().starts_with(b"\x89PNG"));

    // One run contradicts more, or as much; one test has no pairs of another.
    let alone = json(&lab.succeed(&["audit", "m0.2", "--protocol", "open", "--json"]));
    let of_open = |found: &Value| {
        let pairs = found["pairs"].as_array().unwrap().iter();
        pairs.filter(|pair| pair["protocol"] == "open").count()
    };
    assert!(of_open(&alone) >= of_open(&found));
    assert_eq!(of_open(&alone), alone["pairs"].as_array().unwrap().len());

    let shown = lab.succeed(&["audit", "--limit", "1"]);
    assert!(shown.contains("; `--limit` shows more") && shown.contains("Beside the truth"), "{shown}");
    assert_eq!(lab.succeed(&["audit", "--format", "csv", "--limit", "1"]).lines().count(), 7);
}

#[test]
fn pairs_that_runs_were_not_all_tested_on_and_names_of_nothing_are_refused() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet"]);
    refused(&lab, 1, &["audit", "m0.9"], &["no experiment has a variant `m0.9`", "`specs` has baseline"]);
    refused(&lab, 1, &["audit", "--protocol", "lfw"], &["`lfw`", "closed, open"]);
    refused(&lab, 2, &["audit", "--figure", "curve.jpg"], &[".svg or .png"]);
    refused(&lab, 1, &["audit", "--figure", "nowhere/curve.png"], &["no folder nowhere"]);
    lab.succeed(&["run", "specs/m0.2.yaml", "--quiet", "--set", "data.split.seed=5"]);
    refused(&lab, 1, &["audit"], &["`closed` of baseline and of m0.2 are different pair lists"]);
    // Each by itself is well.
    lab.succeed(&["audit", "baseline"]);
    lab.succeed(&["audit", "m0.2"]);

    lab.succeed(&[
        "run",
        "specs/baseline.yaml",
        "--quiet",
        "--experiment",
        "other",
        "--set",
        "training.epochs=2",
    ]);
    refused(
        &lab,
        1,
        &["audit", "m0.2", "--experiment", "other"],
        &["`other` does not have a variant `m0.2`"],
    );
}

#[test]
fn training_images_are_judged_by_runs_that_leave_them_out() {
    let lab = Lab::new();
    let found = json(&lab.succeed(&[&TRAINING[..], &["--json"]].concat()));
    let margins = numbers(&found["images"], "margin");
    assert!(!margins.is_empty() && margins.is_sorted_by(|a, b| a >= b), "{found}");
    for image in found["images"].as_array().unwrap() {
        let (label, suggested) = (image["label"].as_str().unwrap(), image["suggested"].as_str().unwrap());
        let margin = image["cosine_suggested"].as_f64().unwrap() - image["cosine_label"].as_f64().unwrap();
        assert!(
            margin > 0.0 && (margin - image["margin"].as_f64().unwrap()).abs() < 1e-12 && label != suggested
        );
        let is_wrong = !image["image"].as_str().unwrap().starts_with(label);
        assert_eq!(image["truth"], if is_wrong { "wrong" } else { "right" });
    }
    assert!(found["truth"][2]["wrong"].as_u64() > Some(0), "{found}");

    // The runs are kept, under an experiment of their own that no command means unless it is named.
    let history = json(&lab.succeed(&["history", "--json"]));
    assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
    assert!(history.as_array().unwrap().iter().all(|run| run["experiment"] == "specs-audit"));
    refused(&lab, 1, &["audit"], &["no experiment has any variant that is tested on pairs"]);

    // As planned, by name; nothing is trained again.
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", TRAINING[5], TRAINING[6]]);
    let by_name = lab.arclab(&["audit", "--training", "baseline", "--folds", "2", "--json"]);
    assert_eq!(json(&text(&by_name.stdout)), found, "{}", text(&by_name.stderr));
    assert!(!text(&by_name.stderr).contains("begins"), "{}", text(&by_name.stderr));
    assert!(lab.succeed(&["compare", "--json"]).contains("\"baseline\""));
    // Several seeds judge together.
    let both = [&TRAINING[..], &["--set", "training.seeds=[0, 1]", "--json", "--quiet"]].concat();
    let both = json(&lab.succeed(&both));
    assert!(both["notes"][0].as_str().unwrap().contains("2 runs that were"), "{both}");
    assert_ne!(both["images"], found["images"]);
}

#[test]
fn what_cannot_be_left_out_is_refused_before_anything_is_run() {
    let lab = Lab::new();
    let with = |last: &[&str]| -> Vec<String> {
        ["audit", "--training", "specs/baseline.yaml"]
            .iter()
            .chain(last)
            .map(|&word| word.to_owned())
            .collect()
    };
    let refuse = |code, last: &[&str], why: &[&str]| {
        let arguments = with(last);
        refused(&lab, code, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), why);
    };
    refuse(2, &["--folds", "1"], &["2.."]);
    refuse(2, &["--protocol", "open"], &["cannot be used with"]);
    refuse(1, &["--folds", "100"], &["`--folds 100` is too many"]);
    refuse(2, &["--set", "loss.marign=1"], &["`margin`"]);
    refused(&lab, 2, &["audit", "--folds", "3"], &["--training"]);
    refused(&lab, 1, &["audit", "--training", "specs"], &["stands for 2 specs"]);
    refused(&lab, 1, &["audit", "--training", "m0.9", "--set", "loss.margin=1"], &["no file m0.9"]);
    assert_eq!(lab.succeed(&["history", "--json"]).trim(), "[]");
    refused(&lab, 1, &["audit", "--training", "m0.9"], &["no experiment has a variant `m0.9`"]);
}

/// A photo as a text, no two alike: each person has stripes of another width.
fn photo(person: usize, number: usize) -> String {
    let pixel = |place: usize| 160 * (place / (4 << person) % 2) + (place * 7 + number * 11) % 60;
    let pixels: Vec<String> = (0..32 * 32).map(|place| pixel(place).to_string()).collect();
    format!("P2 32 32 255 {}\n", pixels.join(" "))
}

#[test]
fn of_photos_nothing_is_claimed_and_one_that_is_alone_under_its_label_is_not_judged() {
    let lab = Lab::new();
    let mut split = vec!["path,identity,split".to_owned()];
    for (person, photos) in [(0, 10), (1, 10), (2, 10), (3, 1)] {
        for number in 0..photos {
            lab.write(&format!("photos/p{person}/{number}.pgm"), &photo(person, number));
            // The first photo of person 0 is filed under person 1.
            let label = if (person, number) == (0, 0) { 1 } else { person };
            let part = if (person, number) == (2, 9) { "validation" } else { "train" };
            split.push(format!("p{person}/{number}.pgm,someone{label},{part}"));
        }
    }
    lab.write("photos.csv", &split.join("\n"));
    let data = "data:\n  dataset: {folder: ../photos}\n  split: {file: ../photos.csv}\n  image_size: 32\n";
    let rest = "model: {backbone: small, embedding_size: 32}\ntraining: {epochs: 20, batch_size: 8}\n";
    lab.write("own/baseline.yaml", &format!("{data}{rest}"));
    let audit = ["audit", "--training", "own/baseline.yaml", "--folds", "3"];
    refused(
        &lab,
        1,
        &[&audit[..], &["--figure", "curve.svg"]].concat(),
        &["known of the embedded faces alone"],
    );
    let shown = lab.succeed(&audit);
    assert!(shown.contains("of 29 training images") && shown.contains("Not judged: 1 images"), "{shown}");
    assert!(!shown.contains("truth") && !shown.contains("Label is"), "{shown}");
    let found = json(&lab.succeed(&[&audit[..], &["--json"]].concat()));
    assert_eq!(found["truth"].as_array().map(Vec::len), Some(0));
    let first = &found["images"][0];
    assert_eq!(
        (&first["image"], &first["label"], &first["suggested"]),
        (&"p0/0.pgm".into(), &"someone1".into(), &"someone0".into())
    );
    assert!(first["truth"].is_null());
}

#[test]
fn an_audit_that_was_killed_goes_on_and_ends_as_an_undisturbed_one() {
    let long = [&TRAINING[..], &["--set", "training.epochs=15", "--json"]].concat();
    let calm = Lab::new();
    let expected = json(&calm.succeed(&long));

    let lab = Lab::new();
    let mut audit = lab.command(&long).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_mins(2);
    let journals = || {
        let runs = std::fs::read_dir(lab.path().join(".arclab/runs")).into_iter().flatten().flatten();
        runs.filter_map(|run| std::fs::read_to_string(run.path().join("events.jsonl")).ok())
            .collect::<String>()
    };
    while !journals().contains("\"step\"") {
        assert!(Instant::now() < until, "no run began");
        thread::sleep(Duration::from_millis(10));
    }
    audit.kill().unwrap();
    assert_eq!(audit.wait().unwrap().code(), None, "it had ended before it was killed");
    let again = lab.arclab(&long);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(json(&text(&again.stdout)), expected);
    let history = json(&lab.succeed(&["history", "--json"]));
    assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
}

#[test]
fn people_who_may_be_one_are_found_by_a_runs_embeddings_or_by_its_weights() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet"]);
    // Eight people with two photos each, of whom the last is the first.
    for n in 0..16_usize {
        let of = if n < 14 { n } else { n - 14 };
        let pixel = |at: usize| 40 + (at / 4 % 8 * (of / 2 + 3) * 7 + at / 128 * (of * of + 5) * 11) % 180;
        let pixels: Vec<String> = (0..32 * 32).map(|at| pixel(at).to_string()).collect();
        lab.write(
            &format!("photos/p{}/{n:02}.pgm", n / 2),
            &format!("P2\n32 32\n255\n{}\n", pixels.join(" ")),
        );
    }
    let run = json(&lab.succeed(&["history", "--json"]))[0]["run"].as_str().unwrap().to_owned();
    let weights = format!(".arclab/runs/{run}/weights.safetensors");
    let found = [run, weights]
        .map(|model| json(&lab.succeed(&["data", "check", "photos", "--json", "--model", &model])));
    assert_eq!(found[0], found[1]);
    let rows = found[0]["examples"].as_array().unwrap().iter();
    let alike: Vec<&str> = rows
        .filter(|row| row["problem"] == "same_person")
        .map(|row| row["example"].as_str().unwrap())
        .collect();
    assert!(alike[0] == "p0 and p7: cosine 1.000", "{found:?}");
    refused(
        &lab,
        1,
        &["data", "check", "photos", "--model", "nobody"],
        &["`--model nobody` is no file", "`arclab history`"],
    );
}
