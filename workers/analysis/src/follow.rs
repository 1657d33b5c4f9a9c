//! Following the user's accounts: while somebody looks at the portfolio, TastyTrade's account streamer tells of orders,
//! balances and positions as they change, and all who look are told.
//!
//! The user's `UserHub` knows who looks. When the first one comes and when the last one goes it has the user's `Upstream`
//! object ask it, and in between an alarm asks every minute: it ends what a lost word would have left running, and begins
//! again after the object was evicted. The object holds at most one socket for this, which a pump owns. A connection that
//! breaks is followed by another after a pause; what happened meanwhile is told by nobody, so that all of it then counts as
//! changed. Nothing of this is in the way of a call: failures are logged.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    pin::{Pin, pin},
    rc::Rc,
    time::Duration,
};

use domain::{AccountNumber, Error, Family, Timestamp, UserId};
use edge::{
    clock,
    socket::{Incoming, Said, Socket},
};
use futures_channel::oneshot;
use futures_util::{
    StreamExt,
    future::{Either, select},
    lock::Mutex,
};
use serde_json::{Value, json};
use store::portfolio;
use tasty::{
    account_streamer::{self, Client, Heard},
    request::USER_AGENT,
};
use vault::Secret;
use worker::{Delay, Env};

use crate::{
    app::App,
    hub,
    upstream::{Core, explain, noted, random},
};

/// How long the opening of a socket may take.
const CONNECT: Duration = Duration::from_secs(8);
/// How often it is asked whether somebody still follows.
const PERIOD: Duration = Duration::from_secs(60);
/// News of so long is told together: an order that is filled brings several.
const GATHER: Duration = Duration::from_millis(400);
/// So much news is told one by one at most; beyond it only that there is some.
const MOST_NEWS: usize = 100;
/// A connection that lived for so long was none that failed.
const PROVEN_SECONDS: i64 = 60;

/// The object's address for asking the hub whether somebody follows.
pub(crate) const LOOK: &str = "/look";

/// Has the user's object ask the hub whether somebody follows. What the hub would say itself could be overtaken.
pub(crate) async fn tell(env: &Env, user: &str) {
    let told = async {
        let request = http::Request::post(format!("http://upstream{LOOK}")).body(Vec::new());
        let request = request.map_err(|error| error.to_string())?;
        let object = edge::object::named(env, "UPSTREAM", user).map_err(|error| error.to_string())?;
        edge::fetch::to_object(&object, &request).await.map_err(|failure| format!("{failure:?}"))
    };
    if let Err(failure) = told.await {
        edge::log::warn("following not told", &[("failure", &failure)]);
    }
}

// ---- in the object ------------------------------------------------------------------------------------------------------

/// What the object holds of it.
#[derive(Default)]
pub(crate) struct Following {
    /// Dropping it ends the pump.
    end: RefCell<Option<oneshot::Sender<()>>>,
    /// Held by the pump, so that one begins when the one before it has gone.
    alone: Mutex<()>,
    /// Held while the hub is asked, so that what it says last is what counts.
    asking: Mutex<()>,
}

/// Asks the hub whether somebody follows, and begins or ends by its word.
pub(crate) async fn look(core: &Rc<Core>) {
    let Some(user) = owner(core) else { return };
    let _one_at_a_time = core.following.asking.lock().await;
    // A hub that cannot be asked is asked again a minute later.
    if !hub::is_followed(&core.env, &user).await.unwrap_or(true) {
        return end(core).await;
    }
    begin(core, user);
    if let Err(error) = core.state.storage().set_alarm(PERIOD).await {
        edge::log::warn("alarm for following not set", &[("error", &error)]);
    }
}

/// Ends the pump and the looks.
pub(crate) async fn end(core: &Core) {
    core.following.end.replace(None);
    if let Err(error) = core.state.storage().delete_alarm().await {
        edge::log::warn("alarm for following not deleted", &[("error", &error)]);
    }
}

/// The user whose object it is.
fn owner(core: &Core) -> Option<UserId> {
    UserId::new(&core.state.id().name()?)
}

/// Begins the pump, unless there is one.
fn begin(core: &Rc<Core>, user: UserId) {
    if core.following.end.borrow().as_ref().is_some_and(|end| !end.is_canceled()) {
        return;
    }
    let (end, ended) = oneshot::channel();
    core.following.end.replace(Some(end));
    let pump = Rc::clone(core);
    core.state.wait_until(async move {
        // A panic has been logged; the next alarm begins anew.
        let _ = edge::guard::catch(pump_connections(&pump, &user, ended)).await;
    });
}

