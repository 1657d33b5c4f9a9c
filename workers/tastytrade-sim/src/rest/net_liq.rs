//! `/accounts/{n}/net-liq/history`.

use chrono::{Days, NaiveDate, TimeDelta};
use domain::Timestamp;
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, wrong};
use crate::{
    accounts::{ledger, net_liq, programs},
    calendar::{self, Session},
    state::State,
    wire::{decimal, envelope, items},
};

pub(super) const ENDPOINTS: &[Endpoint] =
    &[get("/accounts/{n}/net-liq", current), get("/accounts/{n}/net-liq/history", history)];

/// How far apart the points are.
#[derive(Debug, Clone, Copy)]
enum Step {
    Minutes(i64),
    Day,
}

/// The usual distance for a span of days.
fn step(days: i64) -> Step {
    match days {
        ..=1 => Step::Minutes(5),
        2..=8 => Step::Minutes(30),
        9..=40 => Step::Minutes(120),
        _ => Step::Day,
    }
}

/// What it is worth now.
fn current(state: &State, asked: &Asked<'_>) -> Outcome {
    let ledger = ledger::of(state, asked.account()?, asked.now);
    let worth = decimal(ledger::Book::of(&ledger).net_liquidating_value(&state.market(), asked.now));
    let data = json!({
        "net-liq": worth, "pending-cash": "0.0", "total": worth, "time": asked.now.to_rfc3339(),
    });
    Ok(envelope(&data, asked.path()).into())
}

fn history(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let today = calendar::local_date(asked.now);
    let until = asked.moment("end-time")?.unwrap_or(asked.now).min(asked.now);
    let start = match (asked.moment("start-time")?, asked.first("time-back")) {
        (Some(start), _) => start,
        (None, Some(back)) => start_of(back, today).ok_or_else(|| wrong("time-back", "does not have a valid value"))?,
        (None, None) => return Err(wrong("time-back", "is missing")),
    };
    let start = start.max(calendar::eastern(programs::first_day(), 9, 0));
    let step = step((until - start).num_days());
    let ledger = ledger::of(state, account, until);
    let points = net_liq::history(&state.market(), &ledger, &moments(step, start, until));
    let list = points
        .iter()
        .map(|point| {
            let text = |value| Value::from(decimal(value));
            json!({
                "open": text(point.open), "high": text(point.high),
                "low": text(point.low), "close": text(point.close),
                "pending-cash-open": "0.0", "pending-cash-high": "0.0",
                "pending-cash-low": "0.0", "pending-cash-close": "0.0",
                "total-open": text(point.open), "total-high": text(point.high),
                "total-low": text(point.low), "total-close": text(point.close),
                "time": point.time.format("%Y-%m-%dT%H:%M:%S+00").to_string(),
            })
        })
        .collect();
    Ok(items(list, asked.path()).into())
}

fn start_of(back: &str, today: NaiveDate) -> Option<Timestamp> {
    let days = match back {
        "1d" => return Some(calendar::current(calendar::eastern(today, 23, 0)).open_at),
        "1w" => 7,
        "1m" => 30,
        "3m" => 91,
        "6m" => 182,
        "1y" => 365,
        "all" => 36_500,
        _ => return None,
    };
    Some(calendar::eastern(today - Days::new(days), 0, 0))
}

/// The moments between which the points lie, the last one being the end.
fn moments(step: Step, start: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let first = calendar::session_before(calendar::local_date(start));
    let sessions = std::iter::successors(Some(first), |session| Some(calendar::session_after(session.date)))
        .take_while(|session| session.open_at <= until);
    let mut moments: Vec<Timestamp> = sessions
        .flat_map(|session| match step {
            Step::Day => vec![session.close_at],
            Step::Minutes(minutes) => within(&session, minutes),
        })
        .filter(|moment| *moment < until)
        .collect();
    // One moment before the start, for the first open.
    let before = moments.iter().filter(|moment| **moment < start).count();
    moments.drain(..before.saturating_sub(1));
    moments.push(until);
    moments
}

fn within(session: &Session, minutes: i64) -> Vec<Timestamp> {
    let mut moments: Vec<Timestamp> =
        std::iter::successors(Some(session.open_at), |at| Some(*at + TimeDelta::minutes(minutes)))
            .take_while(|at| *at < session.close_at)
            .collect();
    moments.push(session.close_at);
    moments
}
