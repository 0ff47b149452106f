//! `resources:`.

use std::num::NonZeroU32;

use serde_json::json;

use super::{
    executor::executor,
    range::Counts,
    scalar,
    section::{Section, written},
};
use crate::{
    config::{CUDA_CONTEXT_BYTES, DeviceRequest, Precision, ResourceRequest, Threads},
    source::{Diagnostic, Node},
};

pub(super) fn read(resources: &mut Section<'_>) -> ResourceRequest {
    let device = resources.word(
        "device",
        "`auto` takes a GPU that the worker can use, else the CPU.",
        "auto",
        &[("auto", DeviceRequest::Auto), ("cpu", DeviceRequest::Cpu), ("cuda", DeviceRequest::Cuda)],
    );
    ResourceRequest {
        device,
        threads: threads(resources),
        memory_bytes: memory(resources),
        gpu_memory_bytes: gpu_memory(resources, device),
        deterministic: deterministic(resources, device),
        time_limit_secs: time_limit(resources),
        executor: executor(resources, device),
    }
}

/// Refuses numbers that the device does not compute in.
pub(super) fn fits(top: &Section<'_>, device: DeviceRequest, precision: Precision) {
    let node = top.node("training").and_then(|training| training.get("precision"));
    if let (DeviceRequest::Cpu, true, Some(node)) = (device, precision.needs_gpu(), node) {
        let message = format!("`training.precision` cannot be `{precision}` with `resources.device: cpu`");
        let help = "write `float32`, which is all that the CPU computes in, or `resources: {device: cuda}`";
        top.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
}

fn deterministic(resources: &mut Section<'_>, device: DeviceRequest) -> bool {
    const DOC: &str = "Whether a GPU gives the same bits twice; `false` lets it take faster algorithms, whose sums differ \
                       in the last bits. The CPU gives the same bits in any case.";
    let deterministic = resources.flag("deterministic", DOC, true);
    if device == DeviceRequest::Cpu && !deterministic {
        let help = "leave it out, or write the usual `true`: the CPU gives the same bits in any case";
        resources.no_effect("deterministic", "`device: cpu`", help);
    }
    deterministic
}

fn threads(resources: &mut Section<'_>) -> Threads {
    const DOC: &str = "CPU threads of a run, of which it gets at most as many as there are; `auto` shares the cores among the runs. Changes no number.";
    let counts = Counts::from(1, 1_024);
    let schema = json!({"anyOf": [{"const": "auto"}, counts.schema()], "default": "auto"});
    let Some(node) = resources.take("threads", DOC, schema) else { return Threads::Auto };
    if node.scalar() == Some("auto") {
        return Threads::Auto;
    }
    let path = resources.path_of("threads");
    if scalar::plain(node).is_none() {
        let message = format!("`{path}` cannot be `{}`", written(node));
        resources
            .reading()
            .report(Diagnostic::at(&node.place, message).help("write `auto`, or a number such as `2`"));
        return Threads::Auto;
    }
    let count = scalar::whole(resources.reading(), node, &path, counts, 2);
    count.and_then(|count| NonZeroU32::new(count as u32)).map_or(Threads::Auto, Threads::Exactly)
}

/// A number with a unit.
pub(super) struct Amount {
    units: &'static [(&'static str, u64)],
    pub(super) pattern: &'static str,
    what: &'static str,
    help: &'static str,
}

pub(super) const MEMORY: Amount = Amount {
    units: &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)],
    pattern: r"^[0-9]+(\.[0-9]+)? ?[KMGT]iB$",
    what: "an amount of memory",
    help: "write a number and a unit: `512 MiB`, `2 GiB`",
};

pub(super) const SECONDS: Amount = Amount {
    units: &[("min", 60), ("h", 3_600), ("d", 86_400), ("s", 1)],
    pattern: r"^[0-9]+(\.[0-9]+)? ?(s|min|h|d)$",
    what: "a length of time",
    help: "write a number and a unit: `90 s`, `30 min`, `2 h`, `1.5 d`",
};

fn memory(resources: &mut Section<'_>) -> Option<u64> {
    const DOC: &str = "Memory to set aside for a run, such as `2 GiB`; none where absent.";
    amount(resources, "memory", DOC, &MEMORY).map(|(_, bytes)| bytes)
}

fn time_limit(resources: &mut Section<'_>) -> Option<u64> {
    const DOC: &str = "How long a run may take at a stretch, such as `2 h`; one that takes longer is stopped after a checkpoint \
                       and has failed, and can be gone on with. Without a limit where absent.";
    let (node, secs) = amount(resources, "time_limit", DOC, &SECONDS)?;
    if secs == 0 {
        let message = format!("`resources.time_limit` must be a second at least, not `{}`", written(node));
        resources.reading().report(Diagnostic::at(&node.place, message).help(SECONDS.help));
        return None;
    }
    Some(secs)
}

fn gpu_memory(resources: &mut Section<'_>, device: DeviceRequest) -> Option<u64> {
    const DOC: &str = "A run's share of a GPU by memory, such as `4 GiB`, of which CUDA itself takes up to 1 GiB: runs whose \
                       shares fit are on one GPU at the same time. A run has a GPU for itself where absent.";
    let (node, bytes) = amount(resources, "gpu_memory", DOC, &MEMORY)?;
    if device == DeviceRequest::Cpu {
        let help = "leave it out, or write `null` in the place of an inherited one";
        resources.no_effect("gpu_memory", "`device: cpu`", help);
        return None;
    }
    if bytes <= CUDA_CONTEXT_BYTES {
        let message = format!("`resources.gpu_memory` must be more than 1 GiB, not `{}`", written(node));
        let help = "CUDA itself takes up to 1 GiB of it, and the run's tensors need the rest: write `4 GiB`";
        resources.reading().report(Diagnostic::at(&node.place, message).help(help));
        return None;
    }
    Some(bytes)
}

/// The amount under `key`, and where it is written.
pub(super) fn amount<'a>(
    resources: &mut Section<'a>,
    key: &str,
    doc: &str,
    kind: &Amount,
) -> Option<(&'a Node, u64)> {
    let schema = json!({"type": "string", "pattern": kind.pattern});
    let node = resources.take_optional(key, doc, schema)?;
    let amount = node.scalar().and_then(|text| in_units(text, kind));
    if amount.is_none() {
        let path = resources.path_of(key);
        let message = format!("`{path}` must be {}, not `{}`", kind.what, written(node));
        resources.reading().report(Diagnostic::at(&node.place, message).help(kind.help));
    }
    Some((node, amount?))
}

/// A number and one of the units of `kind`.
pub(super) fn in_units(text: &str, kind: &Amount) -> Option<u64> {
    let found = kind.units.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, size)));
    let (number, unit) = found?;
    let number: f64 = number.trim().parse().ok()?;
    (number > 0.0 && number < 1e6).then_some((number * *unit as f64) as u64)
}
