//! Completions: symbols that many trade together with the underlyings of the user's positions, or those that the user has
//! analyses of, the days on which the user's options expire, the strategies that there are documents on, and the user's
//! accounts, masked.

use std::collections::BTreeSet;

use contract::{Call, portfolio::Portfolio};
use domain::{Error, OccSymbol, Scope, Symbol};
use mcp::{Completion, CompletionOutput, Subject};

use super::limits;
use crate::{app::App, auth::Caller};

/// Underlyings whose options trade most, in the order in which they are suggested after the user's own.
const SYMBOLS: &[&str] = &[
    "SPY", "QQQ", "IWM", "AAPL", "NVDA", "TSLA", "AMD", "AMZN", "MSFT", "META", "GOOGL", "NFLX", "SPX", "VIX", "GLD",
    "SLV", "TLT", "XLE", "XLF", "SMH", "DIA", "EEM", "F", "BAC", "JPM", "PLTR", "COIN", "BRK/B",
];

/// The documents below knowledge://options/strategies.
const STRATEGIES: &[&str] =
    &["cash_secured_put", "covered_call", "put_credit_spread", "call_credit_spread", "iron_condor", "strangle"];

/// The suggestions for an argument. The user's portfolio is in them where the token permits to read it, and they are
/// shorter, not an error, where it cannot be read.
pub(crate) async fn complete(
    app: &App<'_>,
    caller: &Caller,
    completion: &Completion,
) -> Result<CompletionOutput, Error> {
    let typed = completion.value.trim();
    let values = match completion.argument.as_str() {
        "symbol" if is_of_history(completion) => analysed(app, caller, typed).await,
        "symbol" => symbols(&portfolio(app, caller).await, typed),
        "expiration" => expirations(&portfolio(app, caller).await, completion.other("symbol"), typed),
        "account" => accounts(&portfolio(app, caller).await, typed),
        "strategy" => beginning(STRATEGIES.iter().copied(), typed),
        _ => Vec::new(),
    };
    Ok(CompletionOutput { values, total: None, has_more: false })
}

fn is_of_history(completion: &Completion) -> bool {
    matches!(completion.subject, Subject::Template(template) if template.name == "analyses-of")
}

/// What may stand in the address of the user's analyses.
async fn analysed(app: &App<'_>, caller: &Caller, typed: &str) -> Vec<String> {
    if !caller.principal.scopes.contains(Scope::AccountRead) {
        return Vec::new();
    }
    let ask = app.ask(Some(caller.principal.clone()), Call::GetAnalysedSymbols);
    let known: Vec<String> = limits::in_time(ask).await.unwrap_or_default();
    beginning(known.iter().map(String::as_str), typed)
}

async fn portfolio(app: &App<'_>, caller: &Caller) -> Portfolio {
    if !caller.principal.scopes.contains(Scope::AccountRead) {
        return Portfolio::default();
    }
    let synced = app.ask(Some(caller.principal.clone()), Call::GetPortfolio);
    limits::in_time(synced).await.unwrap_or_default()
}

fn symbols(synced: &Portfolio, typed: &str) -> Vec<String> {
    let own = synced.positions.iter().map(|position| position.underlying_symbol.as_str());
    beginning(own.chain(SYMBOLS.iter().copied()), typed)
}

/// The days on which options of the user's expire, soonest first; those in one underlying where one is filled in already.
fn expirations(synced: &Portfolio, symbol: Option<&str>, typed: &str) -> Vec<String> {
    let of = symbol.map(str::trim).filter(|symbol| !symbol.is_empty()).map(Symbol::parse);
    let is_of = |underlying: &str| match &of {
        None => true,
        Some(symbol) => symbol.as_ref().is_ok_and(|symbol| symbol.as_str() == underlying),
    };
    let options = synced.positions.iter().filter(|position| position.instrument_type.ends_with("Option"));
    let days: BTreeSet<_> = options
        .filter(|option| is_of(&option.underlying_symbol))
        .filter_map(|option| match OccSymbol::parse(&option.symbol) {
            Some(occ) => Some(occ.expiration),
            None => option.expires_at.map(|at| at.date_naive()),
        })
        .collect();
    days.iter().map(ToString::to_string).filter(|day| day.starts_with(typed)).collect()
}

