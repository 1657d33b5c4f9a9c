//! The platform: one Durable Object takes every call in turn and keeps the state in its SQLite database.

use std::{cell::RefCell, panic::AssertUnwindSafe, time::Duration};

use edge::caller::Caller;
use serde::Deserialize;
use worker::{
    Context, Delay, DurableObject, Env, Request, Response, Result, SqlStorage, State as ObjectState, durable_object,
    event,
};

use crate::{
    call::{self, Call, Reply},
    state::State,
    wire::Refusal,
    world::{self, World},
};

/// No call of the API has a larger body.
const BODY_LIMIT: usize = 64 * 1024;

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
    sql: SqlStorage,
    /// A panic may leave it half changed; it is what was kept again at the next start.
    world: AssertUnwindSafe<RefCell<World>>,
}

#[derive(Deserialize)]
struct Row {
    body: String,
}

impl DurableObject for Simulator {
    fn new(object: ObjectState, _: Env) -> Self {
        let sql = object.storage().sql();
        let world = World::new(load(&sql).unwrap_or_default());
        Self { sql, world: AssertUnwindSafe(RefCell::new(world)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let reply = edge::guard::catch(self.serve(request)).await;
        edge::http::give(reply.unwrap_or_else(|_| internal()))
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

/// What was kept; a state that an older simulator wrote and this one cannot read is given up.
fn load(sql: &SqlStorage) -> Option<State> {
    sql.exec("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, body TEXT NOT NULL)", None).ok()?;
    let rows: Vec<Row> = sql.exec("SELECT body FROM kept WHERE id = 1", None).ok()?.to_array().ok()?;
    serde_json::from_str(&rows.first()?.body).ok()
}

fn internal() -> Reply {
    call::json(500, &Refusal::Internal.body())
}
