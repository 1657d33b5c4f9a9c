//! Prices and money: a decimal that keeps the digits it came with.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

/// A decimal number, for example a price or an amount of money.
///
/// In JSON it is written as a number with the digits it was read with (`"210.50"` from upstream becomes `210.50`), and
/// read from a number or from a string. It never passes through a binary float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(pub rust_decimal::Decimal);

impl Decimal {
    /// The number with at most so many digits after the point, half-even, without zeros at its end: for texts.
    #[must_use]
    pub fn rounded(self, digits: u32) -> Self {
        Self(self.0.round_dp(digits).normalize())
    }

    /// This less `other`; `None` if the result is too large.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// This in percent of `whole`, with two decimals, halves rounded to even; `None` if `whole` is zero or the result is
    /// too large.
    pub fn percent_of(self, whole: Self) -> Option<Self> {
        let hundredfold = self.0.checked_mul(rust_decimal::Decimal::ONE_HUNDRED)?;
        let mut percent = hundredfold.checked_div(whole.0)?.round_dp(2);
        percent.rescale(2);
        Some(Self(percent))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Decimal {
    type Err = rust_decimal::Error;

    /// Reads plain and scientific notation.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((digits, _)) = text.split_once(['e', 'E']) else {
            return rust_decimal::Decimal::from_str(text).map(Self);
        };
        // The library rounds what stands before the exponent, and a rounding there is as large as the exponent makes it.
        rust_decimal::Decimal::from_str_exact(digits)?;
        rust_decimal::Decimal::from_scientific(text).map(Self)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        raw.get().trim_matches('"').parse().map_err(|_| de::Error::custom("not a decimal number"))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_round_to_even_at_two_decimals() {
        for (part, whole, percent) in [
            ("1", "3", Some("33.33")),
            ("2.32", "178.90", Some("1.30")),
            ("0.00125", "10", Some("0.01")),
            ("1.125", "100", Some("1.12")),
            ("1.135", "100", Some("1.14")),
            ("-5", "4", Some("-125.00")),
            ("1", "0", None),
            ("79228162514264337593543950335", "1", None),
        ] {
            let percent_of = part.parse::<Decimal>().unwrap().percent_of(whole.parse().unwrap());
            assert_eq!(percent_of.map(|percent| percent.to_string()).as_deref(), percent, "{part} of {whole}");
        }
    }

    #[test]
    fn digits_are_kept() {
        for (given, written) in [("\"210.50\"", "210.50"), ("210.5", "210.5"), ("-0.010", "-0.010"), ("1e3", "1000")] {
            let decimal: Decimal = serde_json::from_str(given).unwrap();
            assert_eq!(serde_json::to_string(&decimal).unwrap(), written);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for given in ["\"NaN\"", "\"\"", "null", "[]", "\"1.2.3\"", "0.00000000000000000000000000014391e28"] {
            assert!(serde_json::from_str::<Decimal>(given).is_err(), "{given}");
        }
    }
}
