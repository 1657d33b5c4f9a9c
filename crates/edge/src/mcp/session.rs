//! Legacy sessions, each in a Durable Object of its own under the binding `SESSIONS`.
//!
//! The endpoint authenticates a request and sends it on as an [`Order`]; the object holds what the client declared, and the
//! streams on which it is asked back. Everything of one session meets in one object, so that the response to a question
//! finds the call that waits for it. A session belongs to one user, ends after an hour without a message, and holds a
//! bounded number of calls.

use std::{cell::RefCell, collections::BTreeMap, pin::pin, rc::Rc, time::Duration};

use domain::{Error, Reason, Timestamp};
use futures_channel::oneshot;
use futures_util::{
    StreamExt,
    future::{Either, join_all, pending, ready, select},
};
use mcp::{
    Ask, CallId, Change, Context, Entry, Frame, Input, InputRequired, ListChanged, Received, Reply, Session, input,
    session::{self, Answered, Concern, Event, Opening, Patience, Route, Turn, http_sse},
};
use serde::{Deserialize, Serialize};
use worker::{Delay, Env, State};

use super::{Attempt, Frames, Product, admit, answer, attempt, panicked, reply, stream};
use crate::{
    clock, entropy, fetch, guard,
    http::{Body, Request, Response},
    object,
};

const BINDING: &str = "SESSIONS";
const KEY: &str = "session";

/// The most calls that one session has under way.
const MAX_CALLS: usize = 32;

/// How often the time of the last message is written down at most, in seconds.
const SAVE_SECONDS: i64 = 60;

/// Where the POSTs of the 2024-11-05 transport go.
const MESSAGES: &str = "/messages";

/// What the endpoint asks of a session's object.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order<C> {
    /// Begin.
    Open { principal: String, opening: Box<Opening> },
    /// Hold the stream that a client opens with GET. With an id the session begins with it, on HTTP+SSE.
    Hold { principal: String, caller: C, begins: Option<String> },
    /// Take a message.
    Take { principal: String, caller: C, over: Over, headers: Vec<(String, String)>, body: String },
    /// End.
    End { principal: String },
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Over {
    /// It is answered by itself.
    Streamable,
    /// It is answered on the stream of the session.
    HttpSse,
}

// ---- the endpoint's side ----------------------------------------------------------------------------------------------

/// Sends an order to the object and passes its answer on.
async fn send<C: Serialize>(env: &Env, id: &str, order: &Order<C>) -> Result<Response<Body>, String> {
    let body = serde_json::to_vec(order).map_err(|error| error.to_string())?;
    let request = http::Request::post("http://session/").body(body).map_err(|error| error.to_string())?;
    let object = object::named(env, BINDING, id).map_err(|error| error.to_string())?;
    fetch::through_object(&object, &request).await.map_err(|failure| format!("{failure:?}"))
}

async fn sent<C: Serialize>(env: &Env, id: &str, order: &Order<C>) -> Response<Body> {
    send(env, id, order).await.unwrap_or_else(|failure| {
        crate::log::error("session not reached", &[("failure", &failure)]);
        answer(Reply::session_gone())
    })
}

/// The reply to an `initialize` with the session that it opens, where it deserves one. Where that fails the client is
/// served without.
pub(super) async fn opened<P: Product>(env: &Env, product: &P, mut reply: Reply) -> Reply {
    let Some(opening) = reply.opens.take() else { return reply };
    let id = vault::token::id(&entropy::Platform);
    let order: Order<P::Caller> = Order::Open { principal: product.principal().to_owned(), opening };
    match send(env, &id, &order).await {
        Ok(_) => reply.with_session(&id),
        Err(failure) => {
            crate::log::warn("session not opened", &[("failure", &failure)]);
            reply
        }
    }
}

/// The answer to a POST that has to reach the session that it names; `None` where it may be served anywhere.
pub async fn post<P: Product>(env: &Env, product: &P, request: &Request) -> Option<Response<Body>> {
    let Route::Session { id, concern } = session::route(request.headers(), request.body()) else { return None };
    if matches!(&concern, Concern::Call(name) if !P::asks_back(name)) {
        return None;
    }
    Some(take(env, product, request, &id, Over::Streamable).await)
}

