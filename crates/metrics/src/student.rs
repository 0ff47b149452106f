//! Student's t distribution, as far as a 95% interval needs it.

/// Quantile 0.975 for 1 to 30 degrees of freedom (mpmath, inverting the regularised incomplete beta function).
const SMALL: [f64; 30] = [
    12.706_204_736,
    4.302_652_730,
    3.182_446_305,
    2.776_445_105,
    2.570_581_836,
    2.446_911_851,
    2.364_624_252,
    2.306_004_135,
    2.262_157_163,
    2.228_138_852,
    2.200_985_160,
    2.178_812_830,
    2.160_368_656,
    2.144_786_688,
    2.131_449_546,
    2.119_905_299,
    2.109_815_578,
    2.100_922_040,
    2.093_024_054,
    2.085_963_447,
    2.079_613_845,
    2.073_873_068,
    2.068_657_610,
    2.063_898_562,
    2.059_538_553,
    2.055_529_439,
    2.051_830_516,
    2.048_407_142,
    2.045_229_642,
    2.042_272_456,
];

/// Quantile 0.975 of the normal distribution.
pub(crate) const NORMAL_975: f64 = 1.959_963_984_540_054;

/// Quantile 0.975 of Student's t; none without a degree of freedom.
///
/// Beyond the table, the Cornish-Fisher expansion (Abramowitz and Stegun, 26.7.5), right to seven digits there.
pub(crate) fn t_quantile_975(freedom: u32) -> Option<f64> {
    let place = freedom.checked_sub(1)? as usize;
    Some(SMALL.get(place).copied().unwrap_or_else(|| expansion(f64::from(freedom))))
}

fn expansion(n: f64) -> f64 {
    let x = NORMAL_975;
    let g1 = (x.powi(3) + x) / 4.0;
    let g2 = (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0;
    let g3 = (3.0 * x.powi(7) + 19.0 * x.powi(5) + 17.0 * x.powi(3) - 15.0 * x) / 384.0;
    x + g1 / n + g2 / n.powi(2) + g3 / n.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_joins_the_table() {
        assert!((expansion(30.0) - SMALL[29]).abs() < 1e-5);
        // From mpmath.
        assert!((t_quantile_975(31).unwrap() - 2.039_513_446).abs() < 1e-5);
        assert!((t_quantile_975(100).unwrap() - 1.983_971_519).abs() < 1e-7);
        assert_eq!(t_quantile_975(0), None);
    }
}
