//! Holm's correction (A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979).

/// p values, in their order, as they count where all of them were looked at: the i-th smallest of m times m - i + 1, and at
/// least as much as those before it. The chance that any p of no difference falls below 5% is then at most 5%.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut corrected, mut least) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, place) in order.into_iter().enumerate() {
        least = least.max((p.len() - rank) as f64 * p[place]).min(1.0);
        corrected[place] = least;
    }
    corrected
}
