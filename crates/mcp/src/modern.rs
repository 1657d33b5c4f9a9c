//! Revision 2026-07-28: every request says what it is, twice, and both must agree.

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    batch::Entry,
    catalog::{Cache, Catalog},
    context::{CLIENT_CAPABILITIES, Context, LOG_LEVEL, PROTOCOL_VERSION},
    fault::Fault,
    headers::{self, Said},
    message::Request,
    receive::{LOG_LEVELS, Options},
    reply::Seen,
    serve::{self, Capabilities, Method},
    version::{self, Era, MODERN_VERSION},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovered {
    supported_versions: &'static [&'static str],
    capabilities: Capabilities,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

/// Whether a request carries the modern protocol version in its body.
pub(crate) fn describes_itself(request: &Request) -> bool {
    request.meta().is_some_and(|meta| meta.contains_key(PROTOCOL_VERSION))
}

/// Serves a request of the modern era.
pub(crate) fn serve(catalog: &Catalog, options: &Options, headers: &HeaderMap, request: Request) -> Entry {
    let method = Method::parse(&request.method);
    let skew = check_version(options, headers, &request);
    let context = Context {
        era: Era::Modern,
        seen: Seen {
            era: Some(Era::Modern),
            method: method.label(),
            skew: matches!(skew, Ok(Skew::Tolerated)),
            error: None,
        },
        meta: request.meta().cloned().unwrap_or_default(),
        id: request.id.clone(),
        server: catalog.server,
    };
    let checked = skew
        .and_then(|skew| check_names(headers, &request, method, skew))
        .and_then(|()| check_method(catalog, &request, method))
        .and_then(|()| check_log_level(&context.meta));
    if let Err(fault) = checked {
        return Entry::Reply(context.fault(&fault));
    }
    let params = request.params.unwrap_or_default();
    match method {
        Method::Discover => Entry::Reply(context.complete(
            Discovered {
                supported_versions: &[MODERN_VERSION],
                capabilities: Capabilities::of(catalog),
                instructions: catalog.instructions,
            },
            Some(Cache::PUBLIC),
        )),
        // Nothing is ever asked back yet, so that a state to go on from can only be made up.
        _ if method.named_by().is_some() && params.contains_key("requestState") => {
            Entry::Reply(context.fault(&Fault::invalid_params("`requestState` is not valid. Make the request again.")))
        }
        _ => serve::serve(catalog, context, method, params),
    }
}

/// Whether the headers may be older than the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skew {
    None,
    Tolerated,
}

/// Checks that the body is complete, agrees with the version header, and names the version that is served.
///
/// Some hosted clients send the version that `initialize` negotiated in the header and a modern body: `options.compat`
/// lets them through.
fn check_version(options: &Options, headers: &HeaderMap, request: &Request) -> Result<Skew, Fault> {
    let meta = request.meta().ok_or_else(|| Fault::incomplete_meta("`params._meta` is missing."))?;
    let Some(version) = meta.get(PROTOCOL_VERSION).and_then(Value::as_str) else {
        return Err(Fault::incomplete_meta("`_meta` lacks `io.modelcontextprotocol/protocolVersion`."));
    };
    if !meta.get(CLIENT_CAPABILITIES).is_some_and(Value::is_object) {
        return Err(Fault::incomplete_meta("`_meta` lacks the object `io.modelcontextprotocol/clientCapabilities`."));
    }
    let skew = match headers::version(headers) {
        Said::This(header) if header == version => Skew::None,
        Said::This(header) if options.compat && version == MODERN_VERSION && version::is_legacy(&header) => {
            Skew::Tolerated
        }
        _ => return Err(Fault::header_mismatch("`MCP-Protocol-Version` does not agree with `_meta`.")),
    };
    if version == MODERN_VERSION { Ok(skew) } else { Err(Fault::unsupported_version(Era::Modern, version)) }
}

/// Checks `Mcp-Method` and `Mcp-Name`. A client with an old version header may leave them out, but not contradict itself.
fn check_names(headers: &HeaderMap, request: &Request, method: Method, skew: Skew) -> Result<(), Fault> {
    if !agrees(&headers::method(headers), Some(&request.method), skew) {
        return Err(Fault::header_mismatch("`Mcp-Method` does not agree with `method`."));
    }
    let Some(parameter) = method.named_by() else { return Ok(()) };
    let named = request.params.as_ref().and_then(|params| params.get(parameter)).and_then(Value::as_str);
    if agrees(&headers::name(headers), named, skew) {
        Ok(())
    } else {
        Err(Fault::header_mismatch("`Mcp-Name` does not agree with what the request names."))
    }
}

fn agrees(header: &Said, body: Option<&str>, skew: Skew) -> bool {
    match header {
        Said::This(header) => Some(header.as_str()) == body,
        Said::Nothing => body.is_none() || skew == Skew::Tolerated,
        Said::Unclear => false,
    }
}

fn check_method(catalog: &Catalog, request: &Request, method: Method) -> Result<(), Fault> {
    let removed = matches!(method, Method::Initialize | Method::Ping | Method::SetLevel);
    if removed || !method.is_offered(catalog) {
        return Err(Fault::method_not_found(Era::Modern, &request.method));
    }
    Ok(())
}

fn check_log_level(meta: &Map<String, Value>) -> Result<(), Fault> {
    match meta.get(LOG_LEVEL) {
        Some(level) if !level.as_str().is_some_and(|level| LOG_LEVELS.contains(&level)) => {
            Err(Fault::invalid_params("`io.modelcontextprotocol/logLevel` is not a log level."))
        }
        _ => Ok(()),
    }
}
