//! The tools, one file each: arguments in, structured content and a compact text out.

mod config;
pub(crate) mod forward;
mod get_quote;
mod get_workflow_status;
mod report;
mod test_connection;

use contract::quote::Quote;
use domain::{Error, Reason, Scope};
use edge::mcp::Frames;
use mcp::{Ask, Received, ToolCall, ToolOutput};

use self::report::Report;
use super::limits;
use crate::{app::App, auth::Caller};

/// What was read from the cache while the grant was being checked.
#[derive(Default)]
pub(crate) struct Prefetched {
    /// Quotes that are fresh unless the user wants fresher ones, in the order of the call's symbols; `None` where the cache had none.
    quotes: Option<Vec<Option<Quote>>>,
}

/// The scope that a tool needs.
pub(crate) fn scope(tool: &str) -> Option<Scope> {
    match tool {
        "get_quote" => Some(Scope::MarketRead),
        "get_workflow_status" => Some(Scope::AnalysisRun),
        "get_config" | "test_connection" => Some(Scope::AccountRead),
        "update_config" => Some(Scope::SettingsWrite),
        _ => forward::find(tool).map(|row| row.scope),
    }
}

/// One more scope that a tool needs.
pub(crate) fn also(tool: &str) -> Option<Scope> {
    forward::find(tool).and_then(|row| row.also)
}

/// Reads ahead what needs nobody's permission to be read, only to be sent.
pub(crate) async fn prefetch(app: &App<'_>, received: &Received) -> Prefetched {
    match received {
        Received::Ask(ask) => match &**ask {
            Ask::Tool(call) if call.tool.name == "get_quote" => {
                Prefetched { quotes: get_quote::prefetch(app, call).await }
            }
            _ => Prefetched::default(),
        },
        _ => Prefetched::default(),
    }
}

/// Whether a tool has steps that its client may be told of.
pub(crate) fn reports(tool: &str) -> bool {
    matches!(tool, "get_quote" | "get_workflow_status")
}

/// The arguments that make a tool's answer smaller.
fn narrowed_by(tool: &str) -> &'static [&'static str] {
    match tool {
        "get_quote" => &["symbols"],
        _ => forward::find(tool).map_or(&[], |row| row.narrowed_by),
    }
}

/// Calls the tool, within the deadline and the bound of every answer. Its steps are told to `told`.
pub(crate) async fn call(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    told: &Frames,
    prefetched: Prefetched,
) -> Result<ToolOutput, Error> {
    let output = limits::in_time(dispatch(app, caller, call, Report::of(call, told), prefetched)).await?;
    limits::bounded(output, narrowed_by(call.tool.name))
}

async fn dispatch(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    report: Report<'_>,
    prefetched: Prefetched,
) -> Result<ToolOutput, Error> {
    match call.tool.name {
        "get_quote" => get_quote::call(app, caller, call, report, prefetched.quotes).await,
        "get_workflow_status" => get_workflow_status::call(app, caller, call, report).await,
        "get_config" => config::get(app, caller, call).await,
        "update_config" => config::update(app, caller, call).await,
        "test_connection" => test_connection::call(app, caller, call).await,
        name => match forward::find(name) {
            Some(row) => forward::call(app, caller, call, row).await,
            None => Err(Error::new(Reason::NotFound, "There is no such tool.")),
        },
    }
}
