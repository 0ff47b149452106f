//! `arclab report`: the files that it leaves.

mod support;

use std::{fs, path::Path};

use support::{Lab, text};

/// Width and height of a PNG file, from its first chunk.
fn png_size(file: &Path) -> [u32; 2] {
    let bytes = fs::read(file).expect("a file");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "{}", file.display());
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")))
}

/// What `viewBox="0 0 WIDTH HEIGHT"` says.
fn svg_size(file: &Path) -> [f64; 2] {
    let svg = fs::read_to_string(file).expect("a file");
    let box_of = svg.split_once("viewBox=\"0 0 ").and_then(|(_, rest)| rest.split_once('"'));
    let (width, height) = box_of.and_then(|(size, _)| size.split_once(' ')).expect("a width and a height");
    [width, height].map(|length| length.parse().expect("a length"))
}

#[test]
fn a_report_is_a_page_a_text_figures_and_tables_and_says_where_they_come_from() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet"]);
    lab.write("out/mine.txt", "mine");
    lab.write("out/report.md", "an older report");
    let printed = lab.succeed(&["report", "--out", "out", "--json"]);
    let files: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let files: Vec<&str> =
        files.as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    for file in &files {
        assert!(lab.path().join(file).metadata().unwrap().len() > 0, "{file}");
    }
    for file in
        ["report.html", "report.md", "figures/roc-open.svg", "figures/accuracy-differences-closed.png"]
    {
        assert!(files.contains(&&*format!("out/{file}")), "{file} in {files:?}");
    }
    for file in files.iter().filter_map(|file| file.strip_suffix(".svg")) {
        let png = lab.path().join(format!("{file}.png"));
        let drawn = svg_size(&png.with_extension("svg")).map(|length| (2.0 * length).ceil() as u32);
        assert_eq!(png_size(&png), drawn, "{file}");
    }
    assert_eq!(fs::read_to_string(lab.path().join("out/mine.txt")).unwrap(), "mine");
    assert_eq!(fs::read_dir(lab.path().join("out")).unwrap().count(), 6, "no file is left unfinished");

    let page = fs::read_to_string(lab.path().join("out/report.html")).unwrap();
    let pictures = page.matches("src=\"data:image/png;base64,").count();
    assert!(pictures > 0 && pictures == page.matches("src=").count());
    assert!(!page.contains("href=") && !page.contains("@import"));
    let markdown = fs::read_to_string(lab.path().join("out/report.md")).unwrap();
    assert!(!markdown.contains("an older report") && markdown.contains("(figures/roc-open.png)"));
    let runs = fs::read_to_string(lab.path().join("out/tables/runs.json")).unwrap();
    let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
    for field in ["plan", "host", "device", "kernels", "version", "run"] {
        let value = runs[0][field].as_str().unwrap_or_else(|| panic!("{field} in {runs}"));
        assert!(page.contains(value) && markdown.contains(value), "{field}");
    }
    assert_eq!(runs[0]["plan"].as_str().unwrap().len(), 64);
    assert!(fs::read_to_string(lab.path().join("out/tables/accuracy.tex")).unwrap().contains("tabular"));
}

#[test]
fn variants_and_single_runs_can_be_named_and_what_is_neither_is_refused() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet", "--set", "training.seeds=[0, 1]"]);
    let seeds = |folder: &str| {
        let runs = fs::read_to_string(lab.path().join(folder).join("tables/runs.csv")).unwrap();
        let fields = |line: &str| line.split(',').take(2).collect::<Vec<_>>().join(" ");
        runs.lines().skip(1).map(fields).collect::<Vec<_>>()
    };
    lab.succeed(&["report", "m0.2", "baseline", "--out", "all"]);
    assert_eq!(seeds("all"), ["m0.2 0", "m0.2 1", "baseline 0", "baseline 1"]);

    let history = lab.succeed(&["history", "--where", "variant=m0.2", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let runs = history.as_array().unwrap();
    let run = runs.iter().find(|run| run["seed"] == 1).unwrap()["run"].as_str().unwrap().to_owned();
    lab.succeed(&["report", "baseline", &run, "--out", "some"]);
    lab.succeed(&["report", "baseline", "--out", "all"]);
    let left = |name: &str| lab.path().join("all/figures").join(name).exists();
    assert!(
        left("roc-open.svg") && !left("scores-open-m0.2.svg"),
        "an earlier report's figures are taken away"
    );
    assert_eq!(seeds("some"), ["baseline 0", "baseline 1", "m0.2 1"]);

    let output = lab.arclab(&["report", "nobody", "--out", "none"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("no variant and no run `nobody`") && said.contains("baseline, m0.2"), "{said}");
    assert!(!lab.path().join("none").exists());

    // Planned anew, the variant stands on other runs.
    lab.succeed(&["run", "specs", "--quiet", "--set", "loss.scale=30"]);
    let output = lab.arclab(&["report", &run, "--out", "none"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("was planned with last"), "{}", text(&output.stderr));

    lab.write("file", "");
    let output = lab.arclab(&["report", "--out", "file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("failed to make the folder file"), "{}", text(&output.stderr));
}
