//! Durations as people write them.
use std::time::Duration;

/// Reads a duration: `300ms`, `5s`, `1.5s`, `2m`, `7us`, and `2` in seconds, as with curl and ping. `None` where it is none.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at)?;
    let unit_us: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" | "" => 1_000_000,
        "m" => 60_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.len() > 6 || number.ends_with('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let scale = 10_u64.saturating_pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX));
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part = fraction.saturating_mul(unit_us).checked_div(scale).unwrap_or_default();
    whole.checked_mul(unit_us)?.checked_add(part).map(Duration::from_micros)
}
