//! `/sim/...`: the handles that tests turn. Loopback hosts only.

use chrono::{Datelike, TimeDelta};
use domain::Timestamp;
use http::{Method, header};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::Deserialize;
use serde_json::{Value, json};
use vault::Entropy;

use crate::{
    accounts, calendar,
    call::{self, Call, Reply},
    faults::Fault,
    market::{Override, listing},
    oauth::{SCOPES, grants},
    rest,
    state::Clock,
    users,
    wire::{decimal, moment},
    world::World,
};

/// Why a handle could not be turned.
#[derive(Debug)]
struct Wrong(String);

type Outcome = Result<Value, Wrong>;

/// Whether the call came to a loopback host.
pub(crate) fn is_local(call: &Call) -> bool {
    let host = call::header_text(call, header::HOST).or_else(|| call.uri().host()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let in_uri = call.uri().host().unwrap_or(name);
    [name, in_uri].iter().all(|name| matches!(*name, "localhost" | "127.0.0.1" | "[::1]"))
}

/// Answers a control call.
pub(crate) fn answer(world: &mut World, call: &Call, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    if !is_local(call) {
        return call::json(403, &json!({ "error": { "code": "local_only", "message": "Loopback hosts only" } }));
    }
    let outcome = match (call.method(), call.uri().path()) {
        (&Method::GET, "/sim/state") => Ok(state(world, wall)),
        (&Method::GET, "/sim/requests") => Ok(json!(world.journal.list())),
        (&Method::POST, "/sim/reset") => reset(world, call),
        (&Method::POST, "/sim/clock") => clock(world, call, wall),
        (&Method::POST, "/sim/faults") => add_fault(world, call),
        (&Method::DELETE, "/sim/faults") => {
            world.edit().faults.clear();
            Ok(json!({ "faults": [] }))
        }
        (&Method::POST, "/sim/revoke") => {
            user(call).map(|user| json!({ "revoked": grants::revoke_all(world.edit(), user) }))
        }
        (&Method::POST, "/sim/expire-access") => user(call).map(|user| expire_access(world, user)),
        (&Method::POST, "/sim/access-lifetime") => access_lifetime(world, call),
        (&Method::POST, "/sim/grant") => user(call).and_then(|user| grant(world, call, user, wall, entropy)),
        (&Method::POST, "/sim/price") => price(world, call, wall),
        (&Method::DELETE, "/sim/sockets") => {
            world.sockets.closings += 1;
            Ok(json!({ "closing": world.sockets.open }))
        }
        (&Method::POST, "/sim/handshake") => handshake(world, call),
        (&Method::POST, "/sim/announce") => announce(world, call, wall),
        _ => return call::json(404, &json!({ "error": { "code": "not_found", "message": "No such handle" } })),
    };
    match outcome {
        Ok(body) => call::json(200, &body),
        Err(Wrong(message)) => call::json(400, &json!({ "error": { "code": "invalid", "message": message } })),
    }
}

fn body<'a, T: Deserialize<'a>>(call: &'a Call) -> Result<T, Wrong> {
    serde_json::from_slice(call.body()).map_err(|error| Wrong(error.to_string()))
}

fn state(world: &World, wall: Timestamp) -> Value {
    let (state, now) = (world.state(), world.state().clock.now(wall));
    json!({
        "now": moment(now),
        "wall": moment(wall),
        "clock": state.clock,
        "market": calendar::phase(now).as_str(),
        "seed": state.seed,
        "lenient_handshake": state.lenient_handshake,
        "mints": state.mints,
        "requests": world.journal.counts(),
        "in_flight": world.journal.in_flight(),
        "sockets": world.sockets.open,
        "faults": state.faults,
        "prices": state.overrides,
        "access_seconds": state.access_seconds,
        "grants": state.grants.values().map(|grant| {
            json!({ "user": grant.user, "client_id": grant.client_id, "scopes": grant.scopes })
        }).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Reset {
    seed: Option<u64>,
}

/// Everything as on the first day: no grants, no faults, the wall clock. The body may name another seed.
fn reset(world: &mut World, call: &Call) -> Outcome {
    let asked: Reset = if call.body().is_empty() { Reset::default() } else { body(call)? };
    world.reset();
    if let Some(seed) = asked.seed {
        world.edit().seed = seed;
    }
    Ok(json!({ "seed": world.state().seed }))
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct SetClock {
    now: Option<Timestamp>,
    advance_s: Option<i64>,
    frozen: Option<bool>,
}

/// `now` moves the market's clock, from where it runs on; `frozen` stops it; `advance_s` moves it on; none of them gives it
/// back to the wall clock.
fn clock(world: &mut World, call: &Call, wall: Timestamp) -> Outcome {
    let asked: Option<SetClock> = body(call)?;
    let asked = asked.unwrap_or_default();
    let old = world.state().clock;
    let base = asked.now.unwrap_or_else(|| old.now(wall));
    let now = asked
        .advance_s
        .map_or(Some(base), |seconds| base.checked_add_signed(TimeDelta::try_seconds(seconds)?))
        .filter(|now| (2024..=2035).contains(&now.year()))
        .ok_or_else(|| Wrong("the clock goes from 2024 to 2035".to_owned()))?;
    let stays_frozen = matches!(old, Clock::Frozen { .. }) && asked.now.is_none();
    let unchanged = asked.now.is_none() && asked.advance_s.is_none();
    let clock = match asked.frozen {
        None if unchanged => Clock::Wall,
        Some(true) => Clock::Frozen { at: now },
        None if stays_frozen => Clock::Frozen { at: now },
        _ => Clock::Shifted { by_ms: (now - wall).num_milliseconds() },
    };
    world.edit().clock = clock;
    Ok(json!({ "now": moment(clock.now(wall)), "clock": clock }))
}

fn add_fault(world: &mut World, call: &Call) -> Outcome {
    let fault: Fault = body(call)?;
    let faults = &mut world.edit().faults;
    faults.push(fault);
    Ok(json!({ "faults": faults }))
}

#[derive(Deserialize)]
struct ForUser<'a> {
    user: &'a str,
}

fn user(call: &Call) -> Result<&'static str, Wrong> {
    let asked: ForUser<'_> = body(call)?;
    users::by_name(asked.user).map(|user| user.name).ok_or_else(|| Wrong(format!("there is no user {}", asked.user)))
}

fn expire_access(world: &mut World, user: &str) -> Value {
    let state = world.edit();
    state.expired_through.insert(user.to_owned(), state.mints.total);
    json!({ "user": user })
}

#[derive(Deserialize)]
struct Lifetime {
    seconds: i64,
}

fn access_lifetime(world: &mut World, call: &Call) -> Outcome {
    let Lifetime { seconds } = body(call)?;
    if !(1..=86_400).contains(&seconds) {
        return Err(Wrong("seconds is between 1 and 86400".to_owned()));
    }
    world.edit().access_seconds = seconds;
    Ok(json!({ "access_seconds": seconds }))
}

#[derive(Deserialize)]
struct MakeGrant {
    /// All there are unless they are named.
    scopes: Option<Vec<String>>,
}

fn grant(world: &mut World, call: &Call, user: &str, wall: Timestamp, entropy: &dyn Entropy) -> Outcome {
    let MakeGrant { scopes } = body(call)?;
    let scopes = scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
    if let Some(other) = scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(Wrong(format!("there is no scope {other}")));
    }
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let created = grants::create(world.edit(), user, &scopes, wall, entropy);
    Ok(json!({
        "client_id": created.client_id,
        "client_secret": created.client_secret,
        "refresh_token": created.refresh_token,
    }))
}

#[derive(Deserialize)]
struct Handshake {
    strict: bool,
}

/// Whether DXLink ends the session of a client that says its token before it is asked: so it is since June 2026.
fn handshake(world: &mut World, call: &Call) -> Outcome {
    let Handshake { strict } = body(call)?;
    world.edit().lenient_handshake = !strict;
    Ok(json!({ "strict": strict }))
}

#[derive(Deserialize)]
struct Announce<'a> {
    account: &'a str,
    kind: &'a str,
}

/// Tells those who follow an account of its balance or its positions, as they are.
fn announce(world: &mut World, call: &Call, wall: Timestamp) -> Outcome {
    let Announce { account, kind } = body(call)?;
    let account = accounts::find(account).ok_or_else(|| Wrong(format!("there is no account {account}")))?;
    let news = rest::news(world.state(), account, kind, wall);
    let news = news.ok_or_else(|| Wrong("kind is AccountBalance or CurrentPosition".to_owned()))?;
    for data in &news {
        world.edit().news.tell(account.number, kind, data, wall);
    }
    Ok(json!({ "told": news.len() }))
}

#[derive(Deserialize)]
struct SetPrice {
    symbol: String,
    /// A number or a text; `null` gives the usual price back.
    price: Option<domain::Decimal>,
}

/// From now on the symbol's price is its usual one times what makes it this price now.
fn price(world: &mut World, call: &Call, wall: Timestamp) -> Outcome {
    let SetPrice { symbol, price } = body(call)?;
    let listing = listing::find(&symbol).ok_or_else(|| Wrong(format!("{symbol} is not listed")))?;
    let state = world.edit();
    let now = state.clock.now(wall);
    let Some(price) = price else {
        state.overrides.remove(listing.symbol);
        return Ok(json!({ "symbol": symbol, "price": null }));
    };
    let dollars = price.0.to_f64().filter(|dollars| (0.01..=1e6).contains(dollars));
    let dollars = dollars.ok_or_else(|| Wrong("the price is between 0.01 and 1000000".to_owned()))?;
    let factor = dollars / state.market().usual_price(listing, now);
    state.overrides.insert(symbol.clone(), Override { since: now, factor });
    Ok(json!({ "symbol": symbol, "price": decimal(Decimal::round_dp(&price.0, 2)), "since": moment(now) }))
}
