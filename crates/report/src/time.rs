//! Times and durations as people read them. UTC throughout: no clock and no zone is asked.

/// `850ms`, `12.3s`, `4m 05s`, `2h 07m`.
pub fn shown_seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        s if s < 0.9995 => format!("{:.0}ms", s * 1000.0),
        s if s < 59.95 => format!("{s:.1}s"),
        _ if whole < 3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// `2026-03-01 12:34:56`.
pub fn shown_time(unix_ms: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(unix_ms);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `2026-03-01T12:34:56Z`.
pub(crate) fn iso(unix_ms: u64) -> String {
    shown_time(unix_ms).replace(' ', "T") + "Z"
}

/// Year, month, day, hour, minute, second.
fn parts(unix_ms: u64) -> [u64; 6] {
    let seconds = unix_ms / 1000;
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    [year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60]
}

/// The Gregorian date of a day since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"): years
/// begin in March there, so that the leap day is the last, and come in eras of 400.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    let day = days_since_1970 + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_the_calendars() {
        // From `date -u -d @…`.
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_399_000), "2000-02-28T23:59:59Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_772_323_199_999), "2026-02-28T23:59:59Z");
        assert_eq!(iso(1_772_323_200_000), "2026-03-01T00:00:00Z");
        assert_eq!(iso(4_107_542_400_000), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn durations_show_what_matters() {
        let shown = [0.0004, 0.85, 12.34, 59.96, 245.0, 3599.7, 7620.0].map(shown_seconds);
        assert_eq!(shown, ["0ms", "850ms", "12.3s", "1m 00s", "4m 05s", "1h 00m", "2h 07m"]);
    }
}
