//! Rate limits, in windows of a minute: per network address on the addresses of the login, per user and class of calls on
//! everything else.
//!
//! Addresses are counted before the work, in one step. Users are counted after the answer: what a call reads is the count so
//! far, beside the grant's row, so that a limit costs no round trip. What this isolate has let in itself it remembers until
//! the window ends, so that one caller after another gets exactly the limit; calls that are under way in other isolates at
//! the same time may exceed it by their number.

mod address;
mod seen;

use domain::{Error, Reason, UserId};
use edge::{http::Request, vars};
use store::{
    Statement,
    limits::{self, Window},
};
use worker::Env;

use crate::{app::App, config::Environment};

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Registrations, per address.
    Register,
    /// Consent and login pages and their answers, per address.
    Authorize,
    /// Codes and refresh tokens, and revocations, per address.
    Token,
    /// Market data, per user.
    Market,
    /// The user's account, per user.
    Account,
    /// What starts work, per user.
    Analysis,
    /// What changes settings, and the forms of the pages, per user.
    Settings,
    /// Lists, resources, the status of jobs, and everything else, per user.
    Other,
}

impl Class {
    const ALL: [Self; 8] = [
        Self::Register,
        Self::Authorize,
        Self::Token,
        Self::Market,
        Self::Account,
        Self::Analysis,
        Self::Settings,
        Self::Other,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Market => "market",
            Self::Account => "account",
            Self::Analysis => "analysis",
            Self::Settings => "settings",
            Self::Other => "other",
        }
    }

    /// The variable that sets the limit, and the limit without it.
    const fn variable(self) -> (&'static str, u32) {
        match self {
            Self::Register => ("RATE_REGISTER", 20),
            Self::Authorize => ("RATE_AUTHORIZE", 60),
            Self::Token => ("RATE_TOKEN", 120),
            Self::Market => ("RATE_MARKET", 120),
            Self::Account => ("RATE_ACCOUNT", 60),
            Self::Analysis => ("RATE_ANALYSIS", 20),
            Self::Settings => ("RATE_SETTINGS", 30),
            Self::Other => ("RATE_OTHER", 300),
        }
    }
}

/// The limits per minute; 0 is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits([u32; Class::ALL.len()]);

impl Limits {
    /// Reads the variables. The error names the one that is no number.
    pub(crate) fn read(env: &Env) -> Result<Self, Error> {
        Self::parse(|name| vars::get(env, name))
    }

    /// The limits, by variables that are looked up here.
    pub(crate) fn parse(text: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let mut limits = [0; Class::ALL.len()];
        for (limit, class) in limits.iter_mut().zip(Class::ALL) {
            let (name, default) = class.variable();
            *limit = match text(name) {
                None => default,
                Some(text) => text.trim().parse().map_err(|_| {
                    Error::new(
                        Reason::NotConfigured,
                        format!("{name} is not a whole number. Set it to calls per minute, or to 0 for no limit."),
                    )
                })?,
            };
        }
        Ok(Self(limits))
    }

    /// The limit of a class, if it has one.
    fn of(&self, class: Class) -> Option<u32> {
        let mut limits = Class::ALL.into_iter().zip(self.0);
        limits.find_map(|(each, limit)| (each == class && limit > 0).then_some(limit))
    }
}

/// What has been counted of a user's calls, as it was read at the beginning of a request.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    class: Class,
    window: Window,
    count: u32,
}

/// The key under which a user's calls of a class are counted now; `None` where they have no limit.
pub(crate) fn key_of(app: &App<'_>, user: &UserId, class: Class) -> Option<String> {
    app.config.limits.of(class).map(|_| key(class, &format!("user:{}", user.as_str())))
}

/// The key says what is counted and, to nobody but us, whose.
fn key(class: Class, whose: &str) -> String {
    format!("{}:{}", class.word(), vault::token::hash(&format!("ttai:v1:rate:{whose}")))
}

/// The window of this request.
pub(crate) const fn window(app: &App<'_>) -> Window {
    Window::of(app.now)
}

impl Counted {
    /// What was read beside the grant.
    pub(crate) const fn new(app: &App<'_>, class: Class, count: u32) -> Self {
        Self { class, window: window(app), count }
    }
}

