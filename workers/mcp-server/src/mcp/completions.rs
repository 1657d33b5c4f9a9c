//! Completions: symbols that many trade together with the underlyings of the user's positions, the strategies that there
//! are documents on, and the user's accounts, masked.

use contract::{Call, portfolio::Portfolio};
use domain::{Error, Scope};
use mcp::{Completion, CompletionOutput};

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
        "symbol" => symbols(&portfolio(app, caller).await, typed),
        "account" => accounts(&portfolio(app, caller).await, typed),
        "strategy" => beginning(STRATEGIES.iter().copied(), typed),
        _ => Vec::new(),
    };
    Ok(CompletionOutput { values, total: None, has_more: false })
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
