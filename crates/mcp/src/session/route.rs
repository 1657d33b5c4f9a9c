//! Which messages have to reach the session that they name.

use http::HeaderMap;

use crate::{
    headers,
    message::{self, Message},
    receive::{self, MAX_BODY},
    serve::Method,
    version::Era,
};

/// Where a POST is served best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Anywhere: no session is named, or the message has nothing to do with it.
    Anywhere,
    /// Where the session is.
    Session {
        /// Its id, as the client sent it: visible ASCII, not longer than 200 bytes, otherwise unchecked.
        id: String,
        /// Why.
        concern: Concern,
    },
}

/// Why a message has to reach its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// It answers a question, cancels a call, or changes what the session knows; or it is a batch.
    Message,
    /// It is the call of a tool or prompt, or the reading of a resource, with this name or address. The client can only be
    /// asked back where the session is; what never asks back may be served anywhere.
    Call(String),
}

/// Where a POST is served best, by its `Mcp-Session-Id` and its body. Without the header nothing is read.
pub fn route(headers: &HeaderMap, body: &[u8]) -> Route {
    let concern = headers::session(headers).and_then(|id| Some((id, concern(headers, body)?)));
    match concern {
        Some((id, concern)) => Route::Session { id: id.to_owned(), concern },
        None => Route::Anywhere,
    }
}

/// `None` for what has nothing to do with its session, and for what cannot be read: that is refused anywhere.
fn concern(headers: &HeaderMap, body: &[u8]) -> Option<Concern> {
    if body.len() > MAX_BODY {
        return None;
    }
    let text = receive::bounded(body).ok()?;
    if receive::is_batch(text) {
        return Some(Concern::Message);
    }
    match message::read(text).ok()? {
        Message::Response(_) => Some(Concern::Message),
        Message::Notification(notification) => notification.cancels().map(|_| Concern::Message),
        Message::Request(request) if receive::era(headers, &request) == Era::Modern => None,
        Message::Request(request) => {
            let method = Method::parse(&request.method);
            if matches!(method, Method::SetLevel | Method::Subscribe | Method::Unsubscribe) {
                return Some(Concern::Message);
            }
            let name = request.params.as_ref()?.get(method.named_by()?)?.as_str()?;
            Some(Concern::Call(name.to_owned()))
        }
    }
}
