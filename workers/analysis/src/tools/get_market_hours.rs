//! `get_market_hours`: whether a market is open, when it opens and closes next, and which days are not like others.

use std::fmt::Write;

use chrono::NaiveDate;
use contract::{
    Rendered,
    market::{
        Source,
        hours::{GetMarketHoursInput, Market, MarketHours, MarketSession, MarketState},
    },
};
use domain::{Error, Timestamp};
use futures_util::future::join;
use tasty::market_time::{self, Collection, Holidays, Session, Sessions};

use super::{Asked, new_york};
use crate::{upstream, zone::Zone};

/// So many coming holidays are named.
const HOLIDAYS: usize = 10;

/// The hours of one market.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, GetMarketHoursInput { market }) = asked.read()?;
    let collection = match market {
        Market::Equities => Collection::Equity,
        Market::Cme => Collection::Cme,
        Market::Cfe => Collection::Cfe,
    };
    let current = market_time::current(collection);
    let sessions = upstream::ask(app, user, "market sessions", current, market_time::read_current);
    let holidays = market_time::holidays(collection);
    let holidays = upstream::ask(app, user, "market holidays", holidays, market_time::read_holidays);
    let (sessions, holidays) = join(sessions, holidays).await;
    let hours = assemble(market, &sessions?, holidays, app.now);
    Rendered::new(&hours, text(&hours, &Zone::of(app, user).await))
}

fn assemble(market: Market, sessions: &Sessions, holidays: Result<Holidays, Error>, now: Timestamp) -> MarketHours {
    let mut notes = Vec::new();
    let holidays =
        holidays.inspect_err(|error| notes.push(format!("Holidays and half days are not known: {error}"))).ok();
    let current = session(&sessions.current, holidays.as_ref());
    let next = session(&sessions.next, holidays.as_ref());
    let state = state(sessions.state.as_deref());
    if state == MarketState::Unknown {
        notes.push("TastyTrade did not say whether the market is open.".to_owned());
    }
    let first_after = |moments: [Option<Timestamp>; 2]| moments.into_iter().flatten().find(|moment| *moment > now);
    let today = new_york::day(now);
    let coming = |days: &[NaiveDate]| days.iter().filter(|day| **day >= today).take(HOLIDAYS).copied().collect();
    MarketHours {
        market,
        state,
        next_open_at: first_after([current.open_at, next.open_at]),
        next_close_at: first_after([current.close_at, next.close_at]),
        holidays: holidays.as_ref().map_or_else(Vec::new, |days| coming(&days.closed)),
        half_days: holidays.as_ref().map_or_else(Vec::new, |days| coming(&days.half)),
        sessions: vec![current, next],
        source: Source::Rest,
        as_of: now,
        notes,
    }
}

fn state(word: Option<&str>) -> MarketState {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("open") => MarketState::Open,
        Some("closed") => MarketState::Closed,
        Some("pre-market") => MarketState::PreMarket,
        Some("extended") => MarketState::AfterHours,
        _ => MarketState::Unknown,
    }
}

/// A session with its day: TastyTrade leaves it out of the current one, and it closes on its own day.
fn session(session: &Session, holidays: Option<&Holidays>) -> MarketSession {
    let date = session.date.or_else(|| session.close_at.map(new_york::day));
    MarketSession {
        date,
        extended_open_at: session.start_at,
        open_at: session.open_at,
        close_at: session.close_at,
        extended_close_at: session.close_at_ext,
        is_half_day: date.zip(holidays).map(|(date, holidays)| holidays.half.contains(&date)),
    }
}

fn text(hours: &MarketHours, zone: &Zone) -> String {
    let market = match hours.market {
        Market::Equities => "US equities and options",
        Market::Cme => "CME futures",
        Market::Cfe => "CFE volatility futures",
    };
    let state = match hours.state {
        MarketState::Open => "OPEN",
        MarketState::Closed => "CLOSED",
        MarketState::PreMarket => "in PRE-MARKET hours, the regular session is not open",
        MarketState::AfterHours => "in AFTER-HOURS trading, the regular session is over",
        MarketState::Unknown => "in a state that is not known",
    };
    let mut text = format!("{market}: {state} as of {}.", zone.shown(hours.as_of));
    if hours.state == MarketState::Open {
        let _ = write!(text, " Closes {}.", or_unknown(hours.next_close_at, zone));
    } else {
        let _ = write!(text, " Opens {}.", or_unknown(hours.next_open_at, zone));
    }
    for session in &hours.sessions {
        let date = session.date.map_or_else(|| "Session".to_owned(), |date| date.format("%a %-d %b %Y").to_string());
        let at = |moment: Option<Timestamp>| {
            moment.map_or_else(|| "?".to_owned(), |moment| new_york::local(moment).format("%H:%M").to_string())
        };
        // A session that opens on the evening before says so.
        let eve = session.open_at.map(new_york::local).filter(|open| Some(open.date()) != session.date);
        let eve = eve.map_or_else(String::new, |open| open.format("%a ").to_string());
        let (open, close) = (format!("{eve}{}", at(session.open_at)), at(session.close_at));
        let _ = write!(text, "\n{date}: {open} to {close} ET");
        if session.extended_open_at != session.open_at || session.extended_close_at != session.close_at {
            let (from, to) = (at(session.extended_open_at), at(session.extended_close_at));
            let _ = write!(text, " (extended {from} to {to})");
        }
        if session.is_half_day == Some(true) {
            text.push_str(", HALF DAY");
        }
    }
    list(&mut text, "Closed on", &hours.holidays);
    list(&mut text, "Early close on", &hours.half_days);
    for note in &hours.notes {
        let _ = write!(text, "\nNote: {note}");
    }
    text
}

