//! The tools that mcp-server forwards, one file each: arguments in, structured content and a compact text out.
//!
//! A tool is one row of [`TOOLS`], one in `workers/mcp-server/src/mcp/tools/forward.rs`, and its definition in the catalogue
//! there. None of them changes anything.

mod get_market_hours;
mod get_option_chain;
pub(crate) mod new_york;

use contract::Rendered;
use domain::{Error, Scope, UserId};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::App;

const TOOLS: &[Tool] = &[
    row("get_market_hours", Scope::MarketRead, |asked| Box::pin(get_market_hours::answer(asked))),
    row("get_option_chain", Scope::MarketRead, |asked| Box::pin(get_option_chain::answer(asked))),
];

/// A tool.
pub(crate) struct Tool {
    name: &'static str,
    /// The scope that it needs.
    pub(crate) scope: Scope,
    answer: Handler,
}

type Handler = for<'a> fn(Asked<'a>) -> LocalBoxFuture<'a, Result<Rendered, Error>>;

const fn row(name: &'static str, scope: Scope, answer: Handler) -> Tool {
    Tool { name, scope, answer }
}

/// The tool of this name.
pub(crate) fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

impl Tool {
    /// Calls it. That the user's token permits it was checked before.
    pub(crate) async fn call(&self, app: &App, user: &UserId, arguments: Value) -> Result<Rendered, Error> {
        (self.answer)(Asked { app, user, arguments }).await
    }
}

/// One call of a tool.
pub(crate) struct Asked<'a> {
    pub(crate) app: &'a App,
    /// The user of the verified token.
    pub(crate) user: &'a UserId,
    arguments: Value,
}

impl<'a> Asked<'a> {
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
