//! A native server for the official conformance suite, with threads instead of Durable Objects: it shows what the owner of a
//! stream and of a session has to do.
//!
//! ```text
//! cargo run -p mcp --example conformance -- 8123
//! npx @modelcontextprotocol/conformance server --url http://localhost:8123/mcp --requirements 2026-07-28
//! ```

mod fixture;
mod http;

use std::{
    collections::HashMap,
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Error, Reason, Timestamp};
use mcp::{
    input::{MAX_ROUNDS, StateSeal},
    session::{self, Concern, Event, Route, http_sse},
    stream::KEEP_ALIVE_SECONDS,
    *,
};
use sha2::{Digest, Sha256};

use crate::{
    fixture::{CATALOG, Step},
    http::{Answer, Request},
};

/// The one user of this server.
const USER: &str = "somebody";

/// Everything that outlives a request.
#[derive(Default)]
struct World {
    sessions: Mutex<HashMap<String, Arc<Held>>>,
    count: AtomicU64,
    listeners: Mutex<Vec<Sender<Change>>>,
    port: u16,
}

/// One session, with the calls that wait for an answer and the stream that tells of changes.
struct Held {
    session: Mutex<Session>,
    waiting: Mutex<HashMap<CallId, Sender<session::Answered>>>,
    /// The stream of the 2024-11-05 transport, or the one that GET opened.
    stream: Mutex<Option<Sender<Frame>>>,
}

/// Stands for encryption: everybody can read it, but only this process could have written it.
struct Seal(String);

impl StateSeal for Seal {
    fn seal(&self, clear: &str) -> Option<String> {
        let tag = Sha256::new().chain_update(&self.0).chain_update(clear).chain_update(&self.0).finalize();
        Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(clear), URL_SAFE_NO_PAD.encode(tag)))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let clear = String::from_utf8(URL_SAFE_NO_PAD.decode(sealed.split_once('.')?.0).ok()?).ok()?;
        (self.seal(&clear)? == sealed).then_some(clear)
    }
}

fn options() -> Options<'static> {
    Options { compat: false, asks_back: true, sessions: true, ..Options::default() }
}

#[expect(clippy::disallowed_methods, reason = "a native program has a clock")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_timestamp_millis(since.as_millis().try_into().unwrap_or(i64::MAX)).unwrap_or_default()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::print_stderr, reason = "a program says where it listens")]
fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8123);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let world = Arc::new(World { port, ..World::default() });
    eprintln!("http://localhost:{port}/mcp");
    for stream in listener.incoming().flatten() {
        let world = Arc::clone(&world);
        std::thread::spawn(move || world.serve(&stream));
    }
    Ok(())
}

impl World {
    fn serve(&self, stream: &TcpStream) {
        let Some(request) = Request::read(stream) else { return };
        let mut answer = Answer::to(stream);
        let here = format!("http://localhost:{}", self.port);
        let none: &[&str] = &[];
        let host = request.header("host").unwrap_or_default();
        let origin = request.header("origin");
        let is_ours = origin::host_allowed(host, &here, true, none)
            && origin.is_none_or(|origin| origin::origin_allowed(origin, &here, none));
        if !is_ours {
            return answer.finish(Reply::origin_refused());
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/mcp") => self.post(&request, &mut answer),
            ("GET", "/mcp") => match self.named(&request) {
                Some(held) => held.hold(&mut answer, None),
                None => answer.finish(Reply::method_not_allowed()),
            },
            ("DELETE", "/mcp") => {
                let ended = request.header("mcp-session-id").and_then(|id| lock(&self.sessions).remove(id));
                answer.finish(if ended.is_some() { Reply::session_ended() } else { Reply::session_gone() });
            }
            ("GET", "/sse") => {
                let (id, held) = self.open(Session::open_http_sse(USER, now()));
                held.hold(&mut answer, Some(http_sse::endpoint("/messages", &id)));
                lock(&self.sessions).remove(&id);
            }
            ("POST", "/messages") => self.message(&request, &mut answer),
            _ => answer.finish(Reply::method_not_allowed()),
        }
    }

    fn open(&self, session: Session) -> (String, Arc<Held>) {
        let id = format!("session-{}", self.count.fetch_add(1, Ordering::Relaxed));
        let held = Held { session: Mutex::new(session), waiting: Mutex::default(), stream: Mutex::default() };
        let held = Arc::new(held);
        lock(&self.sessions).insert(id.clone(), Arc::clone(&held));
        (id, held)
    }

