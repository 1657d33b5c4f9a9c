//! JSON-RPC errors, and the HTTP status that each goes out with.

use std::borrow::Cow;

use domain::{Error, Reason};
use serde_json::{Value, json};

use crate::version::{Era, LEGACY_VERSIONS, MODERN_VERSION};

/// The JSON-RPC error codes that are sent.
pub mod code {
    /// The body is no JSON.
    pub const PARSE_ERROR: i32 = -32700;
    /// The JSON is no JSON-RPC message.
    pub const INVALID_REQUEST: i32 = -32600;
    /// There is no such method in the request's era.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// Parameters are missing or malformed, or name a tool, prompt or (modern) resource that there is not.
    pub const INVALID_PARAMS: i32 = -32602;
    /// The answer could not be found out.
    pub const INTERNAL_ERROR: i32 = -32603;
    /// Legacy only: there is no such resource.
    pub const RESOURCE_NOT_FOUND: i32 = -32002;
    /// Modern: headers and body disagree, or a header is missing.
    pub const HEADER_MISMATCH: i32 = -32020;
    /// Modern: the request needs a capability that the client did not declare.
    pub const MISSING_CAPABILITY: i32 = -32021;
    /// The protocol version is not served.
    pub const UNSUPPORTED_VERSION: i32 = -32022;
}

/// The longest piece of a request that is quoted in a message, in characters.
const QUOTED: usize = 100;

/// A JSON-RPC error with its HTTP status.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: i32,
    pub(crate) message: Cow<'static, str>,
    pub(crate) data: Option<Value>,
}

impl Fault {
    fn new(status: u16, code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), data: None }
    }

    fn with(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// The body is no JSON.
    pub(crate) fn parse() -> Self {
        Self::new(400, code::PARSE_ERROR, "The body is not valid JSON in UTF-8.")
    }

    /// The body is not read, because it is too large.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, code::INVALID_REQUEST, format!("The body is larger than {limit} bytes."))
    }

    /// The JSON is no message that can be served.
    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, code::INVALID_REQUEST, message)
    }

    /// There is no such method: 404 in the modern era, in-band in the legacy one.
    pub(crate) fn method_not_found(era: Era, method: &str) -> Self {
        let status = if era == Era::Modern { 404 } else { 200 };
        Self::new(status, code::METHOD_NOT_FOUND, format!("There is no method `{}`.", quoted(method)))
    }

    /// The request lacks what makes it a modern one.
    pub(crate) fn incomplete_meta(message: &'static str) -> Self {
        Self::new(400, code::INVALID_PARAMS, message)
    }

    /// Parameters that cannot be served; in-band.
    pub(crate) fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(200, code::INVALID_PARAMS, message)
    }

    /// Headers and body disagree.
    pub(crate) fn header_mismatch(message: &'static str) -> Self {
        Self::new(400, code::HEADER_MISMATCH, message)
    }

    /// The client did not declare capabilities that are needed: an object as the client would have declared them. The legacy
    /// era has no code for it.
    pub(crate) fn missing_capabilities(era: Era, required: Value) -> Self {
        let names: Vec<&str> = required.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let message = format!("This needs the client capability `{}`.", names.join("` and `"));
        let (status, number) = match era {
            Era::Modern => (400, code::MISSING_CAPABILITY),
            Era::Legacy => (200, code::INVALID_REQUEST),
        };
        Self::new(status, number, message).with(json!({ "requiredCapabilities": required }))
    }

    /// The state of a call that does not hold: changed, run out, or another call's.
    pub(crate) fn invalid_state() -> Self {
        Self::invalid_params("`requestState` is not valid. Make the request again.")
    }

    /// Something that the product should not have brought about.
    pub(crate) fn internal(message: &'static str) -> Self {
        Self::new(200, code::INTERNAL_ERROR, message)
    }

    /// The version is not served. A modern request is told the modern versions, another one all of them.
    pub(crate) fn unsupported_version(era: Era, requested: &str) -> Self {
        let mut supported = vec![MODERN_VERSION];
        if era == Era::Legacy {
            supported.extend(LEGACY_VERSIONS);
        }
        Self::new(400, code::UNSUPPORTED_VERSION, "This protocol version is not supported.")
            .with(json!({ "supported": supported, "requested": quoted(requested) }))
    }

    /// There is no such resource.
    pub(crate) fn resource_not_found(era: Era, uri: &str) -> Self {
        let number = match era {
            Era::Modern => code::INVALID_PARAMS,
            Era::Legacy => code::RESOURCE_NOT_FOUND,
        };
        Self::new(200, number, "Resource not found.").with(json!({ "uri": uri }))
    }

    /// An error of the product where there is no tool result to put it into.
    pub(crate) fn product(error: &Error) -> Self {
        let number = match error.reason {
            Reason::InvalidArguments | Reason::NotFound | Reason::AccountNotFound => code::INVALID_PARAMS,
            _ => code::INTERNAL_ERROR,
        };
        Self::new(200, number, error.message.clone()).with(json!({ "error": error.body() }))
    }
}

/// The beginning of a text from outside, for a message.
pub(crate) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}
