//! What was measured, as tables.

use arclab_report::{Cell, Column, Kind, Table};

use super::row::Row;

pub(super) fn on_cpu(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("task", "Task"),
        text("model", "Model"),
        number("batch", "Batch"),
        number("images_per_second", "Images/s"),
        number("peak_mib", "Peak MiB"),
        number("peer", "PyTorch images/s"),
        number("peer_mib", "PyTorch peak MiB"),
        text("setting", "PyTorch setting"),
        number("ratio", "Speed ratio"),
        text("range", "Range"),
        number("memory", "Memory ratio"),
        number("step_memory", "of the step alone"),
    ];
    let mut table = Table::new("engine", "Engine", columns);
    for row in rows {
        table.push(cells(row));
    }
    table
}

fn cells(row: &Row) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(row.task),
        Cell::text(row.model),
        Cell::Count(row.batch as u64),
        number(row.images_per_second, 1),
        mebibytes(Some(row.peak_bytes)),
    ];
    match &row.beside {
        Some(beside) => cells.extend([
            number(beside.peer_images_per_second, 1),
            mebibytes(Some(beside.peer_peak_bytes)),
            Cell::text(beside.peer_setting.as_str()),
            number(beside.ratio, 2),
            range(beside.ratio_low, beside.ratio_high),
            number(beside.memory_ratio, 2),
            beside.step_memory_ratio.map_or(Cell::Empty, |ratio| number(ratio, 2)),
        ]),
        None => cells.extend(std::iter::repeat_n(Cell::Empty, 7)),
    }
    cells
}

fn number(value: f64, decimals: usize) -> Cell {
    Cell::Number { value, decimals }
}

fn mebibytes(bytes: Option<f64>) -> Cell {
    bytes.map_or(Cell::Empty, |bytes| number(bytes / f64::from(1 << 20), 0))
}

fn range(low: f64, high: f64) -> Cell {
    Cell::text(format!("{low:.2} to {high:.2}"))
}

/// Memory is the GPU's.
pub(super) fn on_gpu(rows: &[Row]) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("task", "Task"),
        text("model", "Model"),
        number("batch", "Batch"),
        text("precision", "Precision"),
        number("images_per_second", "Images/s"),
        number("gpu_peak_mib", "GPU MiB"),
        number("peer", "PyTorch images/s"),
        number("peer_gpu_mib", "PyTorch GPU MiB"),
        number("ratio", "Speed ratio"),
        text("range", "Range"),
        number("memory", "Memory ratio"),
        number("compiled", "Compiled images/s"),
        number("compiled_gpu_mib", "Compiled GPU MiB"),
        number("ratio_compiled", "Speed ratio to compiled"),
        text("range_compiled", "Its range"),
    ];
    let mut table = Table::new("engine", "Engine on a GPU", columns);
    for row in rows {
        table.push(gpu_cells(row));
    }
    table
}

fn gpu_cells(row: &Row) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(row.task),
        Cell::text(row.model),
        Cell::Count(row.batch as u64),
        Cell::text(row.precision.name()),
        number(row.images_per_second, 1),
        mebibytes(row.gpu_peak_bytes),
    ];
    match &row.beside {
        Some(beside) => cells.extend([
            number(beside.peer_images_per_second, 1),
            mebibytes(beside.peer_gpu_peak_bytes),
            number(beside.ratio, 2),
            range(beside.ratio_low, beside.ratio_high),
            number(beside.memory_ratio, 2),
        ]),
        None => cells.extend(std::iter::repeat_n(Cell::Empty, 5)),
    }
    match &row.compiled {
        Some(compiled) => cells.extend([
            number(compiled.images_per_second, 1),
            mebibytes(compiled.gpu_peak_bytes),
            number(compiled.ratio, 2),
            range(compiled.low, compiled.high),
        ]),
        None => cells.extend(std::iter::repeat_n(Cell::Empty, 4)),
    }
    cells
}

/// Where a case's time goes, the most first.
pub(super) fn operators(row: &Row) -> Table {
    let step = row.batch as f64 / row.images_per_second;
    let columns = vec![
        Column::new("operator", "Operator", Kind::Text),
        Column::new("milliseconds", "ms a step", Kind::Number),
        Column::new("share", "Share, %", Kind::Number),
    ];
    let caption = format!("{} {}, batch {}", row.model, row.task, row.batch);
    let mut table = Table::new("operators", caption, columns);
    let mut times: Vec<(&str, f64)> =
        row.operators.iter().map(|(name, time)| (name.as_str(), *time)).collect();
    let counted: f64 = times.iter().map(|(_, time)| time).sum();
    times.push(("all else", (step - counted).max(0.0)));
    times.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, time) in times {
        let (time, share) = (time * 1e3, 100.0 * time / step);
        let number = |value| Cell::Number { value, decimals: 1 };
        table.push(vec![Cell::text(name), number(time), number(share)]);
    }
    table
}
