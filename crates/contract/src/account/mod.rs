//! What the account tools take and answer, one file each. Account numbers are masked. Amounts are in US dollars with the
//! digits they came with and carry their sign; what is not known is `null`.

pub mod accounts;
pub mod balances;
pub mod net_liq;
pub mod orders;
pub mod positions;
pub mod transactions;

use chrono::NaiveDate;
use domain::{Error, Symbol};
use serde::{Deserialize, Serialize};

/// Where rows of an account come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// TastyTrade's REST API, in this call.
    Rest,
    /// The last sync, because TastyTrade did not answer; `as_of` says how old it is.
    #[default]
    LastSync,
}

impl Source {
    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Rest => "from TastyTrade",
            Self::LastSync => "NOT LIVE, from the last sync",
        }
    }
}

/// Days as `start_date` and `end_date` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first one.
    pub from: NaiveDate,
    /// The last one, included; to the present if it is absent.
    pub until: Option<NaiveDate>,
}

/// The days that are asked for. Without a first one they begin `back` days before the last one, or before `today`.
///
/// # Errors
///
/// `invalid_arguments` for what is no day, and for an end before the start.
pub fn days(start: Option<&str>, end: Option<&str>, back: u64, today: NaiveDate) -> Result<Days, Error> {
    let until = end.map(|text| day("end_date", text)).transpose()?;
    let from = match start {
        Some(text) => day("start_date", text)?,
        None => until.unwrap_or(today).checked_sub_days(chrono::Days::new(back)).unwrap_or(NaiveDate::MIN),
    };
    if until.is_some_and(|until| until < from) {
        return Err(Error::invalid_argument(
            "end_date",
            "`end_date` is before `start_date`. Send the earlier day as `start_date`.",
        ));
    }
    Ok(Days { from, until })
}

fn day(argument: &str, text: &str) -> Result<NaiveDate, Error> {
    // A moment names its day as well.
    let text = text.trim();
    let front = text.split(['T', ' ']).next().unwrap_or_default();
    let read = NaiveDate::parse_from_str(front, "%Y-%m-%d").ok().filter(|_| front.len() == 10);
    read.ok_or_else(|| {
        let shown: String = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
        Error::invalid_argument(
            argument,
            format!("`{argument}` is no day: \"{shown}\". Send YYYY-MM-DD, for example 2026-11-20."),
        )
    })
}

/// A symbol as an argument names it.
///
/// # Errors
///
/// `invalid_arguments` for what is none.
pub fn symbol(argument: &str, text: &str) -> Result<Symbol, Error> {
    Symbol::parse(text).map_err(|error| {
        let shown: String = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
        Error::invalid_argument(argument, format!("`{argument}` {error}: \"{shown}\". Send a ticker such as AAPL."))
    })
}

/// The pages of a list as `limit` and `page` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Rows on a page.
    pub limit: u32,
    /// Which page, counted from 1.
    pub page: u32,
}

/// The page that is asked for; `most` is the longest that there is.
///
/// # Errors
///
/// `invalid_arguments` for what is out of bounds.
pub fn paging(limit: i64, page: i64, most: u32) -> Result<Paging, Error> {
    let number = |argument: &str, value: i64, most: u32| {
        u32::try_from(value).ok().filter(|value| (1..=most).contains(value)).ok_or_else(|| {
            Error::invalid_argument(argument, format!("`{argument}` is {value}. Send a whole number from 1 to {most}."))
        })
    };
    Ok(Paging { limit: number("limit", limit, most)?, page: number("page", page, 100_000)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_read_and_filled_in() {
        let today = date("2026-11-20");
        for (start, end, from, until) in [
            (None, None, "2026-10-21", None),
            (Some("2026-11-01"), None, "2026-11-01", None),
            (None, Some("2026-06-30"), "2026-05-31", Some("2026-06-30")),
            (Some(" 2026-01-02T10:00:00Z "), Some("2026-01-02"), "2026-01-02", Some("2026-01-02")),
        ] {
            let days = days(start, end, 30, today).unwrap();
            assert_eq!(days, Days { from: date(from), until: until.map(date) });
        }
    }

    #[test]
    fn what_is_no_day_is_named() {
        for (start, end, argument) in [
            (Some("yesterday"), None, "start_date"),
            (Some("2026-02-30"), None, "start_date"),
            (Some("20261120"), None, "start_date"),
            (Some("26-11-20"), None, "start_date"),
            (Some(""), None, "start_date"),
            (Some("2026-11-20"), Some("11/20/2026"), "end_date"),
            (Some("2026-11-20"), Some("2026-11-19"), "end_date"),
            (Some("\u{e4}\u{7}2026-11-20"), None, "start_date"),
        ] {
            let error = days(start, end, 30, date("2026-11-20")).unwrap_err();
            assert_eq!(error.details["argument"], argument, "{start:?} {end:?}");
            assert!(error.message.contains("Send ") && !error.message.contains('\u{7}'), "{}", error.message);
        }
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(paging(50, 2, 250), Ok(Paging { limit: 50, page: 2 }));
        for (limit, page, argument) in
            [(0, 1, "limit"), (251, 1, "limit"), (-1, 1, "limit"), (1, 0, "page"), (1, i64::MAX, "page")]
        {
            assert_eq!(paging(limit, page, 250).unwrap_err().details["argument"], argument);
        }
    }

    #[test]
    fn a_symbol_is_read_or_refused() {
        assert_eq!(symbol("symbol", "aapl").unwrap().as_str(), "AAPL");
        assert_eq!(symbol("underlying", "no symbol!").unwrap_err().details["argument"], "underlying");
    }
}
