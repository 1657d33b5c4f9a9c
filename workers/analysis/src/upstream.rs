//! `Upstream`: one object per user, through which every call in that user's name goes to TastyTrade.
//!
//! It holds the access token, which lives 15 minutes: in memory, and sealed in the object's storage so that an eviction
//! costs no mint. Isolates cannot share a promise between requests; the object can, so it mints one token at a time while
//! the other calls wait for it. A token that TastyTrade no longer accepts is replaced once and the call made again.
//!
//! It keeps the budgets of the user's calls ([`crate::pace`]), and calls that want the same share one request
//! ([`crate::flight`]). Market data in motion come through it as well ([`crate::stream`]), and so does news of the user's
//! accounts while somebody follows them ([`crate::follow`]).

use std::{
    cell::{Cell, RefCell},
    panic::AssertUnwindSafe,
    rc::Rc,
    time::Duration,
};

use contract::Connection;
use domain::{Error, Reason, Symbol, Timestamp, UserId};
use edge::{caller::Caller, deadline::within, fetch::Failure};
use futures_util::{FutureExt, lock::Mutex};
use serde::{Deserialize, Serialize};
use store::identity::users::{self, CredentialKind, CredentialStatus};
use tasty::{Answer, Method, Request as Asked, market_data::MarketData, retry::Trouble};
use vault::{Entropy, Place, Secret};
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::{
    app::App,
    credential::{self, disconnected, reconnect},
    flight::{Flight, Flights, GATHER},
    follow::{self, Following},
    pace::{Pace, Way, later},
    stream::{self, Streams},
};

/// One attempt, headers and body together.
const DEADLINE: Duration = Duration::from_secs(10);
/// A token with less than this to live is not used any more.
const MARGIN_SECONDS: i64 = 60;
/// How long a call may take that nobody waits for by the clock: waiting for its turn, minting, two attempts.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(25);
/// Where the sealed token lies in the object's storage.
const STORED: &str = "access_token";
/// Marks an answer as our own error rather than TastyTrade's answer.
const ERROR_HEADER: &str = "x-ttai-error";
/// The object's address for confirming the user's grant.
const CONFIRM: &str = "/confirm";
/// A grant that a token was minted from within so many seconds needs no further proof.
const CONFIRMED_SECONDS: i64 = 60;
/// When a grant could not be confirmed, TastyTrade is not asked again for so many seconds, or for as long as it said.
const PAUSE_SECONDS: u64 = 5;
/// The object's address for forgetting all that it holds.
const FORGET: &str = "/forget";
/// Larger than any request of ours.
const MAX_BODY: usize = 1024 * 1024;

/// The object's class.
#[durable_object(alarm)]
pub struct Upstream {
    core: AssertUnwindSafe<Rc<Core>>,
}

/// What the object is made of. Work that several calls share holds on to it.
pub(crate) struct Core {
    pub(crate) state: State,
    pub(crate) env: Env,
    held: RefCell<Option<Held>>,
    /// Held while a token is looked up or minted, so that there is one mint at a time.
    minting: Mutex<()>,
    /// How many mints have ended, and why the last one came to nothing, if it did.
    mints: Cell<u64>,
    not_minted: RefCell<Option<Error>>,
    /// Why the last confirmation came to nothing, and until when that is the answer to others.
    unconfirmed: RefCell<Option<(Timestamp, Error)>>,
    pace: Pace,
    pub(crate) flights: Flights,
    streams: Streams,
    pub(crate) following: Following,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    credential_id: String,
    minted_at: Timestamp,
    expires_at: Timestamp,
}

impl Held {
    /// Whether it lives long enough to be used.
    fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at - now > chrono::Duration::seconds(MARGIN_SECONDS)
    }

    fn token(&self) -> Secret {
        self.token.clone()
    }
}

/// The token as it lies in storage.
#[derive(Serialize, Deserialize)]
struct Stored {
    sealed: String,
    credential_id: String,
    /// Absent in what an earlier version has stored.
    #[serde(default)]
    minted_at: Timestamp,
    expires_at: Timestamp,
}

/// What the object is asked: a request in the name of the user whose object it is.
#[derive(Serialize, Deserialize)]
struct Order {
    user_id: UserId,
    request: Asked,
    /// When the one who asks does not wait any longer.
    until: Timestamp,
}

