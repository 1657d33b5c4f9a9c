//! Sessions of the legacy era: what one held stream per client makes possible, as a state machine without a stream.
//!
//! A session is never required. One is worth its cost for a client that declares elicitation, sampling or roots
//! ([`crate::Reply::opens`]), and for every client of the 2024-11-05 transport ([`http_sse`]). Its owner keeps a [`Session`]
//! where all requests of the client arrive ([`route`] says which ones have to), gives it every body ([`Session::receive`])
//! and acts on what comes back:
//!
//! - A call is answered with a stream. Where it ends in questions, [`Session::ask`] gives the frames that ask the client;
//!   when the last response has come, [`Event::Answered`] hands them over, and the call is entered again with them.
//! - [`Event::Cancelled`] ends the work on a call, without an answer.
//! - [`Session::due`] ends calls whose questions nobody answers; [`Session::is_over`] ends the session itself.
//! - [`Session::tell`] gives the notification of a change for the stream that the client opened with GET.
//!
//! What survives a restart is serializable; open questions are not, as they end with their stream.

pub mod http_sse;
mod opening;
mod rounds;
mod route;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{Error, Timestamp};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use opening::Opening;
pub use rounds::{Answered, QUESTION_SECONDS};
pub use route::{Concern, Route, route};

use self::rounds::Rounds;
use crate::{
    batch::{self, Batch, Entry},
    catalog::Catalog,
    context::Context,
    fault::Fault,
    headers,
    input::InputRequired,
    legacy::{self, Peer},
    level::Level,
    listen::MAX_RESOURCES,
    message::{self, CallId, Message, Request},
    modern,
    notify::{self, Change},
    receive::{self, Options, Received},
    reply::{Reply, Seen},
    serve::{Empty, Method},
    stream::Frame,
    version::{Era, Revision},
};

/// How long a session is kept after its last message, in seconds.
pub const IDLE_SECONDS: i64 = 3600;

/// How long a session waits for its client. The default is [`IDLE_SECONDS`] and [`QUESTION_SECONDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// How long the session is kept after its last message, in seconds.
    pub idle: i64,
    /// How long a question waits for its answer, in seconds.
    pub question: i64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: IDLE_SECONDS, question: QUESTION_SECONDS }
    }
}

/// How a session's messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Transport {
    /// Each POST is answered by itself.
    Streamable,
    /// All answers go over the stream that GET opened.
    HttpSse,
}

/// What is known of one client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    principal: String,
    transport: Transport,
    /// `None` until `initialize` has come, which is inside the session on HTTP+SSE only.
    opening: Option<Opening>,
    level: Option<Level>,
    watched: BTreeSet<String>,
    used: Timestamp,
    #[serde(default)]
    patience: Patience,
    #[serde(skip)]
    rounds: Rounds,
}

/// What a body came to.
#[derive(Debug)]
pub struct Turn {
    /// The answer, or what has to be looked up for it.
    pub received: Received,
    /// What it means for calls that are under way.
    pub events: Vec<Event>,
}

/// What a message means for a call that is under way.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// The questions of the call are answered.
    Answered(CallId, Answered),
    /// The client no longer wants an answer: stop, and send none.
    Cancelled(CallId),
}

impl Session {
    /// A session over Streamable HTTP. The owner sends its id with [`Reply::with_session`].
    pub fn open(principal: impl Into<String>, opening: Opening, now: Timestamp) -> Self {
        Self { opening: Some(opening), ..Self::new(principal.into(), Transport::Streamable, now) }
    }

    /// A session over the 2024-11-05 transport, which begins with the stream.
    pub fn open_http_sse(principal: impl Into<String>, now: Timestamp) -> Self {
        Self::new(principal.into(), Transport::HttpSse, now)
    }

    fn new(principal: String, transport: Transport, now: Timestamp) -> Self {
        Self {
            principal,
            transport,
            opening: None,
            level: None,
            watched: BTreeSet::new(),
            used: now,
            patience: Patience::default(),
            rounds: Rounds::default(),
        }
    }

    /// The same session, which waits so long for its client.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// How long it waits for its client.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Whether it is this user's. Anybody else is told that there is no such session.
    pub fn belongs_to(&self, principal: &str) -> bool {
        self.principal == principal
    }

