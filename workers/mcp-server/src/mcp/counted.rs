//! What is done with every request beside answering it: a limit lets it in or not, and afterwards it is counted and, where
//! it is a tool call, written down for the audit.

use contract::Principal;
use domain::{Error, Scope};
use mcp::{Ask, Entry as Part, Received, ToolCall};
use serde_json::{Map, Value, json};
use store::{Statement, audit, audit::Entry};

use super::tools;
use crate::{
    app::App,
    audit::write,
    auth::Caller,
    rate::{self, Class},
};

/// What a request counts as. Of a batch each call is counted by itself; here it counts as the first one.
pub(crate) fn class(received: &Received) -> Class {
    match received {
        Received::Ask(ask) => class_of(ask),
        Received::Batch(batch) => {
            let first = batch.entries.iter().find_map(|part| match part {
                Part::Ask(ask) => Some(class_of(ask)),
                Part::Reply(_) => None,
            });
            first.unwrap_or(Class::Other)
        }
        Received::Reply(_) => Class::Other,
    }
}

fn class_of(ask: &Ask) -> Class {
    match ask {
        Ask::Tool(call) => of_tool(call.tool.name),
        _ => Class::Other,
    }
}

/// What a tool counts as is said by its row or follows from the permission that it needs. Asking how far a job is starts
/// nothing.
fn of_tool(tool: &str) -> Class {
    if let Some(row) = tools::forward::find(tool) {
        return row.class;
    }
    match (tool, tools::scope(tool)) {
        ("get_workflow_status", _) | (_, None) => Class::Other,
        (_, Some(Scope::MarketRead)) => Class::Market,
        (_, Some(Scope::AccountRead)) => Class::Account,
        (_, Some(Scope::AnalysisRun)) => Class::Analysis,
        (_, Some(Scope::AlertsWrite | Scope::SettingsWrite)) => Class::Settings,
    }
}

/// Lets in and counts a request that is no tool call.
pub(crate) async fn other(app: &App<'_>, caller: &Caller) -> Result<(), Error> {
    let admitted = rate::admit(app, &caller.principal.user_id, Class::Other, caller.counted.as_ref()).await;
    let bump = admitted.map_err(|refused| refused.error)?;
    if let Some(bump) = bump {
        write(app, vec![bump]);
    }
    Ok(())
}

/// Lets in, counts and writes down a tool call. Calls over the limit are written down once per window.
pub(crate) async fn tool<T>(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let class = of_tool(call.tool.name);
    let mut record = Record { app, caller, call, outcome: None, bump: None };
    match rate::admit(app, &caller.principal.user_id, class, caller.counted.as_ref()).await {
        Ok(bump) => record.bump = bump,
        Err(refused) if refused.is_first => return record.ended(Err(refused.error)),
        Err(refused) => {
            record.outcome = Some(Outcome::Untold);
            return Err(refused.error);
        }
    }
    let outcome = work.await;
    record.ended(outcome)
}

/// Writes down tool calls that are refused for want of a permission.
pub(crate) fn refused(app: &App<'_>, principal: &Principal, client_id: Option<&str>, call: &ToolCall) {
    let entry = Entry {
        user: Some(&principal.user_id),
        action: &format!("tool:{}", call.tool.name),
        client_id,
        outcome: "insufficient_scope",
        request_id: &app.request_id,
        details: details(call),
    };
    crate::audit::note(app, entry);
}

/// How a call ended.
enum Outcome {
    /// Well, or with an error of this word.
    Told(String),
    /// It is not to be written down.
    Untold,
}

/// A call that is under way. It is written down when it ends, in whatever way: a call whose client goes away is dropped.
struct Record<'a> {
    app: &'a App<'a>,
    caller: &'a Caller,
    call: &'a ToolCall,
    outcome: Option<Outcome>,
    bump: Option<Statement>,
}

impl Record<'_> {
    fn ended<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.outcome = Some(Outcome::Told(match &outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) => word(error),
        }));
        outcome
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let outcome = match self.outcome.take() {
            Some(Outcome::Untold) => return,
            Some(Outcome::Told(word)) => word,
            None if std::thread::panicking() => "internal".to_owned(),
            None => "cancelled".to_owned(),
        };
        let entry = Entry {
            user: Some(&self.caller.principal.user_id),
            action: &format!("tool:{}", self.call.tool.name),
            client_id: self.caller.client_id.as_deref(),
            outcome: &outcome,
            request_id: &self.app.request_id,
            details: details(self.call),
        };
        let row = audit::insertion(&vault::token::id(&self.app.entropy), &entry, edge::clock::now());
        write(self.app, self.bump.take().into_iter().chain([row]).collect());
    }
}

/// The error's word on the wire.
fn word(error: &Error) -> String {
    let word = serde_json::to_value(error.reason).ok();
    word.as_ref().and_then(Value::as_str).unwrap_or("internal").to_owned()
}

/// The facts of a call that may be written down: numbers and nothing that was typed.
fn details(call: &ToolCall) -> Value {
    match call.tool.name {
        "get_quote" => json!({ "symbols": symbols(&call.arguments) }),
        _ => json!({}),
    }
}

fn symbols(arguments: &Map<String, Value>) -> usize {
    let several = arguments.get("symbols").and_then(Value::as_array).map_or(0, Vec::len);
    several + usize::from(arguments.get("symbol").is_some_and(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_counts_as_what_its_permission_is_for() {
        assert_eq!(of_tool("get_quote"), Class::Market);
        assert_eq!(of_tool("get_market_hours"), Class::Market);
        assert_eq!(of_tool("get_workflow_status"), Class::Other);
        assert_eq!(of_tool("none"), Class::Other);
    }

    #[test]
    fn an_error_is_written_down_by_its_word() {
        assert_eq!(word(&Error::new(domain::Reason::UpstreamTimeout, "late")), "upstream_timeout");
    }

    #[test]
    fn symbols_are_counted_and_not_named() {
        for (arguments, count) in [
            (json!({ "symbol": "AAPL" }), 1),
            (json!({ "symbols": ["AAPL", "SPY"] }), 2),
            (json!({ "symbols": "AAPL" }), 0),
            (json!({}), 0),
        ] {
            assert_eq!(symbols(arguments.as_object().unwrap()), count, "{arguments}");
        }
    }
}