impl DurableObject for Upstream {
    fn new(state: State, env: Env) -> Self {
        let core = Core {
            state,
            env,
            held: RefCell::new(None),
            minting: Mutex::new(()),
            mints: Cell::new(0),
            not_minted: RefCell::new(None),
            unconfirmed: RefCell::new(None),
            pace: Pace::default(),
            flights: Flights::default(),
            streams: Streams::default(),
            following: Following::default(),
        };
        Self { core: AssertUnwindSafe(Rc::new(core)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let outcome = match edge::guard::catch(self.core.serve(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(Reason::Internal, "The connection to TastyTrade failed on this call. Try again.")),
        };
        edge::http::give(match outcome {
            Ok(answer) => {
                let mut given = edge::http::answer(answer.status, "application/json", answer.body);
                if let Some(seconds) = answer.retry_after {
                    given.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
                }
                given
            }
            Err(error) => {
                let mut given = edge::http::json(error.reason.status(), &error);
                given.headers_mut().insert(ERROR_HEADER, http::HeaderValue::from_static("1"));
                given
            }
        })
    }

    /// A minute of following is over.
    async fn alarm(&self) -> Result<Response> {
        // A panic has been logged; who follows then hears nothing until the next one comes.
        let _ = edge::guard::catch(follow::look(&self.core)).await;
        Response::empty()
    }
}

impl Core {
    async fn serve(self: &Rc<Self>, request: Request) -> std::result::Result<Answer, Error> {
        let caller = Caller::of(&request);
        let request = edge::http::take(request, MAX_BODY).await.map_err(|_| unreadable())?;
        if request.uri().path() == FORGET {
            return self.forget_all().await;
        }
        if request.uri().path() == follow::LOOK {
            follow::look(self).await;
            return Ok(Answer::new(200, None, Vec::new(), edge::clock::now()));
        }
        if request.uri().path() == CONFIRM {
            let user: UserId = serde_json::from_slice(request.body()).map_err(|_| unreadable())?;
            let body = serde_json::to_vec(&self.confirm(&user).await?).map_err(|_| unreadable())?;
            return Ok(Answer::new(200, None, body, edge::clock::now()));
        }
        if request.uri().path() == stream::PATH {
            let order = serde_json::from_slice(request.body()).map_err(|_| unreadable())?;
            return caller.attend(self.stream(order)).await.ok_or_else(gone)?;
        }
        let order: Order = serde_json::from_slice(request.body()).map_err(|_| unreadable())?;
        if order.request.method == Method::Get {
            return caller.attend(self.read(&order)).await.ok_or_else(gone)?;
        }
        // What may act is not broken off: nobody would know whether it has.
        self.act(&order).await
    }

    /// A request that reads: alone, or together with others that want the same.
    async fn read(self: &Rc<Self>, order: &Order) -> std::result::Result<Answer, Error> {
        let begin = |flight: Rc<Flight>| {
            let (core, user) = (Rc::clone(self), order.user_id.clone());
            async move { Rc::new(core.fly(&user, &flight).await) }.boxed_local()
        };
        let (flight, work) = self.flights.board(&order.request, order.until, begin);
        let now = edge::clock::now();
        let Some(outcome) = within((order.until - now).to_std().unwrap_or_default(), work).await else {
            // Others have longer to wait.
            return Err(if flight.has_left() { tasty::Error::TimedOut.into() } else { later(now, now) });
        };
        match flight.share(&order.request, &outcome) {
            Some(share) => share,
            None => self.exchange(&order.user_id, &order.request, &Cell::new(order.until)).await,
        }
    }

    /// The work of a flight. A list is made whole when its turn has come.
    async fn fly(self: &Rc<Self>, user: &UserId, flight: &Flight) -> std::result::Result<Answer, Error> {
        if flight.gathers() {
            Delay::from(GATHER).await;
        }
        // A token first, so that no turn is wasted where there is none.
        self.token(user).await?;
        Way { pace: &self.pace, until: &flight.until }.turn(&flight.request()).await?;
        self.exchange_in_turn(user, &flight.leave(), &flight.until).await
    }

    /// A request that may act. What is read afterwards is read anew.
    async fn act(self: &Rc<Self>, order: &Order) -> std::result::Result<Answer, Error> {
        self.flights.close();
        let answer = self.exchange(&order.user_id, &order.request, &Cell::new(order.until)).await;
        self.flights.close();
        answer
    }

    async fn exchange(
        self: &Rc<Self>,
        user: &UserId,
        request: &Asked,
        until: &Cell<Timestamp>,
    ) -> std::result::Result<Answer, Error> {
        self.token(user).await?;
        Way { pace: &self.pace, until }.turn(request).await?;
        self.exchange_in_turn(user, request, until).await
    }

    /// Sends a request whose turn it is, once more with another token where the token was refused.
    async fn exchange_in_turn(
        self: &Rc<Self>,
        user: &UserId,
        request: &Asked,
        until: &Cell<Timestamp>,
    ) -> std::result::Result<Answer, Error> {
        let app = App::new(&self.env)?;
        let way = Way { pace: &self.pace, until };
        let token = self.token(user).await?;
        let answer = attempts(&app, request, Some(&token), Some(&way)).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.forget(&token).await;
        let token = self.token(user).await?;
        way.turn(request).await?;
        attempts(&app, request, Some(&token), Some(&way)).await
    }

    /// Asks TastyTrade something that only reads, for work of the object itself.
    pub(crate) async fn ask(self: &Rc<Self>, user: &UserId, request: Asked) -> std::result::Result<Answer, Error> {
        let until = edge::clock::now() + WITHOUT_DEADLINE;
        self.read(&Order { user_id: user.clone(), request, until }).await
    }

    async fn stream(self: &Rc<Self>, order: stream::Order) -> std::result::Result<Answer, Error> {
        let app = App::new(&self.env)?;
        // A token for market data outlives the permission that it was given for; the permission is what counts.
        self.token(&order.user_id).await?;
        let ask = async |request| self.ask(&order.user_id, request).await;
        let streamed = self.streams.carry_out(&self.state, &app, &order, ask).await?;
        let body = serde_json::to_vec(&streamed).map_err(|_| unreadable())?;
        Ok(Answer::new(200, None, body, app.now))
    }

    /// The user's access token: held, stored, or minted now. A mint is finished whoever goes away, since TastyTrade may
    /// answer it with another grant in place of the one that was used.
    pub(crate) async fn token(self: &Rc<Self>, user: &UserId) -> std::result::Result<Secret, Error> {
        let good = self.held.borrow().as_ref().filter(|held| held.is_good(edge::clock::now())).map(Held::token);
        if let Some(token) = good {
            return Ok(token);
        }
        let (core, user) = (Rc::clone(self), user.clone());
        let (give, token) = futures_channel::oneshot::channel();
        self.state.wait_until(async move {
            if let Ok(token) = edge::guard::catch(core.find_token(&user)).await {
                // Whoever has gone does not want it.
                let _ = give.send(token);
            }
        });
        token.await.unwrap_or_else(|_| Err(unreadable()))
    }

    async fn find_token(&self, user: &UserId) -> std::result::Result<Secret, Error> {
        let app = &App::new(&self.env)?;
        let mints = self.mints.get();
        let _one_at_a_time = self.minting.lock().await;
        let known = self.known(app, user).await;
        if let Some(held) = known.filter(|held| held.is_good(edge::clock::now())) {
            self.held.replace(Some(held.clone()));
            return Ok(held.token);
        }
        // Whoever waited for a mint shares its failure as well.
        if let Some(error) = self.not_minted.borrow().as_ref().filter(|_| self.mints.get() != mints) {
            return Err(error.clone());
        }
        self.renew(app, user).await
    }

    /// A new access token, kept in place of the one before. The caller holds the lock.
    async fn renew(&self, app: &App, user: &UserId) -> std::result::Result<Secret, Error> {
        let minted = mint(app, user, &self.pace).await;
        self.mints.set(self.mints.get().wrapping_add(1));
        self.not_minted.replace(minted.as_ref().err().cloned());
        let held = minted?;
        self.store(app, user, &held).await;
        self.held.replace(Some(held.clone()));
        Ok(held.token)
    }

    /// Whether TastyTrade still accepts the user's grant. The proof is a mint, one for however many ask at once.
    async fn confirm(&self, user: &UserId) -> std::result::Result<Connection, Error> {
        let _one_at_a_time = self.minting.lock().await;
        let app = App::new(&self.env)?;
        let Some(credential) = users::credential(&app.db, user).await? else { return Ok(Connection::Absent) };
        if credential.status == CredentialStatus::Revoked {
            return Ok(Connection::Ended);
        }
        let is_fresh = |held: Held| {
            let age = app.now - held.minted_at;
            held.credential_id == credential.id && age < chrono::Duration::seconds(CONFIRMED_SECONDS)
        };
        if self.known(&app, user).await.is_some_and(is_fresh) {
            return Ok(Connection::Holds);
        }
        if let Some((until, error)) = self.unconfirmed.borrow().as_ref()
            && app.now < *until
        {
            return Err(error.clone());
        }
        match self.renew(&app, user).await {
            Ok(_) => {
                self.unconfirmed.replace(None);
                Ok(Connection::Holds)
            }
            // TastyTrade has refused it, or its row does not open: either way a new login is needed.
            Err(error) if error.reason == Reason::ReconnectRequired => Ok(Connection::Ended),
            Err(error) => {
                let told = error.details.get("retry_after").and_then(serde_json::Value::as_u64);
                let pause = chrono::Duration::seconds(told.unwrap_or(PAUSE_SECONDS).min(300).cast_signed());
                self.unconfirmed.replace(Some((edge::clock::now() + pause, error.clone())));
                Err(error)
            }
        }
    }

    /// The token that is held or stored, good or not.
    async fn known(&self, app: &App, user: &UserId) -> Option<Held> {
        let held = self.held.borrow().clone();
        match held {
            Some(held) => Some(held),
            None => self.stored(app, user).await,
        }
    }

    async fn stored(&self, app: &App, user: &UserId) -> Option<Held> {
        let stored: Stored = self.state.storage().get(STORED).await.ok().flatten()?;
        let token = vault::seal::open(&app.config.keys, &place(user, &stored.credential_id), &stored.sealed).ok()?;
        Some(Held {
            token,
            credential_id: stored.credential_id,
            minted_at: stored.minted_at,
            expires_at: stored.expires_at,
        })
    }

    /// Keeps the token over an eviction. If it cannot be kept, the next life of the object mints another.
    async fn store(&self, app: &App, user: &UserId, held: &Held) {
        let place = place(user, &held.credential_id);
        let Ok(sealed) = vault::seal::seal(&app.config.keys, &place, &held.token, &app.entropy) else { return };
        let credential_id = held.credential_id.clone();
        let stored = Stored { sealed, credential_id, minted_at: held.minted_at, expires_at: held.expires_at };
        if let Err(error) = self.state.storage().put(STORED, &stored).await {
            edge::log::warn("access token not stored", &[("error", &error)]);
        }
    }

    /// Drops a token that was refused, unless a newer one has taken its place. It does not wait for a mint that is under way,
    /// so that whoever was refused shares that one; at worst what the mint stores is deleted, which costs the next life of
    /// the object a mint.
    pub(crate) async fn forget(&self, refused: &Secret) {
        let is_current =
            self.held.borrow().as_ref().is_some_and(|held| vault::token::same(held.token.expose(), refused.expose()));
        if is_current {
            self.held.replace(None);
            // A stored token that outlives this is refused once more and dropped again.
            let _ = self.state.storage().delete(STORED).await;
        }
    }
}

impl Core {
    /// Drops the token that is held and all that is stored. A mint that is under way is waited for, so that its token goes too;
    /// whoever calls this has deleted the credential before, so that there is no other.
    async fn forget_all(&self) -> std::result::Result<Answer, Error> {
        let _one_at_a_time = self.minting.lock().await;
        self.flights.close();
        self.streams.end();
        follow::end(self).await;
        self.held.replace(None);
        self.unconfirmed.replace(None);
        self.state.storage().delete_all().await.map_err(|error| {
            edge::log::error("upstream storage not deleted", &[("error", &error)]);
            Error::new(Reason::Internal, "The access token could not be deleted. Try again in a moment.")
        })?;
        Ok(Answer::new(200, None, Vec::new(), edge::clock::now()))
    }
}

fn place<'a>(user: &'a UserId, credential_id: &'a str) -> Place<'a> {
    Place { table: "upstream", column: "access_token", user: user.as_str(), row: credential_id }
}

/// Nobody reads this.
fn gone() -> Error {
    Error::new(Reason::UpstreamUnavailable, "The caller has gone.")
}

fn unreadable() -> Error {
    Error::new(Reason::Internal, "A call to TastyTrade could not be read. This is ours to mend.")
}

/// Mints an access token from the user's sealed grant. A grant that TastyTrade refuses is marked revoked, so that it is
/// never tried again.
async fn mint(app: &App, user: &UserId, pace: &Pace) -> std::result::Result<Held, Error> {
    let credential = users::credential(&app.db, user).await?.ok_or_else(|| disconnected(app))?;
    if credential.status == CredentialStatus::Revoked {
        return Err(reconnect(app));
    }
    let opened = credential::open(app, user, &credential).await?;
    let request = tasty::token::refresh(opened.client_secret(app)?.expose(), opened.refresh_token.expose());
    let until = Cell::new(edge::clock::now() + WITHOUT_DEADLINE);
    let way = Way { pace, until: &until };
    way.turn(&request).await?;
    let answer = attempts(app, &request, None, Some(&way)).await?;
    match tasty::token::read(&answer) {
        Ok(tokens) => {
            if let Some(rotated) = tokens.refresh_token {
                credential::rotate(app, user, &credential.id, &opened.refresh_token, Secret::new(rotated)).await;
            }
            Ok(Held {
                token: Secret::new(tokens.access_token),
                credential_id: credential.id,
                minted_at: edge::clock::now(),
                expires_at: edge::clock::now() + chrono::Duration::seconds(i64::from(tokens.expires_in)),
            })
        }
        Err(tasty::Error::GrantRevoked) => {
            users::mark_credential_revoked(&app.db, user, &credential.id, app.now).await?;
            Err(reconnect(app))
        }
        // The operator's secret, not the user's: no login would mend it.
        Err(tasty::Error::ClientRefused) if credential.kind == CredentialKind::Login => {
            let message = "TastyTrade does not accept TT_CLIENT_SECRET. The operator of this server has to set the secret of \
                           its TastyTrade app anew.";
            Err(Error::new(Reason::NotConfigured, message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends one request, again where the policy of the API permits it.
pub(crate) async fn send(app: &App, asked: &Asked, token: Option<&Secret>) -> std::result::Result<Answer, Error> {
    attempts(app, asked, token, None).await
}

/// The attempts of one request, the first of which has had its turn. With a way, each of the others waits for its own, and
/// all of them end in time.
async fn attempts(
    app: &App,
    asked: &Asked,
    token: Option<&Secret>,
    way: Option<&Way<'_>>,
) -> std::result::Result<Answer, Error> {
    let request = outgoing(app, asked, token)?;
    let mut attempts = 1;
    loop {
        let deadline = way.map_or(DEADLINE, |way| DEADLINE.min(way.left()));
        let sent = edge::fetch::send(&request, deadline).await;
        let now = edge::clock::now();
        let (trouble, outcome) = match sent {
            Ok(got) => {
                let answer = Answer::new(got.status, got.retry_after(), got.body.clone(), now);
                if answer.check().is_ok() {
                    return Ok(answer);
                }
                (Trouble::from(&answer), Ok(answer))
            }
            Err(Failure::Timeout) => (Trouble::TimedOut, Err(tasty::Error::TimedOut)),
            Err(Failure::Connection(_)) => (Trouble::Broken, Err(tasty::Error::Unreachable)),
        };
        let pause = tasty::retry::wait(asked, attempts, trouble, random(app));
        if let (Some(way), Ok(answer)) = (way, &outcome) {
            way.heard(asked, answer, pause.is_none());
        }
        let Some(pause) = pause else { return outcome.map_err(Into::into) };
        attempts += 1;
        Delay::from(pause).await;
        if let Some(way) = way
            && way.turn(asked).await.is_err()
        {
            return outcome.map_err(Into::into);
        }
    }
}

pub(crate) fn random(app: &App) -> u64 {
    let mut bytes = [0; 8];
    app.entropy.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn outgoing(app: &App, asked: &Asked, token: Option<&Secret>) -> std::result::Result<http::Request<Vec<u8>>, Error> {
    let mut request = http::Request::builder().method(asked.method.as_str()).uri(asked.url(&app.config.api_url));
    for (name, value) in asked.headers(&app.config.api_url, token.map(Secret::expose)) {
        request = request.header(name, value);
    }
    request.body(asked.body.clone().unwrap_or_default().into_bytes()).map_err(|_| unreadable())
}

/// Sends a request in the user's name, through the user's object: in its turn, together with equal ones, and in time for the
/// call that is being answered.
pub(crate) async fn call(app: &App, user: &UserId, request: Asked) -> std::result::Result<Answer, Error> {
    let until = app.until.unwrap_or_else(|| edge::clock::now() + WITHOUT_DEADLINE);
    let order = serde_json::to_vec(&Order { user_id: user.clone(), request, until }).map_err(|_| unreadable())?;
    to_object(app, user, "/", order).await
}

/// Sends a request in the user's name and reads what comes. `what` names it in the log.
pub(crate) async fn ask<T>(
    app: &App,
    user: &UserId,
    what: &str,
    request: Asked,
    read: impl FnOnce(&Answer) -> std::result::Result<tasty::Noted<T>, tasty::Error>,
) -> std::result::Result<T, Error> {
    let answer = call(app, user, request).await?;
    Ok(noted(what, read(&answer).map_err(|error| explain(app, error))?))
}

/// The prices of symbols, at most as many as one request may name.
pub(crate) async fn market_data(
    app: &App,
    user: &UserId,
    symbols: &[Symbol],
) -> std::result::Result<Vec<MarketData>, Error> {
    ask(app, user, "market data", tasty::market_data::request(symbols), tasty::market_data::read).await
}

/// Has the user's object find out whether TastyTrade still accepts the user's grant.
pub(crate) async fn confirm(app: &App, user: &UserId) -> std::result::Result<Connection, Error> {
    let asked = serde_json::to_vec(user).map_err(|_| unreadable())?;
    let answer = to_object(app, user, CONFIRM, asked).await?;
    serde_json::from_slice(&answer.body).map_err(|_| unreadable())
}

/// Has the user's object forget its access token and all else that it stores. The credential has to be gone already.
pub(crate) async fn forget(app: &App, user: &UserId) -> std::result::Result<(), Error> {
    to_object(app, user, FORGET, Vec::new()).await.map(drop)
}

/// Sends an order to the user's object.
pub(crate) async fn to_object(
    app: &App,
    user: &UserId,
    path: &str,
    body: Vec<u8>,
) -> std::result::Result<Answer, Error> {
    let unavailable =
        || Error::new(Reason::UpstreamUnavailable, "The connection to TastyTrade broke. Try again in a moment.");
    let order = http::Request::post(format!("http://upstream{path}")).body(body).map_err(|_| unreadable())?;
    let object = edge::object::named(&app.env, "UPSTREAM", user.as_str()).map_err(|_| unavailable())?;
    let answer = edge::fetch::to_object(&object, &order).await.map_err(|_| unavailable())?;
    if answer.headers.contains_key(ERROR_HEADER) {
        return Err(serde_json::from_slice(&answer.body).unwrap_or_else(|_| unavailable()));
    }
    Ok(Answer::new(answer.status, answer.retry_after(), answer.body.clone(), app.now))
}

/// The error of an answer in terms of the trader, with the link where a new login is needed.
pub(crate) fn explain(app: &App, error: tasty::Error) -> Error {
    if matches!(error, tasty::Error::TokenExpired | tasty::Error::GrantRevoked) { reconnect(app) } else { error.into() }
}

/// The value, after its notes have gone to the log: they name fields, never their values.
pub(crate) fn noted<T>(what: &str, noted: tasty::Noted<T>) -> T {
    for note in &noted.notes {
        edge::log::warn("field not read", &[("answer", &what), ("note", note)]);
    }
    noted.value
}
