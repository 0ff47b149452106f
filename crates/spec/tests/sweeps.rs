//! `sweep:`: axes, cells, and what is wrong with them.

mod support;

use arclab_spec::{Spec, StopRule, read_specs, read_sweep};
use support::Folder;

const BASE: &str = "hypothesis: None.\ndata: {dataset: synthetic}\ntraining: {epochs: 4}\n";

/// What the file `margin.yaml` stands for, which extends `base.yaml`.
fn cells(sweep: &str) -> Result<Vec<Spec>, String> {
    let folder = Folder::new();
    folder.write("base.yaml", BASE);
    folder.write("margin.yaml", format!("extends: base.yaml\nhypothesis: Margins matter.\nsweep:\n{sweep}"));
    read_specs(&[folder.path().join("margin.yaml")], &[]).map_err(|errors| errors.to_string())
}

fn names(sweep: &str) -> Vec<String> {
    cells(sweep).expect("the sweep is right").iter().map(|spec| spec.name.to_string()).collect()
}

fn changes(spec: &Spec) -> Vec<String> {
    spec.changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_grid_has_what_is_extended_and_a_variant_a_cell() {
    let cells = cells("  axes: {loss.margin: [0.2, 0.8], loss.scale: [16, 64]}\n").unwrap();
    let names: Vec<_> = cells.iter().map(|spec| spec.name.as_str()).collect();
    let of_cells =
        ["margin-0.2-scale-16", "margin-0.2-scale-64", "margin-0.8-scale-16", "margin-0.8-scale-64"];
    assert_eq!(names, [["base"].as_slice(), &of_cells].concat());
    assert!(
        cells.iter().all(|spec| spec.experiment.as_str() == "margin"),
        "they are compared with one another"
    );
    assert_eq!(changes(&cells[2]), ["loss.margin: - → 0.2", "loss.scale: - → 64"]);
    assert_eq!(cells[2].hypothesis, "Margins matter.");
    assert_eq!(cells[2].parent.as_ref().map(arclab_spec::VariantName::as_str), Some("margin"));
}

#[test]
fn ranges_are_even_in_differences_or_in_ratios() {
    let linear = "  axes: {loss.margin: {from: 0.2, to: 0.8, steps: 4}}\n";
    assert_eq!(names(linear)[1..], ["margin-0.2", "margin-0.4", "margin-0.6", "margin-0.8"]);
    let log = "  axes: {loss.scale: {from: 10, to: 1000, scale: log, steps: 3}}\n";
    assert_eq!(names(log)[1..], ["scale-10", "scale-100", "scale-1000"]);
    let whole = "  axes: {training.epochs: {from: 1, to: 3, steps: 9, whole: true}}\n";
    assert_eq!(names(whole)[1..], ["epochs-1", "epochs-2", "epochs-3"], "each once");
}

#[test]
fn a_range_keeps_to_its_ends() {
    let narrow = "  axes: {optimizer.clip_norm: {from: 12345, to: 12349, steps: 3}}\n";
    assert_eq!(names(narrow)[1..], ["clip_norm-12345", "clip_norm-12347", "clip_norm-12349"]);
    let fine = "  axes: {loss.margin: {from: 0.12346, to: 0.2, steps: 2}}\n";
    assert_eq!(names(fine)[1..], ["margin-0.12346", "margin-0.2"]);
}

#[test]
fn whole_numbers_are_drawn_evenly() {
    let sweep = "  axes: {model.embedding_size: {from: 2, to: 5, whole: true}, loss.scale: {from: 1, to: 60}}\n  \
                 search: random\n  cells: 200\n";
    let drawn = names(sweep);
    for size in 2..=5 {
        let count = drawn.iter().filter(|name| name.starts_with(&format!("embedding_size-{size}-"))).count();
        // Five standard deviations of a share of 200.
        assert!((19..=81).contains(&count), "{size}: {count}");
    }
}

#[test]
fn a_cell_has_the_same_values_whatever_other_axes_there_are() {
    let draw = |axes: &str| names(&format!("  axes: {{{axes}}}\n  search: random\n  cells: 3\n"));
    let margins =
        |name: &String| name.split("-margin-").last().unwrap().trim_start_matches("margin-").to_owned();
    let margin = "loss.margin: {from: 0.1, to: 0.9}";
    let (alone, both) = (draw(margin), draw(&format!("loss.scale: {{from: 1, to: 60}}, {margin}")));
    assert_eq!(alone.iter().map(margins).collect::<Vec<_>>(), both.iter().map(margins).collect::<Vec<_>>());
}

#[test]
fn lists_may_be_values_and_then_cells_are_numbered() {
    let specs = cells("  axes: {schedule.milestones: [[1], [1, 2]]}\nschedule: {name: step}\n").unwrap();
    assert_eq!(specs[2].name.as_str(), "margin-002");
    assert_eq!(specs[2].sweep.as_ref().unwrap().cell.as_ref().unwrap().values, [Some("[1, 2]".to_owned())]);
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    let sweep =
        "  axes: {loss.scale: [16.0, 64.0], loss.margin: {values: [0.2, 0.4], when: {loss.scale: 16}}}\n";
    assert_eq!(names(sweep).len(), 1 + 3);
}

#[test]
fn an_axis_may_count_beside_one_value_of_another_alone() {
    let sweep = "  axes:\n    loss.name: [arcface, normface]\n    loss.margin: {values: [0.2, 0.5], when: {loss.name: arcface}}\n";
    assert_eq!(names(sweep)[1..], ["name-arcface-margin-0.2", "name-arcface-margin-0.5", "name-normface"]);
}

#[test]
fn what_is_drawn_is_the_same_every_time_and_another_seed_draws_others() {
    for search in ["random", "sobol"] {
        let drawn = |cells: u32, seed: u32| {
            names(&format!(
                "  axes: {{loss.margin: {{from: 0, to: 1}}, loss.scale: [16, 32, 64]}}\n  search: {search}\n  cells: {cells}\n  seed: {seed}\n"
            ))
        };
        assert_eq!(drawn(8, 1), drawn(8, 1));
        assert_eq!(drawn(16, 1)[..9], drawn(8, 1), "more cells leave the first as they are");
        assert_ne!(drawn(8, 1), drawn(8, 2));
    }
}

#[test]
fn a_sobol_search_fills_an_axis_evenly() {
    let sweep = "  axes: {loss.margin: {from: 0, to: 1}}\n  search: sobol\n  cells: 16\n";
    let mut filled = [0; 16];
    for spec in &cells(sweep).unwrap()[1..] {
        let margin: f64 = spec.changes[0].to.parse().unwrap();
        filled[(margin * 16.0) as usize] += 1;
    }
    assert_eq!(filled, [1; 16]);
}

#[test]
fn what_cells_are_held_against_has_their_seeds_and_resources() {
    let folder = Folder::new();
    folder.write("base.yaml", BASE);
    let own = "training: {seeds: [3, 4], batch_size: 32}\nresources: {threads: 1}\n";
    folder.write(
        "margin.yaml",
        format!("extends: base.yaml\nsweep: {{axes: {{loss.margin: [0.2, 0.8]}}}}\n{own}"),
    );
    let specs = read_specs(&[folder.path().join("margin.yaml")], &[]).unwrap();
    assert!(specs.iter().all(|spec| spec.seeds == [3, 4] && spec.resources == specs[0].resources));
    let sizes: Vec<_> = specs.iter().map(|spec| spec.config.training.batch_size).collect();
    assert_eq!(sizes, [64, 32, 32], "what else a sweep says is of its cells");
}

#[test]
fn a_sweep_can_be_set_from_outside_and_its_axes_cannot_be_set_apart() {
    let folder = Folder::new();
    folder.write("base.yaml", BASE);
    folder.write("margin.yaml", "extends: base.yaml\nsweep: {axes: {loss.margin: [0.2, 0.8]}}\n");
    let read = |set: &str| {
        let overrides = [set.parse().unwrap()];
        read_specs(&[folder.path().join("margin.yaml")], &overrides).map_err(|errors| errors.to_string())
    };
    let names = |specs: Vec<Spec>| specs.into_iter().map(|spec| spec.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(read("sweep.axes={loss.margin: [0.3]}").unwrap()), ["base", "margin-0.3"]);
    assert!(read("loss.margin=0.4").unwrap_err().contains("`loss.margin=0.4` sets an axis of a sweep"));
}

#[test]
fn each_variant_knows_its_place_in_the_sweep() {
    let cells = cells(
        "  axes: {loss.name: [arcface, normface], loss.margin: {values: [0.2], when: {loss.name: arcface}}}\n",
    );
    let places: Vec<_> = cells.unwrap().into_iter().map(|spec| spec.sweep.unwrap().cell).collect();
    let values =
        |values: &[Option<&str>]| values.iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(places[0], None, "what all are held against");
    assert_eq!(places[1].as_ref().unwrap().values, values(&[Some("arcface"), Some("0.2")]));
    assert_eq!(places[2].as_ref().unwrap().values, values(&[Some("normface"), None]));
}

#[test]
fn a_search_by_results_begins_with_one_round_and_goes_on_with_the_points_that_it_is_given() {
    let folder = Folder::new();
    folder.write("base.yaml", BASE);
    let sweep = "sweep: {axes: {loss.margin: {from: 0, to: 1}}, search: tpe, cells: 6, round: 4}";
    folder.write("margin.yaml", format!("extends: base.yaml\n{sweep}\n"));
    let file = folder.path().join("margin.yaml");
    assert_eq!(read_specs(std::slice::from_ref(&file), &[]).unwrap().len(), 1 + 4);
    let later = read_sweep(&file, &[], &[vec![0.25], vec![0.5], vec![0.75]]).unwrap();
    let names: Vec<_> = later[5..].iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["margin-0.25", "margin-0.5"], "six cells in all");
}

