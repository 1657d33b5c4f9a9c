//! When the markets are open.

use serde_json::{Value, json};

use super::Context;
use crate::{
    calendar::{self, Session},
    call::{list, query},
    wire::{Refusal, items, moment},
};

fn snapshot(session: &Session) -> Value {
    json!({
        "instrument-collection": "Equity",
        "session-date": session.date.to_string(),
        "start-at": moment(session.start_at),
        "open-at": moment(session.open_at),
        "close-at": moment(session.close_at),
        "close-at-ext": moment(session.close_at_ext),
    })
}

/// `/market-time/sessions/current`: equities only.
pub(super) fn current_sessions(context: &Context<'_>) -> Result<Value, Refusal> {
    let asked = list(&query(context.call), "instrument-collections");
    if let Some(other) = asked.iter().find(|name| *name != "EQUITY") {
        return Err(Refusal::Invalid(format!("the simulator has no sessions of {other}")));
    }
    let session = calendar::current(context.now);
    let item = json!({
        "instrument-collection": "Equity",
        "state": calendar::phase(context.now).as_str(),
        "start-at": moment(session.start_at),
        "open-at": moment(session.open_at),
        "close-at": moment(session.close_at),
        "close-at-ext": moment(session.close_at_ext),
        "next-session": snapshot(&calendar::session_after(session.date)),
        "previous-session": snapshot(&calendar::session_before(session.date)),
    });
    Ok(items(vec![item], "/market-time/sessions/current"))
}