/// Accounts by the end of their number, with or without the bullets before it.
fn accounts(synced: &Portfolio, typed: &str) -> Vec<String> {
    let typed = typed.trim_start_matches('\u{2022}').to_ascii_uppercase();
    let has = |account: &&str| account.trim_start_matches('\u{2022}').starts_with(&typed);
    let accounts = synced.accounts.iter().map(|account| account.account.as_str());
    accounts.filter(has).map(str::to_owned).collect()
}

/// Those that begin with what was typed, in any case, each once.
fn beginning<'a>(all: impl Iterator<Item = &'a str>, typed: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in all {
        let begins = value.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
        if begins && !found.iter().any(|known| known == value) {
            found.push(value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use contract::portfolio::HeldPosition;

    use super::*;

    fn synced() -> Portfolio {
        serde_json::from_value(serde_json::json!({
            "accounts": [
                {"account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "name": "Margin"},
                {"account": "\u{2022}\u{2022}\u{2022}\u{2022}0077", "name": "IRA"},
            ],
            "positions": [{
                "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "symbol": "SOFI", "underlying_symbol": "SOFI",
                "instrument_type": "Equity", "quantity": "100", "quantity_direction": "Long",
                "as_of": "2026-11-20T15:30:05Z",
            }],
        }))
        .unwrap()
    }

    #[test]
    fn the_users_own_symbols_come_first_and_each_once() {
        let none = Portfolio::default();
        for (synced, typed, expected) in [
            (&synced(), "", "SOFI SPY QQQ"),
            (&synced(), "s", "SOFI SPY SPX"),
            (&none, "s", "SPY SPX SLV"),
            (&none, "BRK/", "BRK/B"),
            (&none, "nothing", ""),
            (&none, "\u{e4}", ""),
        ] {
            let suggested: Vec<_> = symbols(synced, typed).into_iter().take(3).collect();
            assert_eq!(suggested.join(" "), expected, "{typed}");
        }
        let mut twice = synced();
        twice.positions.push(twice.positions[0].clone());
        assert_eq!(symbols(&twice, "SOFI"), ["SOFI"]);
    }

    #[test]
    fn expirations_are_those_of_open_options_soonest_first() {
        let mut synced = synced();
        let option = |symbol: &str, underlying: &str, kind: &str, expires: Option<&str>| HeldPosition {
            symbol: symbol.to_owned(),
            underlying_symbol: underlying.to_owned(),
            instrument_type: kind.to_owned(),
            expires_at: expires.map(|at| at.parse().unwrap()),
            ..synced.positions[0].clone()
        };
        synced.positions.extend([
            option("SPXW  270115P05000000", "SPX", "Equity Option", Some("2027-01-15T21:00:00Z")),
            option("SPY   261218P00500000", "SPY", "Equity Option", None),
            option("SPY   261218C00600000", "SPY", "Equity Option", None),
            option("./ESZ6 EW4X6 261127P5000", "/ESZ6", "Future Option", Some("2026-11-27T21:00:00Z")),
            option("/ESZ6", "/ESZ6", "Future", Some("2026-12-19T14:30:00Z")),
        ]);
        for (symbol, typed, expected) in [
            (None, "", "2026-11-27 2026-12-18 2027-01-15"),
            (Some(" "), "2026", "2026-11-27 2026-12-18"),
            (Some("spx"), "", "2027-01-15"),
            (Some("SPY"), "2027", ""),
            (Some("SOFI"), "", ""),
            (Some("no symbol!"), "", ""),
        ] {
            assert_eq!(expirations(&synced, symbol, typed).join(" "), expected, "{symbol:?} {typed}");
        }
        assert!(expirations(&Portfolio::default(), None, "").is_empty());
    }

    #[test]
    fn accounts_are_masked() {
        let bullets = "\u{2022}\u{2022}\u{2022}\u{2022}";
        for (typed, expected) in
            [("", 2), ("004", 1), (bullets, 2), ("\u{2022}\u{2022}\u{2022}\u{2022}0077", 1), ("9", 0)]
        {
            let suggested = accounts(&synced(), typed);
            assert_eq!(suggested.len(), expected, "{typed}");
            assert!(suggested.iter().all(|account| account.starts_with(bullets)));
        }
    }

    #[test]
    fn every_strategy_has_a_document() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../knowledge/options/strategies");
        let mut documents: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        documents.sort();
        let mut strategies = STRATEGIES.to_vec();
        strategies.sort_unstable();
        assert_eq!(strategies, documents);
        assert_eq!(
            beginning(STRATEGIES.iter().copied(), "c"),
            ["cash_secured_put", "covered_call", "call_credit_spread"]
        );
    }
}
