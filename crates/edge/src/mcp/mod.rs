//! The transport of the protocol core on the platform: JSON answers, answers that are streams, questions back to the
//! client, and sessions in a Durable Object. A server is a [`Product`]; everything else is the same for all of them.
//!
//! - [`respond`] answers what a POST turned out to be.
//! - [`session`] is the way to the session that a POST names, and what the object does with it.
//! - [`stream`] makes streams whose work ends with them: a client that goes away cancels the call.

pub mod seal;
pub mod session;
pub mod stream;

use domain::{Error, Reason};
use futures_util::{StreamExt, future::join_all, stream::LocalBoxStream};
use http::HeaderValue;
use mcp::{
    Ask, Catalog, Change, Completion, CompletionOutput, Entry, Frame, InputRequired, Listen, Options, Outcome,
    PromptGet, PromptOutput, Received, Reply, ResourceContents, ResourceRead, Sealing, ToolCall, ToolOutput,
    input::StateSeal, session::Patience,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    guard,
    http::{Body, Response},
    vars,
};
use stream::Sink;
use worker::Env;

/// What the client is told while its request is served. Frames go nowhere where the answer is no stream.
pub type Frames = Sink<Frame>;

/// The changes that a subscription is told of; it ends with them.
pub type Changes = LocalBoxStream<'static, Change>;

/// How long a subscription is held: then its client has to show again that it may listen.
const LISTEN_SECONDS: i64 = 1800;

/// How long what is held waits, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Sessions and their questions.
    pub patience: Patience,
    /// A subscription.
    pub listen: i64,
}

impl Timing {
    /// The usual times. In development the variables `MCP_IDLE_SECONDS`, `MCP_QUESTION_SECONDS` and `MCP_LISTEN_SECONDS` may
    /// say otherwise, so that the ends can be tried without waiting for them.
    pub fn of(env: &Env) -> Self {
        let Patience { idle, question } = Patience::default();
        let seconds = |name, usual| vars::in_development(env, name).filter(|seconds| *seconds > 0).unwrap_or(usual);
        Self {
            patience: Patience {
                idle: seconds("MCP_IDLE_SECONDS", idle),
                question: seconds("MCP_QUESTION_SECONDS", question),
            },
            listen: seconds("MCP_LISTEN_SECONDS", LISTEN_SECONDS),
        }
    }
}

/// A server, as one caller sees it.
pub trait Product {
    /// The same product for work that outlives the request: a stream, or a call in a session.
    type Held: Product<Held = Self::Held> + 'static;

    /// Who asks, as it travels from the endpoint to the session's object.
    type Caller: Serialize + DeserializeOwned;

    /// The same product for a stream.
    fn hold(&self) -> Self::Held;

    /// Who asks.
    fn caller(&self) -> Self::Caller;

    /// The user, to whom sessions and states are bound.
    fn principal(&self) -> &str;

    /// What is served.
    fn catalog() -> &'static Catalog;

    /// How requests are read.
    fn options(&self) -> Options<'_>;

    /// How long what is held waits.
    fn timing(&self) -> Timing;

    /// What states between two rounds are sealed with.
    fn seal(&self) -> &dyn StateSeal;

    /// Whether the tool, prompt or resource of this name or address may ask the client back.
    fn asks_back(name: &str) -> bool;

    /// Whether the request has something to tell of while it is served.
    fn reports(ask: &Ask) -> bool;

    /// The request where it may be served as it is; the error is the reply to one that may not.
    fn admit(&self, ask: Ask) -> Result<Ask, Reply> {
        Ok(ask)
    }

    /// Calls a tool.
    fn tool(&self, call: &ToolCall, told: &Frames) -> impl Future<Output = Result<Outcome<ToolOutput>, Error>>;

    /// Reads a resource.
    fn resource(&self, read: &ResourceRead) -> impl Future<Output = Result<Outcome<Vec<ResourceContents>>, Error>>;

    /// Fills in a prompt.
    fn prompt(&self, get: &PromptGet) -> impl Future<Output = Result<Outcome<PromptOutput>, Error>>;

    /// Completes an argument.
    fn complete(&self, completion: &Completion) -> impl Future<Output = Result<CompletionOutput, Error>>;

    /// The changes of what the caller may see, for as long as the stream is held.
    fn changes(&self) -> impl Future<Output = Result<Changes, Error>>;
}

