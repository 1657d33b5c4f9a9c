//! The revisions that begin with `initialize`. Any request is taken without a session, since hosted clients do not send its
//! id back; what a session knows of its client comes as the [`Peer`].

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    batch::Entry,
    catalog::{Catalog, Server},
    context::Context,
    fault::Fault,
    headers::{self, Said},
    level::Level,
    message::Request,
    receive::Options,
    reply::{Reply, Seen},
    serve::{self, Capabilities, Empty, Method},
    session::Opening,
    version::{self, Era, MODERN_VERSION, Revision},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialized {
    protocol_version: &'static str,
    capabilities: Capabilities,
    server_info: Server,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

/// What is known of the client of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    pub(crate) revision: Revision,
    /// What it declared; `None` without a session.
    pub(crate) capabilities: Option<&'a Map<String, Value>>,
    /// The least grave log messages that it wants, where it wants any.
    pub(crate) log: Option<Level>,
    pub(crate) reads_streams: bool,
}

impl Peer<'_> {
    /// The client of a request without a session. It gets log messages from `info` on, as if it had not set a level.
    pub(crate) fn unknown(catalog: &Catalog, headers: &HeaderMap) -> Self {
        Self {
            revision: revision(headers).unwrap_or(Revision::V2025_03_26),
            capabilities: None,
            log: catalog.logging.then_some(Level::Info),
            reads_streams: headers::accepts_stream(headers),
        }
    }
}

/// The revision that the header of a legacy message stands for. The modern one stands there after a handshake that cannot
/// have ended in it; the newest legacy one is meant.
fn revision(headers: &HeaderMap) -> Option<Revision> {
    match headers::version(headers) {
        Said::This(version) => Revision::parse(&version).map(|revision| revision.min(Revision::V2025_11_25)),
        Said::Nothing | Said::Unclear => None,
    }
}

/// Whether the version header is one that a legacy message may carry: none, a legacy one, or, as hosted clients were seen
/// to do after `initialize`, the modern one.
pub(crate) fn check_version(headers: &HeaderMap) -> Result<(), Fault> {
    match headers::version(headers) {
        Said::Nothing => Ok(()),
        Said::This(version) if version::is_legacy(&version) || version == MODERN_VERSION => Ok(()),
        Said::This(version) => Err(Fault::unsupported_version(Era::Legacy, &version)),
        Said::Unclear => Err(Fault::invalid_request("`MCP-Protocol-Version` must have one value.")),
    }
}

/// Serves a request whose version header was checked.
pub(crate) fn serve(catalog: &Catalog, options: &Options<'_>, peer: &Peer<'_>, request: Request) -> Entry {
    let method = Method::parse(&request.method);
    let context = context(catalog, peer, method, &request);
    let Some(params) = request.params else {
        return Entry::Reply(context.fault(&Fault::invalid_params("`params` must be an object.")));
    };
    match method {
        Method::Initialize => Entry::Reply(initialize(catalog, options, &context, &params)),
        Method::Ping => Entry::Reply(context.complete(Empty {}, None)),
        Method::SetLevel => Entry::Reply(set_level(&context, &params).0),
        // Only a session has a stream to tell of changes on, and answers these itself.
        Method::Discover | Method::Listen | Method::Subscribe | Method::Unsubscribe => {
            not_found(&context, &request.method)
        }
        _ if !method.is_offered(catalog) => not_found(&context, &request.method),
        _ => serve::serve(catalog, options, context, method, params),
    }
}

/// The context of a legacy request.
pub(crate) fn context(catalog: &Catalog, peer: &Peer<'_>, method: Method, request: &Request) -> Context {
    Context {
        id: request.id.clone(),
        seen: Seen { era: Some(Era::Legacy), method: method.label(), ..Seen::default() },
        revision: peer.revision,
        meta: request.meta().cloned().unwrap_or_default(),
        capabilities: peer.capabilities.cloned().unwrap_or_default(),
        server: catalog.server,
        log: peer.log,
        reads_streams: peer.reads_streams,
        has_session: peer.capabilities.is_some(),
    }
}

fn not_found(context: &Context, method: &str) -> Entry {
    Entry::Reply(context.fault(&Fault::method_not_found(Era::Legacy, method)))
}

/// The handshake over Streamable HTTP. A client that could be asked something is offered a session, where there are any.
fn initialize(catalog: &Catalog, options: &Options<'_>, context: &Context, params: &Map<String, Value>) -> Reply {
    let opening = Opening::read(params, false);
    let opens = options.sessions && opening.can_be_asked();
    let mut reply = welcome(catalog, context, &opening, opens);
    reply.opens = opens.then(|| Box::new(opening));
    reply
}

/// The answer to `initialize`.
pub(crate) fn welcome(catalog: &Catalog, context: &Context, opening: &Opening, has_session: bool) -> Reply {
    context.complete(
        Initialized {
            protocol_version: opening.revision().as_str(),
            capabilities: Capabilities::of(catalog, has_session),
            server_info: catalog.server,
            instructions: catalog.instructions,
        },
        None,
    )
}

/// Reads the level of `logging/setLevel`. Without a session it is taken and has no effect.
pub(crate) fn set_level(context: &Context, params: &Map<String, Value>) -> (Reply, Option<Level>) {
    match params.get("level").and_then(Value::as_str).and_then(Level::parse) {
        Some(level) => (context.complete(Empty {}, None), Some(level)),
        None => (context.fault(&Fault::invalid_params("`level` is not a log level.")), None),
    }
}
