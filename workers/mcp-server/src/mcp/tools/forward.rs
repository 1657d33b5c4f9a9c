//! The tools that are only forwarded: the analysis worker reads their arguments, computes, and makes structured content and
//! text. A tool is one row here, one in `workers/analysis/src/tools/mod.rs`, and its definition in the catalogue.

use contract::{Call, Rendered};
use domain::{Error, Scope};
use mcp::{ToolCall, ToolOutput};

use crate::{app::App, auth::Caller, rate::Class};

/// What has to be known of a tool to forward its calls.
pub(crate) struct Forwarded {
    name: &'static str,
    /// The scope that it needs. Analysis checks it again.
    pub(crate) scope: Scope,
    /// One more that it needs.
    pub(crate) also: Option<Scope>,
    /// What its calls count as.
    pub(crate) class: Class,
    /// The arguments that make its answer smaller.
    pub(crate) narrowed_by: &'static [&'static str],
}

const fn row(name: &'static str, scope: Scope, class: Class, narrowed_by: &'static [&'static str]) -> Forwarded {
    Forwarded { name, scope, also: None, class, narrowed_by }
}

impl Forwarded {
    const fn also(self, scope: Scope) -> Self {
        Self { also: Some(scope), ..self }
    }
}

const FORWARDED: &[Forwarded] = &[
    row("get_price_history", Scope::MarketRead, Class::Market, &["interval", "days"]),
    row("get_market_metrics", Scope::MarketRead, Class::Market, &["symbols", "term_structure"]),
    row("search_symbols", Scope::MarketRead, Class::Market, &["limit"]),
    row("get_market_hours", Scope::MarketRead, Class::Market, &[]),
    row("get_watchlists", Scope::MarketRead, Class::Market, &["name"]),
    row(
        "get_option_chain",
        Scope::MarketRead,
        Class::Market,
        &["expiration", "max_dte", "strikes", "side", "min_delta", "format"],
    ),
    row("analyze_chart", Scope::AnalysisRun, Class::Analysis, &["timeframe"]),
    row("analyze_options", Scope::AnalysisRun, Class::Analysis, &["limit", "expiration"]),
    row("find_opportunities", Scope::AnalysisRun, Class::Analysis, &["limit", "symbols"]),
    row("analyze_strategy", Scope::AnalysisRun, Class::Analysis, &["legs"]),
    row("get_accounts", Scope::AccountRead, Class::Account, &[]),
    row("get_balances", Scope::AccountRead, Class::Account, &["account"]),
    row("get_positions", Scope::AccountRead, Class::Account, &["account", "underlying"]),
    row("get_transactions", Scope::AccountRead, Class::Account, &["limit", "symbol", "start_date"]),
    row("get_orders", Scope::AccountRead, Class::Account, &["limit", "status", "symbol"]),
    row("get_net_liq_history", Scope::AccountRead, Class::Account, &["account", "range"]),
    row("analyze_portfolio", Scope::AnalysisRun, Class::Analysis, &["account"]).also(Scope::AccountRead),
];

/// The row of a tool, if it is one of these.
pub(crate) fn find(tool: &str) -> Option<&'static Forwarded> {
    FORWARDED.iter().find(|row| row.name == tool)
}

/// What analysis answers. Argument names and forms are put right by the tool's schema before they go out.
pub(super) async fn call(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    row: &Forwarded,
) -> Result<ToolOutput, Error> {
    let asked = Call::Tool { name: row.name.to_owned(), arguments: call.shaped()? };
    let Rendered { text, structured } = app.ask(Some(caller.principal.clone()), asked).await?;
    Ok(ToolOutput::new(structured, text))
}