/// A reply as an HTTP answer.
pub fn answer(reply: Reply) -> Response<Body> {
    let mut response = http::Response::new(Body::Whole(reply.body.unwrap_or_default()));
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Answers what a POST turned out to be that no session has to do with, or a session opens.
pub async fn respond<P: Product>(env: &Env, product: &P, received: Received) -> Response<Body> {
    match received {
        Received::Reply(reply) => answer(session::opened(env, product, reply).await),
        Received::Ask(ask) => match admit(product, *ask) {
            Ok(ask) => served(product, ask).await,
            Err(reply) => answer(reply),
        },
        Received::Batch(batch) => answer(Reply::batch(
            join_all(batch.entries.into_iter().map(async |entry| match entry {
                Entry::Reply(reply) => reply,
                Entry::Ask(ask) => match admit(product, *ask) {
                    Ok(ask) => reply(product, ask, &Sink::nowhere()).await,
                    Err(reply) => reply,
                },
            }))
            .await,
        )),
    }
}

async fn served<P: Product>(product: &P, ask: Ask) -> Response<Body> {
    match ask {
        Ask::Listen(listen) => subscribed(product, listen).await,
        ask if ask.context().wants_stream() && P::reports(&ask) => {
            let (held, context) = (product.hold(), ask.context().clone());
            stream::answer(context.seen(), async move |told| {
                let replied = guard::catch(reply(&held, ask, &told)).await;
                replied.unwrap_or_else(|_| context.fail(&panicked())).into_frame()
            })
        }
        ask => answer(reply(product, ask, &Sink::nowhere()).await),
    }
}

fn panicked() -> Error {
    Error::new(Reason::Internal, "Something failed on our side. It has been logged; try again.")
}

fn sealing<P: Product>(product: &P) -> Sealing<'_> {
    Sealing { seal: product.seal(), principal: product.principal(), now: crate::clock::now() }
}

/// Opens the state that the request brings back, and asks the product whether it may be served.
fn admit<P: Product>(product: &P, mut ask: Ask) -> Result<Ask, Reply> {
    if product.options().asks_back {
        ask.resume(&sealing(product))?;
    }
    product.admit(ask)
}

/// The reply to one request; questions travel in it.
async fn reply<P: Product>(product: &P, ask: Ask, told: &Frames) -> Reply {
    match attempt(product, ask, told).await {
        Attempt::Over(reply) => reply,
        Attempt::Asks(required, ask) => {
            let sealing = sealing(product);
            match *ask {
                Ask::Tool(call) => call.ask_back(&required, &sealing),
                Ask::Resource(read) => read.ask_back(&required, &sealing),
                Ask::Prompt(get) => get.ask_back(&required, &sealing),
                other => other.fail(panicked()),
            }
        }
    }
}

/// What serving a request once has come to.
enum Attempt {
    Over(Reply),
    Asks(InputRequired, Box<Ask>),
}

async fn attempt<P: Product>(product: &P, ask: Ask, told: &Frames) -> Attempt {
    match ask {
        Ask::Tool(call) => match product.tool(&call, told).await {
            Ok(Outcome::InputRequired(required)) => Attempt::Asks(required, Box::new(Ask::Tool(call))),
            Ok(Outcome::Done(output)) => Attempt::Over(call.finish(Ok(output))),
            Err(error) => Attempt::Over(call.finish(Err(error))),
        },
        Ask::Resource(read) => match product.resource(&read).await {
            Ok(Outcome::InputRequired(required)) => Attempt::Asks(required, Box::new(Ask::Resource(read))),
            Ok(Outcome::Done(contents)) => Attempt::Over(read.finish(Ok(contents))),
            Err(error) => Attempt::Over(read.finish(Err(error))),
        },
        Ask::Prompt(get) => match product.prompt(&get).await {
            Ok(Outcome::InputRequired(required)) => Attempt::Asks(required, Box::new(Ask::Prompt(get))),
            Ok(Outcome::Done(output)) => Attempt::Over(get.finish(Ok(output))),
            Err(error) => Attempt::Over(get.finish(Err(error))),
        },
        Ask::Completion(completion) => {
            let completed = product.complete(&completion).await;
            Attempt::Over(completion.finish(completed))
        }
        Ask::Listen(listen) => Attempt::Over(
            listen.refuse(&Error::new(Reason::InvalidRequest, "A subscription needs a stream of its own.")),
        ),
    }
}

async fn subscribed<P: Product>(product: &P, listen: Listen) -> Response<Body> {
    if !listen.context().reads_streams() {
        let error = Error::new(Reason::InvalidRequest, "A subscription is a stream: send `Accept: text/event-stream`.");
        return answer(listen.refuse(&error));
    }
    // A subscription to nothing is held as well, and costs nothing else.
    let changes = if listen.filter == mcp::listen::Filter::default() {
        Ok(futures_util::stream::pending().boxed_local())
    } else {
        product.changes().await
    };
    let changes = match changes {
        Ok(changes) => changes,
        Err(error) => return answer(listen.refuse(&error)),
    };
    let held = product.timing().listen.unsigned_abs();
    stream::answer(listen.context().seen(), async move |told| {
        told.send(listen.acknowledged());
        let told_all = stream::each_for(held, changes, |change| told.send(listen.tell(&change)));
        let reason = match told_all.await {
            stream::Ended::ByTime => "A subscription ends after a while. Subscribe again.",
            stream::Ended::ByItself => "The server can tell of no more changes. Subscribe again.",
        };
        Some(listen.close(reason))
    })
}