/// Why a connection is over.
enum Over {
    /// Nobody follows any more.
    Unfollowed,
    /// There is no login that holds, or no account. The next alarm tries again.
    Pointless(&'static str),
    /// It did not come about, or broke.
    Broken(String),
}

impl From<Error> for Over {
    fn from(error: Error) -> Self {
        match error.reason.family() {
            Family::AuthenticationError => Self::Pointless("no login"),
            _ => Self::Broken(error.message.into_owned()),
        }
    }
}

/// One connection after the other, until nobody follows any more.
async fn pump_connections(core: &Rc<Core>, user: &UserId, mut end: oneshot::Receiver<()>) {
    let _alone = core.following.alone.lock().await;
    let mut failures = 0_u32;
    let mut is_first = true;
    loop {
        let began = clock::now();
        let Ok(app) = App::new(&core.env) else { return };
        let failure = match connection(core, &app, user, is_first, &mut end).await {
            Over::Unfollowed => return,
            Over::Pointless(why) => return edge::log::info("accounts not followed", &[("failure", &why)]),
            Over::Broken(failure) => failure,
        };
        let is_proven = clock::now() - began >= chrono::Duration::seconds(PROVEN_SECONDS);
        failures = if is_proven { 1 } else { failures.saturating_add(1) };
        is_first = false;
        let pause = account_streamer::pause(failures, random(&app));
        edge::log::warn("account streamer broke", &[("failure", &failure)]);
        if let Either::Left(_) = select(&mut end, pin!(Delay::from(pause))).await {
            return;
        }
    }
}

/// One connection from its opening to its end.
async fn connection(
    core: &Rc<Core>,
    app: &App,
    user: &UserId,
    is_first: bool,
    end: &mut oneshot::Receiver<()>,
) -> Over {
    let opened = async {
        let token = core.token(user).await?;
        let accounts = accounts(core, app, user).await?;
        if accounts.is_empty() {
            return Err(Over::Pointless("no account"));
        }
        let socket = Socket::open(&app.config.streamer_url, &[("user-agent", USER_AGENT)], CONNECT).await;
        let socket = socket.map_err(|failure| Over::Broken(format!("{failure:?}")))?;
        Ok((socket, Client::new(token.expose(), &accounts, clock::now()), token))
    };
    let (socket, client, token) = match opened.await {
        Ok(opened) => opened,
        Err(over) => return over,
    };
    let said = match socket.listen() {
        Ok(said) => said,
        Err(failure) => return Over::Broken(format!("{failure:?}")),
    };
    let mut talk = Talk { core, user, socket: &socket, client, token, news: News::default(), is_first };
    talk.go_on(said, end).await
}

/// The user's open accounts: those of the last sync, or of TastyTrade where there was none.
async fn accounts(core: &Rc<Core>, app: &App, user: &UserId) -> Result<Vec<AccountNumber>, Error> {
    let mut accounts: Vec<_> = portfolio::accounts(&app.db, user).await?.into_iter().map(|row| row.value).collect();
    if accounts.is_empty() {
        let answer = core.ask(user, tasty::accounts::request()).await?;
        accounts = noted("accounts", tasty::accounts::read(&answer).map_err(|error| explain(app, error))?);
    }
    Ok(accounts.into_iter().filter(|account| !account.is_closed).map(|account| account.number).collect())
}

/// What has been heard and is still to be told.
#[derive(Default)]
struct News {
    since: Option<Timestamp>,
    resources: BTreeSet<&'static str>,
    rows: Vec<Value>,
}

impl News {
    fn add(&mut self, now: Timestamp, resources: &[&'static str], row: Option<Value>) {
        self.since.get_or_insert(now);
        self.resources.extend(resources);
        self.rows.extend(row.filter(|_| self.rows.len() < MOST_NEWS));
    }

    /// When it is to be told.
    fn due(&self) -> Option<Timestamp> {
        self.since.map(|since| since + GATHER)
    }
}

/// An open connection.
struct Talk<'a> {
    core: &'a Rc<Core>,
    user: &'a UserId,
    socket: &'a Socket,
    client: Client,
    token: Secret,
    news: News,
    /// Whether nothing was missed before it.
    is_first: bool,
}

/// What happens next to a connection.
enum Next {
    Said(Option<Said>),
    Unfollowed,
    Time,
}

impl Talk<'_> {
    async fn go_on(&mut self, mut said: Incoming<'_>, end: &mut oneshot::Receiver<()>) -> Over {
        loop {
            while let Some(frame) = self.client.next_frame() {
                if self.socket.send(&frame).is_err() {
                    return Over::Broken("a message could not be sent".to_owned());
                }
            }
            let now = clock::now();
            let wakes_at = self.client.wakes_at();
            let until = self.news.due().map_or(wakes_at, |due| due.min(wakes_at));
            // First what is due: a streamer that never pauses would keep it waiting.
            let Some(wait) = (until - now).to_std().ok().filter(|wait| !wait.is_zero()) else {
                if let Err(over) = self.tick().await {
                    return over;
                }
                continue;
            };
            match next(Pin::new(&mut said), end, wait).await {
                Next::Unfollowed => return Over::Unfollowed,
                Next::Said(Some(Said::Text(text))) => {
                    for heard in self.client.receive(&text, clock::now()) {
                        if let Err(over) = self.hear(heard).await {
                            return over;
                        }
                    }
                }
                Next::Said(Some(Said::Binary)) => {}
                Next::Said(Some(Said::Closed(code))) => return Over::Broken(format!("closed with {code}")),
                Next::Said(None) => return Over::Broken("closed".to_owned()),
                Next::Time => {}
            }
        }
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Over> {
        let now = clock::now();
        match heard {
            Heard::Accepted { action } if action == "connect" => {
                edge::log::info("accounts followed", &[]);
                if !self.is_first {
                    self.changed(now, &[hub::POSITIONS, hub::BALANCES], Some(json!({ "kind": "reconnected" })));
                }
            }
            Heard::Accepted { .. } => {}
            Heard::Refused { action, message } => {
                if message.contains("token") {
                    self.core.forget(&self.token).await;
                }
                // A word without digits names no account.
                let is_word = message.chars().all(|letter| letter.is_ascii_alphabetic() || " -_".contains(letter));
                let why = if is_word { message.as_str() } else { "" };
                return Err(Over::Broken(format!("{action} refused: {why}")));
            }
            Heard::Order(order) => self.changed(
                now,
                &[],
                Some(json!({
                    "kind": "order", "account": order.account_number.masked(), "id": order.id, "status": order.status,
                    "underlying_symbol": order.underlying_symbol, "price": order.price,
                    "reject_reason": order.reject_reason, "as_of": now,
                })),
            ),
            Heard::Balance(balance) => self.changed(
                now,
                &[hub::BALANCES],
                Some(json!({
                    "kind": "balance", "account": balance.account_number.masked(),
                    "cash_balance": balance.cash_balance,
                    "net_liquidating_value": balance.net_liquidating_value,
                    "derivative_buying_power": balance.derivative_buying_power, "as_of": now,
                })),
            ),
            Heard::Position(position) => self.changed(
                now,
                &[hub::POSITIONS],
                Some(json!({
                    "kind": "position", "account": position.account_number.masked(), "symbol": position.symbol,
                    "quantity": position.quantity, "quantity_direction": position.direction, "as_of": now,
                })),
            ),
            Heard::Other(_) => {}
        }
        Ok(())
    }

    /// Something has changed: whoever asks from now on does not get an answer that was under way, and all will be told.
    fn changed(&mut self, now: Timestamp, resources: &[&'static str], row: Option<Value>) {
        self.core.flights.close();
        self.news.add(now, resources, row);
    }

    async fn tick(&mut self) -> Result<(), Over> {
        let now = clock::now();
        if self.client.is_silent(now) {
            return Err(Over::Broken("silent".to_owned()));
        }
        if self.news.due().is_some_and(|due| now >= due) {
            publish(&self.core.env, self.user, std::mem::take(&mut self.news)).await;
        }
        if now >= self.client.wakes_at() {
            self.token = self.core.token(self.user).await?;
            self.client.set_token(self.token.expose());
            self.client.tick(clock::now());
        }
        Ok(())
    }
}

async fn next(mut said: Pin<&mut Incoming<'_>>, end: &mut oneshot::Receiver<()>, wait: Duration) -> Next {
    let either = select(end, said.next());
    match select(pin!(either), pin!(Delay::from(wait))).await {
        Either::Left((Either::Left(_), _)) => Next::Unfollowed,
        Either::Left((Either::Right((said, _)), _)) => Next::Said(said),
        Either::Right(_) => Next::Time,
    }
}

async fn publish(env: &Env, user: &UserId, news: News) {
    let resources = news.resources.into_iter().map(|uri| json!({ "uri": uri })).collect();
    for (channel, all) in [(hub::PORTFOLIO, news.rows), (hub::RESOURCES, resources)] {
        if let Err(error) = hub::publish_all(env, user, channel, all).await {
            edge::log::warn("publishing failed", &[("channel", &channel), ("error", &error)]);
        }
    }
}
