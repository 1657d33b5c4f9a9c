//! Which permission a request needs.

use domain::Scope;
use mcp::Ask;

use super::{resources, tools};

/// The scope without which the request is refused. Completions need none: they hold less where one is missing.
pub(crate) fn needed(ask: &Ask) -> Option<Scope> {
    match ask {
        Ask::Tool(call) => tools::scope(call.tool.name),
        Ask::Resource(read) => resources::scope(&read.uri),
        Ask::Prompt(_) | Ask::Completion(_) | Ask::Listen(_) => None,
    }
}
