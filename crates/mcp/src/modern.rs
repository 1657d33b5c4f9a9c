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
    level::Level,
    message::Request,
    mirrored,
    receive::Options,
    reply::Seen,
    serve::{self, Capabilities, Method},
    version::{self, Era, MODERN_VERSION, Revision},
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
pub(crate) fn serve(catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, request: Request) -> Entry {
    let method = Method::parse(&request.method);
    let skew = check_version(options, headers, &request);
    let context = context(catalog, headers, method, &request, matches!(skew, Ok(Skew::Tolerated)));
    let checked = skew
        .and_then(|skew| check_names(headers, &request, method, skew).map(|()| skew))
        .and_then(|skew| check_method(catalog, options, &request, method).map(|()| skew))
        .and_then(|skew| check_mirrored(catalog, headers, &request, method, skew))
        .and_then(|()| check_log_level(&context.meta));
    if let Err(fault) = checked {
        return Entry::Reply(context.fault(&fault));
    }
    if method != Method::Discover {
        return serve::serve(catalog, options, context, method, request.params.unwrap_or_default());
    }
    Entry::Reply(context.complete(
        Discovered {
            supported_versions: &[MODERN_VERSION],
            capabilities: Capabilities::of(catalog, true),
            instructions: catalog.instructions,
        },
        Some(Cache::PUBLIC),
    ))
}

fn context(catalog: &Catalog, headers: &HeaderMap, method: Method, request: &Request, skew: bool) -> Context {
    let meta = request.meta().cloned().unwrap_or_default();
    let log = meta.get(LOG_LEVEL).and_then(Value::as_str).and_then(Level::parse);
    Context {
        id: request.id.clone(),
        seen: Seen { era: Some(Era::Modern), method: method.label(), skew, error: None },
        revision: Revision::V2026_07_28,
        capabilities: meta.get(CLIENT_CAPABILITIES).and_then(Value::as_object).cloned().unwrap_or_default(),
        meta,
        server: catalog.server,
        log: log.filter(|_| catalog.logging),
        reads_streams: headers::accepts_stream(headers),
        has_session: false,
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
fn check_version(options: &Options<'_>, headers: &HeaderMap, request: &Request) -> Result<Skew, Fault> {
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

fn check_method(catalog: &Catalog, options: &Options<'_>, request: &Request, method: Method) -> Result<(), Fault> {
    let is_missing = !options.compat && !method.is_advertised(catalog);
    if method.is_legacy() || is_missing || !method.is_offered(catalog) {
        return Err(Fault::method_not_found(Era::Modern, &request.method));
    }
    Ok(())
}

/// Checks the headers that repeat arguments. A tool that there is not is reported later.
fn check_mirrored(
    catalog: &Catalog,
    headers: &HeaderMap,
    request: &Request,
    method: Method,
    skew: Skew,
) -> Result<(), Fault> {
    let params = request.params.as_ref().filter(|_| method == Method::CallTool);
    let tool = params.and_then(|params| catalog.tool(params.get("name")?.as_str()?));
    match (params, tool) {
        (Some(params), Some(tool)) => mirrored::check(headers, tool, params.get("arguments"), skew == Skew::Tolerated),
        _ => Ok(()),
    }
}

fn check_log_level(meta: &Map<String, Value>) -> Result<(), Fault> {
    match meta.get(LOG_LEVEL) {
        Some(level) if level.as_str().and_then(Level::parse).is_none() => {
            Err(Fault::invalid_params("`io.modelcontextprotocol/logLevel` is not a log level."))
        }
        _ => Ok(()),
    }
}
