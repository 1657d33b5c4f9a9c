//! The fields of one wire object, read one by one and leniently.
//!
//! TastyTrade writes decimals as strings, counts as numbers, and now and then `"NaN"` or `null`; which fields are there
//! differs between versions and instruments. So an object is held as raw texts by name, and each reader takes what it
//! knows. Numbers keep their digits, since nothing passes through a binary float.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, NaiveDate};
use domain::{AccountNumber, Decimal, Timestamp};
use serde_json::value::RawValue;

use crate::Error;

/// The longest text that is kept, in characters. Names and descriptions are far shorter.
const MAX_TEXT: usize = 500;

/// Raw texts by field name.
pub(crate) type Raw<'a> = BTreeMap<String, &'a RawValue>;

/// One object with the path at which it stood, and the notes of what could not be read.
pub(crate) struct Fields<'a> {
    path: String,
    raw: Raw<'a>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(path: String, raw: Raw<'a>) -> Self {
        Self { path, raw, notes: Vec::new() }
    }

    /// The text of a field: a string's content, or a number or a truth value as it is written. Absent if it is missing,
    /// `null`, empty, an object or a list.
    fn scalar(&self, name: &str) -> Option<Cow<'a, str>> {
        let raw: &'a RawValue = self.raw.get(name)?;
        let text = raw.get();
        let text = match text.as_bytes().first()? {
            b'"' => serde_json::from_str::<String>(text).ok()?.trim().to_owned().into(),
            b'{' | b'[' | b'n' => return None,
            _ => Cow::Borrowed(text),
        };
        (!text.is_empty()).then_some(text)
    }

    /// A field through its parser. What cannot be parsed is absent, with a note.
    fn parsed<T>(&mut self, name: &str, what: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let Some(text) = self.scalar(name) else {
            if self.raw.get(name).is_some_and(|raw| raw.get().starts_with(['{', '['])) {
                self.note(name, what);
            }
            return None;
        };
        let value = parse(&text);
        if value.is_none() {
            self.note(name, what);
        }
        value
    }

    fn note(&mut self, name: &str, what: &str) {
        self.notes.push(format!("{}.{name}: {what}", self.path));
    }

    /// A text that is not blank, made [`plain`].
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.parsed(name, "not a text", plain)
    }

    /// A decimal. `"NaN"` and the infinities are TastyTrade's way to say that there is none, so they leave no note.
    pub(crate) fn decimal(&mut self, name: &str) -> Option<Decimal> {
        let is_none = |text: &str| {
            let text = text.trim_start_matches(['-', '+']);
            text.eq_ignore_ascii_case("nan") || text.to_ascii_lowercase().starts_with("inf")
        };
        if self.scalar(name).is_some_and(|text| is_none(&text)) {
            return None;
        }
        self.parsed(name, "not a number", |text| text.parse().ok())
    }

    /// An amount whose sign stands beside it: `<name>-effect` of `Debit` makes it negative.
    pub(crate) fn signed(&mut self, name: &str) -> Option<Decimal> {
        let amount = self.decimal(name)?;
        let effect = self.scalar(&format!("{name}-effect"));
        let is_debit = effect.is_some_and(|word| word.eq_ignore_ascii_case("debit"));
        Some(if is_debit && !amount.0.is_zero() { Decimal(-amount.0.abs()) } else { amount })
    }

    /// A whole number, also one that is written with decimals that are zero.
    pub(crate) fn whole(&mut self, name: &str) -> Option<i64> {
        self.parsed(name, "not a whole number", |text| {
            let (digits, decimals) = text.split_once('.').unwrap_or((text, ""));
            decimals.bytes().all(|digit| digit == b'0').then(|| digits.parse().ok())?
        })
    }

    /// A truth value.
    pub(crate) fn truth(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, "neither true nor false", |text| text.to_ascii_lowercase().parse().ok())
    }

    /// A moment: ISO 8601 with offset, which may be hours alone, or Unix milliseconds.
    pub(crate) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, "not a time", |text| match text.parse::<i64>() {
            Ok(millis) => DateTime::from_timestamp_millis(millis),
            Err(_) => {
                let read = DateTime::parse_from_rfc3339(text);
                let read = read.or_else(|_| DateTime::parse_from_rfc3339(&format!("{text}:00")));
                read.ok().map(|moment| moment.to_utc())
            }
        })
    }

    /// A day, also from the front of a moment.
    pub(crate) fn day(&mut self, name: &str) -> Option<NaiveDate> {
        self.parsed(name, "not a date", |text| text.get(..10)?.parse().ok())
    }

    /// An object inside this one; an empty one if it is not there.
    pub(crate) fn inner(&self, name: &str) -> Self {
        let raw = self.raw.get(name).and_then(|raw: &&'a RawValue| serde_json::from_str(raw.get()).ok());
        Self::new(format!("{}.{name}", self.path), raw.unwrap_or_default())
    }

    /// The entries of a list inside this object; none if it is not there. What is no list leaves a note.
    fn entries(&mut self, name: &str) -> Vec<&'a RawValue> {
        let Some(raw) = self.raw.get(name).map(|raw| raw.get()) else { return Vec::new() };
        let entries = serde_json::from_str::<Option<Vec<&'a RawValue>>>(raw);
        if entries.is_err() {
            self.note(name, "not a list");
        }
        entries.ok().flatten().unwrap_or_default()
    }

    /// The objects of a list inside this one. What is no object is left out with a note.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Self> {
        let mut list = Vec::new();
        for (position, raw) in self.entries(name).into_iter().enumerate() {
            match serde_json::from_str(raw.get()) {
                Ok(raw) => list.push(Self::new(format!("{}.{name}[{position}]", self.path), raw)),
                Err(_) => self.note(&format!("{name}[{position}]"), "not an object"),
            }
        }
        list
    }

    /// The days of a list. What is none is left out with a note.
    pub(crate) fn days(&mut self, name: &str) -> Vec<NaiveDate> {
        let mut days = Vec::new();
        for (position, raw) in self.entries(name).into_iter().enumerate() {
            let text = serde_json::from_str::<String>(raw.get()).ok();
            match text.and_then(|text| text.get(..10)?.parse().ok()) {
                Some(day) => days.push(day),
                None => self.note(&format!("{name}[{position}]"), "not a date"),
            }
        }
        days
    }

    /// A field without which the object means nothing.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Result<T, Error> {
        read(self, name).ok_or_else(|| {
            let what = if self.raw.contains_key(name) { "cannot be read" } else { "missing" };
            Error::invalid(&format!("{}.{name}", self.path), what)
        })
    }

    /// An account number.
    pub(crate) fn account_number(&mut self, name: &str) -> Option<AccountNumber> {
        self.parsed(name, "not an account number", AccountNumber::new)
    }
}

