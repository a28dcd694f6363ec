//! `resource.Quantity`: a fixed-point number with a decimal or binary suffix.

use std::{cmp::Ordering, fmt};

/// Which family of suffixes a quantity was written with; it decides how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `Ki`, `Mi`, `Gi` …
    Binary,
    /// `m`, `k`, `M` …
    Decimal,
    /// `1e3`
    Exponent,
}

/// A number in billionths, printed in the canonical form of its format.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// The text is no quantity, in upstream's words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not of the form sign, digits, suffix.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The suffix is unknown.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const ONE: i128 = 1_000_000_000;
/// Upstream caps quantities at 2^63-1.
const MAX: i128 = i64::MAX as i128 * ONE;
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Quantity {
    /// Nothing, in decimal format.
    pub const ZERO: Quantity = Quantity { nanos: 0, format: Format::Decimal };

    /// A whole number.
    pub fn from_units(units: i64, format: Format) -> Quantity {
        Quantity { nanos: i128::from(units) * ONE, format }
    }

    /// Thousandths, in decimal format.
    pub fn from_milli(milli: i64) -> Quantity {
        Quantity { nanos: i128::from(milli) * (ONE / 1000), format: Format::Decimal }
    }

    /// Reads a quantity as upstream's `ParseQuantity` does: more precision than a billionth is rounded up.
    pub fn parse(text: &str) -> Result<Quantity, ParseError> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(ParseError::Format);
        }
        let (format, binary_shift, exponent) = parse_suffix(suffix)?;
        let nanos = scaled(whole, fraction, binary_shift, exponent);
        let nanos = nanos.min(MAX);
        Ok(Quantity { nanos: if negative { -nanos } else { nanos }, format })
    }

    /// The value rounded up to a whole number (upstream's `Value`).
    pub fn value(&self) -> i64 {
        saturate(ceil_div(self.nanos, ONE))
    }

    /// The value in thousandths, rounded up (upstream's `MilliValue`).
    pub fn milli_value(&self) -> i64 {
        saturate(ceil_div(self.nanos, ONE / 1000))
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than nothing.
    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// The format it is printed in.
    pub fn format(&self) -> Format {
        self.format
    }
}

impl std::ops::Add for Quantity {
    type Output = Quantity;
    fn add(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_add(other.nanos), format }
    }
}

impl std::ops::Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_sub(other.nanos), format }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

fn parse_suffix(suffix: &str) -> Result<(Format, u32, i32), ParseError> {
    if let Some((_, shift)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Ok((Format::Binary, *shift, 0));
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Ok((Format::Decimal, 0, *exponent));
    }
    let Some(exponent) = suffix.strip_prefix(['e', 'E']) else {
        let known = suffix.chars().all(|c| "eEinumkKMGTP+-0123456789".contains(c));
        return Err(if known { ParseError::Suffix } else { ParseError::Format });
    };
    exponent.parse().map(|exponent| (Format::Exponent, 0, exponent)).map_err(|_| ParseError::Suffix)
}

/// `whole.fraction * 2^shift * 10^exponent` in billionths, rounded up, saturating.
fn scaled(whole: &str, fraction: &str, shift: u32, exponent: i32) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    // The decimal point's place, counted from the end of the digits, in billionths.
    let mut power = exponent.saturating_sub(fraction.len() as i32).saturating_add(9);
    let mut digits = digits.to_owned();
    let mut rounded_up = false;
    while power < -2 && digits.len() > 1 && digits.len() > 30 {
        rounded_up |= digits.pop() != Some('0');
        power += 1;
    }
    let Ok(mut number) = digits.parse::<i128>() else { return MAX };
    if number.leading_zeros() <= shift + 1 {
        return MAX;
    }
    number <<= shift;
    while power > 0 {
        match number.checked_mul(10) {
            Some(bigger) if bigger <= MAX => number = bigger,
            _ => return MAX,
        }
        power -= 1;
    }
    while power < 0 {
        if number < 10 {
            return 1;
        }
        rounded_up |= number % 10 != 0;
        number /= 10;
        power += 1;
    }
    number + i128::from(rounded_up)
}

fn ceil_div(number: i128, divisor: i128) -> i128 {
    let quotient = number.div_euclid(divisor);
    if number.rem_euclid(divisor) == 0 { quotient } else { quotient + 1 }
}

fn saturate(number: i128) -> i64 {
    number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return formatter.write_str("0");
        }
        // Below 1024 or with a fraction, upstream prints binary quantities as decimal ones.
        let whole = self.nanos % ONE == 0;
        if self.format == Format::Binary && whole && self.nanos.abs() >= 1024 * ONE {
            let units = self.nanos / ONE;
            let steps = (units.trailing_zeros() / 10).min(6);
            let suffix = if steps == 0 { "" } else { BINARY[steps as usize - 1].0 };
            return write!(formatter, "{}{suffix}", units >> (steps * 10));
        }
        let (mut number, mut exponent) = (self.nanos, -9);
        while number % 1000 == 0 && exponent < 18 {
            number /= 1000;
            exponent += 3;
        }
        match self.format {
            Format::Exponent if exponent == 0 => write!(formatter, "{number}"),
            Format::Exponent => write!(formatter, "{number}e{exponent}"),
            _ => {
                let suffix = DECIMAL.iter().find(|(_, power)| *power == exponent).map_or("", |(name, _)| *name);
                write!(formatter, "{number}{suffix}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_canonical_forms() {
        for (text, canonical) in [
            ("0", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("100m", "100m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("512", "512"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1000", "1k"),
            ("12e6", "12e6"),
            ("1e3", "1e3"),
            ("128974848", "128974848"),
            ("129M", "129M"),
            ("-1.5", "-1500m"),
            ("0.0000000001", "1n"),
            ("99999999999999999999E", "9223372036854775807"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn refuses_what_upstream_refuses() {
        for text in ["", "x", "1.2.3", "1KI", "1mm", "--1", "1 Gi"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_round_up() {
        let quantity = Quantity::parse("1500m").unwrap();
        assert_eq!((quantity.value(), quantity.milli_value()), (2, 1500));
    }
}
