//! From bytes to a reply or a question: bounds, the era, the hand-over.

use http::HeaderMap;

use crate::{
    ask::Ask,
    batch::{self, Batch, Entry},
    catalog::Catalog,
    cursor::Pages,
    fault::Fault,
    headers::{self, Said},
    json,
    legacy::{self, Peer},
    message::{self, Message, Request},
    modern,
    reply::{Reply, Seen},
    toolset::Toolset,
    version::{self, Era},
};

/// The largest body that is read, in bytes (1 MiB). The caller should not read more than one byte beyond it.
pub const MAX_BODY: usize = 1024 * 1024;

/// The deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: usize = 64;

/// The most messages in one batch.
pub const MAX_BATCH: usize = 50;

/// How requests are read, and what the caller stands ready for.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Takes a legacy version header beside a modern body, which the protocol says to refuse and hosted clients send, and
    /// answers lists of what the catalogue does not have.
    pub compat: bool,
    /// Calls may be answered by a question back. The caller opens states with [`Ask::resume`]; where this is off, a call
    /// that brings one is refused.
    pub asks_back: bool,
    /// The caller opens sessions: [`Reply::opens`] says for whom.
    pub sessions: bool,
    /// The tools that the address asks for; `None`: all.
    pub toolset: Option<&'a Toolset>,
    /// How lists are cut into pages; `None`: each is one page.
    pub pages: Option<Pages<'a>>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { compat: true, asks_back: false, sessions: false, toolset: None, pages: None }
    }
}

/// What a POST turned out to be.
#[derive(Debug)]
pub enum Received {
    /// It is answered.
    Reply(Reply),
    /// The product has to look something up.
    Ask(Box<Ask>),
    /// Several messages of revision 2025-03-26; [`Reply::batch`] puts their replies together.
    Batch(Batch),
}

impl From<Entry> for Received {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Reply(reply) => Self::Reply(reply),
            Entry::Ask(ask) => Self::Ask(ask),
        }
    }
}

/// Reads the body of one POST, without a session. The caller has authenticated it and checked its origin. `Content-Type` is
/// not looked at: the body says what it is.
pub fn receive(catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, body: &[u8]) -> Received {
    let text = match bounded(body) {
        Ok(text) => text,
        Err(reply) => return Received::Reply(reply),
    };
    if is_batch(text) {
        return batch::receive(catalog, options, headers, text);
    }
    match message::read(text) {
        Ok(Message::Request(request)) => serve(catalog, options, headers, request),
        Ok(Message::Notification(_)) => notification(headers),
        Ok(Message::Response(_)) => Received::Reply(Reply::accepted(Seen::default())),
        Err(refused) => Received::Reply(Reply::fault(refused.id.as_ref(), &refused.fault, Seen::default())),
    }
}

/// The body as a text whose size and depth are bounded; the error is the reply.
pub(crate) fn bounded(body: &[u8]) -> Result<&str, Reply> {
    let refuse = |fault: &Fault| Reply::fault(None, fault, Seen::default());
    if body.len() > MAX_BODY {
        return Err(refuse(&Fault::too_large(MAX_BODY)));
    }
    let text = std::str::from_utf8(body).map_err(|_| refuse(&Fault::parse()))?;
    if json::depth(text) > MAX_DEPTH {
        let fault = Fault::invalid_request(format!("The body nests deeper than {MAX_DEPTH} levels."));
        return Err(Reply::fault(message::salvage_id(text).as_ref(), &fault, Seen::default()));
    }
    Ok(text)
}

pub(crate) fn is_batch(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

fn serve(catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, request: Request) -> Received {
    if era(headers, &request) == Era::Modern {
        return modern::serve(catalog, options, headers, request).into();
    }
    // `initialize` negotiates the version, so that its header says nothing yet.
    if request.method != "initialize"
        && let Err(fault) = legacy::check_version(headers)
    {
        let seen = Seen { era: Some(Era::Legacy), ..Seen::default() };
        return Received::Reply(Reply::fault(Some(&request.id), &fault, seen));
    }
    legacy::serve(catalog, options, &Peer::unknown(catalog, headers), request).into()
}

/// A request is modern if its body says so, if it asks for `server/discover`, or if it carries `Mcp-Method`, which only
/// modern clients send. `initialize` and a legacy version header outweigh `Mcp-Method`. A modern version header alone proves
/// nothing: hosted clients send it after a legacy handshake.
pub(crate) fn era(headers: &HeaderMap, request: &Request) -> Era {
    if modern::describes_itself(request) || request.method == "server/discover" {
        return Era::Modern;
    }
    let says_legacy = matches!(headers::version(headers), Said::This(version) if version::is_legacy(&version));
    if headers::has_method(headers) && request.method != "initialize" && !says_legacy {
        return Era::Modern;
    }
    Era::Legacy
}

/// Notifications have no effect here. The modern era knows none over HTTP; they are taken all the same.
pub(crate) fn notification(headers: &HeaderMap) -> Received {
    Received::Reply(match legacy::check_version(headers) {
        Ok(()) => Reply::accepted(Seen { method: "notification", ..Seen::default() }),
        Err(fault) => Reply::fault(None, &fault, Seen::default()),
    })
}
