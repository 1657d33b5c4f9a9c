//! Which permission a request needs.

use domain::Scope;
use mcp::Ask;

use super::{resources, tools};

/// The scopes without which the request is refused. Completions need none: they hold less where one is missing.
pub(crate) fn needed(ask: &Ask) -> impl Iterator<Item = Scope> + use<> {
    let (scope, also) = match ask {
        Ask::Tool(call) => (tools::scope(call.tool.name), tools::also(call)),
        Ask::Resource(read) => (resources::scope(&read.uri), None),
        Ask::Prompt(_) | Ask::Completion(_) | Ask::Listen(_) => (None, None),
    };
    scope.into_iter().chain(also)
}
