//! Durations as people write them: `300ms`, `5s`, `1.5s`, `2m`, and `2` in seconds.
use std::time::Duration;

use crate::quote::quoted;

/// Reads a duration. A bare number is seconds, as with curl and ping; what other clients count in milliseconds is read elsewhere.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{} is not a duration: write 300ms, 5s, 1.5s or 2m", quoted(text));
    let limit = rdp_probe::parse_duration(text).ok_or_else(wrong)?;
    // A day is longer than any run; more is a typing error.
    if limit.is_zero() || limit > Duration::from_secs(86_400) {
        return Err(format!("{} is not a duration from 1us to 1440m", quoted(text)));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_fractions_are_read() {
        let cases = [
            ("300ms", 300_000),
            ("5s", 5_000_000),
            ("1.5s", 1_500_000),
            ("2m", 120_000_000),
            ("7us", 7),
            ("2", 2_000_000),
            ("0.5", 500_000),
        ];
        for (text, micros) in cases {
            assert_eq!(parse(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "5 s",
            "-5s",
            "5h",
            "1.s",
            ".5s",
            "0s",
            "0",
            "5.",
            ".",
            "-5",
            "86401",
            "99999999999999999999s",
            "1.2.3s",
            "2000m",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
