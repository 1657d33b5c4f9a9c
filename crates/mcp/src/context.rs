//! What a request says about itself, and how its answer is shaped in its era.

use domain::Error;
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    catalog::{Cache, CacheScope, Server},
    fault::Fault,
    input::{self, Able, InputRequest, InputRequired, Sealing},
    level::Level,
    message::{CallId, Id},
    notify::{self, Progress},
    reply::{Reply, Seen},
    stream::Frame,
    version::{Era, Revision},
};

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const PROGRESS_TOKEN: &str = "progressToken";

/// The request that is being served.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) id: Id,
    pub(crate) seen: Seen,
    pub(crate) revision: Revision,
    pub(crate) meta: Map<String, Value>,
    /// What the client declared: with the request, or to its session; empty where nobody knows.
    pub(crate) capabilities: Map<String, Value>,
    pub(crate) server: Server,
    /// The least grave log messages that the client wants, where it wants any.
    pub(crate) log: Option<Level>,
    /// The client reads a stream as an answer.
    pub(crate) reads_streams: bool,
    /// There is a session that can carry questions.
    pub(crate) has_session: bool,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputRequiredResult {
    #[serde(skip_serializing_if = "Map::is_empty")]
    input_requests: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_state: Option<String>,
}

impl Context {
    /// The era of the request.
    pub fn era(&self) -> Era {
        self.revision.era()
    }

    /// The revision of the request. A legacy request that names none counts as 2025-03-26.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What the log may hold of the request.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// Names the request within its session.
    pub fn call_id(&self) -> CallId {
        CallId::from(&self.id)
    }

    /// The client's own name, where the request says it; unchecked text from outside.
    pub fn client_name(&self) -> Option<&str> {
        self.meta.get(CLIENT_INFO)?.get("name")?.as_str()
    }

    /// The W3C trace context, where the request carries one; unchecked text from outside.
    pub fn traceparent(&self) -> Option<&str> {
        self.meta.get("traceparent")?.as_str()
    }

    /// Whether the client declared a capability, for example `elicitation`. Of a legacy request without a session nothing
    /// is known.
    pub fn declares(&self, capability: &str) -> bool {
        self.capabilities.get(capability).is_some_and(Value::is_object)
    }

    /// Whether the client declared a protocol extension, for example `io.modelcontextprotocol/ui`.
    pub fn declares_extension(&self, id: &str) -> bool {
        self.capabilities.get("extensions").and_then(|extensions| extensions.get(id)).is_some_and(Value::is_object)
    }

    /// Whether the client can be asked this now: it declared what that takes, and there is a way to ask.
    pub fn can_ask(&self, request: &InputRequest) -> bool {
        (self.era() == Era::Modern || self.has_session) && request.needs(self.able()).is_none()
    }

    /// Whether the answer should be a stream: the client reads one, and wants to hear of progress or log messages.
    pub fn wants_stream(&self) -> bool {
        self.reads_streams && (self.progress().is_some() || self.log.is_some())
    }

    /// Tells of the request's progress; `None` where the client did not ask for that.
    pub fn progress(&self) -> Option<Progress> {
        let token = self.meta.get(PROGRESS_TOKEN)?;
        (token.is_string() || token.is_i64() || token.is_u64()).then(|| Progress::new(token.clone()))
    }

    /// A log message for the client; `None` where it does not want messages of this level.
    pub fn log<T: Serialize>(&self, level: Level, logger: Option<&str>, data: T) -> Option<Frame> {
        self.log.is_some_and(|least| level >= least).then(|| notify::log(level, logger, data))
    }

    /// The reply to the request where there is no other: something failed on the server's side.
    pub fn fail(&self, error: &Error) -> Reply {
        self.fault(&Fault::product(error))
    }

    /// Whether the client reads a stream as an answer.
    pub fn reads_streams(&self) -> bool {
        self.reads_streams
    }

    pub(crate) fn able(&self) -> Able<'_> {
        Able { revision: self.revision, declared: &self.capabilities }
    }

    /// A result. `cache` is given for those that the modern era wants it on.
    pub(crate) fn complete<T: Serialize>(&self, body: T, cache: Option<Cache>) -> Reply {
        self.result("complete", body, cache)
    }

    fn result<T: Serialize>(&self, result_type: &'static str, body: T, cache: Option<Cache>) -> Reply {
        let modern = self.era() == Era::Modern;
        let cache = cache.filter(|_| modern);
        let result = Shaped {
            result_type: modern.then_some(result_type),
            body,
            ttl_ms: cache.map(|cache| cache.ttl_ms),
            cache_scope: cache.map(|cache| cache.scope),
            meta: modern.then_some(ResultMeta { server_info: self.server }),
        };
        Reply::json(200, &Success { jsonrpc: "2.0", id: self.id.raw(), result }, self.seen)
    }

    /// The result that asks the client back. A legacy client cannot be asked this way: it gets an error, as does one that
    /// did not declare what the questions need.
    pub(crate) fn ask_back(&self, required: &InputRequired, call: input::Call<'_>, sealing: &Sealing<'_>) -> Reply {
        match self.input_required(required, call, sealing) {
            Ok(result) => self.result("input_required", result, None),
            Err(fault) => self.fault(&fault),
        }
    }

    fn input_required(
        &self,
        required: &InputRequired,
        call: input::Call<'_>,
        sealing: &Sealing<'_>,
    ) -> Result<InputRequiredResult, Fault> {
        if let Some(missing) = input::missing(required, self.able()) {
            return Err(Fault::missing_capabilities(self.era(), missing));
        }
        if self.era() == Era::Legacy {
            return Err(Fault::internal("This client can only be asked back within a session."));
        }
        let request_state = match required.state.as_deref() {
            Some(state) => Some(
                sealing
                    .seal(call, state)
                    .ok_or_else(|| Fault::internal("The state of the call could not be sealed."))?,
            ),
            None if required.requests.is_empty() => return Err(Fault::internal("There is nothing to ask for.")),
            None => None,
        };
        let question = |(key, request): &(String, InputRequest)| {
            let params = request.params(self.revision, key);
            (key.clone(), serde_json::json!({ "method": request.method(), "params": params }))
        };
        Ok(InputRequiredResult { input_requests: required.requests.iter().map(question).collect(), request_state })
    }

    /// An error.
    pub(crate) fn fault(&self, fault: &Fault) -> Reply {
        Reply::fault(Some(&self.id), fault, self.seen)
    }
}
