//! A GPU's step by operator, as a table.

use arclab_report::{Cell, Column, Kind, Table};

use crate::profile::{Operator, Profile};

/// Where the time of a step of so many seconds goes, the most first. What it takes beyond its operators is mostly waiting.
pub(super) fn table(case: &str, step: f64, profile: &Profile) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        Column::new("operator", "Operator", Kind::Text),
        number("calls", "Calls"),
        number("milliseconds", "ms a step"),
        number("share", "Share, %"),
        number("gigabytes", "GB"),
        number("gigaflops", "GFLOP"),
        number("gigabytes_per_second", "GB/s"),
        number("teraflops_per_second", "TFLOP/s"),
        number("roofline", "Of the roofline, %"),
    ];
    let [product, copy] = [profile.flops_per_second / 1e12, profile.bytes_per_second / 1e9];
    let caption = format!("{case}; a large product reaches {product:.1} TFLOP/s, a copy {copy:.0} GB/s");
    let mut table = Table::new("operators", caption, columns);
    let counted: f64 = profile.operators.iter().map(|operator| operator.seconds).sum();
    for operator in &profile.operators {
        table.push(self::cells(operator, step));
    }
    let rest = (step - counted).max(0.0);
    let mut cells =
        vec![Cell::text("all else"), Cell::Empty, cell(rest * 1e3, 2), cell(100.0 * rest / step, 1)];
    cells.extend(std::iter::repeat_n(Cell::Empty, 5));
    table.push(cells);
    table
}

fn cells(operator: &Operator, step: f64) -> Vec<Cell> {
    let Operator { calls, seconds, bytes, flops, least_seconds, .. } = *operator;
    vec![
        Cell::text(operator.name.as_str()),
        Cell::Count(calls as u64),
        cell(seconds * 1e3, 2),
        cell(100.0 * seconds / step, 1),
        known(bytes / 1e9, 2),
        known(flops / 1e9, 1),
        known(bytes / 1e9 / seconds, 0),
        known(flops / 1e12 / seconds, 1),
        known(100.0 * least_seconds / seconds, 0),
    ]
}

fn cell(value: f64, decimals: usize) -> Cell {
    Cell::Number { value, decimals }
}

/// Of what nothing is known, nothing is said.
fn known(value: f64, decimals: usize) -> Cell {
    if value > 0.0 { cell(value, decimals) } else { Cell::Empty }
}

#[cfg(test)]
mod tests {
    use arclab_report::Format;

    use super::*;

    #[test]
    fn an_operator_is_told_beside_what_the_gpu_reaches_and_nothing_of_work_that_is_not_known() {
        let operator = |name: &str, seconds, bytes, flops, least_seconds| Operator {
            name: name.to_owned(),
            calls: 3,
            seconds,
            bytes,
            flops,
            least_seconds,
        };
        let operators =
            vec![operator("conv 3×3", 0.002, 1e9, 1e12, 0.0015), operator("a kernel", 0.001, 0.0, 0.0, 0.0)];
        let profile = Profile { flops_per_second: 7e14, bytes_per_second: 4e12, operators };
        let said = table("small train, batch 2, bf16", 0.004, &profile).render(Format::Markdown);
        assert!(said.contains("a large product reaches 700.0 TFLOP/s, a copy 4000 GB/s"), "{said}");
        let rows: Vec<Vec<&str>> = said
            .lines()
            .filter(|line| line.starts_with('|'))
            .skip(2)
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert_eq!(rows[0], ["conv 3×3", "3", "2.00", "50.0", "1.00", "1000.0", "500", "500.0", "75"]);
        assert_eq!(rows[1][..4], ["a kernel", "3", "1.00", "25.0"]);
        assert_eq!(rows[2][..4], ["all else", rows[1][4], "1.00", "25.0"]);
        assert!(rows[1][4..].iter().all(|cell| cell.chars().all(|c| !c.is_ascii_digit())), "{said}");
    }
}