#[test]
fn a_budget_of_runs_leaves_out_the_last_cells() {
    let sweep = "  axes: {loss.margin: [0.1, 0.2, 0.3]}\n  budget: {runs: 5}\ntraining: {seeds: [0, 1]}\n";
    assert_eq!(names(sweep), ["base", "margin-0.1", "margin-0.2"]);
    let drawn = "  axes: {loss.margin: {from: 0, to: 1}}\n  search: random\n  budget: {runs: 5}\n";
    assert_eq!(names(drawn).len(), 1 + 5, "so many cells as there are runs, where nothing is said of them");
}

#[test]
fn a_rule_of_stopping_is_kept_with_each_variant_and_changes_no_plan() {
    let plain = cells("  axes: {loss.margin: [0.2]}\n").unwrap();
    let stopped =
        cells("  axes: {loss.margin: [0.2]}\n  stop: {rule: asha, min_epochs: 2, reduction: 4}\n").unwrap();
    let rule = |spec: &Spec| spec.sweep.as_ref().and_then(|part| part.sweep.stop);
    assert_eq!(rule(&stopped[1]), Some(StopRule::Asha { min_epochs: 2, reduction: 4 }));
    assert_eq!((rule(&plain[1]), &plain[1].config), (None, &stopped[1].config));
}

