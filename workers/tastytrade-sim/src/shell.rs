//! The platform: one Durable Object takes every call in turn and keeps the state in its SQLite database.

use std::{cell::RefCell, panic::AssertUnwindSafe, pin::pin, rc::Rc, time::Duration};

use edge::caller::Caller;
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::once,
};
use serde::Deserialize;
use worker::{
    Context, Delay, DurableObject, Env, Request, Response, Result, SqlStorage, State as ObjectState, WebSocket,
    WebSocketPair, WebsocketEvent, durable_object, event,
};

use crate::{
    call::{self, Call, Reply},
    faults,
    state::State,
    stream::{self, Connection, Out},
    wire::Refusal,
    world::{self, World},
};

/// No call of the API has a larger body.
const BODY_LIMIT: usize = 64 * 1024;
/// How long an answer that is to break goes on after its first half.
const BREAK_AFTER: Duration = Duration::from_millis(150);
/// How often a socket looks whether it is to be closed.
const LOOK: Duration = Duration::from_millis(200);

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    let object = edge::object::named(&env, "SIMULATOR", "the-one")?;
    // Whoever goes away is missed by the object as well, which notes it.
    let answered = Caller::of(&request).attend(edge::fetch::hand_on(&object, request)).await;
    answered.unwrap_or_else(|| Response::error("The caller has gone.", 499))
}

/// The simulator's only object.
#[durable_object(fetch)]
pub struct Simulator {
    object: ObjectState,
    sql: SqlStorage,
    /// A panic may leave it half changed; it is what was kept again at the next start.
    world: AssertUnwindSafe<Rc<RefCell<World>>>,
}

#[derive(Deserialize)]
struct Row {
    body: String,
}

impl DurableObject for Simulator {
    fn new(object: ObjectState, _: Env) -> Self {
        let sql = object.storage().sql();
        let world = World::new(load(&sql).unwrap_or_default());
        Self { object, sql, world: AssertUnwindSafe(Rc::new(RefCell::new(world))) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        if stream::is_socket(&request.path()) && request.headers().get("upgrade")?.is_some() {
            return match edge::guard::catch(self.connect(request)).await {
                Ok(Ok(socket)) => Response::from_websocket(socket),
                Ok(Err(reply)) => edge::http::give(reply),
                Err(_) => edge::http::give(internal()),
            };
        }
        let reply = edge::guard::catch(self.serve(request)).await.unwrap_or_else(|_| internal());
        if reply.extensions().get::<faults::Broken>().is_some() { broken(reply) } else { edge::http::give(reply) }
    }
}

impl Simulator {
    async fn serve(&self, request: Request) -> Reply {
        let caller = Caller::of(&request);
        let Ok(call) = edge::http::take(request, BODY_LIMIT).await else {
            return call::json(400, &Refusal::Invalid("the request cannot be read".to_owned()).body());
        };
        let started = world::start(&mut self.world.borrow_mut(), &call, edge::clock::now());
        if started.wait_seconds > 0 {
            let waited = caller.attend(Delay::from(Duration::from_secs(started.wait_seconds))).await;
            if waited.is_none() {
                world::abandon(&mut self.world.borrow_mut(), &started, edge::clock::now());
                return call::json(499, &Refusal::Internal.body());
            }
        }
        let reply = self.finish(started, &call);
        match self.keep() {
            Ok(()) => reply,
            Err(error) => {
                edge::log::error("the state was not kept", &[("error", &error.to_string())]);
                internal()
            }
        }
    }