/// The answer to a POST of the 2024-11-05 transport.
pub async fn message<P: Product>(env: &Env, product: &P, request: &Request) -> Response<Body> {
    match http_sse::session_of(request.uri().query().unwrap_or_default()) {
        Some(id) => take(env, product, request, &id, Over::HttpSse).await,
        None => answer(Reply::session_gone()),
    }
}

async fn take<P: Product>(env: &Env, product: &P, request: &Request, id: &str, over: Over) -> Response<Body> {
    let Ok(body) = String::from_utf8(request.body().clone()) else { return answer(Reply::session_gone()) };
    let is_read = |name: &str| name == "accept" || name.starts_with("mcp-");
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        is_read(name.as_str()).then_some((name.to_string(), value.to_str().ok()?.to_owned()))
    };
    let headers = request.headers().iter().filter_map(header).collect();
    let (principal, caller) = (product.principal().to_owned(), product.caller());
    sent(env, id, &Order::Take { principal, caller, over, headers, body }).await
}

/// The stream with which the 2024-11-05 transport begins.
pub async fn begin_http_sse<P: Product>(env: &Env, product: &P) -> Response<Body> {
    let id = vault::token::id(&entropy::Platform);
    let (principal, caller) = (product.principal().to_owned(), product.caller());
    sent(env, &id, &Order::Hold { principal, caller, begins: Some(id.clone()) }).await
}

/// The stream that a client opens with GET to hear of changes; 405 where it has no session.
pub async fn hold<P: Product>(env: &Env, product: &P, request: &Request) -> Response<Body> {
    let Some(id) = named(request) else { return answer(Reply::method_not_allowed()) };
    let (principal, caller) = (product.principal().to_owned(), product.caller());
    sent(env, id, &Order::Hold { principal, caller, begins: None }).await
}

/// The answer to DELETE.
pub async fn end<P: Product>(env: &Env, product: &P, request: &Request) -> Response<Body> {
    let Some(id) = named(request) else { return answer(Reply::method_not_allowed()) };
    let order: Order<P::Caller> = Order::End { principal: product.principal().to_owned() };
    sent(env, id, &order).await
}

/// The session that a request names, if it is one that could have been handed out.
fn named(request: &Request) -> Option<&str> {
    let id = request.headers().get("mcp-session-id")?.to_str().ok()?;
    (!id.is_empty() && id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic())).then_some(id)
}

// ---- the object's side ------------------------------------------------------------------------------------------------

/// What a session's object is made of. What survives the object's eviction lies in its storage.
#[derive(Debug)]
pub struct Home {
    state: State,
    patience: Patience,
    kept: RefCell<Option<Kept>>,
}

// A panic ends one message, and is caught before it can leave what is kept half changed: no borrow of it spans a call out.
impl std::panic::RefUnwindSafe for Home {}

/// A session and what is under way in it.
#[derive(Debug)]
struct Kept {
    session: Session,
    saved: Timestamp,
    /// The calls under way; letting go of one cancels it.
    calls: BTreeMap<CallId, oneshot::Sender<()>>,
    /// The calls that wait for the client's responses.
    waiting: BTreeMap<CallId, oneshot::Sender<Answered>>,
    /// The stream that the client opened with GET.
    stream: Option<Frames>,
    /// Which stream that is: a client may open another one, which ends the one before.
    held: u64,
    /// Letting go of it ends that stream.
    over: Option<oneshot::Sender<()>>,
    /// Told when the client wants to hear of changes.
    watch: Option<oneshot::Sender<()>>,
}

impl Kept {
    fn new(session: Session, saved: Timestamp) -> Self {
        Self {
            session,
            saved,
            calls: BTreeMap::new(),
            waiting: BTreeMap::new(),
            stream: None,
            held: 0,
            over: None,
            watch: None,
        }
    }
}