    fn named(&self, request: &Request) -> Option<Arc<Held>> {
        lock(&self.sessions).get(request.header("mcp-session-id")?).cloned()
    }

    /// Streamable HTTP: to the session where the message concerns one, else without.
    fn post(&self, request: &Request, answer: &mut Answer<'_>) {
        let held = match session::route(&request.headers, &request.body) {
            Route::Anywhere => None,
            Route::Session { id, concern } => match (lock(&self.sessions).get(&id).cloned(), concern) {
                (Some(held), Concern::Message | Concern::Call(_)) => Some(held),
                (None, _) => return answer.finish(Reply::session_gone()),
            },
        };
        let received = match &held {
            Some(held) => held.receive(request),
            None => receive(&CATALOG, &options(), &request.headers, &request.body),
        };
        match received {
            Received::Reply(mut reply) => {
                if let Some(opening) = reply.opens.take() {
                    let (id, _) = self.open(Session::open(USER, *opening, now()));
                    reply = reply.with_session(&id);
                }
                answer.finish(reply);
            }
            Received::Ask(ask) => {
                let seen = ask.context().seen();
                let mut send = |frame: Frame| answer.frame(|| Reply::stream(seen), &frame);
                let reply = self.answer(*ask, held.as_deref(), &mut send);
                answer.finish(reply);
            }
            Received::Batch(batch) => answer.finish(self.batch(batch, held.as_deref())),
        }
    }

    fn batch(&self, batch: Batch, held: Option<&Held>) -> Reply {
        Reply::batch(batch.entries.into_iter().map(|entry| match entry {
            Entry::Reply(reply) => reply,
            Entry::Ask(ask) => self.answer(*ask, held, &mut |_| true),
        }))
    }

    /// The 2024-11-05 transport: everything goes over the stream of the session.
    fn message(&self, request: &Request, answer: &mut Answer<'_>) {
        let id = http_sse::session_of(&request.query);
        let Some(held) = id.and_then(|id| lock(&self.sessions).get(&id).cloned()) else {
            return answer.finish(Reply::session_gone());
        };
        match held.receive(request) {
            Received::Reply(reply) => {
                let (reply, frame) = http_sse::deliver(reply);
                answer.finish(reply);
                frame.map(|frame| held.send(frame));
            }
            Received::Ask(ask) => {
                answer.finish(http_sse::accepted(ask.context().seen()));
                let reply = self.answer(*ask, Some(&held), &mut |frame| held.send(frame));
                reply.into_frame().map(|frame| held.send(frame));
            }
            Received::Batch(batch) => {
                let (reply, frame) = http_sse::deliver(self.batch(batch, Some(&held)));
                answer.finish(reply);
                frame.map(|frame| held.send(frame));
            }
        }
    }

    /// Does what the product is asked.
    fn answer(&self, mut ask: Ask, held: Option<&Held>, send: &mut dyn FnMut(Frame) -> bool) -> Reply {
        let seal = Seal(format!("secret of {}", std::process::id()));
        let sealing = Sealing { seal: &seal, principal: USER, now: now() };
        if let Err(reply) = ask.resume(&sealing) {
            return reply;
        }
        if let Ask::Tool(call) = &ask
            && let Some(capability) = fixture::needs(call.tool.name)
        {
            ask = match ask.needing(capability) {
                Ok(ask) => ask,
                Err(reply) => return reply,
            };
        }
        match ask {
            Ask::Tool(call) => self.call(call, held, &sealing, send),
            Ask::Resource(read) => {
                let contents = fixture::read(&read);
                read.finish(contents)
            }
            Ask::Prompt(get) => {
                let outcome = fixture::prompt(&get);
                get.conclude(Ok(outcome), &sealing)
            }
            Ask::Completion(completion) => {
                let output = fixture::complete(&completion);
                completion.finish(Ok(output))
            }
            Ask::Listen(listen) => self.listen(&listen, send),
        }
    }

