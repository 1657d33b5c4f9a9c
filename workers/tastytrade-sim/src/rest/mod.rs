//! The REST endpoints: which there are, who may call them, and what they answer.

mod account;
mod customer;
mod market_data;
mod market_time;
mod quote_tokens;

use chrono::{NaiveDate, TimeDelta};
use domain::Timestamp;
use http::{Method, header};
use serde_json::Value;

use crate::{
    accounts::{self, Account},
    call::{self, Call, Reply},
    oauth::token::{self, Caller},
    state::State,
    users::{self, User},
    wire::Refusal,
};

/// The oldest version of the API that is still served.
const OLDEST_VERSION: &str = "20250813";
/// What TastyTrade's own SDK for JavaScript calls itself, without a version.
const OFFICIAL_SDK: &str = "tastytrade-sdk-js";
/// How late delayed quotes are.
pub(crate) const DELAY: TimeDelta = TimeDelta::minutes(15);

/// An endpoint with what its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Customer,
    Accounts,
    Account(String),
    Balances(String),
    Balance(String, String),
    Positions(String),
    TradingStatus(String),
    MarketDataByType,
    MarketData(String, String),
    MarketMetrics,
    CurrentSessions,
    QuoteTokens,
}

impl Route {
    /// The endpoint of a path; all of them are read with GET.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        if method != Method::GET {
            return None;
        }
        let segments = call::segments(path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match parts.as_slice() {
            ["customers", "me"] => Self::Customer,
            ["customers", "me", "accounts"] => Self::Accounts,
            ["customers", "me", "accounts", number] => Self::Account((*number).to_owned()),
            ["accounts", number, "balances"] => Self::Balances((*number).to_owned()),
            ["accounts", number, "balances", currency] => Self::Balance((*number).to_owned(), (*currency).to_owned()),
            ["accounts", number, "positions"] => Self::Positions((*number).to_owned()),
            ["accounts", number, "trading-status"] => Self::TradingStatus((*number).to_owned()),
            ["market-data", "by-type"] => Self::MarketDataByType,
            ["market-data", kind, symbol] => Self::MarketData((*kind).to_owned(), (*symbol).to_owned()),
            ["market-metrics"] => Self::MarketMetrics,
            ["market-time", "sessions", "current"] => Self::CurrentSessions,
            ["api-quote-tokens"] => Self::QuoteTokens,
            _ => return None,
        })
    }

    /// The path with names in place of what differs.
    pub(crate) fn pattern(&self) -> &'static str {
        match self {
            Self::Customer => "/customers/me",
            Self::Accounts => "/customers/me/accounts",
            Self::Account(_) => "/customers/me/accounts/{n}",
            Self::Balances(_) => "/accounts/{n}/balances",
            Self::Balance(..) => "/accounts/{n}/balances/{currency}",
            Self::Positions(_) => "/accounts/{n}/positions",
            Self::TradingStatus(_) => "/accounts/{n}/trading-status",
            Self::MarketDataByType => "/market-data/by-type",
            Self::MarketData(..) => "/market-data/{type}/{symbol}",
            Self::MarketMetrics => "/market-metrics",
            Self::CurrentSessions => "/market-time/sessions/current",
            Self::QuoteTokens => "/api-quote-tokens",
        }
    }
}

/// What an endpoint has to answer from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub state: &'a State,
    pub call: &'a Call,
    pub user: &'static User,
    /// The market's time.
    pub now: Timestamp,
    /// The time of the market data that this user sees.
    pub seen: Timestamp,
}

/// Answers a call that may be for an endpoint.
pub(crate) fn answer(state: &State, call: &Call, route: Option<&Route>, wall: Timestamp) -> Reply {
    match respond(state, call, route, wall) {
        Ok(body) => call::json(200, &body),
        Err(refusal) => call::json(refusal.status(), &refusal.body()),
    }
}

fn respond(state: &State, call: &Call, route: Option<&Route>, wall: Timestamp) -> Result<Value, Refusal> {
    check_user_agent(call)?;
    check_version(call)?;
    let route = route.ok_or(Refusal::NotFound)?;
    let caller = token::caller(state, call, wall)?;
    if !caller.scopes.iter().any(|scope| scope == "read") {
        return Err(Refusal::InsufficientScopes);
    }
    let (user, now) = (caller.record()?, state.clock.now(wall));
    let context = Context { state, call, user, now, seen: if user.delayed { now - DELAY } else { now } };
    match route {
        Route::Customer => Ok(customer::me(&context)),
        Route::Accounts => Ok(customer::accounts(&context)),
        Route::Account(number) => Ok(customer::account(&context, own(&caller, number)?)),
        Route::Balances(number) => Ok(account::balances(&context, own(&caller, number)?)),
        Route::Balance(number, currency) => account::balance(&context, own(&caller, number)?, currency),
        Route::Positions(number) => Ok(account::positions(&context, own(&caller, number)?)),
        Route::TradingStatus(number) => Ok(account::trading_status(&context, own(&caller, number)?)),
        Route::MarketDataByType => market_data::by_type(&context),
        Route::MarketData(kind, symbol) => market_data::one(&context, kind, symbol),
        Route::MarketMetrics => market_data::metrics(&context),
        Route::CurrentSessions => market_time::current_sessions(&context),
        Route::QuoteTokens => Ok(quote_tokens::token(&context, wall)),
    }
}

/// What an account has now, as it is told to those who follow it; `None` for a kind of thing that there is not.
pub(crate) fn news(state: &State, account: &'static Account, kind: &str, wall: Timestamp) -> Option<Vec<Value>> {
    let call = http::Request::get("/?include-marks=true").body(Vec::new()).ok()?;
    let (user, now) = (users::by_name(account.owner)?, state.clock.now(wall));
    let context = Context { state, call: &call, user, now, seen: now };
    match kind {
        "AccountBalance" => Some(vec![account::balance(&context, account, "USD").ok()?["data"].take()]),
        "CurrentPosition" => account::positions(&context, account)["data"]["items"].take().as_array().cloned(),
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
fn check_version(call: &Call) -> Result<(), Refusal> {
    let name = http::HeaderName::from_static("accept-version");
    let Some(value) = call.headers().get(name) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let day = text.len() == 8 && NaiveDate::parse_from_str(text, "%Y%m%d").is_ok();
    (day && text >= OLDEST_VERSION).then_some(()).ok_or(Refusal::UnsupportedVersion)
}

/// The caller's account of that number.
fn own(caller: &Caller, number: &str) -> Result<&'static Account, Refusal> {
    let account = accounts::find(number).ok_or(Refusal::NotFound)?;
    if account.owner == caller.user { Ok(account) } else { Err(Refusal::NotPermitted) }
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
    fn only_reading_is_routed() {
        assert_eq!(Route::of(&Method::POST, "/customers/me"), None);
        assert_eq!(Route::of(&Method::GET, "/customers/me/"), Some(Route::Customer));
        let equity = Route::MarketData("Equity".to_owned(), "BRK/B".to_owned());
        assert_eq!(Route::of(&Method::GET, "/market-data/Equity/BRK%2FB"), Some(equity));
    }
}
