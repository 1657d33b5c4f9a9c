//! When markets are open, `GET /market-time/...`.

use chrono::NaiveDate;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// Instruments that trade at the same hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// Shares, funds and their options.
    Equity,
    /// Futures of CME Group.
    Cme,
    /// Volatility futures of Cboe.
    Cfe,
}

impl Collection {
    /// The part of the path that is its own.
    const fn place(self, what: &'static str) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Equity => ("equities", what, ""),
            Self::Cme => ("futures", what, "/CME"),
            Self::Cfe => ("futures", what, "/CFE"),
        }
    }

    fn request(self, what: &'static str) -> Request {
        let (kind, what, end) = self.place(what);
        Request::get(format!("/market-time/{kind}/{what}{end}"))
    }
}

/// The hours of one trading day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The day, by the calendar of New York; absent where TastyTrade does not say it.
    pub date: Option<NaiveDate>,
    /// When the extended hours before the session begin.
    pub start_at: Option<Timestamp>,
    /// When the session opens.
    pub open_at: Option<Timestamp>,
    /// When it closes.
    pub close_at: Option<Timestamp>,
    /// When the extended hours after it end.
    pub close_at_ext: Option<Timestamp>,
}

/// The session of now and those beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// `Open`, `Closed`, `Pre-market` or `Extended`, as TastyTrade has it.
    pub state: Option<String>,
    /// Today's, or the last one.
    pub current: Session,
    /// The one after it.
    pub next: Session,
    /// The one before it.
    pub previous: Session,
}

/// Days that are not like others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holidays {
    /// The market does not open.
    pub closed: Vec<NaiveDate>,
    /// It closes early.
    pub half: Vec<NaiveDate>,
}

/// Asks for the current session.
pub fn current(collection: Collection) -> Request {
    collection.request("sessions/current")
}

/// Reads the current session, which TastyTrade writes as one object.
pub fn read_current(answer: &Answer) -> Result<Noted<Sessions>, Error> {
    let mut fields = answer.object()?;
    let mut neighbour = |name: &str| {
        let mut inner = fields.inner(name);
        let session = session(&mut inner);
        fields.notes.append(&mut inner.notes);
        session
    };
    let (next, previous) = (neighbour("next-session"), neighbour("previous-session"));
    let sessions = Sessions { state: fields.text("state"), current: session(&mut fields), next, previous };
    Ok(Noted { value: sessions, notes: fields.notes })
}

fn session(fields: &mut Fields<'_>) -> Session {
    Session {
        date: fields.day("session-date"),
        start_at: fields.moment("start-at"),
        open_at: fields.moment("open-at"),
        close_at: fields.moment("close-at"),
        close_at_ext: fields.moment("close-at-ext"),
    }
}

/// Asks for the holidays.
pub fn holidays(collection: Collection) -> Request {
    collection.request("holidays")
}

/// Reads the holidays, in the order of the calendar.
pub fn read_holidays(answer: &Answer) -> Result<Noted<Holidays>, Error> {
    let mut fields = answer.object()?;
    let mut days = |name| {
        let mut days = fields.days(name);
        days.sort_unstable();
        days.dedup();
        days
    };
    let holidays = Holidays { closed: days("market-holidays"), half: days("market-half-days") };
    Ok(Noted { value: holidays, notes: fields.notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn each_collection_has_its_path() {
        for (collection, path) in [
            (Collection::Equity, "/market-time/equities/sessions/current"),
            (Collection::Cme, "/market-time/futures/sessions/current/CME"),
            (Collection::Cfe, "/market-time/futures/sessions/current/CFE"),
        ] {
            assert_eq!(current(collection).path(), path);
        }
        assert_eq!(holidays(Collection::Cfe).path(), "/market-time/futures/holidays/CFE");
    }

    #[test]
    fn sessions_are_read_with_what_is_there() {
        let body = r#"{"data":{"state":"Open","start-at":"2026-11-20T13:15:00Z","open-at":"2026-11-20T14:30:00+00:00",
            "close-at":"2026-11-20T21:00:00Z","close-at-ext":null,
            "next-session":{"session-date":"2026-11-23","open-at":"soon"},"instrument-collection":"Equity"}}"#;
        let read = read_current(&answer(200, body)).unwrap();
        assert_eq!(read.notes, ["data.next-session.open-at: not a time"]);
        assert_eq!(read.value.state.as_deref(), Some("Open"));
        assert_eq!(read.value.current.open_at.unwrap().to_rfc3339(), "2026-11-20T14:30:00+00:00");
        assert_eq!(read.value.next.date.unwrap().to_string(), "2026-11-23");
        assert_eq!((read.value.current.close_at_ext, read.value.previous.date), (None, None));
    }

    #[test]
    fn holidays_are_read_in_order() {
        let body = r#"{"data":{"market-half-days":["2026-12-24","2026-11-27"],"market-holidays":["2026-12-25",5]}}"#;
        let read = read_holidays(&answer(200, body)).unwrap();
        assert_eq!(read.notes, ["data.market-holidays[1]: not a date"]);
        assert_eq!(read.value.half.first().unwrap().to_string(), "2026-11-27");
        assert_eq!(read.value.closed.len(), 1);
    }
}