    /// Calls a tool. Within a session its questions are asked here, and the call is entered again with the answers.
    fn call(
        &self,
        mut call: ToolCall,
        held: Option<&Held>,
        sealing: &Sealing<'_>,
        send: &mut dyn FnMut(Frame) -> bool,
    ) -> Reply {
        for _ in 0..MAX_ROUNDS {
            let script = fixture::call(&call);
            for step in script.steps {
                match step {
                    Step::Frame(frame) => {
                        send(frame);
                    }
                    Step::Pause(milliseconds) => std::thread::sleep(Duration::from_millis(milliseconds)),
                    Step::Changed(change) => {
                        lock(&self.listeners).retain(|listener| listener.send(change.clone()).is_ok());
                    }
                }
            }
            let required = match (script.outcome, held) {
                (Ok(Outcome::InputRequired(required)), Some(_)) => required,
                (outcome, _) => return call.conclude(outcome, sealing),
            };
            let Some(held) = held else { break };
            match held.ask(&call, &required, send) {
                Ok(responses) => call.input = Input::new(responses, required.state),
                Err(error) => return call.finish(Err(error)),
            }
        }
        call.finish(Err(Error::new(Reason::Internal, "The tool asked too often.")))
    }

    /// Tells of changes until the client goes away.
    fn listen(&self, listen: &Listen, send: &mut dyn FnMut(Frame) -> bool) -> Reply {
        let (sender, changes) = channel();
        lock(&self.listeners).push(sender);
        let mut is_there = send(listen.acknowledged());
        while is_there {
            is_there = match changes.recv_timeout(Duration::from_secs(KEEP_ALIVE_SECONDS.into())) {
                Ok(change) => listen.tell(&change).is_none_or(&mut *send),
                Err(RecvTimeoutError::Timeout) => send(Frame::keep_alive()),
                Err(RecvTimeoutError::Disconnected) => false,
            };
        }
        Reply::stream(listen.context().seen())
    }
}

impl Held {
    /// Gives a body to the session, and the answers in it to the calls that wait for them.
    fn receive(&self, request: &Request) -> Received {
        let turn = lock(&self.session).receive(&CATALOG, &options(), &request.headers, &request.body, now());
        for event in turn.events {
            match event {
                Event::Answered(call, answered) => {
                    lock(&self.waiting).remove(&call).map(|waiting| waiting.send(answered));
                }
                Event::Cancelled(call) => drop(lock(&self.waiting).remove(&call)),
            }
        }
        turn.received
    }

    /// Asks the client and waits for its answers.
    fn ask(
        &self,
        call: &ToolCall,
        required: &InputRequired,
        send: &mut dyn FnMut(Frame) -> bool,
    ) -> Result<input::Responses, Error> {
        let id = call.context().call_id();
        let (sender, answered): (_, Receiver<session::Answered>) = channel();
        lock(&self.waiting).insert(id.clone(), sender);
        let questions = lock(&self.session).ask(call.context(), required, now())?;
        if questions.is_empty() {
            return Ok(input::Responses::default());
        }
        for question in questions {
            send(question);
        }
        let waited = answered.recv_timeout(Duration::from_secs(session::QUESTION_SECONDS.unsigned_abs()));
        let refused = match waited {
            Ok(Ok(responses)) => return Ok(responses),
            Ok(Err(refusal)) => Error::new(Reason::InvalidRequest, refusal.message),
            Err(_) => Error::new(Reason::InvalidRequest, "Nobody answered."),
        };
        for frame in lock(&self.session).withdraw(&id, "It is not needed any more.") {
            send(frame);
        }
        Err(refused)
    }

    /// Sends a frame over the stream of the session, where there is one.
    fn send(&self, frame: Frame) -> bool {
        lock(&self.stream).as_ref().is_some_and(|stream| stream.send(frame).is_ok())
    }

    /// Holds the stream of the session until the client goes away.
    fn hold(&self, answer: &mut Answer<'_>, first: Option<Frame>) {
        let (sender, frames) = channel();
        *lock(&self.stream) = Some(sender);
        let mut next = Some(first.unwrap_or_else(Frame::keep_alive));
        while let Some(frame) = next {
            if !answer.frame(|| Reply::stream(Seen::default()), &frame) {
                return;
            }
            next = match frames.recv_timeout(Duration::from_secs(KEEP_ALIVE_SECONDS.into())) {
                Ok(frame) => Some(frame),
                Err(RecvTimeoutError::Timeout) => Some(Frame::keep_alive()),
                Err(RecvTimeoutError::Disconnected) => None,
            };
        }
    }
}
