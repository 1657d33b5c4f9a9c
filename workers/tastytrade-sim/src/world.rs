//! The simulator as a whole: what is kept, what is remembered, and the way of a call through both.

use std::collections::BTreeMap;

use domain::Timestamp;
use http::Method;
use vault::Entropy;

use crate::{
    calendar,
    call::{self, Call, Reply},
    control,
    desk::Desk,
    faults,
    journal::Journal,
    oauth::{Purpose, login, token},
    orders::fill,
    pages, quote_alerts, rest,
    state::State,
    stream::{self, Connection},
    wire::Refusal,
};

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct World {
    state: State,
    changed: bool,
    /// What was called.
    pub journal: Journal,
    /// The sockets that are open.
    pub sockets: Sockets,
}

/// The sockets that are open, and whether they are to be.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// How many, by path.
    pub open: BTreeMap<String, u64>,
    /// Counts how often all of them were closed: one that was opened before the last time closes.
    pub closings: u64,
}

/// A call that has come in.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its number in the journal; pages and control calls have none.
    pub entry: Option<u64>,
    /// How long it is to wait before it is answered.
    pub wait_seconds: u64,
    forced: Option<Reply>,
    fault: Option<faults::Fault>,
}

impl World {
    /// Goes on from what was kept.
    pub(crate) fn new(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    /// What is kept.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The same, to be changed.
    pub(crate) fn edit(&mut self) -> &mut State {
        self.changed = true;
        &mut self.state
    }

    /// The place where calls change things.
    pub(crate) fn desk(&mut self, wall: Timestamp) -> Desk<'_> {
        self.changed = true;
        Desk { state: &mut self.state, wall }
    }

    /// Looks at what waits for the market: orders may be filled or run out, quote alerts may go off.
    pub(crate) fn look_at_market(&mut self, wall: Timestamp) {
        if self.state.orders.iter().any(|order| !order.status.is_terminal()) {
            let now = self.state.clock.now(wall);
            fill::look(&mut self.desk(wall), now);
        }
        let now = self.state.clock.now(wall);
        if quote_alerts::any_waits(&self.state.quote_alerts, now) {
            quote_alerts::look(&mut self.desk(wall), now);
        }
    }

    /// Forgets everything.
    pub(crate) fn reset(&mut self) {
        let sockets = std::mem::take(&mut self.sockets);
        *self = Self { changed: true, journal: self.journal.emptied(), sockets, ..Self::default() };
    }

    /// Whether something changed since the last time this was asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}

/// Notes a call and takes the fault that is meant for it.
pub(crate) fn start(world: &mut World, call: &Call, wall: Timestamp) -> Started {
    let path = call.uri().path();
    let mut started = Started { entry: None, wait_seconds: 0, forced: None, fault: None };
    if is_page(path) {
        return started;
    }
    let route = rest::Route::of(call.method(), path);
    let pattern = match path {
        token::PATH => token::PATH,
        stream::DXLINK => stream::DXLINK,
        stream::STREAMER => stream::STREAMER,
        _ => route.as_ref().map_or("other", rest::Route::pattern),
    };
    let shown = call.uri().path_and_query().map_or(path, http::uri::PathAndQuery::as_str);
    started.entry = Some(world.journal.started(call.method().as_str(), shown, pattern, wall));
    if faults::has(&world.state.faults, path)
        && let Some(fault) = faults::take(&mut world.edit().faults, path)
    {
        started.forced = faults::reply(&fault, path);
        started.wait_seconds = if fault.fault == faults::Kind::Hang { fault.seconds } else { 0 };
        started.fault = Some(fault);
    }
    started
}

/// Answers a call whose waiting is over.
pub(crate) fn finish(
    world: &mut World,
    started: Started,
    call: &Call,
    wall: Timestamp,
    entropy: &dyn Entropy,
) -> Reply {
    let reply = started.forced.unwrap_or_else(|| answer(world, call, wall, entropy));
    if let Some(entry) = started.entry {
        world.journal.finished(entry, reply.status().as_u16(), wall);
    }
    match &started.fault {
        Some(fault) => faults::spoiled(fault, reply),
        None => reply,
    }
}

/// Opens a socket, once the waiting is over; or the answer that comes in its place.
pub(crate) fn connect(
    world: &mut World,
    started: Started,
    call: &Call,
    wall: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Connection, Box<Reply>> {
    if started.forced.is_some() {
        return Err(Box::new(finish(world, started, call, wall, entropy)));
    }
    if let Some(entry) = started.entry {
        world.journal.finished(entry, 101, wall);
    }
    Ok(Connection::new(call.uri().path(), started.fault, &world.state, wall))
}

/// Notes that whoever made a call went away while it hung. There is no answer.
pub(crate) fn abandon(world: &mut World, started: &Started, wall: Timestamp) {
    if let Some(entry) = started.entry {
        world.journal.abandoned(entry, wall);
    }
}

/// Pages and control calls are neither counted nor disturbed by faults.
fn is_page(path: &str) -> bool {
    path.starts_with("/sim/")
        || matches!(path, "/" | "/health" | "/sim.css" | "/auth.html" | "/grants" | "/favicon.ico")
}

fn answer(world: &mut World, call: &Call, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    let now = world.state.clock.now(wall);
    match (call.method(), call.uri().path()) {
        (&Method::GET, "/") => pages::index(now, calendar::phase(now).as_str()),
        (&Method::GET, "/health") => {
            call::json(200, &serde_json::json!({ "status": "ok", "worker": "tastytrade-sim" }))
        }
        (&Method::GET, "/sim.css") => call::reply(200, "text/css; charset=utf-8", pages::STYLE),
        (&Method::GET, "/auth.html") => login::authorize(world.edit(), call, wall, entropy),
        (&Method::GET, "/grants") => login::begin(world.edit(), Purpose::Grants, wall, entropy),
        (&Method::POST, "/auth.html" | "/grants") => login::submit(world.edit(), call, wall, entropy),
        (&Method::POST, token::PATH) => match rest::check_user_agent(call) {
            Ok(()) => token::answer(world.edit(), call, wall, entropy),
            Err(refusal) => call::json(refusal.status(), &refusal.body()),
        },
        (_, path) if path.starts_with("/sim/") => control::answer(world, call, wall, entropy),
        (_, path) if is_page(path) => call::json(404, &Refusal::NotFound.body()),
        (method, path) => {
            world.look_at_market(wall);
            rest::answer(world, call, rest::Route::of(method, path).as_ref(), wall)
        }
    }
}
