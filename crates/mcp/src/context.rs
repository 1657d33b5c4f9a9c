//! What a request says about itself, and how its answer is shaped in its era.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    catalog::{Cache, CacheScope, Server},
    fault::Fault,
    message::Id,
    reply::{Reply, Seen},
    version::Era,
};

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The request that is being served.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) id: Id,
    pub(crate) seen: Seen,
    pub(crate) era: Era,
    pub(crate) meta: Map<String, Value>,
    pub(crate) server: Server,
}

#[derive(Serialize)]
struct Success<'a, T> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    result: Shaped<T>,
}

/// A result with what its era adds to it. The legacy era adds nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shaped<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(flatten)]
    body: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_scope: Option<CacheScope>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<ResultMeta>,
}

#[derive(Serialize)]
struct ResultMeta {
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: Server,
}

impl Context {
    /// The era of the request.
    pub fn era(&self) -> Era {
        self.era
    }

    /// What the log may hold of the request.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// The client's own name, where the request says it; unchecked text from outside.
    pub fn client_name(&self) -> Option<&str> {
        self.meta.get(CLIENT_INFO)?.get("name")?.as_str()
    }

    /// The W3C trace context, where the request carries one; unchecked text from outside.
    pub fn traceparent(&self) -> Option<&str> {
        self.meta.get("traceparent")?.as_str()
    }

    /// Whether the client declared a capability, for example `elicitation`. Legacy requests declare none.
    pub fn declares(&self, capability: &str) -> bool {
        self.meta.get(CLIENT_CAPABILITIES).and_then(|declared| declared.get(capability)).is_some_and(Value::is_object)
    }

    /// A result. `cache` is given for those that the modern era wants it on.
    pub(crate) fn complete<T: Serialize>(&self, body: T, cache: Option<Cache>) -> Reply {
        let modern = self.era == Era::Modern;
        let cache = cache.filter(|_| modern);
        let result = Shaped {
            result_type: modern.then_some("complete"),
            body,
            ttl_ms: cache.map(|cache| cache.ttl_ms),
            cache_scope: cache.map(|cache| cache.scope),
            meta: modern.then_some(ResultMeta { server_info: self.server }),
        };
        Reply::json(200, &Success { jsonrpc: "2.0", id: self.id.raw(), result }, self.seen)
    }

    /// An error.
    pub(crate) fn fault(&self, fault: &Fault) -> Reply {
        Reply::fault(Some(&self.id), fault, self.seen)
    }
}
