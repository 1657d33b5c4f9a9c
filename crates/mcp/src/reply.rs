//! The HTTP answer, ready to be sent.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    fault::{Fault, code},
    message::Id,
    session::Opening,
    version::Era,
};

/// What is sent when an answer cannot be written as JSON, which constants that were tested do not bring about.
const UNWRITABLE: &[u8] =
    br#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"The answer could not be written. This is ours to mend."}}"#;

/// What a reply answers: for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Seen {
    /// The era, where one could be told.
    pub era: Option<Era>,
    /// The method; `other` for one that is not served, empty where there is none.
    pub method: &'static str,
    /// The code of the JSON-RPC error, if it is one.
    pub error: Option<i32>,
    /// A legacy version header beside a modern body was let through.
    pub skew: bool,
}

/// An HTTP answer. CORS headers are the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Lower-case names; always `cache-control: no-store`.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, or nothing.
    pub body: Option<Vec<u8>>,
    /// What it answers.
    pub seen: Seen,
    /// It answers an `initialize` whose client deserves a session; see [`crate::session`].
    pub opens: Option<Box<Opening>>,
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a serde_json::Value>,
}

impl Reply {
    /// A notification or response was taken: 202 without a body.
    pub(crate) fn accepted(seen: Seen) -> Self {
        Self { status: 202, headers: vec![no_store()], body: None, seen, opens: None }
    }

    /// A JSON body.
    pub(crate) fn json<T: Serialize>(status: u16, value: &T, seen: Seen) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::bytes(status, body, seen),
            Err(_) => Self::bytes(500, UNWRITABLE.to_vec(), Seen { error: Some(code::INTERNAL_ERROR), ..seen }),
        }
    }

    /// A JSON-RPC error. It carries no id where the request's could not be read: the schema of MCP knows no `null`.
    pub(crate) fn fault(id: Option<&Id>, fault: &Fault, seen: Seen) -> Self {
        let error = ErrorObject { code: fault.code, message: &fault.message, data: fault.data.as_ref() };
        let message = ErrorMessage { jsonrpc: "2.0", id: id.map(Id::raw), error };
        Self::json(fault.status, &message, Seen { error: Some(fault.code), ..seen })
    }

    /// The answer to a batch: the bodies of its replies in one array, or 202 where none has one.
    pub fn batch(replies: impl IntoIterator<Item = Self>) -> Self {
        let seen = Seen { era: Some(Era::Legacy), method: "batch", ..Seen::default() };
        let bodies: Vec<Vec<u8>> = replies.into_iter().filter_map(|reply| reply.body).collect();
        if bodies.is_empty() {
            return Self::accepted(seen);
        }
        let mut body = vec![b'['];
        body.extend(bodies.join(&b','));
        body.push(b']');
        Self::bytes(200, body, seen)
    }

    /// The answer to GET and DELETE: 405 with `Allow`.
    pub fn method_not_allowed() -> Self {
        let fault = Fault {
            status: 405,
            ..Fault::invalid_request("This endpoint takes POST. There is no stream and no session to be had this way.")
        };
        let mut reply = Self::fault(None, &fault, Seen::default());
        reply.headers.push(("allow", "POST, OPTIONS".to_owned()));
        reply
    }

    /// The answer to a request of a session that has ended, or is not the caller's: 404, upon which a client begins anew.
    pub fn session_gone() -> Self {
        let fault =
            Fault { status: 404, ..Fault::invalid_request("There is no such session. Begin with `initialize`.") };
        Self::fault(None, &fault, Seen::default())
    }

    /// The answer to DELETE that ended a session: 204.
    pub fn session_ended() -> Self {
        Self { status: 204, headers: vec![no_store()], body: None, seen: Seen::default(), opens: None }
    }

    /// The same reply with the id of the session that was opened for it.
    #[must_use]
    pub fn with_session(mut self, id: &str) -> Self {
        self.headers.push(("mcp-session-id", id.to_owned()));
        self
    }

    /// The answer to an origin or host that is not allowed: 403.
    pub fn origin_refused() -> Self {
        let fault = Fault { status: 403, ..Fault::invalid_request("Requests from this origin are not served.") };
        Self::fault(None, &fault, Seen::default())
    }

    fn bytes(status: u16, body: Vec<u8>, seen: Seen) -> Self {
        let headers = vec![("content-type", "application/json".to_owned()), no_store()];
        Self { status, headers, body: Some(body), seen, opens: None }
    }
}

fn no_store() -> (&'static str, String) {
    ("cache-control", "no-store".to_owned())
}
