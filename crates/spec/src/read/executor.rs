//! `resources.executor:`.

use std::num::NonZeroU32;

use serde_json::{Value as Json, json};

use super::{
    list,
    range::Counts,
    resources::{MEMORY, SECONDS, amount, in_units},
    scalar,
    section::{Section, written},
};
use crate::{
    config::{DeviceRequest, Executor, SlurmRequest},
    source::{Diagnostic, Node},
};

const EXECUTOR: &str = "Who carries runs out: `local`, this machine, or `slurm: {…}`, a cluster on whose nodes the store's folder lies, too.";
const SLURM: &str = "Jobs of Slurm, and what each asks for; what is left out, the cluster decides.";
const HELP: &str =
    "write `executor: local`, or `executor: {slurm: {partition: gpu, gres: \"gpu:1\", time: 4 h}}`";

/// Options of `sbatch` that arclab gives itself, and what says them here.
const TAKEN: &[(&str, &str)] = &[
    ("--array", "runs that ask for the same become one array by themselves"),
    ("--job-name", "arclab finds its jobs by their names"),
    ("--output", "a job's output goes into its run's folder"),
    ("--error", "a job's output goes into its run's folder"),
    ("--signal", "arclab asks for a signal before the time limit, at which the run saves itself"),
    ("--no-requeue", "a job goes on from its checkpoint when its node fails"),
    ("--wait", "arclab waits by itself"),
    ("--partition", "write `partition: …` beside it"),
    ("--gres", "write `gres: …` beside it"),
    ("--time", "write `time: …` beside it"),
    ("--account", "write `account: …` beside it"),
    ("--qos", "write `qos: …` beside it"),
    ("--mem", "write `memory: …` beside it"),
    ("--cpus-per-task", "write `cpus: …` beside it"),
];

/// Who carries runs out; `resources` is what the key stands in.
pub(super) fn executor(resources: &mut Section<'_>, device: DeviceRequest) -> Executor {
    let node = resources.node("executor");
    let word = node.and_then(Node::scalar);
    let mut section = resources.below("executor", node.filter(|_| word.is_none()));
    let slurm = section.optional_section("slurm", SLURM, slurm);
    let mapping = section.finish();
    let schema = json!({"anyOf": [{"enum": ["local", "slurm"]}, mapping], "default": "local"});
    let Some(node) = resources.take("executor", EXECUTOR, schema) else { return Executor::Local };
    let slurm = match (word, slurm) {
        (Some("local"), _) => return Executor::Local,
        (Some("slurm"), _) => SlurmRequest::default(),
        (None, Some(slurm)) => slurm,
        (Some(_), _) | (None, None) => {
            let message = format!("`resources.executor` cannot be `{}`", written(node));
            resources.reading().report(Diagnostic::at(&node.place, message).help(HELP));
            return Executor::Local;
        }
    };
    fits(resources, &slurm, device, node);
    Executor::Slurm(slurm)
}

