//! The REST endpoints: which there are, who may call them, and what they answer. One file for each group.

mod account;
mod chains;
mod complex_orders;
mod customer;
mod futures;
mod instruments;
mod margin;
mod market_data;
mod market_time;
mod metrics;
mod net_liq;
mod orders;
mod page;
mod quote_alerts;
mod search;
mod tokens;
mod transactions;
mod watchlists;

pub(crate) use account::{balance_item, position_item};
pub(crate) use watchlists::Watchlist;

use chrono::{Datelike, NaiveDate, TimeDelta};
use domain::Timestamp;
use http::{Method, header};
use serde_json::Value;

use crate::{
    accounts::{self, Account},
    call::{self, Call, Pairs, Reply},
    desk::Desk,
    oauth::token::{self, Caller},
    state::State,
    users::User,
    wire::Refusal,
    world::World,
};

/// The oldest version of the API that is still served.
const OLDEST_VERSION: &str = "20250813";
/// From this version on, lists of orders need a start.
const ORDERS_NEED_START: &str = "20261012";
/// What TastyTrade's own SDK for JavaScript calls itself, without a version.
const OFFICIAL_SDK: &str = "tastytrade-sdk-js";
/// How late delayed quotes are.
pub(crate) const DELAY: TimeDelta = TimeDelta::minutes(15);

/// The years that parameters may name.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// What an endpoint answers: a status and a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    status: u16,
    body: Value,
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self { status: 200, body }
    }
}

impl Answer {
    /// Something was made.
    fn created(body: Value) -> Self {
        Self { status: 201, body }
    }
}

type Outcome = Result<Answer, Refusal>;

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Nothing, not even a token.
    Public,
    /// The scope `read`.
    Read,
    /// The scope `trade`.
    Trade,
    /// Either of them: TastyTrade does not say which one its own lists need.
    Either,
}

/// How an endpoint is answered.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// From the state.
    Read(fn(&State, &Asked<'_>) -> Outcome),
    /// With a change of the state.
    Write(fn(&mut Desk<'_>, &Asked<'_>) -> Outcome),
}

/// One endpoint.
#[derive(Debug)]
struct Endpoint {
    method: Method,
    /// The path with names in braces in place of what differs.
    pattern: &'static str,
    scope: Scope,
    run: Run,
}

const fn get(pattern: &'static str, run: fn(&State, &Asked<'_>) -> Outcome) -> Endpoint {
    Endpoint { method: Method::GET, pattern, scope: Scope::Read, run: Run::Read(run) }
}

const fn write(
    method: Method,
    pattern: &'static str,
    scope: Scope,
    run: fn(&mut Desk<'_>, &Asked<'_>) -> Outcome,
) -> Endpoint {
    Endpoint { method, pattern, scope, run: Run::Write(run) }
}

/// All groups. Within them a fixed path stands before one with a name in its place.
static GROUPS: [&[Endpoint]; 17] = [
    customer::ENDPOINTS,
    account::ENDPOINTS,
    transactions::ENDPOINTS,
    net_liq::ENDPOINTS,
    margin::ENDPOINTS,
    orders::ENDPOINTS,
    complex_orders::ENDPOINTS,
    market_data::ENDPOINTS,
    metrics::ENDPOINTS,
    market_time::ENDPOINTS,
    instruments::ENDPOINTS,
    chains::ENDPOINTS,
    futures::ENDPOINTS,
    search::ENDPOINTS,
    watchlists::ENDPOINTS,
    quote_alerts::ENDPOINTS,
    tokens::ENDPOINTS,
];

/// An endpoint with what its path names.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    endpoint: &'static Endpoint,
    parts: Vec<String>,
}

impl Route {
    /// The endpoint of a method and path.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let segments = call::segments(path);
        GROUPS.iter().flat_map(|group| group.iter()).filter(|endpoint| endpoint.method == *method).find_map(
            |endpoint| {
                let parts = named(endpoint.pattern, &segments)?;
                Some(Self { endpoint, parts })
            },
        )
    }

    /// The path with names in place of what differs.
    pub(crate) fn pattern(&self) -> &'static str {
        self.endpoint.pattern
    }
}

/// The segments that stand in place of the pattern's names, where the others are the pattern's.
fn named(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let wanted: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let mut parts = Vec::new();
    for (want, segment) in wanted.into_iter().zip(segments) {
        if want.starts_with('{') {
            parts.push(segment.clone());
        } else if want != segment {
            return None;
        }
    }
    Some(parts)
}

