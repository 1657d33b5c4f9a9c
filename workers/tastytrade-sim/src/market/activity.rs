//! How much options trade: open interest, volume, and the moments of their trades.
//!
//! An option trades at the opening bell, every fifteen minutes, and at the closing bell. The last trade, the day's range
//! and the candles all come from these moments, so that they agree.

use chrono::TimeDelta;
use domain::Timestamp;

use super::{
    Listing, Market,
    noise::{stream, unit},
};
use crate::calendar::{self, Session};

const EVERY: TimeDelta = TimeDelta::minutes(15);

/// The moments of a session at which options trade, up to a moment.
pub(crate) fn trades(session: &Session, until: Timestamp) -> Vec<Timestamp> {
    let mut moments = Vec::new();
    let mut at = session.open_at;
    while at < session.close_at && at <= until {
        moments.push(at);
        at += EVERY;
    }
    if until >= session.close_at {
        moments.push(session.close_at);
    }
    moments
}

/// The last trade of an option that was listed all the time.
pub(crate) fn last_trade(now: Timestamp) -> Timestamp {
    let session = calendar::current(now);
    trades(&session, now).last().copied().unwrap_or_else(|| calendar::session_before(session.date).close_at)
}

/// An option as far as its trading goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub listing: &'a Listing,
    pub symbol: &'a str,
    /// The strike as a fraction of the usual price.
    pub moneyness: f64,
}

impl Market<'_> {
    /// The open contracts of an option on a day, which do not change during it.
    pub(crate) fn open_interest(&self, subject: Subject<'_>, session: &Session) -> f64 {
        let Subject { listing, symbol, moneyness } = subject;
        let width = (2.5 * listing.iv * (45.0 / 365.0_f64).sqrt()).max(0.03);
        let bell = (-0.5 * (moneyness.max(0.01).ln() / width).powi(2)).exp();
        let size = 400.0 + 150.0 * (listing.volume / 1e6).max(3.0);
        let own = stream(self.seed ^ 7, symbol);
        let drift = 0.9 + 0.2 * unit(own, calendar::sessions_before(session.date));
        (size * bell * (0.1 + 1.8 * unit(own, -1).powi(2)) * drift).floor()
    }

    /// The contracts of an option that traded up to a moment of a session.
    pub(crate) fn option_volume(&self, subject: Subject<'_>, session: &Session, until: Timestamp) -> f64 {
        let own = stream(self.seed ^ 11, subject.symbol);
        let of_day = self.open_interest(subject, session)
            * (0.02 + 0.35 * unit(own, calendar::sessions_before(session.date)).powi(2));
        #[expect(clippy::cast_precision_loss, reason = "at most some thirty")]
        let count = |until: Timestamp| trades(session, until).len() as f64;
        (of_day * count(until) / count(session.close_at).max(1.0)).floor()
    }
}
