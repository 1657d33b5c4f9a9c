//! Market data in motion: collections over DXLink, through the user's `Upstream` object.
//!
//! The object has at most one socket at a time. The first collection opens it; those that come while it is open share it,
//! and their subscriptions; a while after the last one it is closed, since an object with an open socket does not
//! hibernate. A pump, which outlives the call that started it, owns socket and client and takes orders from calls.
//!
//! A session that breaks before it brought anything is tried once more, with another token where the token was refused.
//! One that falls silent ends at the deadline, with what has come.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    pin::{Pin, pin},
    time::Duration,
};

use domain::{Error, Reason, Timestamp, UserId};
use edge::{
    clock,
    deadline::within,
    socket::{Said, Socket},
};
use futures_util::{
    StreamExt,
    future::{Either, select},
    lock::Mutex,
};
use serde::{Deserialize, Serialize};
use tasty::{
    Answer, Request as Asked,
    dxlink::{Client, Collected, CollectionId, Ended, Fault, Wanted},
    quote_token::{self, QuoteToken},
    request::USER_AGENT,
};
use worker::{Delay, State};

use crate::{
    app::App,
    upstream::{explain, noted},
};

/// The object's address for collections.
pub(crate) const PATH: &str = "/stream";
/// How long the opening of a socket may take.
const CONNECT: Duration = Duration::from_secs(8);
/// How long an open socket waits for the next collection.
const IDLE_SECONDS: i64 = 15;
/// A token with less than this to live is not used any more.
const MARGIN_SECONDS: i64 = 300;
/// What a pump may be late by, with the news that a deadline has passed.
const GRACE: Duration = Duration::from_millis(500);
/// The longest that a collection may take.
const LONGEST: Duration = Duration::from_secs(20);

/// What came of a collection.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Streamed {
    /// Whether this user's market data come late.
    pub(crate) is_delayed: bool,
    /// When the collection ended.
    pub(crate) as_of: Timestamp,
    /// What has come, and what has not.
    pub(crate) collected: Collected,
}

/// What the object is asked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    /// Whose object it is.
    pub(crate) user_id: UserId,
    wanted: Wanted,
    wait_ms: u64,
}

/// Collects in the user's name: until all of it is there or `wait` is over, whichever is first. What is missing then is
/// named. An error means that there is no session to be had: no login, no token, a wish that is too large.
pub(crate) async fn collect(app: &App, user: &UserId, wanted: Wanted, wait: Duration) -> Result<Streamed, Error> {
    wanted.check()?;
    let wait_ms = u64::try_from(wait.min(LONGEST).as_millis()).unwrap_or(0);
    let order = Order { user_id: user.clone(), wanted, wait_ms };
    let body = serde_json::to_vec(&order).map_err(|_| unreadable())?;
    let answer = crate::upstream::to_object(app, user, PATH, body).await?;
    serde_json::from_slice(&answer.body).map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::new(Reason::Internal, "A call for market data could not be read. This is ours to mend.")
}

// ---- in the object ------------------------------------------------------------------------------------------------------

/// What the object holds: the token, and the way to the pump of the open socket.
#[derive(Default)]
pub(crate) struct Streams {
    token: RefCell<Option<QuoteToken>>,
    /// Held while a token is asked for, so that it is asked for once.
    asking: Mutex<()>,
    pump: RefCell<Option<Orders>>,
}

type Orders = futures_channel::mpsc::UnboundedSender<Command>;

/// One collection on its way to the pump.
struct Command {
    wanted: Wanted,
    deadline: Timestamp,
    reply: futures_channel::oneshot::Sender<Collected>,
}

impl Streams {
    /// Carries a collection out. `ask` sends a REST request in the user's name.
    pub(crate) async fn carry_out(
        &self,
        object: &State,
        app: &App,
        order: &Order,
        ask: impl AsyncFn(Asked) -> Result<Answer, Error>,
    ) -> Result<Streamed, Error> {
        order.wanted.check()?;
        let wait = Duration::from_millis(order.wait_ms).min(LONGEST);
        let deadline = clock::now() + wait;
        let mut is_first = true;
        loop {
            let token =
                within(wait, self.token(app, &ask)).await.ok_or_else(|| Error::from(tasty::Error::TimedOut))??;
            let collected = self.collect(object, &token, &order.wanted, deadline).await;
            let as_of = clock::now();
            if let Ended::Broken(fault) = collected.ended {
                edge::log::warn("market data session broke", &[("failure", &fault)]);
                if fault == Fault::Unauthorized {
                    self.forget(&token);
                }
                if is_first && collected.is_empty() && as_of < deadline {
                    is_first = false;
                    continue;
                }
            }
            return Ok(Streamed { is_delayed: token.is_delayed(), as_of, collected });
        }
    }

