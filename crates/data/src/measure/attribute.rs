//! The attributes by name, and how much two images differ by one.

use std::{fmt, str::FromStr};

use super::Measures;
use crate::synthetic::{Attributes, Occlusion};

/// A number that an image has: measured of its pixels, or drawn for a rendered one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// Measured, in kelvin.
    ColourTemperature,
    /// Measured.
    Brightness,
    /// Measured.
    Contrast,
    /// Measured.
    Saturation,
    /// Measured.
    Blur,
    /// What the embedded faces' light was drawn with, in kelvin.
    DrawnColourTemperature,
    /// Exposure, in stops.
    DrawnExposure,
    /// Direction of the light, in degrees.
    DrawnLight,
    /// Head turned, in degrees.
    DrawnYaw,
    /// Head bowed, in degrees.
    DrawnPitch,
    /// Smile.
    DrawnSmile,
    /// Blur, in pixels.
    DrawnBlur,
    /// Noise, as a share of white.
    DrawnNoise,
    /// 1 where something is before the face, else 0.
    DrawnOcclusion,
}

/// No attribute has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownAttribute(String);

impl Attribute {
    /// All of them: the measured ones first.
    pub const ALL: [Self; 14] = [
        Self::ColourTemperature,
        Self::Brightness,
        Self::Contrast,
        Self::Saturation,
        Self::Blur,
        Self::DrawnColourTemperature,
        Self::DrawnExposure,
        Self::DrawnLight,
        Self::DrawnYaw,
        Self::DrawnPitch,
        Self::DrawnSmile,
        Self::DrawnBlur,
        Self::DrawnNoise,
        Self::DrawnOcclusion,
    ];

    /// Name, as people write it.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// Unit of an image's value; empty where it has none.
    pub fn unit(self) -> &'static str {
        self.facts().1
    }

    /// What it is, in words, with the method and its source.
    pub fn about(self) -> &'static str {
        self.facts().2
    }

    /// Unit of the difference of two images' values.
    pub fn gap_unit(self) -> &'static str {
        match self.unit() {
            "K" => "mired",
            unit => unit,
        }
    }

    /// The value of an image; none of what was drawn where nothing was.
    pub fn of(self, measured: &Measures, drawn: Option<&Attributes>) -> Option<f64> {
        let value = match self {
            Self::ColourTemperature => measured.colour_temperature_kelvin,
            Self::Brightness => measured.brightness,
            Self::Contrast => measured.contrast,
            Self::Saturation => measured.saturation,
            Self::Blur => measured.blur,
            Self::DrawnColourTemperature => drawn?.colour_temperature_kelvin,
            Self::DrawnExposure => drawn?.exposure_stops,
            Self::DrawnLight => drawn?.light_azimuth_deg,
            Self::DrawnYaw => drawn?.yaw_deg,
            Self::DrawnPitch => drawn?.pitch_deg,
            Self::DrawnSmile => drawn?.expression.smile,
            Self::DrawnBlur => drawn?.blur_px,
            Self::DrawnNoise => drawn?.noise,
            Self::DrawnOcclusion => f32::from(u8::from(drawn?.occlusion != Occlusion::None)),
        };
        Some(f64::from(value))
    }

    /// How far two images' values are apart. Of colour temperatures that is the difference of their reciprocals, in mired, in
    /// which equal steps look equal; of all others that of the values.
    pub fn gap(self) -> fn(f64, f64) -> f64 {
        match self.unit() {
            "K" => |a, b| (1e6 / a - 1e6 / b).abs(),
            _ => |a, b| (a - b).abs(),
        }
    }

    fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ColourTemperature => (
                "colour_temperature",
                "K",
                "correlated colour temperature of the face's mean linear light: grey world (Buchsbaum, 1980), nearest black body \
                 in CIE 1960 u, v; skin makes it lower than that of the light",
            ),
            Self::Brightness => ("brightness", "", "mean Rec. 601 luma of the face"),
            Self::Contrast => ("contrast", "", "standard deviation of the face's luma (Peli, 1990)"),
            Self::Saturation => ("saturation", "", "mean saturation of the face in HSV (Smith, 1978)"),
            Self::Blur => (
                "blur",
                "",
                "share of neighbours' differences that a further blur leaves (Crété-Roffet and others, 2007)",
            ),
            Self::DrawnColourTemperature => {
                ("drawn_colour_temperature", "K", "colour temperature that the light was drawn with")
            }
            Self::DrawnExposure => ("drawn_exposure", "stops", "exposure that was drawn"),
            Self::DrawnLight => {
                ("drawn_light", "deg", "direction of the light from the camera's axis that was drawn")
            }
            Self::DrawnYaw => ("drawn_yaw", "deg", "turn of the head that was drawn"),
            Self::DrawnPitch => ("drawn_pitch", "deg", "bow of the head that was drawn"),
            Self::DrawnSmile => ("drawn_smile", "", "smile that was drawn"),
            Self::DrawnBlur => {
                ("drawn_blur", "px", "deviation of the blur that was drawn, on a crop of 112 pixels")
            }
            Self::DrawnNoise => {
                ("drawn_noise", "", "deviation of the noise that was drawn, as a share of white")
            }
            Self::DrawnOcclusion => ("drawn_occlusion", "", "1 where something was drawn before the face"),
        }
    }
}

impl FromStr for Attribute {
    type Err = UnknownAttribute;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|attribute| attribute.name() == text);
        known.ok_or_else(|| UnknownAttribute(text.to_owned()))
    }
}

impl fmt::Display for UnknownAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Attribute::ALL.into_iter().map(Attribute::name).collect();
        write!(f, "there is no attribute `{}`: there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownAttribute {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_found_by_its_name() {
        for attribute in Attribute::ALL {
            assert_eq!(attribute.name().parse(), Ok(attribute));
        }
        let wrong = "colour".parse::<Attribute>().unwrap_err().to_string();
        assert!(wrong.contains("`colour`") && wrong.contains("colour_temperature, brightness"), "{wrong}");
    }

    #[test]
    fn equal_steps_of_colour_temperature_are_equal_in_mired() {
        assert!((Attribute::ColourTemperature.gap()(4000.0, 5000.0) - 50.0).abs() < 1e-9);
        assert!((Attribute::DrawnYaw.gap()(-10.0, 5.0) - 15.0).abs() < 1e-9);
    }
}