/// Every endpoint's method and pattern.
#[cfg(test)]
pub(crate) fn patterns() -> Vec<(Method, &'static str)> {
    GROUPS.iter().flat_map(|group| group.iter()).map(|endpoint| (endpoint.method.clone(), endpoint.pattern)).collect()
}

/// A call that was let in.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    call: &'a Call,
    query: Pairs,
    parts: Vec<String>,
    user: Option<&'static User>,
    /// The wall clock's time, which tokens go by.
    wall: Timestamp,
    /// The simulator's time.
    now: Timestamp,
    /// The time that quotes are of: earlier for a user with delayed quotes.
    seen: Timestamp,
    /// Whether the caller asks for a version in which lists of orders need a start.
    orders_need_start: bool,
}

impl Asked<'_> {
    /// The n-th name in the path.
    fn part(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", String::as_str)
    }

    /// The caller.
    fn user(&self) -> Result<&'static User, Refusal> {
        self.user.ok_or(Refusal::TokenInvalid)
    }

    /// The caller's account that the path names first.
    fn account(&self) -> Result<&'static Account, Refusal> {
        let account = accounts::find(self.part(0)).ok_or(Refusal::NotFound)?;
        if account.owner == self.user()?.name { Ok(account) } else { Err(Refusal::NotPermitted) }
    }

    /// The first value of a name in the query.
    fn first(&self, name: &str) -> Option<&str> {
        call::first(&self.query, name).filter(|value| !value.is_empty())
    }

    /// All values of a list in the query, in upper case.
    fn list(&self, name: &str) -> Vec<String> {
        call::list(&self.query, name)
    }

    /// All values of a list in the query, as they were written.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, value)| key.strip_suffix("[]").unwrap_or(key) == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Whether a flag is set; nothing where it is absent.
    fn flag(&self, name: &str) -> Option<bool> {
        self.first(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A day of the query.
    fn day(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        let read = |text: &str| text.parse().ok().filter(|day: &NaiveDate| YEARS.contains(&day.year()));
        self.first(name).map(|text| read(text).ok_or_else(|| wrong(name, "is not a valid date"))).transpose()
    }

    /// A moment of the query.
    fn moment(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        // A blank before the time stands for a `T`; a blank after it is a plus sign that was not escaped.
        let read = |text: &str| -> Option<Timestamp> {
            let text = if text.contains('T') { text.to_owned() } else { text.replacen(' ', "T", 1) }.replace(' ', "+");
            let zoned = chrono::DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc());
            zoned.ok().or_else(|| text.parse::<chrono::NaiveDateTime>().ok().map(|moment| moment.and_utc()))
        };
        let read = |text: &str| read(text).filter(|moment| YEARS.contains(&moment.year()));
        self.first(name).map(|text| read(text).ok_or_else(|| wrong(name, "is not a valid date-time"))).transpose()
    }

    /// The path as it was called, for the answer's context.
    fn path(&self) -> &str {
        self.call.uri().path()
    }

    /// The body, a JSON object.
    fn body(&self) -> Result<Value, Refusal> {
        let body: Value = serde_json::from_slice(self.call.body())
            .map_err(|_| Refusal::Invalid("the body is not valid JSON".to_owned()))?;
        if body.is_object() { Ok(body) } else { Err(Refusal::Invalid("the body is not a JSON object".to_owned())) }
    }
}

/// A refusal that names a parameter.
fn wrong(domain: &str, reason: &str) -> Refusal {
    Refusal::Domains(vec![(domain.to_owned(), reason.to_owned())])
}

/// Answers a call of the API.
pub(crate) fn answer(world: &mut World, call: &Call, route: Option<&Route>, wall: Timestamp) -> Reply {
    match respond(world, call, route, wall) {
        Ok(Answer { status: 204, .. }) => call::reply(204, "application/json", String::new()),
        Ok(Answer { status, body }) => call::json(status, &body),
        Err(refusal) => call::json(refusal.status(), &refusal.body()),
    }
}

