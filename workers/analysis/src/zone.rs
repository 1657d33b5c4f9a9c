//! The time zone in which texts show moments: the user's own. Structured content has moments in UTC.

use chrono::NaiveDateTime;
use domain::{Timestamp, UserId, exchange};
use store::settings::Settings;

use crate::{app::App, tools::new_york};

/// The zone of the exchanges, which is everybody's who has not chosen another.
const NEW_YORK: &str = "America/New_York";

/// A time zone. New York's clock is known here; of the others the runtime knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    /// New York.
    Exchange,
    /// Another one, by its IANA name.
    Named(String),
}

impl Zone {
    /// The user's own; that of the exchanges where it cannot be read, since a text that says `ET` is right all the same.
    pub(crate) async fn of(app: &App, user: &UserId) -> Self {
        store::settings::read(&app.db, user).await.map_or(Self::Exchange, |settings| Self::chosen(&settings))
    }

    /// The one among a user's settings.
    pub(crate) fn chosen(settings: &Settings) -> Self {
        match settings.time_zone.as_str() {
            NEW_YORK => Self::Exchange,
            other => Self::Named(other.to_owned()),
        }
    }

    /// What the clocks there show; UTC where the runtime does not know the zone.
    pub(crate) fn local(&self, moment: Timestamp) -> NaiveDateTime {
        match self {
            Self::Exchange => exchange::local(moment),
            Self::Named(name) => edge::time_zone::local(name, moment).unwrap_or_else(|| moment.naive_utc()),
        }
    }

    /// `Fri 20 Nov 16:00 ET`, `Fri 20 Nov 22:00 UTC+1`.
    pub(crate) fn shown(&self, moment: Timestamp) -> String {
        match self {
            Self::Exchange => new_york::shown(moment),
            Self::Named(_) => format!("{} {}", self.local(moment).format("%a %-d %b %H:%M"), self.label(moment)),
        }
    }

    /// What a time there is followed by: `ET`, `UTC+1`.
    pub(crate) fn label(&self, moment: Timestamp) -> String {
        match self {
            Self::Exchange => "ET".to_owned(),
            Self::Named(_) => offset(self.local(moment), moment),
        }
    }
}

/// How far a clock is from UTC.
fn offset(local: NaiveDateTime, moment: Timestamp) -> String {
    // The clock has whole seconds.
    let minutes = (local - moment.naive_utc()).num_milliseconds().saturating_add(30_000).div_euclid(60_000);
    let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
    let sign = if minutes < 0 { '-' } else { '+' };
    match (hours, rest) {
        (0, 0) => "UTC".to_owned(),
        (_, 0) => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchanges_time_is_called_et() {
        assert_eq!(Zone::Exchange.shown("2026-11-20T21:00:00Z".parse().unwrap()), "Fri 20 Nov 16:00 ET");
        assert_eq!(Zone::Exchange.shown("2026-07-03T13:30:00Z".parse().unwrap()), "Fri 3 Jul 09:30 ET");
    }

    #[test]
    fn other_clocks_are_called_by_their_distance() {
        let moment: Timestamp = "2026-11-20T21:00:30.750Z".parse().unwrap();
        for (local, called) in [
            ("2026-11-20T22:00:30", "UTC+1"),
            ("2026-11-20T13:00:30", "UTC-8"),
            ("2026-11-21T02:30:30", "UTC+5:30"),
            ("2026-11-20T17:30:30", "UTC-3:30"),
            ("2026-11-20T21:00:30", "UTC"),
        ] {
            assert_eq!(offset(local.parse().unwrap(), moment), called);
        }
    }
}
