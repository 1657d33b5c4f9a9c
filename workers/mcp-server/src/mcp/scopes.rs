//! Which permission a request needs.

use domain::Scope;
use mcp::{Ask, ToolCall};

use super::{resources, tools};

/// The scopes without which the request is refused. Completions need none: they hold less where one is missing.
pub(crate) fn needed(ask: &Ask) -> impl Iterator<Item = Scope> + use<> {
    let (scope, also) = match ask {
        Ask::Tool(call) => (tools::scope(call.tool.name), tools::also(call.tool.name).or_else(|| own_lists(call))),
        Ask::Resource(read) => (resources::scope(&read.uri), None),
        Ask::Prompt(_) | Ask::Completion(_) | Ask::Listen(_) => (None, None),
    };
    scope.into_iter().chain(also)
}

/// What `get_watchlists` needs as well where it is asked for the user's own lists. Analysis checks it again.
fn own_lists(call: &ToolCall) -> Option<Scope> {
    let kind = || call.arguments.get("kind")?.as_str();
    let is_public = || kind().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("public"));
    (call.tool.name == "get_watchlists" && !is_public()).then_some(Scope::AccountRead)
}