/// A text as it may be shown to people and models: without characters that are invisible, that control a terminal or that
/// turn the direction of writing, and cut, with a mark where it was. Some of it was typed by strangers.
fn plain(text: &str) -> Option<String> {
    let is_visible = |letter: char| {
        !letter.is_control()
            && !matches!(u32::from(letter),
                0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F
                | 0xFEFF | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
    };
    // Lines and tabs become blanks, so that words do not run together.
    let spaced = text.chars().map(|letter| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { letter });
    let kept: String = spaced.filter(|letter| is_visible(*letter)).collect();
    let kept = kept.trim();
    let mut cut: String = kept.chars().take(MAX_TEXT).collect();
    if cut.len() < kept.len() {
        cut.push('\u{2026}');
    }
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_made_plain(text in ".{0,80}") {
            if let Some(made) = plain(&text) {
                prop_assert_eq!(plain(&made), Some(made.clone()));
                prop_assert!(!made.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn texts_are_visible_and_cut() {
        for (text, made) in [
            ("Roth IRA", Some("Roth IRA")),
            ("AAPL  261218C00200000", Some("AAPL  261218C00200000")),
            ("a\u{202E}b\u{200B}c\u{0}\u{1B}[2J", Some("abc[2J")),
            ("one\ntwo\tthree", Some("one two three")),
            ("\u{E0041}\u{E0042}\u{200D}", None),
            ("\u{c4}pfel \u{2022} 100 \u{20ac}", Some("\u{c4}pfel \u{2022} 100 \u{20ac}")),
        ] {
            assert_eq!(plain(text).as_deref(), made, "{text:?}");
        }
        let long = plain(&"x".repeat(1_000_000)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('\u{2026}')), (MAX_TEXT + 1, true));
    }

    fn fields(body: &str) -> Fields<'_> {
        Fields::new("data".to_owned(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn decimals_are_read_in_every_dress() {
        for (json, read, noted) in [
            ("\"312.010\"", Some("312.010"), false),
            ("312.01", Some("312.01"), false),
            ("7", Some("7"), false),
            ("\" 7.5 \"", Some("7.5"), false),
            ("4e12", Some("4000000000000"), false),
            ("\"NaN\"", None, false),
            ("\"-Infinity\"", None, false),
            ("\"\"", None, false),
            ("null", None, false),
            ("\"n/a\"", None, true),
            ("true", None, true),
            ("{\"a\":1}", None, true),
            ("[1]", None, true),
            ("1e400", None, true),
        ] {
            let body = format!("{{\"bid\":{json}}}");
            let mut fields = fields(&body);
            assert_eq!(fields.decimal("bid").map(|bid| bid.to_string()).as_deref(), read, "{json}");
            assert_eq!(fields.notes, if noted { vec!["data.bid: not a number"] } else { vec![] }, "{json}");
        }
        assert_eq!(fields("{}").decimal("bid"), None);
    }

    #[test]
    fn a_debit_is_negative() {
        for (body, read) in [
            (r#"{"cash":"5.10","cash-effect":"Debit"}"#, "-5.10"),
            (r#"{"cash":"-5.10","cash-effect":"Debit"}"#, "-5.10"),
            (r#"{"cash":"5.10","cash-effect":"Credit"}"#, "5.10"),
            (r#"{"cash":"-5.10"}"#, "-5.10"),
            (r#"{"cash":"0.0","cash-effect":"Debit"}"#, "0.0"),
            (r#"{"cash":"0.0","cash-effect":"None"}"#, "0.0"),
        ] {
            assert_eq!(fields(body).signed("cash").unwrap().to_string(), read, "{body}");
        }
    }

    #[test]
    fn moments_and_days() {
        let mut fields = fields(
            r#"{"h":"2026-08-24T13:30:00+00","a":"2026-08-24T13:30:00+00:00","b":1788595114405,"c":"2026-10-29","d":"2026-10-29T00:00:00Z","e":"soon"}"#,
        );
        assert_eq!(fields.moment("a").unwrap().to_rfc3339(), "2026-08-24T13:30:00+00:00");
        assert_eq!(fields.moment("h"), fields.moment("a"));
        assert_eq!(fields.moment("b").unwrap().timestamp_millis(), 1_788_595_114_405);
        assert_eq!(fields.day("c"), fields.day("d"));
        assert_eq!((fields.moment("e"), fields.day("e")), (None, None));
        assert_eq!(fields.notes, ["data.e: not a time", "data.e: not a date"]);
    }

    #[test]
    fn whole_numbers() {
        let mut fields = fields(r#"{"a":7,"b":"7.00","c":"7.5","d":{}}"#);
        assert_eq!(
            (fields.whole("a"), fields.whole("b"), fields.whole("c"), fields.whole("d")),
            (Some(7), Some(7), None, None)
        );
        assert_eq!(fields.notes, ["data.c: not a whole number", "data.d: not a whole number"]);
    }

    #[test]
    fn lists_are_read_entry_by_entry() {
        let body =
            r#"{"a":[{"x":"1"},7,{"x":"2"}],"b":["2026-12-25","soon",7,"2027-01-01T00:00:00Z"],"c":null,"d":"?"}"#;
        let mut fields = fields(body);
        let read: Vec<_> = fields.list("a").iter_mut().filter_map(|each| each.text("x")).collect();
        assert_eq!(read, ["1", "2"]);
        let days: Vec<_> = fields.days("b").iter().map(ToString::to_string).collect();
        assert_eq!(days, ["2026-12-25", "2027-01-01"]);
        assert_eq!((fields.list("c").len(), fields.list("d").len(), fields.list("e").len()), (0, 0, 0));
        let notes =
            ["data.a[1]: not an object", "data.b[1]: not a date", "data.b[2]: not a date", "data.d: not a list"];
        assert_eq!(fields.notes, notes);
    }

    #[test]
    fn what_is_required_is_named() {
        let mut fields = fields(r#"{"quantity":"many"}"#);
        let problem = |result: Result<_, Error>| result.err().unwrap().to_string();
        assert_eq!(
            problem(fields.required("quantity", Fields::decimal)),
            "invalid answer: data.quantity: cannot be read"
        );
        assert_eq!(problem(fields.required("price", Fields::decimal)), "invalid answer: data.price: missing");
    }
}
