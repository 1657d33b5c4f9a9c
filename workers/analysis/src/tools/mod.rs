//! The tools that mcp-server forwards, one file each: arguments in, structured content and a compact text out.
//!
//! A tool is one row of [`TOOLS`], one in `workers/mcp-server/src/mcp/tools/forward.rs`, and its definition in the catalogue
//! there. None of them changes anything.

pub(crate) mod account;
pub(crate) mod amounts;
pub(crate) mod analyses;
mod analyze_chart;
mod analyze_options;
pub(crate) mod analyze_portfolio;
mod analyze_strategy;
mod find_opportunities;
mod get_accounts;
mod get_balances;
mod get_market_hours;
mod get_market_metrics;
mod get_net_liq_history;
mod get_option_chain;
mod get_orders;
pub(crate) mod get_positions;
mod get_price_history;
mod get_transactions;
mod get_watchlists;
pub(crate) mod holdings;
pub(crate) mod new_york;
mod pages;
mod search_symbols;

use contract::{Principal, Rendered};
use domain::{Error, Scope, Scopes, UserId};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::App;

const TOOLS: &[Tool] = &[
    row("get_option_chain", Scope::MarketRead, |asked| Box::pin(get_option_chain::answer(asked))),
    row("get_price_history", Scope::MarketRead, |asked| Box::pin(get_price_history::answer(asked))),
    row("get_market_metrics", Scope::MarketRead, |asked| Box::pin(get_market_metrics::answer(asked))),
    row("search_symbols", Scope::MarketRead, |asked| Box::pin(search_symbols::answer(asked))),
    row("get_market_hours", Scope::MarketRead, |asked| Box::pin(get_market_hours::answer(asked))),
    row("get_watchlists", Scope::MarketRead, |asked| Box::pin(get_watchlists::answer(asked))),
    row("analyze_chart", Scope::AnalysisRun, |asked| Box::pin(analyze_chart::answer(asked))),
    row("analyze_options", Scope::AnalysisRun, |asked| Box::pin(analyze_options::answer(asked))),
    row("find_opportunities", Scope::AnalysisRun, |asked| Box::pin(find_opportunities::answer(asked))),
    row("analyze_strategy", Scope::AnalysisRun, |asked| Box::pin(analyze_strategy::answer(asked))),
    row("get_accounts", Scope::AccountRead, |asked| Box::pin(get_accounts::answer(asked))),
    row("get_balances", Scope::AccountRead, |asked| Box::pin(get_balances::answer(asked))),
    row("get_positions", Scope::AccountRead, |asked| Box::pin(get_positions::answer(asked))),
    row("get_transactions", Scope::AccountRead, |asked| Box::pin(get_transactions::answer(asked))),
    row("get_orders", Scope::AccountRead, |asked| Box::pin(get_orders::answer(asked))),
    row("get_net_liq_history", Scope::AccountRead, |asked| Box::pin(get_net_liq_history::answer(asked))),
    row("analyze_portfolio", Scope::AnalysisRun, |asked| Box::pin(analyze_portfolio::answer(asked)))
        .also(Scope::AccountRead),
];

/// A tool.
pub(crate) struct Tool {
    name: &'static str,
    /// The scope that it needs.
    pub(crate) scope: Scope,
    /// One more that it needs.
    pub(crate) also: Option<Scope>,
    answer: Handler,
}

type Handler = for<'a> fn(Asked<'a>) -> LocalBoxFuture<'a, Result<Rendered, Error>>;

const fn row(name: &'static str, scope: Scope, answer: Handler) -> Tool {
    Tool { name, scope, also: None, answer }
}

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

impl Tool {
    const fn also(self, scope: Scope) -> Self {
        Self { also: Some(scope), ..self }
    }

    /// Calls it. That the user's token permits it was checked before.
    pub(crate) async fn call(&self, app: &App, who: &Principal, arguments: Value) -> Result<Rendered, Error> {
        (self.answer)(Asked { app, user: &who.user_id, scopes: &who.scopes, arguments }).await
    }
}

/// One call of a tool.
pub(crate) struct Asked<'a> {
    pub(crate) app: &'a App,
    /// The user of the verified token.
    pub(crate) user: &'a UserId,
    scopes: &'a Scopes,
    arguments: Value,
}

impl<'a> Asked<'a> {
    /// Whether the user's token permits what the tool itself does not need, but would be the better for.
    pub(crate) fn permits(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// The surroundings, and the arguments as the tool's input type.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the path of the argument that is of the wrong type in `details.argument`.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<(&'a App, &'a UserId, T), Error> {
        let read = serde_path_to_error::deserialize(self.arguments).map_err(|error| {
            let path = error.path().to_string();
            let why: String = error.inner().to_string().chars().take(QUOTED).collect();
            Error::invalid_argument(&path, format!("`{path}`: {why}. Send it as the tool's input schema says."))
        })?;
        Ok((self.app, self.user, read))
    }
}

/// The longest part of a message that quotes arguments, in characters.
const QUOTED: usize = 200;

/// The longest text that may become part of an address, in characters.
const MAX_NAME: usize = 100;

/// A text that becomes a segment of an address: trimmed, not too long, and with a letter or a digit, since dots alone would
/// lead elsewhere.
fn named<'a>(argument: &str, text: &'a str, what_to_do: &str) -> Result<&'a str, Error> {
    let text = text.trim();
    let is_name = text.chars().any(char::is_alphanumeric) && !text.chars().any(char::is_control);
    if is_name && text.chars().count() <= MAX_NAME {
        return Ok(text);
    }
    let message = format!("`{argument}` is empty, too long or no name. {what_to_do}");
    Err(Error::invalid_argument(argument, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_way_to_elsewhere() {
        for (text, read) in [
            (" app ", Some("app")),
            ("Tom's Watchlist", Some("Tom's Watchlist")),
            ("BRK/B", Some("BRK/B")),
            ("..", None),
            ("./", None),
            ("", None),
            ("a\nb", None),
        ] {
            assert_eq!(named("query", text, "").ok(), read, "{text:?}");
        }
        assert_eq!(named("query", &"a".repeat(101), "").unwrap_err().details["argument"], "query");
    }
}