    /// The token that is held, or a new one.
    async fn token(&self, app: &App, ask: impl AsyncFn(Asked) -> Result<Answer, Error>) -> Result<QuoteToken, Error> {
        let _one_at_a_time = self.asking.lock().await;
        let margin = clock::now() + chrono::Duration::seconds(MARGIN_SECONDS);
        let held = self.token.borrow().clone();
        if let Some(held) = held.filter(|held| held.expires_at.is_some_and(|end| end > margin)) {
            return Ok(held);
        }
        let answer = ask(quote_token::request()).await?;
        let token = quote_token::read(&answer).map_err(|error| explain(app, error))?;
        let token = noted("quote token", token);
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    /// Drops a token that was refused, unless another one has taken its place.
    fn forget(&self, refused: &QuoteToken) {
        let mut held = self.token.borrow_mut();
        if held.as_ref() == Some(refused) {
            *held = None;
        }
    }

    /// Ends the session and forgets the token: the user has disconnected.
    pub(crate) fn end(&self) {
        self.token.replace(None);
        self.pump.replace(None);
    }

    /// Hands a collection to the pump, to a new one if there is none, and waits for what comes of it.
    async fn collect(&self, object: &State, token: &QuoteToken, wanted: &Wanted, deadline: Timestamp) -> Collected {
        let (reply, answer) = futures_channel::oneshot::channel();
        let command = Command { wanted: wanted.clone(), deadline, reply };
        let refused = match self.pump.borrow().as_ref() {
            Some(pump) => pump.unbounded_send(command).err().map(|error| error.into_inner()),
            None => Some(command),
        };
        if let Some(command) = refused {
            let (pump, orders) = futures_channel::mpsc::unbounded();
            // It has just been made, and takes everything.
            let _ = pump.unbounded_send(command);
            self.pump.replace(Some(pump));
            let token = token.clone();
            object.wait_until(async move {
                // A panic has been logged; the calls that wait are told that the session broke.
                let _ = edge::guard::catch(pump_session(&token, orders)).await;
            });
        }
        let wait = (deadline - clock::now()).to_std().unwrap_or_default() + GRACE;
        match within(wait, answer).await {
            Some(Ok(collected)) => collected,
            Some(Err(_)) => wanted.nothing(Ended::Broken(Fault::Disconnected)),
            None => wanted.nothing(Ended::Deadline),
        }
    }
}

/// What happens next to a pump.
enum Next {
    Said(Option<Said>),
    Ordered(Option<Command>),
    Time,
}

/// One session, from the opening of its socket to its end. Calls that still wait when it returns learn of it by that.
async fn pump_session(token: &QuoteToken, mut orders: futures_channel::mpsc::UnboundedReceiver<Command>) {
    let socket = match Socket::open(&token.url, &[("user-agent", USER_AGENT)], CONNECT).await {
        Ok(socket) => socket,
        Err(failure) => {
            return edge::log::warn("market data socket not opened", &[("failure", &format!("{failure:?}"))]);
        }
    };
    let mut said = match socket.listen() {
        Ok(said) => said,
        Err(failure) => return edge::log::warn("market data socket is deaf", &[("failure", &format!("{failure:?}"))]),
    };
    let mut client = Client::new(token.token.clone(), clock::now());
    let mut waiting: Waiting = BTreeMap::new();
    let mut idle_since = clock::now();
    loop {
        settle(&mut client, &mut waiting, &socket);
        let now = clock::now();
        if !client.is_idle() {
            idle_since = now;
        }
        let idle_until = idle_since + chrono::Duration::seconds(IDLE_SECONDS);
        if client.fault().is_some() || now >= idle_until {
            return;
        }
        let until = if client.is_idle() { client.wakes_at().min(idle_until) } else { client.wakes_at() };
        let wait = (until - now).to_std().unwrap_or_default();
        match next(Pin::new(&mut said), &mut orders, wait).await {
            Next::Said(Some(Said::Text(text))) => client.receive(&text, clock::now()),
            Next::Said(Some(Said::Binary)) => {}
            Next::Said(Some(Said::Closed(_)) | None) => client.disconnected(),
            // The user has disconnected, or the object is gone.
            Next::Ordered(None) => return,
            Next::Ordered(Some(command)) => {
                let now = clock::now();
                // What is too large was refused before it came here.
                if let Ok(id) = client.collect(&command.wanted, command.deadline, now) {
                    waiting.insert(id, command.reply);
                }
            }
            Next::Time => client.tick(clock::now()),
        }
    }
}

type Waiting = BTreeMap<CollectionId, futures_channel::oneshot::Sender<Collected>>;

/// Sends what is to be sent, answers what is over, and gives up what nobody waits for any more.
fn settle(client: &mut Client, waiting: &mut Waiting, socket: &Socket) {
    let gone: Vec<_> = waiting.iter().filter(|(_, reply)| reply.is_canceled()).map(|(id, _)| *id).collect();
    for id in gone {
        waiting.remove(&id);
        client.cancel(id, clock::now());
    }
    while let Some(frame) = client.next_frame() {
        if socket.send(&frame).is_err() {
            client.disconnected();
        }
    }
    for (id, collected) in client.take_finished() {
        if let Some(reply) = waiting.remove(&id) {
            // Whoever waited may have gone in the meantime.
            let _ = reply.send(collected);
        }
    }
}

async fn next(
    mut said: Pin<&mut edge::socket::Incoming<'_>>,
    orders: &mut futures_channel::mpsc::UnboundedReceiver<Command>,
    wait: Duration,
) -> Next {
    let either = select(orders.next(), said.next());
    match select(pin!(either), pin!(Delay::from(wait))).await {
        Either::Left((Either::Left((ordered, _)), _)) => Next::Ordered(ordered),
        Either::Left((Either::Right((said, _)), _)) => Next::Said(said),
        Either::Right(_) => Next::Time,
    }
}
