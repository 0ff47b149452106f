//! `arclab doctor`.

use std::{path::PathBuf, process::ExitCode};

use arclab_report::{Cell, Column, Format, Kind, Table};
use arclab_scheduler::{Gpu, GpuError};

use crate::{
    output::{self, Output},
    worker::{self, Abilities, LibraryState, WorkerError},
};

type Worker = Result<(PathBuf, Abilities), WorkerError>;
type Gpus = Result<Vec<Gpu>, GpuError>;

/// Prints what there is to train with. Without a worker nothing can be trained, and the exit code says so.
pub(crate) fn execute(output: Output) -> anyhow::Result<ExitCode> {
    let worker = worker::find(output);
    let worker: Worker = worker.and_then(|path| worker::abilities(&path).map(|abilities| (path, abilities)));
    let gpus = arclab_scheduler::gpus();
    let mut tables = vec![machine(&worker, &gpus), of_gpus(&gpus)];
    if let Ok((_, abilities)) = &worker {
        tables.push(of_libraries(&abilities.libraries, output.format));
    }
    output::print(&arclab_report::render(&tables, output.format))?;
    Ok(if worker.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why a run of `device: cuda` would be refused.
fn no_cuda(worker: &Worker, gpus: &Gpus) -> Option<String> {
    match worker {
        Err(error) => Some(error.to_string()),
        Ok((_, abilities)) => abilities.cuda.clone().or_else(|| gpus.as_ref().err().map(ToString::to_string)),
    }
}

fn machine(worker: &Worker, gpus: &Gpus) -> Table {
    let columns = [("what", "What"), ("found", "Found")];
    let columns = columns.map(|(key, title)| Column::new(key, title, Kind::Text));
    let mut table = Table::new("machine", "This machine", columns.into());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let abilities = worker.as_ref().ok();
    let works =
        |reason: &Option<String>| Some(if reason.is_none() { "works" } else { "does not work" }.to_owned());
    let (on_cpu, on_gpu) = (worker.as_ref().err().map(ToString::to_string), no_cuda(worker, gpus));
    let rows = [
        ("worker", abilities.map(|(path, worker)| format!("{} {}", path.display(), worker.version))),
        ("instruction set", abilities.map(|(_, worker)| worker.kernels.clone())),
        ("threads", Some(threads.to_string())),
        ("memory", Some(gibibytes(arclab_scheduler::memory_bytes()))),
        ("NVIDIA's driver", arclab_scheduler::driver_version().ok()),
        ("`device: cpu`", works(&on_cpu)),
        ("`device: cuda`", works(&on_gpu)),
    ];
    for (what, found) in rows {
        table.push(vec![Cell::text(what), found.map_or(Cell::Empty, Cell::Text)]);
    }
    let reason = on_cpu.or(on_gpu.map(|reason| format!("`device: cuda` does not work: {reason}.")));
    table.notes.extend(reason);
    table
}

fn of_gpus(gpus: &Gpus) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        number("gpu", "GPU"),
        text("name", "Name"),
        number("memory_gib", "Memory (GiB)"),
        number("free_gib", "Free (GiB)"),
        number("utilisation_percent", "In use (%)"),
        number("temperature_celsius", "Temperature (°C)"),
        text("uuid", "UUID"),
    ];
    let mut table = Table::new("gpus", "GPUs", columns);
    for gpu in gpus.iter().flatten() {
        let size = |bytes: u64| Cell::Number { value: bytes as f64 / f64::from(1 << 30), decimals: 1 };
        let told = |number: Option<u32>| number.map_or(Cell::Empty, |number| Cell::Count(number.into()));
        table.push(vec![
            Cell::Count(gpu.index.into()),
            Cell::text(&gpu.name),
            size(gpu.memory_bytes),
            size(gpu.free_bytes),
            told(gpu.utilisation_percent),
            told(gpu.temperature_celsius),
            Cell::text(&gpu.uuid),
        ]);
    }
    table.notes.extend(gpus.as_ref().err().map(|error| format!("None: {error}.")));
    table
}

/// Programs get all that is known in columns, and people what is wrong below the table.
fn of_libraries(libraries: &[LibraryState], format: Format) -> Table {
    let for_all =
        [("library", "Library"), ("version", "Version"), ("purpose", "Needed for"), ("path", "Found")];
    let for_programs = [("wrong", "Wrong"), ("install", "Installed by")];
    let is_program = format == Format::Json;
    let columns = for_all.iter().chain(for_programs.iter().filter(|_| is_program));
    let columns = columns.map(|(key, title)| Column::new(*key, *title, Kind::Text)).collect();
    let mut table = Table::new("libraries", "NVIDIA's libraries, which the worker looks for", columns);
    for library in libraries {
        let cell = |text: &Option<String>| text.as_ref().map_or(Cell::Empty, Cell::text);
        let LibraryState { name, purpose, path, version, wrong, install } = library;
        let row = [Cell::text(name), cell(version), Cell::text(purpose), cell(path)];
        let more = [cell(wrong), Cell::text(install)].into_iter().filter(|_| is_program);
        table.push(row.into_iter().chain(more).collect());
        let wrong = wrong.as_ref().filter(|_| !is_program);
        table.notes.extend(wrong.map(|wrong| format!("{name}: {wrong}. What installs it: {install}.")));
    }
    table
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
