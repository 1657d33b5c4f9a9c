//! `POST /mcp` and `POST /`: the MCP endpoint. Who asks is settled first; then the protocol core reads the body, and what
//! it cannot answer from the catalogue is looked up here.

pub(crate) mod catalog;
mod completions;
mod limits;
mod prompts;
mod resources;
mod scopes;
mod tools;

use domain::{Error, Scopes};
use edge::http::{Request, Response};
use futures_util::future::{join, join_all};
use mcp::{Ask, Entry, Options, Received, Reply, Toolset};

use crate::{app::App, auth, auth::Caller, routes::from_reply};

/// Answers one POST. The grant's row is read side by side with what the cache may have; nothing of the latter is sent if
/// the grant does not hold.
pub(crate) async fn serve(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let token = match auth::token(app, request).await {
        Ok(token) => token,
        Err(refused) => return Ok(refused),
    };
    let toolset = Toolset::parse(&catalog::CATALOG, request.uri().query().unwrap_or_default());
    let options = Options { toolset: Some(&toolset), ..Options::default() };
    let received = mcp::receive(&catalog::CATALOG, &options, request.headers(), request.body());
    let (caller, prefetched) = join(auth::caller(app, request, token), tools::prefetch(app, &received)).await;
    let caller = match caller {
        Ok(caller) => caller,
        Err(refused) => return Ok(refused),
    };
    if let Some(missing) = missing_scopes(&received, &caller.principal.scopes) {
        return Ok(auth::insufficient_scope(app, request, &missing));
    }
    Ok(from_reply(match received {
        Received::Reply(reply) => reply,
        Received::Ask(ask) => answer(app, &caller, *ask, prefetched).await,
        Received::Batch(batch) => {
            let replies = batch.entries.into_iter().map(async |entry| match entry {
                Entry::Reply(reply) => reply,
                Entry::Ask(ask) => answer(app, &caller, *ask, tools::Prefetched::default()).await,
            });
            Reply::batch(join_all(replies).await)
        }
    }))
}

async fn answer(app: &App<'_>, caller: &Caller, ask: Ask, prefetched: tools::Prefetched) -> Reply {
    match ask {
        Ask::Tool(call) => {
            let outcome = tools::call(app, caller, &call, prefetched).await;
            call.finish(outcome)
        }
        Ask::Resource(read) => {
            let outcome = resources::read(app, caller, &read).await;
            read.finish(outcome)
        }
        Ask::Prompt(get) => {
            let outcome = prompts::get(&get);
            get.finish(outcome)
        }
        Ask::Completion(completion) => {
            let outcome = completions::complete(app, caller, &completion).await;
            completion.finish(outcome)
        }
        other => other.fail(Error::new(domain::Reason::NotFound, "This server does not offer that.")),
    }
}

/// The scopes that the request needs and the token does not have.
fn missing_scopes(received: &Received, granted: &Scopes) -> Option<Scopes> {
    let asks: Vec<&Ask> = match received {
        Received::Reply(_) => Vec::new(),
        Received::Ask(ask) => vec![ask],
        Received::Batch(batch) => batch
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Ask(ask) => Some(&**ask),
                Entry::Reply(_) => None,
            })
            .collect(),
    };
    let needed: Scopes = asks.into_iter().filter_map(scopes::needed).collect();
    (!granted.contains_all(&needed)).then_some(needed)
}
