//! When the markets are open. CME and CFE have the exchange's days and longer hours.

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, wrong};
use crate::{
    calendar::{self, Phase, Session},
    wire::{Refusal, envelope, items, moment},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/market-time/sessions", |_, asked| sessions(asked)),
    get("/market-time/sessions/current", |_, asked| current_sessions(asked)),
    get("/market-time/equities/sessions/current", |_, asked| one(asked, "Equity")),
    get("/market-time/equities/sessions/next", |_, asked| neighbour(asked, "Equity", true)),
    get("/market-time/equities/sessions/previous", |_, asked| neighbour(asked, "Equity", false)),
    get("/market-time/equities/holidays", |_, asked| holidays(asked)),
    get("/market-time/futures/sessions/current", |_, asked| futures_now(asked)),
    get("/market-time/futures/sessions/current/{collection}", |_, asked| one(asked, collection(asked.part(0))?)),
    get("/market-time/futures/sessions/next/{collection}", |_, asked| {
        neighbour(asked, collection(asked.part(0))?, true)
    }),
    get("/market-time/futures/sessions/previous/{collection}", |_, asked| {
        neighbour(asked, collection(asked.part(0))?, false)
    }),
    get("/market-time/futures/holidays/{collection}", |_, asked| {
        collection(asked.part(0)).and_then(|_| holidays(asked))
    }),
];

/// The longest span that `/market-time/sessions` answers, in days.
const LONGEST: i64 = 280;

fn collection(name: &str) -> Result<&'static str, Refusal> {
    ["Equity", "CME", "CFE"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .ok_or_else(|| wrong("instrument-collection", "must be one of Equity, CME, CFE"))
}

/// The session of a collection: futures open at six in the evening before and close at five.
fn hours(session: &Session, collection: &str) -> Session {
    if collection == "Equity" {
        return *session;
    }
    let open = calendar::eastern(session.date - Days::new(1), 18, 0);
    let close = calendar::eastern(session.date, 17, 0).min(session.close_at_ext);
    Session { date: session.date, start_at: open, open_at: open, close_at: close, close_at_ext: close }
}

fn times(session: &Session, collection: &str) -> Value {
    let session = hours(session, collection);
    json!({
        "instrument-collection": collection,
        "start-at": moment(session.start_at),
        "open-at": moment(session.open_at),
        "close-at": moment(session.close_at),
        "close-at-ext": moment(session.close_at_ext),
    })
}

fn snapshot(session: &Session, collection: &str) -> Value {
    let mut item = times(session, collection);
    item["session-date"] = json!(session.date.to_string());
    item
}

/// The current session of a collection: for futures the one that the evening before has begun.
fn current(asked: &Asked<'_>, collection: &str) -> Value {
    let today = calendar::current(asked.now);
    let (session, state) = if collection == "Equity" {
        (today, calendar::phase(asked.now).as_str())
    } else {
        let next = calendar::session_after(today.date);
        let session = if asked.now >= hours(&next, collection).open_at { next } else { today };
        let times = hours(&session, collection);
        let open = (times.open_at..times.close_at).contains(&asked.now);
        (session, if open { Phase::Open.as_str() } else { Phase::Closed.as_str() })
    };
    let mut item = times(&session, collection);
    item["state"] = json!(state);
    item["next-session"] = snapshot(&calendar::session_after(session.date), collection);
    item["previous-session"] = snapshot(&calendar::session_before(session.date), collection);
    item
}

fn current_sessions(asked: &Asked<'_>) -> Outcome {
    let mut names = asked.list("instrument-collections");
    if names.is_empty() {
        names.push("EQUITY".to_owned());
    }
    let list = names
        .iter()
        .map(|name| collection(name).map(|collection| current(asked, collection)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(items(list, asked.path()).into())
}

fn futures_now(asked: &Asked<'_>) -> Outcome {
    Ok(items(["CME", "CFE"].map(|collection| current(asked, collection)).to_vec(), asked.path()).into())
}

fn one(asked: &Asked<'_>, collection: &str) -> Outcome {
    Ok(envelope(&current(asked, collection), asked.path()).into())
}

fn neighbour(asked: &Asked<'_>, collection: &str, next: bool) -> Outcome {
    let date = asked.day("date")?.unwrap_or_else(|| calendar::local_date(asked.now));
    let session = if next { calendar::session_after(date) } else { calendar::session_before(date) };
    Ok(envelope(&snapshot(&session, collection), asked.path()).into())
}

fn sessions(asked: &Asked<'_>) -> Outcome {
    let today = calendar::local_date(asked.now);
    let first = asked.day("from-date")?.unwrap_or(today);
    let last = asked.day("to-date")?.ok_or_else(|| wrong("to-date", "is missing"))?;
    if !(0..=LONGEST).contains(&last.signed_duration_since(first).num_days()) {
        return Err(wrong("to-date", "must be within nine months of from-date"));
    }
    let collection = asked.first("instrument-collection").map_or(Ok("Equity"), collection)?;
    let list = first.iter_days().take_while(|day| *day <= last).filter_map(calendar::session);
    Ok(items(list.map(|session| times(&session, collection)).collect(), asked.path()).into())
}

/// This year's and the next one's.
fn holidays(asked: &Asked<'_>) -> Outcome {
    let year = calendar::local_date(asked.now).year();
    let texts = |rule: fn(i32) -> Vec<NaiveDate>| -> Vec<String> {
        (year..=year + 1).flat_map(rule).map(|day| day.to_string()).collect()
    };
    let data = json!({
        "market-half-days": texts(calendar::half_days), "market-holidays": texts(calendar::holidays),
    });
    Ok(envelope(&data, asked.path()).into())
}