    /// Whether nobody has used it for as long as its [`Patience`] lasts.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.signed_duration_since(self.used).num_seconds() >= self.patience.idle
    }

    /// The revision that was agreed on.
    pub fn revision(&self) -> Revision {
        self.opening.as_ref().map_or(Revision::V2025_03_26, Opening::revision)
    }

    /// The resources whose changes the client wants to hear of.
    pub fn watched(&self) -> impl Iterator<Item = &str> {
        self.watched.iter().map(String::as_str)
    }

    /// Takes the body of one POST that belongs to the session.
    pub fn receive(
        &mut self,
        catalog: &Catalog,
        options: &Options<'_>,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Turn {
        self.used = now;
        let mut events = Vec::new();
        let received = match receive::bounded(body) {
            Ok(text) if receive::is_batch(text) => self.batch(catalog, options, headers, text, &mut events),
            Ok(text) => self.message(catalog, options, headers, text, &mut events),
            Err(reply) => Received::Reply(reply),
        };
        Turn { received, events }
    }

    fn message(
        &mut self,
        catalog: &Catalog,
        options: &Options<'_>,
        headers: &HeaderMap,
        text: &str,
        events: &mut Vec<Event>,
    ) -> Received {
        match message::read(text) {
            Ok(Message::Request(request)) => self.request(catalog, options, headers, request),
            Ok(other) => {
                self.take(other, events);
                receive::notification(headers)
            }
            Err(refused) => Received::Reply(Reply::fault(refused.id.as_ref(), &refused.fault, Seen::default())),
        }
    }

    fn batch(
        &mut self,
        catalog: &Catalog,
        options: &Options<'_>,
        headers: &HeaderMap,
        text: &str,
        events: &mut Vec<Event>,
    ) -> Received {
        let messages = match batch::read(headers, text) {
            Ok(messages) => messages,
            Err(fault) => return Received::Reply(Reply::fault(None, &fault, Seen::default())),
        };
        let seen = Seen { era: Some(Era::Legacy), ..Seen::default() };
        let entries = messages.into_iter().map(|raw| match message::read(raw.get()) {
            Ok(Message::Request(request)) => match self.own(catalog, headers, &request) {
                Some(reply) => Entry::Reply(reply),
                None => batch::serve(catalog, options, &self.peer(catalog, headers), request),
            },
            Ok(other) => {
                self.take(other, events);
                Entry::Reply(Reply::accepted(seen))
            }
            Err(refused) => Entry::Reply(Reply::fault(refused.id.as_ref(), &refused.fault, seen)),
        });
        Received::Batch(Batch { entries: entries.collect() })
    }

    fn request(&mut self, catalog: &Catalog, options: &Options<'_>, headers: &HeaderMap, request: Request) -> Received {
        if receive::era(headers, &request) == Era::Modern {
            return modern::serve(catalog, options, headers, request).into();
        }
        if request.method == "initialize" {
            if self.transport == Transport::HttpSse {
                return Received::Reply(self.initialize(catalog, headers, &request));
            }
        } else if let Err(fault) = legacy::check_version(headers) {
            let seen = Seen { era: Some(Era::Legacy), ..Seen::default() };
            return Received::Reply(Reply::fault(Some(&request.id), &fault, seen));
        }
        match self.own(catalog, headers, &request) {
            Some(reply) => Received::Reply(reply),
            None => legacy::serve(catalog, options, &self.peer(catalog, headers), request).into(),
        }
    }

    /// The handshake inside the session.
    fn initialize(&mut self, catalog: &Catalog, headers: &HeaderMap, request: &Request) -> Reply {
        let context = legacy::context(catalog, &self.peer(catalog, headers), Method::Initialize, request);
        let Some(params) = &request.params else {
            return context.fault(&Fault::invalid_params("`params` must be an object."));
        };
        let opening = self.opening.insert(Opening::read(params, true));
        legacy::welcome(catalog, &context, opening, true)
    }

    /// The requests that change the session itself.
    fn own(&mut self, catalog: &Catalog, headers: &HeaderMap, request: &Request) -> Option<Reply> {
        let method = Method::parse(&request.method);
        let context = legacy::context(catalog, &self.peer(catalog, headers), method, request);
        let params = request.params.as_ref()?;
        Some(match method {
            Method::SetLevel => {
                let (reply, level) = legacy::set_level(&context, params);
                self.level = level.or(self.level);
                reply
            }
            Method::Subscribe | Method::Unsubscribe if method.is_offered(catalog) => {
                match self.watch(catalog, params, method == Method::Subscribe) {
                    Ok(()) => context.complete(Empty {}, None),
                    Err(fault) => context.fault(&fault),
                }
            }
            _ => return None,
        })
    }

    fn watch(&mut self, catalog: &Catalog, params: &Map<String, Value>, on: bool) -> Result<(), Fault> {
        let uri = params.get("uri").and_then(Value::as_str);
        let uri = uri.ok_or_else(|| Fault::invalid_params("`uri` must be a string."))?;
        if !on {
            self.watched.remove(uri);
            return Ok(());
        }
        if !catalog.is_watched(uri) {
            return Err(Fault::resource_not_found(Era::Legacy, uri));
        }
        if self.watched.len() >= MAX_RESOURCES && !self.watched.contains(uri) {
            return Err(Fault::invalid_params(format!("A session may watch {MAX_RESOURCES} resources.")));
        }
        self.watched.insert(uri.to_owned());
        Ok(())
    }

    fn take(&mut self, message: Message, events: &mut Vec<Event>) {
        match message {
            Message::Notification(notification) => {
                if let Some(call) = notification.cancels() {
                    self.rounds.drop(&call);
                    events.push(Event::Cancelled(call));
                }
            }
            Message::Response(response) => {
                events.extend(self.rounds.take(response).map(|(call, answered)| Event::Answered(call, answered)));
            }
            Message::Request(_) => {}
        }
    }

    fn peer(&self, catalog: &Catalog, headers: &HeaderMap) -> Peer<'_> {
        Peer {
            revision: self.revision(),
            capabilities: self.opening.as_ref().map(Opening::capabilities),
            log: catalog.logging.then_some(self.level.unwrap_or(Level::Info)),
            reads_streams: self.transport == Transport::HttpSse || headers::accepts_stream(headers),
        }
    }

    /// Asks the client what a call needs to know: the frames go onto the stream of that call. None where there are no
    /// questions: enter the call again with the state alone.
    ///
    /// # Errors
    ///
    /// `invalid_request`, where the client did not declare what the questions take.
    pub fn ask(&mut self, context: &Context, required: &InputRequired, now: Timestamp) -> Result<Vec<Frame>, Error> {
        self.rounds.ask(context, required, self.patience.question, now)
    }

    /// Ends the questions of a call that has come to its end otherwise, or of which the client refused one: the frames take
    /// back those that are still open.
    pub fn withdraw(&mut self, call: &CallId, reason: &str) -> Vec<Frame> {
        self.rounds.withdraw(call, reason)
    }

    /// The calls whose questions have been open for as long as the [`Patience`] lasts, with the frames that take them back.
    pub fn due(&mut self, now: Timestamp) -> Vec<(CallId, Vec<Frame>)> {
        self.rounds.due(now)
    }

    /// When [`Session::due`] or [`Session::is_over`] has something to say next.
    pub fn wakes_at(&self) -> Timestamp {
        let over = later(self.used, self.patience.idle);
        self.rounds.first_due().map_or(over, |due| due.min(over))
    }

    /// The notification of a change that the client wants to hear of, for the stream that it opened with GET.
    pub fn tell(&self, change: &Change) -> Option<Frame> {
        let wanted = match change {
            Change::Resource(uri) => self.watched.contains(uri),
            Change::Tools | Change::Prompts | Change::Resources => true,
        };
        wanted.then(|| notify::changed(change, None))
    }
}

/// The time so many seconds later; the end of time where there is none.
fn later(now: Timestamp, seconds: i64) -> Timestamp {
    TimeDelta::try_seconds(seconds).and_then(|delta| now.checked_add_signed(delta)).unwrap_or(Timestamp::MAX_UTC)
}
