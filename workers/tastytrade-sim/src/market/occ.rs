//! Symbols of equity options in the OCC form: root padded to six, yymmdd, C or P, strike in thousandths on eight digits.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::{Listing, listing};

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occ {
    /// The root, not padded, for example `SPXW`.
    pub root: String,
    /// The day it expires.
    pub expiration: NaiveDate,
    /// Call or put.
    pub right: Right,
    /// The strike in thousandths of a dollar.
    pub strike_mills: u32,
}

impl Occ {
    /// Reads the form; `None` for anything else, days that do not exist included.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (root, rest) = (text.get(..6)?.trim_end(), text.get(6..)?);
        let (date, right, strike) = (rest.get(..6)?, rest.get(6..7)?, rest.get(7..)?);
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let legal = !root.is_empty()
            && root.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && strike.len() == 8
            && all_digits(strike)
            && all_digits(date);
        let part = |range: std::ops::Range<usize>| date.get(range).and_then(|digits| digits.parse::<u32>().ok());
        let year = 2000 + i32::try_from(part(0..2)?).ok()?;
        let right = match right {
            "C" => Right::Call,
            "P" => Right::Put,
            _ => return None,
        };
        let expiration = NaiveDate::from_ymd_opt(year, part(2..4)?, part(4..6)?)?;
        legal.then_some(Self { root: root.to_owned(), expiration, right, strike_mills: strike.parse().ok()? })
    }

    /// The strike in dollars.
    pub(crate) fn strike(&self) -> f64 {
        f64::from(self.strike_mills) / 1000.0
    }

    /// The listing that it is written on.
    pub(crate) fn underlying(&self) -> Option<&'static Listing> {
        listing::find(if self.root == "SPXW" { "SPX" } else { &self.root })
    }
}

impl fmt::Display for Occ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = if self.right == Right::Call { 'C' } else { 'P' };
        let (year, month, day) = (self.expiration.year() % 100, self.expiration.month(), self.expiration.day());
        write!(f, "{:<6}{year:02}{month:02}{day:02}{right}{:08}", self.root, self.strike_mills)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_option_is_refused() {
        for text in
            ["", "AAPL", "AAPL  260230P00200000", "AAPL  260619X00200000", "AAPL  260619P0020000", "ÄAPL  260619P"]
        {
            assert_eq!(Occ::parse(text), None, "{text}");
        }
        assert_eq!(Occ::parse("SPXW  261218P06500000").unwrap().underlying().unwrap().symbol, "SPX");
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_written_again(text in "[A-Z]{1,5}", days in 0..9000_u64, strike in 0..99_999_999_u32) {
            let expiration = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(days);
            let option = Occ { root: text, expiration, right: Right::Put, strike_mills: strike };
            proptest::prop_assert_eq!(Occ::parse(&option.to_string()), Some(option));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = Occ::parse(&text);
        }
    }
}
