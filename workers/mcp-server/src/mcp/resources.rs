//! The resources: the user's portfolio and analyses, the knowledge documents, which lie in R2 under the paths of
//! their addresses, and the pages of MCP Apps.

use contract::{Call, portfolio::Part};
use domain::{Error, Reason, Scope, Symbol};
use mcp::{ResourceContents, ResourceRead, apps::Csp};

use super::limits;
use crate::{app::App, auth::Caller};

/// The page that shows what `get_quote` answers. It loads nothing from anywhere.
const QUOTE_CARD: &str = include_str!("../../assets/quote-card.html");

/// The scope that a resource needs.
pub(crate) fn scope(uri: &str) -> Option<Scope> {
    let is_the_users_own = uri.starts_with("portfolio://") || uri.starts_with("history://");
    is_the_users_own.then_some(Scope::AccountRead)
}

/// The contents behind the address.
pub(crate) async fn read(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    match read.name {
        "quote-card" => Ok(vec![ResourceContents::page(read.uri.clone(), QUOTE_CARD, Csp::default())]),
        "positions" | "positions-of" | "balances" => limits::in_time(portfolio(app, caller, read)).await,
        "analyses" | "analyses-of" => limits::in_time(history(app, caller, read)).await,
        _ => limits::in_time(document(app, read)).await,
    }
}

/// What the analysis worker says, unread.
async fn history(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let call = Call::GetHistory { symbol: read.variable("symbol").map(str::to_owned) };
    let found = app.ask_raw(caller.principal.clone(), call).await?;
    limits::bounded_contents(read.text(found.get()), "")
}

async fn portfolio(app: &App<'_>, caller: &Caller, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let underlying = match read.variable("symbol") {
        None => None,
        Some(text) => Some(Symbol::parse(text).map_err(|error| {
            Error::invalid_argument("uri", format!("The address's symbol {error}. Name an underlying such as AAPL."))
        })?),
    };
    let part = if read.name == "balances" { Part::Balances } else { Part::Positions };
    let call = Call::GetLivePortfolio { part, underlying };
    // Unread: as it was written, with every digit.
    let found = app.ask_raw(caller.principal.clone(), call).await?;
    limits::bounded_contents(read.text(found.get()), "Read portfolio://positions/{symbol} for one underlying.")
}

async fn document(app: &App<'_>, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let not_found = || Error::new(Reason::NotFound, "There is no such document.");
    let path = read.uri.strip_prefix("knowledge://").filter(|path| is_plain(path)).ok_or_else(not_found)?;
    let text = edge::r2::text(app.env, &format!("knowledge/{path}.md")).await.map_err(|error| {
        edge::log::error("document not read", &[("request_id", &app.request_id), ("error", &error)]);
        Error::new(Reason::Internal, "The document could not be read. Try again in a moment.")
    })?;
    Ok(read.text(text.ok_or_else(not_found)?))
}

/// Words of small letters, digits, `_` and `-` between slashes: a path that cannot lead out of the documents.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|word| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_lead_out_of_the_documents() {
        for (path, plain) in [
            ("options/strategies", true),
            ("options/strategies/iron_condor", true),
            ("options/../../users/x", false),
            ("options//x", false),
            ("", false),
            ("options/Strategies", false),
            ("options/%2e%2e", false),
        ] {
            assert_eq!(is_plain(path), plain, "{path}");
        }
    }

    #[test]
    fn only_what_is_the_users_own_needs_a_scope() {
        assert_eq!(scope("portfolio://positions/SPY"), Some(Scope::AccountRead));
        assert_eq!(scope("history://analyses"), Some(Scope::AccountRead));
        assert_eq!(scope("knowledge://trading/risk"), None);
        assert_eq!(scope("ui://ttai/quote-card"), None);
    }
}
