//! The program, as a person starts it.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A measurement that takes no time.
fn quick(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arclab-bench"));
    command.args(["head", "--classes", "20", "--batch", "2", "--embedding", "2", "--seconds", "0", "--json"]);
    command.args(arguments);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let mut child = quick(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
}

#[test]
fn a_sample_is_told_as_large_as_it_is_with_the_classes_of_its_own_embeddings_and_no_more_than_all() {
    for (asked, sample) in [("0", 2), ("5", 5), ("50", 20)] {
        let output = quick(&["--sample", asked]).output().unwrap();
        let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(rows[0]["sample"], sample, "{asked}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_told_by_the_number_of_images_whose_files_are_gone_then() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arclab-bench"));
    let output = command.args(["data", "--stream", "3000", "--json"]).output().unwrap();
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let read = &rows[0]["read"];
    // All that train, in batches of 64: two of three people, without a tenth for a test and a tenth of the rest.
    assert_eq!(read["images"].as_u64().unwrap(), 1620 / 64 * 64, "{rows}");
    assert!(read["held_bytes"].as_u64() > Some(0) && read["mapped_bytes"].as_u64() > Some(0), "{rows}");
    assert!(
        !std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/bench-data/stream-3000")
            .exists()
    );
}

#[test]
fn what_cannot_be_measured_is_refused_with_what_can() {
    let refused = |arguments: &[&str], why: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arclab-bench"));
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.code() == Some(2) && said(&output).contains(why), "{}", said(&output));
    };
    refused(&["head", "--classes", "0"], "0 is not in 1..");
    refused(&["head", "--batch", "0"], "0 is not in 1..");
    refused(&["head", "--embedding", "0"], "0 is not in 1..");
    refused(&["head", "--seconds=-1"], "a number of seconds from 0");
    refused(&["engine", "--seconds=-1"], "a number of seconds from 0");
    refused(&["engine", "--precision", "bf16"], "a CPU computes in float32");
    refused(&["engine", "--no-compile", "--beside-pytorch"], "on a CPU nothing is compiled");
    refused(&["engine", "--no-compile"], "--beside-pytorch");
    refused(&["engine", "--python", "python3"], "--beside-pytorch");
    refused(&["engine", "--device", "cuda", "--threads", "2"], "`--threads` is of `--device cpu`");
    refused(&["data", "--pairs", "0"], "0 is not in 1..");
    refused(&["queue", "--jobs", "0"], "0 is not in 1..");
    refused(&["queue", "--sizes", "10", "--jobs", "5"], "cannot be used with");
    refused(&["store", "--points", "7"], "7 is not in 8..");
    refused(&["data", "--wait", "--workers", "1"], "cannot be used with");
    refused(&["head", "--precision", "bf16"], "a CPU computes in float32");
    refused(&["head", "--device", "cuda", "--precision", "fp16"], "a head is computed in bf16 or float32");
}

#[test]
fn without_a_gpu_nothing_is_begun_on_one() {
    if arclab_gpu::gpus().is_ok_and(|count| count > 0) {
        return;
    }
    for arguments in [&["engine", "--device", "cuda", "--beside-pytorch"][..], &["head", "--device", "cuda"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arclab-bench"));
        let output = command.args(arguments).output().unwrap();
        let said = said(&output);
        assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{said}");
        assert!(said.contains("`--device cuda` asks for a GPU, but"), "{said}");
        assert!(said.contains("Use `--device cpu`"), "{said}");
    }
}
