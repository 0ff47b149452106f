//! What is said of a sweep.

use arclab_report::{CellResults, Document, Format, Stands, SweepResults};
use arclab_spec::VariantName;

/// A cell whose seeds end at `ends`, after so many epochs of eight.
fn cell(
    name: &str,
    values: &[&str],
    point: &[f64],
    done: usize,
    ends: &[f64],
    stands: Stands,
) -> CellResults {
    CellResults {
        variant: VariantName::new(name).expect("it is a name"),
        values: values.iter().map(|value| Some((*value).to_owned())).collect(),
        point: point.iter().copied().map(Some).collect(),
        epochs: 8,
        curves: ends
            .iter()
            .map(|end| (1..=done).map(|epoch| end - 0.01 * (done - epoch) as f64).collect())
            .collect(),
        seconds: 10.0 * done as f64,
        stands,
    }
}

fn margins(best: [f64; 3]) -> SweepResults {
    let cell = |name: &str, value: &str, done, ends: &[f64], stands| {
        cell(name, &[value], &[0.5], done, ends, stands)
    };
    SweepResults {
        axes: vec!["loss.margin".to_owned()],
        against: CellResults {
            values: Vec::new(),
            ..cell("baseline", "", 8, &[0.80, 0.82, 0.81], Stands::Whole)
        },
        cells: vec![
            cell("margin-0.2", "0.2", 2, &[0.70, 0.72, 0.71], Stands::StoppedEarly),
            cell("margin-0.5", "0.5", 8, &best, Stands::Whole),
            cell("margin-0.8", "0.8", 4, &[0.71, 0.74, 0.72], Stands::StoppedEarly),
        ],
    }
}

fn text(sweep: &SweepResults) -> String {
    sweep.tables().iter().map(|table| table.render(Format::Text { colour: false })).collect()
}

/// Without line breaks.
fn flowing(sweep: &SweepResults) -> String {
    text(sweep).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn cells_are_listed_with_where_they_were_stopped_and_the_best_is_named() {
    insta::assert_snapshot!(text(&margins([0.86, 0.88, 0.88])));
}

#[test]
fn a_best_cell_that_is_no_better_than_the_luckiest_is_warned_of() {
    let mut sweep = margins([0.86, 0.88, 0.88]);
    // After two epochs, where all of them are, none is better.
    sweep.cells[1].curves =
        [0.70, 0.73, 0.70].map(|at| vec![at - 0.01, at, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]).into();
    let said = flowing(&sweep);
    assert!(said.contains("Warning: this may be luck: after epoch 2"), "{said}");
}

#[test]
fn luck_is_judged_of_the_cell_that_is_called_best_and_not_of_one_that_was_stopped() {
    let mut sweep = margins([0.86, 0.88, 0.88]);
    sweep.cells[0].curves = [0.84, 0.86, 0.86].map(|at| vec![at - 0.01, at]).into();
    let said = flowing(&sweep);
    assert!(said.contains("margin-0.5 is the best of the cells that came to the end"), "{said}");
    assert!(said.contains("after epoch 2, the last that all cells have done, margin-0.5 is"), "{said}");
}

#[test]
fn a_best_cell_that_is_what_all_are_held_against_is_no_difference_of_nothing() {
    let mut sweep = margins([0.86, 0.88, 0.88]);
    sweep.against.curves = sweep.cells[1].curves.clone();
    let said = flowing(&sweep);
    assert!(said.contains("it is what baseline is, by the same runs"), "{said}");
    sweep.against.curves.iter_mut().for_each(|curve| curve.truncate(3));
    assert!(flowing(&sweep).contains("baseline has not come as far"));
}

#[test]
fn a_page_draws_how_far_each_cell_came() {
    let page = |sweep: &SweepResults| {
        let sections = vec![sweep.section()];
        Document { title: "margin".to_owned(), made: "now".to_owned(), sections }.page()
    };
    let few = page(&margins([0.86, 0.88, 0.88]));
    assert_eq!(few.matches("<svg ").count(), 1);
    assert!(few.contains("margin-0.2") && few.contains("Validation accuracy of the cells"));
}

#[test]
fn cells_that_never_began_are_no_part_of_what_is_compared() {
    let mut sweep = margins([0.86, 0.88, 0.88]);
    let never = cell("margin-0.9", &["0.9"], &[0.9], 0, &[0.0; 3], Stands::NeverBegun);
    sweep.cells.push(never);
    let said = flowing(&sweep);
    assert!(said.contains("its being the best of 3."), "{said}");
    assert!(said.contains("after epoch 2, the last that all cells have done"), "{said}");
    assert!(said.contains("2 of 3 cells were stopped early, after epoch 2 or 4"), "{said}");
    assert!(said.contains("not begun"), "{said}");
}

#[test]
fn one_seed_a_cell_is_warned_of() {
    let mut sweep = margins([0.86, 0.88, 0.88]);
    sweep.cells.iter_mut().chain([&mut sweep.against]).for_each(|cell| cell.curves.truncate(1));
    let said = flowing(&sweep);
    assert!(said.contains("with one seed a cell nothing tells luck from merit"), "{said}");
    assert!(said.contains("one seed does not tell how it stands against baseline"), "{said}");
}

#[test]
fn what_matters_is_said_of_several_axes_alone() {
    assert_eq!(margins([0.86, 0.88, 0.88]).tables().len(), 1);
    let cells = (0..16).map(|i| {
        let (a, b) = (i / 4, i % 4);
        let point = [a, b].map(|place| (f64::from(place) + 0.5) / 4.0);
        let end = 0.8 + 0.02 * f64::from(a);
        cell(
            &format!("c{i}"),
            &[&a.to_string(), &b.to_string()],
            &point,
            8,
            &[end, end + 0.001],
            Stands::Whole,
        )
    });
    let axes = ["loss.margin", "loss.scale"].map(str::to_owned).into();
    let sweep = SweepResults { axes, cells: cells.collect(), ..margins([0.9; 3]) };
    let table = sweep.tables().pop().unwrap();
    let first = table.rows()[0].iter().map(arclab_report::Cell::shown).collect::<Vec<_>>();
    assert_eq!(first, ["loss.margin", "1.00"]);
}