/// Lets a user's call in, or not. The statement counts it, to be run after the answer; there is none where there is no
/// limit. What was not read at the beginning is read now; where the database cannot be read the call is let in, since
/// whatever needs the database fails by itself.
pub(crate) async fn admit(
    app: &App<'_>,
    user: &UserId,
    class: Class,
    counted: Option<&Counted>,
) -> Result<Option<Statement>, Refused> {
    let (Some(limit), Some(key)) = (app.config.limits.of(class), key_of(app, user, class)) else { return Ok(None) };
    let window = window(app);
    let stored = match counted.filter(|counted| counted.class == class && counted.window == window) {
        Some(counted) => counted.count,
        None => limits::read(&app.db, &key, window).await.unwrap_or(0),
    };
    match seen::admit(&key, window, stored, limit) {
        seen::Verdict::In => Ok(Some(limits::bump(&key, window))),
        seen::Verdict::Out { is_first } => {
            let error = too_many(app, "Too many calls of this kind within a minute.");
            Err(Refused { error, is_first })
        }
    }
}

/// A call that is over the limit.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What the caller is told.
    pub(crate) error: Error,
    /// Whether it is the first of this user, class and window here.
    pub(crate) is_first: bool,
}

/// Lets a page's form in, or not; it is counted at once.
pub(crate) async fn form(app: &App<'_>, user: &UserId) -> Result<(), Error> {
    let Some(key) = key_of(app, user, Class::Settings) else { return Ok(()) };
    hit(app, Class::Settings, &key, 1, "Too many changes within a minute.").await
}

/// Lets a request of this network address in, or not; it is counted at once.
pub(crate) async fn address(app: &App<'_>, request: &Request, class: Class) -> Result<(), Error> {
    let is_test = app.config.environment == Environment::Development && address::is_loopback(app.config.public_url());
    let bucket = address::Bucket::of(request.headers(), is_test);
    let key = key(class, &bucket.name);
    hit(app, class, &key, bucket.factor, "Too many requests from this network within a minute.").await
}

/// Counts in one step and compares. What is known to be over the limit does not reach the database any more.
async fn hit(app: &App<'_>, class: Class, key: &str, factor: u32, what: &'static str) -> Result<(), Error> {
    let Some(limit) = app.config.limits.of(class).map(|limit| limit.saturating_mul(factor)) else { return Ok(()) };
    let window = window(app);
    if seen::is_over(key, window, limit) {
        return Err(too_many(app, what));
    }
    let count = limits::hit(&app.db, key, window).await?;
    if count <= limit {
        return Ok(());
    }
    seen::note(key, window, count);
    Err(too_many(app, what))
}

fn too_many(app: &App<'_>, what: &'static str) -> Error {
    let seconds = Window::seconds_left(app.now);
    Error::new(Reason::RateLimited, format!("{what} Try again in {seconds} seconds.")).with("retry_after", seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_variables_and_zero_is_none() {
        let limits = Limits::parse(|_| None).unwrap();
        for (class, limit) in [(Class::Register, 20), (Class::Token, 120), (Class::Market, 120), (Class::Other, 300)] {
            assert_eq!(limits.of(class), Some(limit));
        }
        let limits = Limits::parse(|name| match name {
            "RATE_REGISTER" => Some("0".to_owned()),
            "RATE_TOKEN" => Some(" 7 ".to_owned()),
            _ => None,
        });
        let limits = limits.unwrap();
        assert_eq!((limits.of(Class::Register), limits.of(Class::Token)), (None, Some(7)));
        assert_eq!(limits.of(Class::Authorize), Some(60));
    }

    #[test]
    fn a_limit_that_is_no_number_names_its_variable() {
        for text in ["many", "-1", "1.5", "99999999999"] {
            let error = Limits::parse(|name| (name == "RATE_OTHER").then(|| text.to_owned())).unwrap_err();
            assert_eq!(error.reason, Reason::NotConfigured);
            assert!(error.message.starts_with("RATE_OTHER is not a whole number."), "{}", error.message);
        }
    }

    #[test]
    fn a_key_holds_neither_id_nor_address_in_clear() {
        let key = key(Class::Market, "user:U0001111111");
        assert!(key.starts_with("market:") && !key.contains("U0001111111"), "{key}");
        assert_ne!(key, super::key(Class::Account, "user:U0001111111"));
    }
}
