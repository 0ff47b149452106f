//! What a sweep has shown: chance among many cells, and what matters.

use arclab_search::{importance, luck};

/// Random numbers of a seed (xorshift64*), by Box and Muller.
struct Stream(u64);

impl Stream {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Equally good cells; a seed does something to all of them alike.
fn equals(cells: usize, seeds: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let of_seeds: Vec<f64> = (0..seeds).map(|_| 3.0 * stream.normal()).collect();
    (0..cells)
        .map(|_| of_seeds.iter().map(|of_seed| 0.9 + 0.01 * (of_seed + stream.normal())).collect())
        .collect()
}

#[test]
fn of_two_cells_it_can_be_checked_by_hand() {
    // Means 0.8 and 0.9, and no rest but ±0.01 in each: the deviate is half of a paired t, 0.05 over 0.01.
    let found = luck(&[vec![0.79, 0.81], vec![0.91, 0.89]], None).unwrap();
    assert_eq!(found.cell, 1);
    assert!((found.above - 0.05).abs() < 1e-12);
    // One degree of freedom: t = 0.1 / (0.02 · √2 / √2) = 5, of which a two-sided p is 0.126.
    assert!((found.p - 0.1257).abs() < 0.01, "{}", found.p);
}

#[test]
fn where_nothing_can_be_told_nothing_is() {
    assert_eq!(luck(&[], None), None);
    assert_eq!(luck(&[vec![0.5, 0.6]], None), None);
    assert_eq!(luck(&[vec![0.5], vec![0.6]], None), None, "of one seed a cell");
    assert_eq!(luck(&[vec![0.5, 0.6], vec![0.6]], None), None);
}

#[test]
fn of_equals_one_in_twenty_seems_better_however_many_they_are() {
    let mut stream = Stream(11);
    for (cells, seeds) in [(2, 3), (7, 3), (30, 2)] {
        let repeats = 400;
        let found = (0..repeats).filter_map(|_| luck(&equals(cells, seeds, &mut stream), None));
        let share = found.filter(|luck| luck.p < 0.05).count() as f64 / f64::from(repeats);
        // Three standard deviations of a share of 400.
        assert!((share - 0.05).abs() < 3.0 * (0.05 * 0.95 / 400.0_f64).sqrt(), "{cells} cells: {share}");
    }
}

#[test]
fn the_luckiest_of_equals_lies_as_far_above_as_is_said() {
    let mut stream = Stream(5);
    let found: Vec<_> = (0..300).filter_map(|_| luck(&equals(12, 4, &mut stream), None)).collect();
    let mean =
        |of: &dyn Fn(&arclab_search::Luck) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
    let (above, said) = (mean(&|luck| luck.above), mean(&|luck| luck.by_chance));
    assert!((above / said - 1.0).abs() < 0.06, "{above} {said}");
}

#[test]
fn what_is_better_is_found() {
    let mut stream = Stream(3);
    let mut cells = equals(7, 3, &mut stream);
    cells[4].iter_mut().for_each(|value| *value += 0.1);
    let found = luck(&cells, None).unwrap();
    assert!(found.cell == 4 && found.p < 0.01, "{found:?}");
}

#[test]
fn the_cell_that_was_chosen_is_judged_though_another_lies_higher() {
    let mut cells = equals(7, 3, &mut Stream(3));
    cells[4].iter_mut().for_each(|value| *value += 0.1);
    let found = luck(&cells, Some(2)).unwrap();
    assert!(found.cell == 2 && found.above < 0.0 && found.p == 1.0, "{found:?}");
}

#[test]
fn rounding_is_no_merit() {
    for value in [0.7, 0.95] {
        let found = luck(&vec![vec![value; 3]; 16], None).unwrap();
        assert_eq!((found.above, found.p), (0.0, 1.0));
        let (points, _) = grid(4, |_, _| 0.0);
        // As sums of the same numbers differ by their order.
        let values: Vec<f64> = (0..16)
            .map(|i| if i % 3 == 0 { value } else { value / 3.0 + value / 3.0 + value / 3.0 })
            .collect();
        assert_eq!(importance(&points, &values, 0), None);
    }
}

/// A grid of `side` by `side`, and what `f` has there.
fn grid(side: usize, f: impl Fn(f64, f64) -> f64) -> (Vec<Vec<Option<f64>>>, Vec<f64>) {
    let place = |i: usize| (i as f64 + 0.5) / side as f64;
    let cells: Vec<_> = (0..side * side).map(|i| (place(i / side), place(i % side))).collect();
    (
        cells.iter().map(|&(a, b)| vec![Some(a), Some(b)]).collect(),
        cells.iter().map(|&(a, b)| f(a, b)).collect(),
    )
}

#[test]
fn all_that_varies_is_the_only_axis_that_does() {
    let (points, values) = grid(5, |a, _| a * a);
    let shares = importance(&points, &values, 0).unwrap();
    assert!((shares[0] - 1.0).abs() < 0.01 && shares[1].abs() < 0.01, "{shares:?}");
    assert_eq!(importance(&points, &vec![1.0; values.len()], 0), None);
}

#[test]
fn shares_are_those_of_the_variance_where_it_is_known() {
    // Variances of 2 a and b are 4 to 1.
    let (points, values) = grid(8, |a, b| 2.0 * a + b);
    let shares = importance(&points, &values, 0).unwrap();
    assert!((shares[0] - 0.8).abs() < 0.05 && (shares[1] - 0.2).abs() < 0.05, "{shares:?}");
}

#[test]
fn what_two_axes_do_only_together_is_neither_ones() {
    let (points, values) = grid(6, |a, b| (a - 0.5).signum() * (b - 0.5).signum());
    let shares = importance(&points, &values, 0).unwrap();
    assert!(shares[0] + shares[1] < 0.25, "{shares:?}");
}