fn respond(world: &mut World, call: &Call, route: Option<&Route>, wall: Timestamp) -> Outcome {
    check_user_agent(call)?;
    let version = check_version(call)?;
    let route = route.ok_or(Refusal::NotFound)?;
    let caller = match route.endpoint.scope {
        Scope::Public => None,
        scope => Some(permitted(token::caller(world.state(), call, wall)?, scope)?),
    };
    let user = caller.map(|caller| caller.record()).transpose()?;
    let now = world.state().clock.now(wall);
    let asked = Asked {
        call,
        query: call::query(call),
        parts: route.parts.clone(),
        user,
        wall,
        now,
        seen: if user.is_some_and(|user| user.delayed) { now - DELAY } else { now },
        orders_need_start: version.is_some_and(|version| version >= ORDERS_NEED_START),
    };
    match route.endpoint.run {
        Run::Read(run) => run(world.state(), &asked),
        Run::Write(run) => run(&mut world.desk(wall), &asked),
    }
}

fn permitted(caller: Caller, scope: Scope) -> Result<Caller, Refusal> {
    let has = |wanted: &str| caller.scopes.iter().any(|scope| scope == wanted);
    let enough = match scope {
        Scope::Public => true,
        Scope::Read => has("read"),
        Scope::Trade => has("trade"),
        Scope::Either => has("read") || has("trade"),
    };
    if enough { Ok(caller) } else { Err(Refusal::InsufficientScopes) }
}

/// What an account has now, as it is told to those who follow it; `None` for a kind of thing that there is not.
pub(crate) fn news(state: &State, account: &'static Account, kind: &str, wall: Timestamp) -> Option<Vec<Value>> {
    let now = state.clock.now(wall);
    match kind {
        "AccountBalance" => Some(vec![balance_item(state, account, now)]),
        "CurrentPosition" => Some(account::position_items(state, account, now)),
        _ => None,
    }
}

/// `product/version`, as TastyTrade demands of every call.
pub(crate) fn check_user_agent(call: &Call) -> Result<(), Refusal> {
    let agent = call::header_text(call, header::USER_AGENT).unwrap_or_default();
    if agent == OFFICIAL_SDK {
        return Ok(());
    }
    let (product, version) = agent.split_once('/').ok_or(Refusal::NoUserAgent)?;
    let named =
        !product.is_empty() && !product.contains(' ') && version.bytes().next().is_some_and(|byte| byte != b' ');
    named.then_some(()).ok_or(Refusal::NoUserAgent)
}

/// `Accept-Version` is a day, and the newest version up to it is served; none asks for the oldest.
fn check_version(call: &Call) -> Result<Option<&str>, Refusal> {
    let name = http::HeaderName::from_static("accept-version");
    let Some(value) = call.headers().get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let day = text.len() == 8 && NaiveDate::parse_from_str(text, "%Y%m%d").is_ok();
    (day && text >= OLDEST_VERSION).then_some(Some(text)).ok_or(Refusal::UnsupportedVersion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_and_versions() {
        let with = |name: &str, value: &str| http::Request::get("/").header(name, value).body(Vec::new()).unwrap();
        for (agent, good) in [
            ("TTAI/0.1.0", true),
            ("python-httpx2/2.16.2", true),
            ("Mozilla/5.0 (X11)", true),
            ("tastytrade-sdk-js", true),
            ("curl", false),
            ("/1", false),
            ("a b/1", false),
            ("x/", false),
        ] {
            assert_eq!(check_user_agent(&with("user-agent", agent)).is_ok(), good, "{agent}");
        }
        for (version, good) in
            [("20251101", true), ("20250813", true), ("20250812", false), ("20251301", false), ("v1", false)]
        {
            assert_eq!(check_version(&with("accept-version", version)).is_ok(), good, "{version}");
        }
    }

    #[test]
    fn paths_find_their_endpoints() {
        let of = |method: &Method, path: &str| Route::of(method, path).map(|route| (route.pattern(), route.parts));
        assert_eq!(of(&Method::POST, "/customers/me"), None);
        assert_eq!(of(&Method::GET, "/customers/me/").unwrap().0, "/customers/me");
        let (pattern, parts) = of(&Method::GET, "/market-data/Equity/BRK%2FB").unwrap();
        assert_eq!((pattern, parts), ("/market-data/{type}/{symbol}", vec!["Equity".to_owned(), "BRK/B".to_owned()]));
        assert_eq!(of(&Method::GET, "/market-data/by-type").unwrap().0, "/market-data/by-type");
        let all: Vec<_> = GROUPS.iter().flat_map(|group| group.iter()).collect();
        for endpoint in &all {
            let path = endpoint.pattern.replace(['{', '}'], "x");
            let found = Route::of(&endpoint.method, &path).unwrap();
            assert_eq!(found.pattern(), endpoint.pattern, "hidden by another one");
        }
    }
}
