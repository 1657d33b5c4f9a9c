//! When a symbol trades, and where a moment lies in market time.
//!
//! Shares, funds, indexes and futures have the sessions of the exchange; coins have every day of UTC, midnight to midnight.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use domain::Timestamp;

use super::{Kind, Listing};
use crate::calendar::{self, Session};

/// The session that the daily figures of a moment belong to.
pub(crate) fn current(listing: &Listing, now: Timestamp) -> Session {
    if listing.kind == Kind::Crypto { whole_day(now.date_naive()) } else { calendar::current(now) }
}

/// The session before.
pub(crate) fn before(listing: &Listing, session: &Session) -> Session {
    if listing.kind == Kind::Crypto {
        whole_day(session.date - Days::new(1))
    } else {
        calendar::session_before(session.date)
    }
}

/// The session of a day, where there is one.
pub(crate) fn of_day(listing: &Listing, date: NaiveDate) -> Option<Session> {
    if listing.kind == Kind::Crypto { Some(whole_day(date)) } else { calendar::session(date) }
}

/// The session's place in market time.
#[expect(clippy::cast_precision_loss, reason = "some thousands of sessions")]
pub(crate) fn index(listing: &Listing, session: &Session) -> f64 {
    if listing.kind == Kind::Crypto {
        session.date.signed_duration_since(calendar::ymd(2020, 1, 6)).num_days() as f64
    } else {
        calendar::sessions_before(session.date) as f64
    }
}

/// The share of a session's movement that happens while the market is closed.
pub(crate) fn gap(listing: &Listing) -> f64 {
    if listing.kind == Kind::Crypto { 0.0 } else { 0.15 }
}

fn whole_day(date: NaiveDate) -> Session {
    let start = date.and_time(NaiveTime::MIN).and_utc();
    let end = start + TimeDelta::days(1);
    Session { date, start_at: start, open_at: start, close_at: end, close_at_ext: end }
}
