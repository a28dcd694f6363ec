//! Rounding of the quantities in resource lists.

use apimachinery::Value;

/// Quantities finer than a thousandth are rounded up to one, as upstream does in every resource list.
/// Expects canonical text; other text is left to validation.
pub(super) fn round_up_to_milli(value: &mut Value) {
    let Some(rounded) = value.as_str().and_then(rounded) else { return };
    *value = Value::from(rounded);
}

/// The rounded text, if there is anything to round.
fn rounded(text: &str) -> Option<String> {
    let (digits, step, exponent) = [("u", 1_000, false), ("n", 1_000_000, false)]
        .into_iter()
        .chain([("e-6", 1_000, true), ("e-9", 1_000_000, true)])
        .find_map(|(suffix, step, exponent)| Some((text.strip_suffix(suffix)?, step, exponent)))?;
    let fine: i128 = digits.parse().ok()?;
    let away = if fine < 0 { -(step - 1) } else { step - 1 };
    let mut number = (fine + away) / step;
    let suffixes = if exponent {
        ["e-3", "", "e3", "e6", "e9", "e12", "e15", "e18"]
    } else {
        ["m", "", "k", "M", "G", "T", "P", "E"]
    };
    let mut scale = 0;
    while number % 1000 == 0 && scale + 1 < suffixes.len() {
        number /= 1000;
        scale += 1;
    }
    Some(format!("{number}{}", suffixes[scale]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_finer_than_a_thousandth_changes() {
        let check = |text: &str, expected: &str| {
            let mut value = Value::from(text);
            round_up_to_milli(&mut value);
            assert_eq!(value.as_str(), Some(expected), "{text}");
        };
        for same in ["100m", "1", "1Gi", "12e6", "1.5", "many"] {
            check(same, same);
        }
        check("1u", "1m");
        check("1000001n", "2m");
        check("999999500u", "1k");
        check("-1n", "-1m");
        check("1500e-6", "2e-3");
    }
}