/// Takes a call off the list when it ends, in whatever way.
struct Underway {
    home: Rc<Home>,
    id: CallId,
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.home.with(|kept| {
            kept.waiting.remove(&self.id);
            kept.session.withdraw(&self.id, "The call has ended.");
            kept.calls.remove(&self.id)
        });
    }
}

/// Takes the stream away when it ends, and with it a session that lives by it.
struct Holding {
    home: Rc<Home>,
    number: u64,
    ends_session: bool,
}

impl Drop for Holding {
    fn drop(&mut self) {
        let is_last = self.home.with(|kept| kept.held == self.number) == Some(true);
        if is_last && self.ends_session {
            let kept = self.home.kept.try_borrow_mut().ok().and_then(|mut kept| kept.take());
            drop(kept);
        } else if is_last {
            drop(self.home.with(|kept| kept.stream.take()));
        }
    }
}

impl Home {
    /// The object's own; its sessions wait so long for their clients.
    pub fn new(state: State, patience: Patience) -> Rc<Self> {
        Rc::new(Self { state, patience, kept: RefCell::new(None) })
    }

    /// Does what the endpoint orders. `make` gives the product for a caller.
    pub async fn fetch<P: Product<Held = P> + 'static>(
        self: &Rc<Self>,
        request: worker::Request,
        make: impl FnOnce(P::Caller) -> P,
    ) -> worker::Result<worker::Response> {
        let answered = guard::catch(async {
            // The body of a message can double in an order, where it is quoted.
            let request = crate::http::take(request, mcp::MAX_BODY.saturating_mul(3)).await.ok()?;
            let order: Order<P::Caller> = serde_json::from_slice(request.body()).ok()?;
            Some(self.obey(order, make).await)
        });
        let answered = answered.await.ok().flatten();
        crate::http::give(answered.unwrap_or_else(|| crate::http::answer(500, "text/plain", "").map(Body::from)))
    }

    /// Ends the session where nobody has used it, else waits on.
    pub async fn alarm(&self) -> worker::Result<worker::Response> {
        self.load().await;
        let now = clock::now();
        match self.with(|kept| (kept.session.is_over(now), kept.session.wakes_at())) {
            Some((false, at)) => self.state.storage().set_alarm(at).await?,
            _ => self.forget().await?,
        }
        worker::Response::empty()
    }

    async fn obey<P: Product<Held = P> + 'static>(
        self: &Rc<Self>,
        order: Order<P::Caller>,
        make: impl FnOnce(P::Caller) -> P,
    ) -> Response<Body> {
        match order {
            Order::Open { principal, opening } => {
                self.keep(Session::open(principal, *opening, clock::now())).await;
                answer(Reply::session_ended())
            }
            Order::Hold { principal, caller, begins } => {
                if begins.is_some() {
                    self.keep(Session::open_http_sse(principal, clock::now())).await;
                } else if !self.is_of(&principal).await {
                    return answer(Reply::session_gone());
                }
                self.hold(make(caller), begins)
            }
            Order::Take { principal, caller, over, headers, body } => {
                let is_heard = over == Over::Streamable || self.has_stream();
                if !self.is_of(&principal).await || !is_heard {
                    return answer(Reply::session_gone());
                }
                self.take(make(caller), over, &headers_of(headers), body.as_bytes()).await
            }
            Order::End { principal } => {
                if !self.is_of(&principal).await {
                    return answer(Reply::session_gone());
                }
                match self.forget().await {
                    Ok(()) => answer(Reply::session_ended()),
                    Err(_) => answer(Reply::session_gone()),
                }
            }
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> Option<T> {
        self.kept.try_borrow_mut().ok()?.as_mut().map(look)
    }

    fn has_stream(&self) -> bool {
        self.with(|kept| kept.stream.as_ref().is_some_and(Frames::is_open)).unwrap_or(false)
    }

    /// Sends a frame over the stream that the client opened with GET.
    fn tell(&self, frame: Option<Frame>) {
        self.with(|kept| kept.stream.as_ref().map(|stream| stream.send(frame)));
    }

    // ---- what is kept ----

    async fn keep(&self, session: Session) {
        let session = session.with_patience(self.patience);
        self.kept.replace(Some(Kept::new(session, clock::now())));
        self.save().await;
    }

    async fn load(&self) {
        if self.with(|_| ()).is_some() {
            return;
        }
        let text = self.state.storage().get::<String>(KEY).await.ok().flatten();
        let session: Option<Session> = text.and_then(|text| serde_json::from_str(&text).ok());
        // Another message may have been first.
        let is_missing = self.with(|_| ()).is_none();
        if let (Some(session), true) = (session, is_missing) {
            self.kept.replace(Some(Kept::new(session, clock::now())));
        }
    }

    async fn is_of(&self, principal: &str) -> bool {
        self.load().await;
        let now = clock::now();
        self.with(|kept| kept.session.belongs_to(principal) && !kept.session.is_over(now)).unwrap_or(false)
    }

    async fn save(&self) {
        let now = clock::now();
        let text = self.with(|kept| {
            kept.saved = now;
            (serde_json::to_string(&kept.session).unwrap_or_default(), kept.session.wakes_at())
        });
        let Some((text, wakes_at)) = text else { return };
        let storage = self.state.storage();
        let saved = async { storage.put(KEY, text).await.and(storage.set_alarm(wakes_at).await) };
        if let Err(error) = saved.await {
            crate::log::warn("session not saved", &[("error", &error)]);
        }
    }

    async fn forget(&self) -> worker::Result<()> {
        drop(self.kept.take());
        self.state.storage().delete_alarm().await?;
        self.state.storage().delete_all().await
    }

    // ---- messages ----

    async fn take<P: Product<Held = P> + 'static>(
        self: &Rc<Self>,
        product: P,
        over: Over,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Response<Body> {
        let now = clock::now();
        let before = self.with(|kept| (declared(&kept.session), kept.saved));
        let turn = self.with(|kept| kept.session.receive(P::catalog(), &product.options(), headers, body, now));
        let (Some(Turn { received, events }), Some((before, saved))) = (turn, before) else {
            return answer(Reply::session_gone());
        };
        events.into_iter().for_each(|event| self.hear(event));
        let after = self.with(|kept| declared(&kept.session));
        if after.as_ref().is_some_and(|after| *after != before) || (now - saved).num_seconds() >= SAVE_SECONDS {
            self.save().await;
        }
        if after.is_some_and(|(_, watched)| !watched.is_empty())
            && let Some(watch) = self.with(|kept| kept.watch.take()).flatten()
        {
            // The stream may have ended in the meantime.
            let _ = watch.send(());
        }
        match over {
            Over::Streamable => self.answered(product, received).await,
            Over::HttpSse => self.accepted(product, received),
        }
    }

    /// Tells a call that is under way.
    fn hear(&self, event: Event) {
        match event {
            Event::Answered(call, answered) => {
                let waiting = self.with(|kept| kept.waiting.remove(&call)).flatten();
                if let Some(waiting) = waiting {
                    // The call may have ended in the meantime.
                    let _ = waiting.send(answered);
                }
            }
            Event::Cancelled(call) => drop(self.with(|kept| kept.calls.remove(&call))),
        }
    }

    /// The answer to a message over Streamable HTTP.
    async fn answered<P: Product<Held = P> + 'static>(
        self: &Rc<Self>,
        product: P,
        received: Received,
    ) -> Response<Body> {
        match received {
            Received::Reply(reply) => answer(reply),
            Received::Batch(batch) => answer(self.batch(&product, batch.entries).await),
            Received::Ask(ask) => match admit(&product, *ask) {
                Err(reply) => answer(reply),
                Ok(ask) if !ask.context().reads_streams() => answer(reply(&product, ask, &Frames::nowhere()).await),
                Ok(ask) => {
                    let home = Rc::clone(self);
                    stream::answer(ask.context().seen(), async move |told| home.converse(&product, ask, &told).await)
                }
            },
        }
    }

    /// The answer to a message over HTTP+SSE. What it comes to is sent over the stream of the session.
    fn accepted<P: Product<Held = P> + 'static>(self: &Rc<Self>, product: P, received: Received) -> Response<Body> {
        match received {
            Received::Reply(reply) => {
                let (reply, frame) = http_sse::deliver(reply);
                self.tell(frame);
                answer(reply)
            }
            Received::Batch(batch) => {
                let home = Rc::clone(self);
                self.state.wait_until(async move {
                    let frame = home.batch(&product, batch.entries).await.into_frame();
                    home.tell(frame);
                });
                answer(http_sse::accepted(mcp::Seen::default()))
            }
            Received::Ask(ask) => {
                let seen = ask.context().seen();
                match (admit(&product, *ask), self.with(|kept| kept.stream.clone()).flatten()) {
                    (Err(reply), _) => self.tell(reply.into_frame()),
                    (Ok(_), None) => {}
                    (Ok(ask), Some(told)) => {
                        let home = Rc::clone(self);
                        self.state.wait_until(async move { told.send(home.converse(&product, ask, &told).await) });
                    }
                }
                answer(http_sse::accepted(seen))
            }
        }
    }

    /// The reply to a batch, whose calls cannot be asked back.
    async fn batch<P: Product>(&self, product: &P, entries: Vec<Entry>) -> Reply {
        let replies = entries.into_iter().map(async |entry| match entry {
            Entry::Reply(reply) => reply,
            Entry::Ask(ask) => match admit(product, *ask) {
                Ok(ask) => reply(product, ask, &Frames::nowhere()).await,
                Err(reply) => reply,
            },
        });
        Reply::batch(join_all(replies).await)
    }

    // ---- calls ----

    /// Serves a request whose client can be asked back over the stream; nothing comes of one that is cancelled.
    async fn converse<P: Product>(self: &Rc<Self>, product: &P, ask: Ask, told: &Frames) -> Option<Frame> {
        let context = ask.context().clone();
        let (cancel, cancelled) = oneshot::channel();
        let is_one_more = self.with(|kept| {
            let is_one_more = kept.calls.len() < MAX_CALLS;
            if is_one_more {
                kept.calls.insert(context.call_id(), cancel);
            }
            is_one_more
        });
        if is_one_more != Some(true) {
            let error = Error::new(Reason::RateLimited, "Too many calls are under way. Wait for one of them to end.");
            return ask.fail(error).into_frame();
        }
        let _underway = Underway { home: Rc::clone(self), id: context.call_id() };
        match select(pin!(guard::catch(self.rounds(product, ask, told))), cancelled).await {
            Either::Left((replied, _)) => replied.unwrap_or_else(|_| context.fail(&panicked())).into_frame(),
            Either::Right(_) => None,
        }
    }

    /// Serves the request again and again, until it asks no more.
    async fn rounds<P: Product>(&self, product: &P, mut ask: Ask, told: &Frames) -> Reply {
        for _ in 0..input::MAX_ROUNDS {
            let required = match attempt(product, ask, told).await {
                Attempt::Over(reply) => return reply,
                Attempt::Asks(required, again) => {
                    ask = *again;
                    required
                }
            };
            match self.question(ask.context(), &required, told).await {
                Ok(responses) => bring(&mut ask, Input::new(responses, required.state)),
                Err(error) => return ask.fail(error),
            }
        }
        ask.fail(Error::new(Reason::Internal, "The server asked too often. This is ours to mend."))
    }

    /// Asks the client and waits for its responses.
    async fn question(
        &self,
        context: &Context,
        required: &InputRequired,
        told: &Frames,
    ) -> Result<input::Responses, Error> {
        let now = clock::now();
        let (sender, answered) = oneshot::channel();
        let gone = || Error::new(Reason::InvalidRequest, "The session has ended.");
        let questions = self.with(|kept| {
            let questions = kept.session.ask(context, required, now)?;
            kept.waiting.insert(context.call_id(), sender);
            Ok::<_, Error>(questions)
        });
        let questions = questions.ok_or_else(gone)??;
        if questions.is_empty() {
            return Ok(input::Responses::default());
        }
        questions.into_iter().for_each(|question| told.send(question));
        let limit = Duration::from_secs(self.patience.question.unsigned_abs());
        let error = match select(answered, pin!(Delay::from(limit))).await {
            Either::Left((Ok(Ok(responses)), _)) => return Ok(responses),
            Either::Left((Ok(Err(refusal)), _)) => {
                Error::new(Reason::InvalidRequest, format!("The client could not be asked: {}", refusal.message))
            }
            Either::Left((Err(_), _)) => gone(),
            Either::Right(_) => Error::new(Reason::InvalidRequest, "Nobody answered the question in time."),
        };
        let withdrawn = self.with(|kept| kept.session.withdraw(&context.call_id(), "It is not needed any more."));
        withdrawn.into_iter().flatten().for_each(|frame| told.send(frame));
        Err(error)
    }

    // ---- the stream that a client opens with GET ----

    fn hold<P: Product<Held = P> + 'static>(self: &Rc<Self>, product: P, begins: Option<String>) -> Response<Body> {
        let home = Rc::clone(self);
        stream::answer(mcp::Seen::default(), async move |told| {
            let ((watch, watched), (over, is_over)) = (oneshot::channel(), oneshot::channel());
            let number = home.with(|kept| {
                kept.held = kept.held.wrapping_add(1);
                kept.stream = Some(told.clone());
                // Changes of the lists are for everybody. Who subscribed before it opened the stream is told as well.
                let announces_lists = P::catalog().list_changed != ListChanged::NONE;
                if announces_lists || kept.session.watched().next().is_some() {
                    let _ = watch.send(());
                } else {
                    kept.watch = Some(watch);
                }
                kept.over = Some(over);
                kept.held
            });
            let (Some(number), ends_session) = (number, begins.is_some()) else { return None };
            let holding = Holding { home: Rc::clone(&home), number, ends_session };
            told.send(match &begins {
                Some(id) => http_sse::endpoint(MESSAGES, id),
                None => Frame::keep_alive(),
            });
            select(pin!(home.idle(is_over)), pin!(home.watch(&product, watched, &told))).await;
            drop(holding);
            None
        })
    }

    /// Ends when the session does, or when the client opens another stream.
    async fn idle(&self, is_over: oneshot::Receiver<()>) {
        let idle = async {
            let left = || {
                let now = clock::now();
                let left = |kept: &mut Kept| (kept.session.wakes_at() - now).num_seconds().clamp(1, SAVE_SECONDS);
                self.with(|kept| (!kept.session.is_over(now)).then(|| left(kept))).flatten()
            };
            while let Some(seconds) = left() {
                Delay::from(Duration::from_secs(seconds.unsigned_abs())).await;
            }
        };
        select(pin!(idle), is_over).await;
    }

    /// Tells of changes from when the client first wants to hear of one. It never ends by itself.
    async fn watch<P: Product>(&self, product: &P, watched: oneshot::Receiver<()>, told: &Frames) {
        if watched.await.is_ok()
            && let Ok(changes) = product.changes().await
        {
            let tell = |change: Change| {
                told.send(self.with(|kept| kept.session.tell(&change)).flatten());
                ready(())
            };
            changes.for_each(tell).await;
        }
        pending::<()>().await;
    }
}

/// What a message may change of a session that has to survive.
fn declared(session: &Session) -> (mcp::Revision, Vec<String>) {
    (session.revision(), session.watched().map(str::to_owned).collect())
}

fn headers_of(pairs: Vec<(String, String)>) -> http::HeaderMap {
    let pair = |(name, value): (String, String)| {
        Some((http::HeaderName::try_from(name).ok()?, http::HeaderValue::try_from(value).ok()?))
    };
    pairs.into_iter().filter_map(pair).collect()
}

fn bring(ask: &mut Ask, brought: Input) {
    match ask {
        Ask::Tool(call) => call.input = brought,
        Ask::Resource(read) => read.input = brought,
        Ask::Prompt(get) => get.input = brought,
        Ask::Completion(_) | Ask::Listen(_) => {}
    }
}
