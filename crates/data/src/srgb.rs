//! The curves of sRGB (IEC 61966-2-1) between the values that files and displays hold and light as it adds up; all in
//! [0, 1].

/// Linear value of a display value.
pub(crate) fn to_linear(display: f64) -> f64 {
    if display <= 0.040_45 { display / 12.92 } else { ((display + 0.055) / 1.055).powf(2.4) }
}

/// Its inverse.
pub(crate) fn to_display(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_are_inverse_to_each_other_and_meet_known_values() {
        // 118 of 255 is the display value of 18% grey.
        assert!((to_linear(118.0 / 255.0) - 0.18).abs() < 0.003);
        for value in 0..=255 {
            let display = f64::from(value) / 255.0;
            assert!((to_display(to_linear(display)) - display).abs() < 1e-6, "{value}");
        }
    }
}