fn fits(resources: &Section<'_>, slurm: &SlurmRequest, device: DeviceRequest, node: &Node) {
    if device == DeviceRequest::Cuda && !slurm.has_gpu() {
        let message = "`resources.device: cuda` asks for a GPU, and `resources.executor.slurm` for none";
        let help =
            "add `gres: \"gpu:1\"`, or how the cluster calls its GPUs (`sinfo --format=%G` lists them)";
        resources.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    if device == DeviceRequest::Cpu && slurm.has_gpu() {
        let message = "`resources.executor.slurm` asks for a GPU, which `resources.device: cpu` leaves idle";
        let help = "leave the GPU out, or write `device: cuda`";
        resources.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    let help = "leave it out: a job has the GPUs that its `gres` asks for to itself";
    resources.no_effect("gpu_memory", "`executor: {slurm: …}`", help);
}

fn slurm(slurm: &mut Section<'_>) -> SlurmRequest {
    const GRES: &str = "GPUs and other generic resources, such as `gpu:1` or `gpu:a100:1`.";
    const MEMORY_DOC: &str = "Memory of the node, such as `16 GiB`; that of `resources.memory` where absent.";
    SlurmRequest {
        partition: word(slurm, "partition", "Which nodes: a partition, or several with commas."),
        gres: word(slurm, "gres", GRES),
        time_secs: time(slurm),
        account: word(slurm, "account", "The account that pays."),
        qos: word(slurm, "qos", "The quality of service."),
        memory_bytes: amount(slurm, "memory", MEMORY_DOC, &MEMORY).map(|(_, bytes)| bytes),
        cpus: cpus(slurm),
        extra: extra(slurm),
    }
}

/// A word that goes into a line of the batch script, where a blank or a quote would end it.
fn word(slurm: &mut Section<'_>, key: &str, doc: &str) -> Option<String> {
    let node =
        slurm.take_optional(key, doc, json!({"type": "string", "pattern": r"^[A-Za-z0-9_.,:=/*()@+-]+$"}))?;
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.,:=/*()@+-".contains(c);
    let text = node.scalar().filter(|text| !text.is_empty() && text.chars().all(legal));
    if text.is_none() {
        let message = format!("`{}` cannot be `{}`", slurm.path_of(key), written(node));
        let help =
            "write one word, as the cluster names it: `sinfo` lists partitions, `sinfo --format=%G` GPUs";
        slurm.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    text.map(str::to_owned)
}

fn time(slurm: &mut Section<'_>) -> Option<u64> {
    const DOC: &str = "How long a job may hold its node at a stretch, such as `4 h`, or `1-12:00:00` as Slurm writes it. \
                       Shortly before, the run saves itself, and its job queues again. The partition's usual time where absent.";
    const SHORTEST_SECS: u64 = 60;
    let pattern = format!(r"{}|^([0-9]+-)?[0-9]+:[0-9]{{2}}:[0-9]{{2}}$", SECONDS.pattern);
    let node = slurm.take_optional("time", DOC, json!({"type": "string", "pattern": pattern}))?;
    let text = node.scalar().unwrap_or_default();
    let secs = in_units(text, &SECONDS).or_else(|| clock(text)).filter(|secs| *secs >= SHORTEST_SECS);
    if secs.is_none() {
        let message =
            format!("`{}` must be a minute or longer, not `{}`", slurm.path_of("time"), written(node));
        let help = "write a number and a unit, `30 min`, `4 h` or `2 d`, or days and a time with seconds: `2:00:00`, `1-12:00:00`";
        slurm.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    secs
}

/// Seconds of `H:MM:SS` or `D-H:MM:SS`. Slurm's `2:00` is two minutes, which nobody expects: it is refused.
fn clock(text: &str) -> Option<u64> {
    let (days, rest) = text.split_once('-').unwrap_or(("0", text));
    let parts: Vec<u64> = rest.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    let days: u64 = days.parse().ok().filter(|days| *days < 10_000)?;
    (hours < 10_000 && minutes < 60 && seconds < 60)
        .then_some(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

fn cpus(slurm: &mut Section<'_>) -> Option<NonZeroU32> {
    const DOC: &str =
        "CPUs of the node, and threads of the worker; those of `resources.threads` where absent.";
    let counts = Counts::from(1, 1_024);
    let node = slurm.take_optional("cpus", DOC, Json::Object(counts.schema()))?;
    let count = scalar::whole(slurm.reading(), node, &slurm.path_of("cpus"), counts, 8)?;
    NonZeroU32::new(count as u32)
}

fn extra(slurm: &mut Section<'_>) -> Vec<String> {
    const DOC: &str = "More options of `sbatch`, as they are: `[--exclusive, --constraint=a100]`.";
    let schema = json!({"type": "array", "items": {"type": "string", "pattern": "^--[a-z]"}, "minItems": 1});
    let node = slurm.take_optional("extra", DOC, schema);
    let mut options = Vec::new();
    for item in list::items(slurm, "extra", node, "[--exclusive]") {
        match option(item.scalar().unwrap_or_default()) {
            Ok(option) => options.push(option),
            Err(help) => {
                let message = format!("`{}` cannot hold `{}`", slurm.path_of("extra"), written(item));
                slurm.reading().report(Diagnostic::at(&item.place, message).help(help));
            }
        }
    }
    options
}

fn option(text: &str) -> Result<String, &'static str> {
    let name = text.split('=').next().unwrap_or_default();
    if let Some((_, help)) = TAKEN.iter().find(|(taken, _)| *taken == name) {
        return Err(help);
    }
    let is_option =
        name.strip_prefix("--").is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    let is_line = !text.chars().any(char::is_control);
    (is_option && is_line)
        .then(|| text.to_owned())
        .ok_or("write long options of `sbatch`, each with its value: `--constraint=a100`")
}
