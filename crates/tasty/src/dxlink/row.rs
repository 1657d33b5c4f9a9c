//! The values of one event by the names of their fields, read leniently.

use std::borrow::Cow;

use chrono::DateTime;
use domain::{Decimal, Timestamp};
use rust_decimal::prelude::ToPrimitive;
use serde_json::value::RawValue;

/// Symbols are short; a longer one is no symbol.
pub(super) const MAX_SYMBOL: usize = 96;
/// Descriptions and words are cut here.
const MAX_TEXT: usize = 200;

/// One event's values, beside the names that the server announced for them.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    names: &'r [String],
    values: &'r [&'r RawValue],
}

impl<'r> Row<'r> {
    /// Names and values in the same order.
    pub(super) fn new(names: &'r [String], values: &'r [&'r RawValue]) -> Self {
        Self { names, values }
    }

    /// A string's content, or a number or truth value as it is written; nothing for `null`, lists and objects.
    fn scalar(self, name: &str) -> Option<Cow<'r, str>> {
        let at = self.names.iter().position(|known| known == name)?;
        scalar(self.values.get(at)?)
    }

    /// The event's symbol.
    pub(super) fn symbol(self) -> Option<String> {
        let text = self.scalar("eventSymbol")?;
        (text.len() <= MAX_SYMBOL).then(|| text.into_owned())
    }

    /// A decimal with its digits; absent for `NaN` and the infinities.
    pub(super) fn decimal(self, name: &str) -> Option<Decimal> {
        self.scalar(name)?.parse().ok()
    }

    /// A finite double.
    pub(super) fn double(self, name: &str) -> Option<f64> {
        self.scalar(name)?.parse::<f64>().ok().filter(|value| value.is_finite())
    }

    /// A whole number. It never passes through a double: an index has more digits than one holds.
    pub(super) fn whole(self, name: &str) -> Option<i64> {
        let text = self.scalar(name)?;
        text.parse().ok().or_else(|| {
            let decimal = text.parse::<Decimal>().ok()?.0;
            decimal.is_integer().then(|| decimal.to_i64()).flatten()
        })
    }

    /// A moment in Unix milliseconds; zero means that there is none.
    pub(super) fn moment(self, name: &str) -> Option<Timestamp> {
        self.whole(name).filter(|millis| *millis != 0).and_then(DateTime::from_timestamp_millis)
    }

    /// A truth value.
    pub(super) fn truth(self, name: &str) -> Option<bool> {
        self.scalar(name)?.parse().ok()
    }

    /// A text that is not blank.
    pub(super) fn text(self, name: &str) -> Option<String> {
        let text: String = self.scalar(name)?.trim().chars().take(MAX_TEXT).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// A string's content, or a number or truth value as it is written.
pub(super) fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(json: &str, read: impl FnOnce(Row<'_>) -> T) -> T {
        let values: Vec<&RawValue> = vec![serde_json::from_str(json).unwrap()];
        read(Row::new(&["x".to_owned()], &values))
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (json, expected) in [
            ("560.010", Some("560.010")),
            ("\"560.01\"", Some("560.01")),
            ("1.5E-3", Some("0.0015")),
            ("-7", Some("-7")),
            ("\"NaN\"", None),
            ("\"Infinity\"", None),
            ("\"-Infinity\"", None),
            ("null", None),
            ("\"\"", None),
            ("{}", None),
            ("true", None),
        ] {
            let read = with(json, |row| row.decimal("x"));
            assert_eq!(read.map(|value| value.to_string()).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn doubles_are_finite() {
        for (json, expected) in
            [("0.25", Some(0.25)), ("\"-0.5\"", Some(-0.5)), ("\"NaN\"", None), ("\"Infinity\"", None), ("1e999", None)]
        {
            assert_eq!(with(json, |row| row.double("x")), expected, "{json}");
        }
    }

    #[test]
    fn whole_numbers_never_pass_through_a_double() {
        for (json, expected) in [
            ("7432567890123456789", Some(7_432_567_890_123_456_789)),
            ("\"9007199254740993\"", Some(9_007_199_254_740_993)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("12.0", Some(12)),
            ("1.2E3", Some(1200)),
            ("12.5", None),
            ("9223372036854775808", None),
            ("\"NaN\"", None),
        ] {
            assert_eq!(with(json, |row| row.whole("x")), expected, "{json}");
        }
    }

    #[test]
    fn a_moment_of_zero_is_none() {
        assert_eq!(with("0", |row| row.moment("x")), None);
        assert_eq!(with("1700000000001", |row| row.moment("x")).unwrap().timestamp_millis(), 1_700_000_000_001);
        assert_eq!(with("9223372036854775807", |row| row.moment("x")), None);
    }

    #[test]
    fn a_field_that_was_not_announced_is_absent() {
        assert_eq!(with("1", |row| row.decimal("y")), None);
        assert_eq!(Row::new(&["x".to_owned()], &[]).decimal("x"), None);
    }
}
