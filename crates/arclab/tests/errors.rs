//! `arclab errors` and `arclab slices`, on runs of small faces.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Lab, text};

/// A number of the errors that a run's history has.
fn counted(lab: &Lab, key: &str) -> usize {
    let history = lab.succeed(&["history", "--where", "variant=baseline", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    history[0][key].as_u64().unwrap() as usize
}

fn listed(lab: &Lab, arguments: &[&str]) -> Vec<serde_json::Value> {
    let printed = lab.succeed(&[&["errors", "--json", "--limit", "1000"], arguments].concat());
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn wrong_pairs_are_as_many_as_were_counted_and_are_shown_with_their_images() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    let (positives, negatives) =
        (counted(&lab, "open_false_positives"), counted(&lab, "open_false_negatives"));
    let all = listed(&lab, &["baseline"]);
    assert_eq!(all.len(), positives + negatives);
    assert_eq!(listed(&lab, &["baseline", "--kind", "fp"]).len(), positives);
    let beyond: Vec<f64> = all.iter().map(|pair| pair["beyond"].as_f64().unwrap()).collect();
    assert!(beyond.is_sorted_by(|a, b| a >= b), "{beyond:?}");
    assert!(all[0]["drawn_yaw_gap"].as_f64().unwrap() >= 0.0);

    let drawn = ["errors", "baseline", "--html", "pages/wrong", "--png", "sheet.png", "--limit", "7"];
    let table = lab.succeed(&drawn);
    assert!(table.contains("Unusual gaps"), "{table}");
    let page = std::fs::read_to_string(lab.path().join("pages/wrong/index.html")).unwrap();
    assert_eq!(page.matches("<article").count(), 7);
    assert!(page.contains("data:image/png") && !page.contains("http"));
    let sheet = std::fs::read(lab.path().join("sheet.png")).unwrap();
    assert!(sheet.starts_with(b"\x89PNG"));
}

#[test]
fn what_a_variant_mends_it_breaks_the_other_way_round() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    let of = |pairs: &[serde_json::Value], change: &str| {
        let mut places: Vec<u64> = pairs
            .iter()
            .filter(|pair| pair["change"] == change)
            .map(|pair| pair["place"].as_u64().unwrap())
            .collect();
        places.sort_unstable();
        places
    };
    let there = listed(&lab, &["baseline", "--against", "m0.2"]);
    let back = listed(&lab, &["m0.2", "--against", "baseline"]);
    assert!(!there.is_empty());
    assert_eq!(of(&there, "mended"), of(&back, "broken"));
    assert_eq!(of(&there, "broken"), of(&back, "mended"));
    // A run by its own name is the same as the variant that it stands for.
    let history = lab.succeed(&["history", "--where", "variant=baseline", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    assert_eq!(listed(&lab, &[history[0]["run"].as_str().unwrap(), "--against", "m0.2"]), there);
}

#[test]
fn slices_hold_all_pairs_and_draw_their_rates() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    let arguments =
        ["slices", "--by", "colour_temperature_gap", "--bins", "3", "--figures", "figures", "--json"];
    let tables: serde_json::Value = serde_json::from_str(&lab.succeed(&arguments)).unwrap();
    let of_open = |row: &&serde_json::Value| row["protocol"] == "Open-set" && row["variant"] == "baseline";
    let rows: Vec<_> = tables["slices"].as_array().unwrap().iter().filter(of_open).collect();
    let pairs = |key: &str| rows.iter().map(|row| row[key].as_f64().unwrap()).sum::<f64>();
    assert_eq!((rows.len(), pairs("same_pairs") + pairs("different_pairs")), (3, 60.0));
    assert_eq!(pairs("false_positives") as usize, counted(&lab, "open_false_positives"));
    assert!(lab.path().join("figures/slices-open-colour_temperature-fn.png").is_file());
}

#[test]
fn what_cannot_be_listed_or_sliced_is_said() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet"]);
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let output = lab.arclab(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why), "{said}");
    };
    refused(&["errors", "nobody"], 1, "no experiment has a variant `nobody`");
    refused(
        &["errors", "baseline", "--protocol", "lfw"],
        1,
        "was not tested on `lfw`, but on `closed`, `open`",
    );
    refused(
        &["slices", "--by", "beauty_gap"],
        2,
        "there is no attribute `beauty`: there are colour_temperature",
    );
    refused(&["slices", "--by", "blur_gap", "--bins", "0"], 2, "invalid value '0'");
    refused(
        &["slices", "--by", "blur_gap", "--protocol", "lfw"],
        1,
        "none of the runs has been tested on `lfw`",
    );
}
