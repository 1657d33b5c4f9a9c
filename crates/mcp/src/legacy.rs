//! The revisions that begin with `initialize`, served without a session: no id is handed out, and any request is taken
//! without one, since hosted clients do not send it back.

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    batch::Entry,
    catalog::{Catalog, Server},
    context::Context,
    fault::Fault,
    headers::{self, Said},
    message::Request,
    receive::LOG_LEVELS,
    reply::{Reply, Seen},
    serve::{self, Capabilities, Empty, Method},
    version::{self, Era, MODERN_VERSION},
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
pub(crate) fn serve(catalog: &Catalog, request: Request) -> Entry {
    let method = Method::parse(&request.method);
    let context = Context {
        era: Era::Legacy,
        seen: Seen { era: Some(Era::Legacy), method: method.label(), ..Seen::default() },
        meta: request.meta().cloned().unwrap_or_default(),
        id: request.id,
        server: catalog.server,
    };
    let Some(params) = request.params else {
        return Entry::Reply(context.fault(&Fault::invalid_params("`params` must be an object.")));
    };
    match method {
        Method::Initialize => Entry::Reply(initialize(catalog, &context, &params)),
        Method::Ping => Entry::Reply(context.complete(Empty {}, None)),
        Method::SetLevel => Entry::Reply(set_level(&context, &params)),
        Method::Discover => not_found(&context, &request.method),
        _ if !method.is_offered(catalog) => not_found(&context, &request.method),
        _ => serve::serve(catalog, context, method, params),
    }
}

fn not_found(context: &Context, method: &str) -> Entry {
    Entry::Reply(context.fault(&Fault::method_not_found(Era::Legacy, method)))
}

fn initialize(catalog: &Catalog, context: &Context, params: &Map<String, Value>) -> Reply {
    let asked = params.get("protocolVersion").and_then(Value::as_str);
    context.complete(
        Initialized {
            protocol_version: version::negotiate(asked),
            capabilities: Capabilities::of(catalog),
            server_info: catalog.server,
            instructions: catalog.instructions,
        },
        None,
    )
}

/// Nothing is logged to clients, so that a level is taken and has no effect.
fn set_level(context: &Context, params: &Map<String, Value>) -> Reply {
    match params.get("level").and_then(Value::as_str) {
        Some(level) if LOG_LEVELS.contains(&level) => context.complete(Empty {}, None),
        _ => context.fault(&Fault::invalid_params("`level` is not a log level.")),
    }
}
