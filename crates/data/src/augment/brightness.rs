//! Brightness: display values times a factor.
//!
//! As Pillow's `ImageEnhance.Brightness` and torchvision's `adjust_brightness`: v · f of the encoded values, cut to 0 … 255
//! and rounded down.

/// What a factor makes of each display value.
pub fn brightness(factor: f64) -> [u8; 256] {
    blended(0, factor)
}

/// Per display value the one that lies `factor` times as far from `base`, in float32 as in Pillow's `Image.blend`.
pub(super) fn blended(base: u8, factor: f64) -> [u8; 256] {
    let (base, factor) = (f32::from(base), factor as f32);
    // A cast rounds down, and ends at 0 and at 255.
    std::array::from_fn(|value| (base + factor * (value as f32 - base)) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_as_bright_is_half_of_each_value_and_twice_ends_at_white() {
        let (half, twice) = (brightness(0.5), brightness(2.0));
        assert_eq!([half[0], half[101], half[255]], [0, 50, 127]);
        assert_eq!([twice[0], twice[101], twice[128]], [0, 202, 255]);
    }

    #[test]
    fn a_factor_of_one_changes_nothing_and_values_keep_their_order() {
        assert!(brightness(1.0).iter().enumerate().all(|(value, &now)| value == usize::from(now)));
        for factor in [0.0, 0.3, 1.7, 10.0] {
            assert!(brightness(factor).is_sorted(), "{factor}");
        }
    }
}