    /// Opens one of the two sockets.
    async fn connect(&self, request: Request) -> std::result::Result<WebSocket, Reply> {
        let unreadable = || call::json(400, &Refusal::Invalid("the request cannot be read".to_owned()).body());
        let call = edge::http::take(request, BODY_LIMIT).await.map_err(|_| unreadable())?;
        let started = world::start(&mut self.world.borrow_mut(), &call, edge::clock::now());
        if started.wait_seconds > 0 {
            Delay::from(Duration::from_secs(started.wait_seconds)).await;
        }
        let entropy = edge::entropy::Platform;
        let now = edge::clock::now();
        let connection = world::connect(&mut self.world.borrow_mut(), started, &call, now, &entropy);
        let connection = connection.map_err(|reply| *reply)?;
        let pair = WebSocketPair::new().map_err(|_| internal())?;
        let (world, server, path) = (Rc::clone(&self.world), pair.server, call.uri().path().to_owned());
        *world.borrow_mut().sockets.open.entry(path.clone()).or_default() += 1;
        self.object.wait_until(async move {
            // A panic has been logged; the socket is closed with what it was in.
            let _ = edge::guard::catch(converse(&world, &server, connection)).await;
            world.borrow_mut().sockets.open.entry(path).and_modify(|open| *open = open.saturating_sub(1));
        });
        Ok(pair.client)
    }

    fn finish(&self, started: world::Started, call: &Call) -> Reply {
        let entropy = edge::entropy::Platform;
        world::finish(&mut self.world.borrow_mut(), started, call, edge::clock::now(), &entropy)
    }

    fn keep(&self) -> Result<()> {
        let mut world = self.world.borrow_mut();
        if world.take_changed() {
            let body = serde_json::to_string(world.state())?;
            self.sql.exec("INSERT OR REPLACE INTO kept (id, body) VALUES (1, ?1)", vec![body.into()])?;
        }
        Ok(())
    }
}

/// Talks over a socket until one side has enough.
async fn converse(world: &RefCell<World>, socket: &WebSocket, mut connection: Connection) {
    let Ok(mut events) = socket.events() else { return };
    if socket.accept().is_err() {
        return;
    }
    let closings = world.borrow().sockets.closings;
    loop {
        let wait = (connection.wakes_at() - edge::clock::now()).to_std().unwrap_or_default().min(LOOK);
        let came = match select(events.next(), pin!(Delay::from(wait))).await {
            Either::Left((Some(Ok(WebsocketEvent::Message(message))), _)) => Some(message.text()),
            Either::Left(_) => break,
            Either::Right(_) => None,
        };
        let now = edge::clock::now();
        if world.borrow().sockets.closings != closings {
            // The other side may have closed it already.
            let _ = socket.close(Some(1001), Some("closed on demand"));
            return;
        }
        let out = {
            // Whoever listens wants to hear of fills that nobody has asked for.
            world.borrow_mut().look_at_market(now);
            let world = world.borrow();
            match came {
                Some(text) => connection.receive(&text.unwrap_or_default(), world.state(), now),
                None => connection.tick(world.state(), now),
            }
        };
        for one in out {
            let is_sent = match one {
                Out::Text(text) => socket.send_with_str(text).is_ok(),
                Out::Close(code, reason) => {
                    // The other side may have closed it already.
                    let _ = socket.close(Some(code), Some(reason));
                    false
                }
            };
            if !is_sent {
                return;
            }
        }
    }
    // Answers the other side's close.
    let _ = socket.close(Some(1000), Some("goodbye"));
}

/// An answer whose body fails after its first half.
fn broken(reply: Reply) -> Result<Response> {
    let (parts, mut body) = reply.into_parts();
    body.truncate(body.len() / 2);
    let failure = async {
        // Long enough for the headers and the first half to leave.
        Delay::from(BREAK_AFTER).await;
        Err(worker::Error::RustError("the connection broke on demand".to_owned()))
    };
    let chunks = once(async { Ok(body) }).chain(once(failure));
    let mut response = Response::from_stream(Box::pin(chunks))?.with_status(parts.status.as_u16());
    for (name, value) in &parts.headers {
        response.headers_mut().set(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    Ok(response)
}

/// What was kept; a state that an older simulator wrote and this one cannot read is given up.
fn load(sql: &SqlStorage) -> Option<State> {
    sql.exec("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL)", None).ok()?;
    let rows: Vec<Row> = sql.exec("SELECT body FROM kept WHERE id = 1", None).ok()?.to_array().ok()?;
    serde_json::from_str(&rows.first()?.body).ok()
}

fn internal() -> Reply {
    call::json(500, &Refusal::Internal.body())
}
