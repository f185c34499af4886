//! Lengths of time on the command line.

use std::time::Duration;

/// Hours of load are enough; a longer one is a mistake.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// `500ms`, `1.5s`, `2m`; a plain number is milliseconds.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let wrong = || "a time up to 7 days, such as 500ms, 60s or 2m".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    let unit_ms = match &text[digits.len()..] {
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        _ => return Err(wrong()),
    };
    let duration = Duration::try_from_secs_f64(number * unit_ms / 1_000.0).map_err(|_| wrong())?;
    (duration <= LONGEST).then_some(duration).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_milliseconds() {
        for (text, ms) in [
            ("60000", 60_000),
            ("500ms", 500),
            ("1.5s", 1_500),
            ("2m", 120_000),
        ] {
            assert_eq!(read(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for bad in ["", "s", "-1", "1h", "1 s", "nan", "inf", "9999999s"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