fn or_unknown(moment: Option<Timestamp>, zone: &Zone) -> String {
    moment.map_or_else(|| "at a time that is not known".to_owned(), |moment| zone.shown(moment))
}

fn list(text: &mut String, what: &str, days: &[NaiveDate]) {
    if !days.is_empty() {
        let days: Vec<_> = days.iter().map(|day| day.format("%a %Y-%m-%d").to_string()).collect();
        let _ = write!(text, "\n{what}: {}", days.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use domain::Reason;
    use tasty::Answer;

    use super::*;

    fn sessions(state: &str) -> Sessions {
        let body = format!(
            r#"{{"data":{{"state":"{state}","start-at":"2026-11-25T13:15:00Z","open-at":"2026-11-25T14:30:00Z",
            "close-at":"2026-11-25T21:00:00Z","close-at-ext":"2026-11-26T01:00:00Z",
            "next-session":{{"session-date":"2026-11-27","start-at":"2026-11-27T13:15:00Z","open-at":"2026-11-27T14:30:00Z",
            "close-at":"2026-11-27T18:00:00Z","close-at-ext":"2026-11-27T22:00:00Z"}}}}}}"#
        );
        let answer = Answer::new(200, None, body, Timestamp::UNIX_EPOCH);
        market_time::read_current(&answer).unwrap().value
    }

    fn holidays() -> Holidays {
        let days = |days: &[&str]| days.iter().map(|day| day.parse().unwrap()).collect();
        Holidays {
            closed: days(&["2026-01-01", "2026-11-26", "2026-12-25"]),
            half: days(&["2026-11-27", "2026-12-24"]),
        }
    }

    fn hours(state: &str, now: &str) -> MarketHours {
        assemble(Market::Equities, &sessions(state), Ok(holidays()), now.parse().unwrap())
    }

    #[test]
    fn the_text_says_when_it_closes_and_what_is_special() {
        assert_eq!(
            text(&hours("Open", "2026-11-25T15:00:00Z"), &Zone::Exchange),
            "US equities and options: OPEN as of Wed 25 Nov 10:00 ET. Closes Wed 25 Nov 16:00 ET.\n\
             Wed 25 Nov 2026: 09:30 to 16:00 ET (extended 08:15 to 20:00)\n\
             Fri 27 Nov 2026: 09:30 to 13:00 ET (extended 08:15 to 17:00), HALF DAY\n\
             Closed on: Thu 2026-11-26, Fri 2026-12-25\n\
             Early close on: Fri 2026-11-27, Thu 2026-12-24"
        );
    }

    #[test]
    fn the_next_bells_are_those_to_come() {
        for (state, now, open, close) in [
            ("Pre-market", "2026-11-25T14:00:00Z", "2026-11-25T14:30:00Z", "2026-11-25T21:00:00Z"),
            ("Open", "2026-11-25T15:00:00Z", "2026-11-27T14:30:00Z", "2026-11-25T21:00:00Z"),
            ("Extended", "2026-11-25T22:00:00Z", "2026-11-27T14:30:00Z", "2026-11-27T18:00:00Z"),
        ] {
            let hours = hours(state, now);
            let moment = |text: &str| Some(text.parse::<Timestamp>().unwrap());
            assert_eq!((hours.next_open_at, hours.next_close_at), (moment(open), moment(close)), "{state}");
        }
    }

    #[test]
    fn a_session_that_opens_on_the_evening_before_says_so() {
        let mut sessions = sessions("Open");
        sessions.next.open_at = "2026-11-26T23:00:00Z".parse().ok();
        let hours = assemble(Market::Cme, &sessions, Ok(holidays()), "2026-11-25T15:00:00Z".parse().unwrap());
        assert!(
            text(&hours, &Zone::Exchange).contains("Fri 27 Nov 2026: Thu 18:00 to 13:00 ET"),
            "{}",
            text(&hours, &Zone::Exchange)
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        let now = "2026-11-25T15:00:00Z".parse().unwrap();
        let failed = Err(Error::new(Reason::UpstreamUnavailable, "TastyTrade does not answer."));
        let hours = assemble(Market::Equities, &sessions("Odd"), failed, now);
        assert_eq!((hours.state, hours.sessions[0].is_half_day), (MarketState::Unknown, None));
        assert!(
            text(&hours, &Zone::Exchange)
                .contains("Note: Holidays and half days are not known: TastyTrade does not answer.")
        );
    }
}