#[test]
fn mistakes_are_told_where_they_stand() {
    for (sweep, told) in [
        ("  axes: {}\n", "`sweep` has no axis"),
        ("  axes: {loss.margin: 0.5}\n", "must be a list or a range"),
        ("  axes: {loss.margin: [9]}\n", "margin.yaml:4:24: `loss.margin` must be"),
        ("  axes: {loss.margni: [0.5]}\n", "loss.margni"),
        ("  axes: {loss.margin: {from: 0.5, to: 0.2, steps: 3}}\n", "must begin below its end"),
        ("  axes: {loss.margin: {from: 0.2, to: 0.5}}\n", "a grid needs `steps`"),
        ("  axes: {loss.margin: {from: 0, to: 1, scale: log, steps: 3}}\n", "must begin above 0"),
        ("  axes: {loss.margin: {values: [0.2], when: {loss.name: arcface}}}\n", "is no axis before it"),
        ("  axes: {loss.margin: [0.2]}\n  search: random\n", "needs `cells`"),
        ("  axes: {loss.margin: [0.2]}\n  cells: 3\n", "cells"),
        (
            "  axes: {loss.margin: [0.2]}\n  stop: {metric: open.accuracy}\n",
            "cannot stop cells by `open.accuracy`",
        ),
        (
            "  axes: {loss.margin: [0.2]}\n  stop: {metric: open.accuracy}\n",
            "write `metric: validation_accuracy`",
        ),
        (
            "  axes: {loss.margin: [0.2]}\n  stop: {rule: median, reduction: 3}\n",
            "`sweep.stop.reduction` has no effect",
        ),
        (
            "  axes: {loss.margin: [0.2]}\n  stop: {min_epochs: 4}\n",
            "cells of 4 epochs cannot be stopped after 4",
        ),
        ("  axes: {training.epochs: [2, 4]}\n  stop: {}\n", "cannot be an axis beside `stop`"),
        ("  axes: {loss.margin: [0.2]}\n  round: 3\n", "`sweep.round` has no effect"),
        ("  axes: {resources.threads: [1, 2]}\n", "margin.yaml:4:29: `resources.threads` cannot be an axis"),
        ("  axes: {training.seeds: [[0], [1]]}\n", "each cell has all of them"),
        ("  axes: {data.split.seed: [0, 1]}\n", "judged by different validation pairs"),
        (
            "  axes: {training.epochs: {from: 1, to: 2.5, steps: 2, whole: true}}\n",
            "begins and ends with one",
        ),
        ("  axes: {loss.margin: {from: .nan, to: 0.5, steps: 2}}\n", "from -1000000000000 to 1000000000000"),
        (
            "  axes: {loss.scale: [16, 64], loss.margin: {values: [0.2], when: {loss.scale: 32}}}\n",
            "`loss.margin` waits for `loss.scale` to be `32`, which it never is",
        ),
        (
            "  axes: {loss.margin: {from: 0, to: 1, steps: 1000}, loss.scale: {from: 1, to: 9, steps: 1000}}\n",
            "the grid has more than 10000 cells",
        ),
        (
            "  axes: {loss.margin: [0.2]}\n  budget: {runs: 1}\ntraining: {seeds: [0, 1, 2]}\n",
            "a budget of 1 runs has no room for a cell of 3 seeds",
        ),
    ] {
        let said = cells(sweep).unwrap_err();
        assert!(said.contains(told), "{sweep}: {said}");
    }
}

#[test]
fn what_a_sweep_is_extended_by_is_none_itself() {
    let folder = Folder::new();
    folder.write("base.yaml", BASE);
    folder.write("margin.yaml", "extends: base.yaml\nsweep: {axes: {loss.margin: [0.2, 0.8]}}\n");
    folder.write("one.yaml", "extends: margin.yaml\nhypothesis: One.\n");
    let specs = read_specs(&[folder.path().join("one.yaml")], &[]).unwrap();
    assert_eq!(specs.len(), 1);
}
