//! Keeping what the tools that analyse have answered, for `history://analyses`.

use contract::Rendered;
use domain::{Symbol, UserId};
use serde_json::json;
use store::analyses::{NewAnalysis, insert};

use crate::{app::App, hub::RESOURCES};

/// The resource that lists them.
const NEWEST: &str = "history://analyses";

/// What stands for those that are about no single symbol. No ticker is as long.
pub(crate) const PORTFOLIO: &str = "portfolio";

/// The id of an analysis that is being made, so that its answer can carry it as `analysis_id`.
pub(crate) fn id(app: &App) -> String {
    vault::token::id(&app.entropy)
}

/// What an analysis is, beside its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// From [`id`].
    pub(crate) id: &'a str,
    /// The tool's name.
    pub(crate) kind: &'a str,
    /// What it is about; `None` where that is no single symbol.
    pub(crate) symbol: Option<&'a Symbol>,
    /// The strategy that was asked about, in the tool's word.
    pub(crate) strategy: Option<&'a str>,
}

/// Keeps an answer, and tells whoever listens to the user's resources. The answer stands without it: a failure is only
/// logged.
pub(crate) async fn keep(app: &App, user: &UserId, about: About<'_>, answer: &Rendered) {
    let About { id, kind, symbol, strategy } = about;
    let result = answer.structured.get();
    let new = NewAnalysis { id, user, symbol, kind, strategy, job_id: None, result, created_at: app.now };
    match insert(&app.db, &new).await {
        Ok(true) => {}
        // The user has gone meanwhile.
        Ok(false) => return,
        Err(error) => return edge::log::warn("analysis not kept", &[("call", &kind), ("error", &error)]),
    }
    for uri in [NEWEST, &of(symbol)] {
        app.publish(user, RESOURCES, &json!({ "uri": uri })).await;
    }
}

/// The resource that has those of a symbol, or those that are about no single one.
fn of(symbol: Option<&Symbol>) -> String {
    let part = symbol.map_or_else(|| PORTFOLIO.to_owned(), |symbol| symbol.as_str().replace('/', "%2F"));
    format!("{NEWEST}/{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_symbol_is_one_that_can_be_read() {
        for (symbol, address) in [
            ("AAPL", "history://analyses/AAPL"),
            ("brk/b", "history://analyses/BRK%2FB"),
            ("", "history://analyses/portfolio"),
        ] {
            assert_eq!(of(Symbol::parse(symbol).ok().as_ref()), address);
        }
    }
}
