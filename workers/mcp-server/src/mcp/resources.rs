//! The resources: the user's portfolio and analyses, the knowledge documents, which lie in R2 under the paths of
//! their addresses, and the pages of MCP Apps.

use contract::{
    Call,
    account::Source,
    portfolio::{AccountBalance, HeldPosition, Part, Portfolio},
};
use domain::{Error, Reason, Scope, Symbol, Timestamp};
use mcp::{ResourceContents, ResourceRead, apps::Csp};
use serde::Serialize;

use super::limits;
use crate::{app::App, auth::Caller};

/// The page that shows what `get_quote` answers. It loads nothing from anywhere.
const QUOTE_CARD: &str = include_str!("../../assets/quote-card.html");

/// The scope that a resource needs.
pub(crate) fn scope(uri: &str) -> Option<Scope> {
    let is_the_users_own = uri.starts_with("portfolio://") || uri.starts_with("history://");
    is_the_users_own.then_some(Scope::AccountRead)
}

/// The contents behind the address.
pub(crate) async fn read(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    match read.name {
        "quote-card" => Ok(vec![ResourceContents::page(read.uri.clone(), QUOTE_CARD, Csp::default())]),
        "positions" | "positions-of" | "balances" => limits::in_time(portfolio(app, caller, read)).await,
        "analyses" | "analyses-of" => limits::in_time(history(app, caller, read)).await,
        _ => limits::in_time(document(app, read)).await,
    }
}

/// What the analysis worker says, unread.
async fn history(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let call = Call::GetHistory { symbol: read.variable("symbol").map(str::to_owned) };
    let found = app.ask_raw(caller.principal.clone(), call).await?;
    limits::bounded_contents(read.text(found.get()), "")
}

async fn portfolio(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let underlying = match read.variable("symbol") {
        None => None,
        Some(text) => Some(Symbol::parse(text).map_err(|error| {
            Error::invalid_argument("uri", format!("The address's symbol {error}. Name an underlying such as AAPL."))
        })?),
    };
    let part = if read.name == "balances" { Part::Balances } else { Part::Positions };
    let found: Portfolio = app.ask(Some(caller.principal.clone()), Call::GetLivePortfolio { part }).await?;
    let written = match part {
        Part::Balances => balances(&found),
        Part::Positions => positions(&found, underlying.as_ref()),
    };
    let written = written
        .map_err(|_| Error::new(Reason::Internal, "The portfolio could not be written. This is ours to mend."))?;
    limits::bounded_contents(read.text(written), "Read portfolio://positions/{symbol} for one underlying.")
}

/// The rows as they are sent, with every digit: they never become a `serde_json::Value`, which would drop some.
#[derive(Serialize)]
struct Rows<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<&'a [AccountBalance]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Vec<&'a HeldPosition>>,
    source: Source,
    as_of: Option<Timestamp>,
    notes: Vec<&'a str>,
}

fn rows(found: &Portfolio) -> Rows<'_> {
    let as_of = found.as_of();
    let mut notes: Vec<&str> = found.notes.iter().map(String::as_str).collect();
    notes.extend(match (found.source, as_of) {
        (Source::Rest, _) => None,
        (Source::LastSync, None) => {
            Some("Nothing has been synced yet. Syncs run by themselves; the dashboard has a button that starts one.")
        }
        (Source::LastSync, Some(_)) => {
            Some("Rows of the last sync are no live values; each says in `as_of` when it was read.")
        }
    });
    Rows { accounts: None, positions: None, source: found.source, as_of, notes }
}

fn balances(found: &Portfolio) -> serde_json::Result<String> {
    serde_json::to_string(&Rows { accounts: Some(&found.accounts), ..rows(found) })
}

fn positions(found: &Portfolio, underlying: Option<&Symbol>) -> serde_json::Result<String> {
    let is_asked_for = |position: &&HeldPosition| {
        underlying.is_none_or(|asked| position.underlying_symbol.eq_ignore_ascii_case(asked.as_str()))
    };
    let positions = found.positions.iter().filter(is_asked_for).collect();
    serde_json::to_string(&Rows { positions: Some(positions), ..rows(found) })
}

async fn document(app: &App<'_>, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let not_found = || Error::new(Reason::NotFound, "There is no such document.");
    let path = read.uri.strip_prefix("knowledge://").filter(|path| is_plain(path)).ok_or_else(not_found)?;
    let text = edge::r2::text(app.env, &format!("knowledge/{path}.md")).await.map_err(|error| {
        edge::log::error("document not read", &[("request_id", &app.request_id), ("error", &error)]);
        Error::new(Reason::Internal, "The document could not be read. Try again in a moment.")
    })?;
    Ok(read.text(text.ok_or_else(not_found)?))
}

/// Words of small letters, digits, `_` and `-` between slashes: a path that cannot lead out of the documents.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|word| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(written: &str) -> Value {
        serde_json::from_str(written).unwrap()
    }

    #[test]
    fn a_path_cannot_lead_out_of_the_documents() {
        for (path, plain) in [
            ("options/strategies", true),
            ("options/strategies/iron_condor", true),
            ("options/../../users/x", false),
            ("options//x", false),
            ("", false),
            ("options/Strategies", false),
            ("options/%2e%2e", false),
        ] {
            assert_eq!(is_plain(path), plain, "{path}");
        }
    }

    #[test]
    fn only_what_is_the_users_own_needs_a_scope() {
        assert_eq!(scope("portfolio://positions/SPY"), Some(Scope::AccountRead));
        assert_eq!(scope("history://analyses"), Some(Scope::AccountRead));
        assert_eq!(scope("knowledge://trading/risk"), None);
        assert_eq!(scope("ui://ttai/quote-card"), None);
    }

    fn position(symbol: &str, underlying: &str) -> HeldPosition {
        serde_json::from_value(json!({
            "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "symbol": symbol, "underlying_symbol": underlying,
            "instrument_type": "Equity", "quantity": "100", "quantity_direction": "Long", "average_open_price": "210.50",
            "as_of": "2026-11-20T15:30:05Z",
        }))
        .unwrap()
    }

    #[test]
    fn positions_are_those_of_the_underlying_with_every_digit() {
        let synced = Portfolio {
            positions: vec![position("SPY   261218P00500000", "SPY"), position("AAPL", "AAPL")],
            ..Portfolio::default()
        };
        assert_eq!(read(&positions(&synced, None).unwrap())["positions"].as_array().unwrap().len(), 2);
        let written = positions(&synced, Some(&Symbol::parse("aapl").unwrap())).unwrap();
        assert!(written.contains("\"average_open_price\":210.50,"), "{written}");
        let written = read(&written);
        assert_eq!(written["positions"].as_array().unwrap().len(), 1);
        assert_eq!((&written["as_of"], &written["source"]), (&json!("2026-11-20T15:30:05Z"), &json!("last_sync")));
    }

    #[test]
    fn before_the_first_sync_there_is_nothing_and_a_note_says_so() {
        let written = read(&balances(&Portfolio::default()).unwrap());
        assert_eq!((&written["as_of"], &written["accounts"]), (&Value::Null, &json!([])));
        assert!(written["notes"][0].as_str().unwrap().starts_with("Nothing has been synced yet."));
        let live = Portfolio { source: Source::Rest, notes: vec!["One is not.".to_owned()], ..Portfolio::default() };
        let written = read(&balances(&live).unwrap());
        assert_eq!((&written["source"], &written["notes"]), (&json!("rest"), &json!(["One is not."])));
    }
}
