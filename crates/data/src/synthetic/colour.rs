//! Colours as people choose them (display values) and as light adds up (linear values).

use std::sync::LazyLock;

use crate::srgb;

/// Red, green and blue as shown by a display (sRGB-coded), each in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rgb(pub(crate) [f32; 3]);

impl Rgb {
    /// A grey.
    pub(crate) fn grey(value: f32) -> Self {
        Self([value; 3])
    }

    /// The colour `share` of the way to another.
    pub(crate) fn towards(self, other: Self, share: f32) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + (other.0[i] - self.0[i]) * share))
    }

    /// The colour with every channel multiplied, kept in range.
    pub(crate) fn times(self, factor: f32) -> Self {
        Self(self.0.map(|value| (value * factor).clamp(0.0, 1.0)))
    }

    /// The colour with an amount added to each channel, kept in range.
    pub(crate) fn plus(self, amounts: [f32; 3]) -> Self {
        Self(std::array::from_fn(|i| (self.0[i] + amounts[i]).clamp(0.0, 1.0)))
    }

    /// The point `position` in [0, 1] of a scale of colours.
    pub(crate) fn on_scale(scale: &[Self], position: f32) -> Self {
        let steps = scale.len() - 1;
        let place = position.clamp(0.0, 1.0) * steps as f32;
        let index = (place as usize).min(steps - 1);
        scale[index].towards(scale[index + 1], place - index as f32)
    }
}

/// Linear value of each 8-bit display value.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|i| srgb::to_linear(i as f64 / 255.0) as f32));

const STEPS: usize = 4096;

/// Display value by the square root of the linear value: the root spreads the dark end, where the curve is steep.
static DISPLAY: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..=STEPS).map(|i| srgb::to_display((i as f64 / STEPS as f64).powi(2)) as f32).collect()
});

/// Both tables, looked up once for a whole photo.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer {
    linear: &'static [f32; 256],
    display: &'static [f32],
}

impl Transfer {
    pub(crate) fn new() -> Self {
        Self { linear: &LINEAR, display: &DISPLAY }
    }

    /// Linear value of a display value in [0, 1], to the nearest of 256.
    pub(crate) fn linear(self, display: f32) -> f32 {
        self.linear[(display * 255.0 + 0.5) as u8 as usize]
    }

    /// Display value of a linear one; what is out of range is clipped.
    pub(crate) fn display(self, linear: f32) -> f32 {
        self.display[(linear.clamp(0.0, 1.0).sqrt() * STEPS as f32 + 0.5) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::{Rgb, Transfer};

    #[test]
    fn display_values_survive_the_way_to_linear_and_back() {
        let transfer = Transfer::new();
        for value in 0..=255 {
            let display = value as f32 / 255.0;
            let back = transfer.display(transfer.linear(display));
            assert!((back - display).abs() < 0.5 / 255.0, "{value} came back as {}", back * 255.0);
        }
    }

    #[test]
    fn a_scale_reaches_its_ends_and_middle() {
        let scale = [Rgb::grey(0.0), Rgb::grey(1.0), Rgb::grey(0.0)];
        assert_eq!(Rgb::on_scale(&scale, 0.5), Rgb::grey(1.0));
        assert_eq!(Rgb::on_scale(&scale, 1.0), Rgb::grey(0.0));
        assert_eq!(Rgb::on_scale(&scale, 0.25), Rgb::grey(0.5));
    }
}
