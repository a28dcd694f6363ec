//! Numbers that may be percentages of another.

use apimachinery::Value;

/// The number, or the percentage of `total`; `None` when it is neither.
pub fn scaled(value: &Value, total: i64, round_up: bool) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let percent: i64 = value.as_str()?.strip_suffix('%')?.parse().ok()?;
    let product = total * percent;
    Some(if round_up { product.div_euclid(100) + i64::from(product.rem_euclid(100) != 0) } else { product / 100 })
}
