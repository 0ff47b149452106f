//! What was measured, as a table.

use arclab_report::{Cell, Column, Kind, Table};

use super::{Memory, Row};
use crate::place::Place;

pub(super) fn table(place: Place, rows: &[Row]) -> Table {
    let column = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let (caption, [sampled, whole]) = match place {
        Place::Cpu { .. } => ("Head", ["MiB a step", "MiB, all classes"]),
        Place::Cuda(_) => ("Head on a GPU", ["GPU MiB", "GPU MiB, all classes"]),
    };
    let columns = vec![
        column("classes", "Classes"),
        column("sample", "Sampled"),
        column("sampled_milliseconds", "ms a step"),
        column("sampled_mib", sampled),
        column("whole_milliseconds", "ms, all classes"),
        column("whole_mib", whole),
    ];
    let mut table = Table::new("head", caption, columns);
    for row in rows {
        let number = |value: f64| Cell::Number { value, decimals: 1 };
        let [milliseconds, mebibytes] =
            [|seconds: f64| seconds * 1e3, |bytes: f64| bytes / f64::from(1 << 20)];
        let [sampled, whole] = row.memory.bytes();
        table.push(vec![
            Cell::Count(row.classes.into()),
            Cell::Count(row.sample as u64),
            number(milliseconds(row.sampled_seconds)),
            number(mebibytes(sampled)),
            number(milliseconds(row.whole_seconds)),
            number(mebibytes(whole)),
        ]);
    }
    table
}

impl Memory {
    /// With a sample, and with all classes.
    fn bytes(&self) -> [f64; 2] {
        match *self {
            Self::Cpu { sampled_step_bytes, whole_step_bytes } => [sampled_step_bytes, whole_step_bytes],
            Self::Gpu { sampled_gpu_peak_bytes, whole_gpu_peak_bytes } => {
                [sampled_gpu_peak_bytes, whole_gpu_peak_bytes].map(|bytes| bytes as f64)
            }
        }
    }
}
