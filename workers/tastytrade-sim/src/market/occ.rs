//! Symbols of equity options in the OCC form: root padded to six, yymmdd, C or P, strike in thousandths on eight digits.

use std::fmt;

use chrono::{Datelike, NaiveDate};
pub(crate) use domain::exchange::Settlement;
use rust_decimal::Decimal;

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
        of_root(&self.root)
    }

    /// How many times a hundred shares it delivers, where that is not once.
    pub(crate) fn shares(&self) -> Option<f64> {
        if self.root.ends_with('1') { self.underlying()?.adjusted } else { None }
    }

    /// What it settles to.
    pub(crate) fn settlement(&self) -> Settlement {
        if matches!(self.root.as_str(), "SPX" | "NDX" | "RUT" | "VIX") {
            Settlement::Morning
        } else {
            Settlement::Afternoon
        }
    }

    /// The symbol that the streamer uses: no padding, the strike as short as possible.
    pub(crate) fn streamer_symbol(&self) -> String {
        let right = if self.right == Right::Call { 'C' } else { 'P' };
        let strike = Decimal::new(i64::from(self.strike_mills), 3).normalize();
        format!(".{}{}{right}{strike}", self.root, self.expiration.format("%y%m%d"))
    }

    /// Reads the streamer's form.
    pub(crate) fn of_streamer_symbol(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('.')?;
        let place = rest.rfind(['C', 'P'])?;
        let (head, strike) = (rest.get(..place)?, rest.get(place + 1..)?);
        let (root, date) = (head.get(..head.len().checked_sub(6)?)?, head.get(head.len().checked_sub(6)?..)?);
        let (whole, part) = strike.split_once('.').unwrap_or((strike, ""));
        if whole.len() > 5 || part.len() > 3 || root.len() > 6 {
            return None;
        }
        let right = rest.get(place..=place)?;
        Self::parse(&format!("{root:<6}{date}{right}{whole:0>5}{part:0<3}"))
    }
}

/// The listing of a root: weeklies of indexes have roots of their own, adjusted contracts one that ends in `1`.
fn of_root(root: &str) -> Option<&'static Listing> {
    match root {
        "SPXW" => listing::find("SPX"),
        "NDXP" => listing::find("NDX"),
        "RUTW" => listing::find("RUT"),
        "BRKB" => listing::find("BRK/B"),
        _ => match root.strip_suffix('1') {
            Some(plain) => listing::find(plain).filter(|listing| listing.adjusted.is_some()),
            None => listing::find(root),
        },
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
        for (text, underlying, streamer) in [
            ("SPXW  261218P06500000", "SPX", ".SPXW261218P6500"),
            ("BRKB  261218C00502500", "BRK/B", ".BRKB261218C502.5"),
            ("PFE1  261218C00024000", "PFE", ".PFE1261218C24"),
        ] {
            let option = Occ::parse(text).unwrap();
            assert_eq!(option.underlying().unwrap().symbol, underlying);
            assert_eq!(option.streamer_symbol(), streamer);
            assert_eq!(Occ::of_streamer_symbol(streamer), Some(option));
        }
        assert!(Occ::parse("KO1   261218C00024000").unwrap().underlying().is_none());
    }

    proptest::proptest! {
        #[test]
        fn what_was_read_is_written_again(text in "[A-Z]{1,5}", days in 0..9000_u64, strike in 0..99_999_999_u32) {
            let expiration = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(days);
            let option = Occ { root: text, expiration, right: Right::Put, strike_mills: strike };
            proptest::prop_assert_eq!(Occ::of_streamer_symbol(&option.streamer_symbol()), Some(option.clone()));
            proptest::prop_assert_eq!(Occ::parse(&option.to_string()), Some(option));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,30}") {
            let _ = Occ::parse(&text);
            let _ = Occ::of_streamer_symbol(&format!(".{text}"));
        }
    }
}
