//! Times and durations in the forms that the API uses: RFC 3339 text in UTC, Go's duration text.

use jiff::Timestamp;

/// The canonical text of an RFC 3339 time: UTC, whole seconds, or six decimals for `MicroTime`.
pub fn canonical(text: &str, micro: bool) -> Option<String> {
    let timestamp: Timestamp = text.parse().ok()?;
    Some(if micro { format_micro(timestamp) } else { format_seconds(timestamp) })
}

/// `metav1.Time` text: `2026-11-22T11:02:24Z`.
pub fn format_seconds(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `metav1.MicroTime` text: `2026-11-22T11:02:24.000000Z`.
pub fn format_micro(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Reads RFC 3339 text.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

const UNITS_NANOSECONDS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads Go's duration text (`1h15m30.918s`) into nanoseconds; `None` when it is malformed or overflows.
pub fn parse_duration_nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let scale = UNITS_NANOSECONDS.iter().find(|(name, _)| *name == unit)?.1;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut part = whole.checked_mul(scale)?;
        if !fraction.is_empty() {
            let fraction: f64 = format!("0.{fraction}").parse().ok()?;
            part = part.checked_add((fraction * scale as f64).round() as i64)?;
        }
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(if negative { -total } else { total })
}

/// Go's duration text of nanoseconds.
pub fn format_duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let decimals = |value: u64, scale: u64, unit: &str| {
        let fraction = format!("{:0width$}", value % scale, width = scale.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        format!("{}{dot}{fraction}{unit}", value / scale)
    };
    let text = match total {
        0 => "0s".to_owned(),
        1..1_000 => format!("{total}ns"),
        1_000..1_000_000 => decimals(total, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimals(total, 1_000_000, "ms"),
        _ => {
            let minutes_total = total / 60_000_000_000;
            let seconds = decimals(total % 60_000_000_000, 1_000_000_000, "s");
            match (minutes_total / 60, minutes_total % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// A time span as `kubectl get` shows ages: two units at most, coarser the longer it is (upstream's
/// `HumanDuration`).
pub fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |first: i64, first_unit: &str, second: i64, second_unit: &str| match second {
        0 => format!("{first}{first_unit}"),
        second => format!("{first}{first_unit}{second}{second_unit}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / YEAR, "y", seconds % YEAR / DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_in_go() {
        for (text, nanoseconds, printed) in [
            ("0", 0, "0s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1h", 3_600_000_000_000, "1h0m0s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("-1m", -60_000_000_000, "-1m0s"),
            ("1500us", 1_500_000, "1.5ms"),
        ] {
            assert_eq!(parse_duration_nanoseconds(text), Some(nanoseconds), "{text}");
            assert_eq!(format_duration(nanoseconds), printed);
        }
        for text in ["", "s", "1", "1x", ".s", "99999999999h"] {
            assert_eq!(parse_duration_nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn times_become_utc() {
        assert_eq!(canonical("2026-11-22T12:00:00.5+01:00", false).unwrap(), "2026-11-22T11:00:00Z");
        assert_eq!(canonical("2026-11-22T11:00:00Z", true).unwrap(), "2026-11-22T11:00:00.000000Z");
        assert_eq!(canonical("yesterday", false), None);
    }
}
