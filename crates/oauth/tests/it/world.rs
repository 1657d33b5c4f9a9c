//! A server, a browser and an app.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    task::Poll,
};

use domain::{Timestamp, UserId};
use oauth::{
    Changes, Code, Config, Consent, Context, Error, Params, Refusal, Upstream,
    access::{self, Authenticated, Unauthorized},
    cimd::{Documents, Fetched, Unfetched},
    consent::Decided,
    cookie::Cookie,
    token::{Connection, Connections, Unconfirmed},
};
use serde_json::{Value, json};
use store::{Database, Outcome, Statement};
use testkit::{Seeded, Sqlite, block_on};
use vault::{JwtKeys, token::hash};

pub(crate) const PUBLIC: &str = "https://ttai.example";
pub(crate) const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// What is lost when the database fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The request: nothing happens.
    Request,
    /// The answer: it happens, and nobody learns of it.
    Answer,
}

/// The database, which fails when a test wants it to, and lets others go first where they run at the same time.
pub(crate) struct Db {
    sqlite: Sqlite,
    failing: Cell<Option<(u32, Loss)>>,
    failed: Cell<bool>,
    /// What the pauses are drawn from; without, there are none.
    pauses: Cell<Option<u64>>,
}

impl Db {
    /// `calls` more calls succeed, and the one after them fails.
    pub(crate) fn lose_after(&self, calls: u32, loss: Loss) {
        self.failing.set(Some((calls, loss)));
    }

    /// Takes back what was asked for and has not happened.
    pub(crate) fn heal(&self) {
        self.failing.set(None);
    }

    /// Whether a call has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// From now on each call lets others go first, as often as follows from the seed.
    pub(crate) fn interleave(&self, seed: u64) {
        self.pauses.set(Some(seed));
    }

    async fn pause(&self) {
        let Some(seed) = self.pauses.get() else { return };
        let next = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.pauses.set(Some(next));
        for _ in 0..(next >> 60) % 4 {
            let mut waited = false;
            std::future::poll_fn(|cx| {
                if std::mem::replace(&mut waited, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    fn loss(&self) -> Option<Loss> {
        let (calls, loss) = self.failing.get()?;
        self.failing.set(calls.checked_sub(1).map(|left| (left, loss)));
        self.failed.set(self.failed.get() || calls == 0);
        (calls == 0).then_some(loss)
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, store::Error>>) -> Result<T, store::Error> {
        let failure = || store::Error("a failure that the test asked for".to_owned());
        self.pause().await;
        let loss = self.loss();
        if loss == Some(Loss::Request) {
            return Err(failure());
        }
        let outcome = work.await;
        self.pause().await;
        if loss == Some(Loss::Answer) { Err(failure()) } else { outcome }
    }
}

impl Database for Db {
    async fn run(&self, statement: Statement) -> Result<Outcome, store::Error> {
        self.call(self.sqlite.run(statement)).await
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, store::Error> {
        self.call(self.sqlite.batch(statements)).await
    }
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) config: Config,
    pub(crate) entropy: Seeded,
    pub(crate) jwt: JwtKeys,
    pub(crate) now: Cell<Timestamp>,
    pub(crate) changes: Changes,
    pub(crate) outside: Outside,
}

/// The world beside the database: documents of apps, and what TastyTrade says of a user.
pub(crate) struct Outside {
    /// What each address answers; one that is not here does not answer.
    pub(crate) documents: RefCell<BTreeMap<String, Fetched>>,
    /// The addresses that were fetched.
    pub(crate) fetched: RefCell<Vec<String>>,
    /// How every user is connected.
    pub(crate) connection: Cell<Result<Connection, Unconfirmed>>,
    /// How often that was asked.
    pub(crate) confirmed: Cell<u32>,
}

impl Documents for Outside {
    async fn fetch(&self, address: &str) -> Result<Fetched, Unfetched> {
        self.fetched.borrow_mut().push(address.to_owned());
        self.documents.borrow().get(address).cloned().ok_or(Unfetched::Unreachable)
    }
}

impl Connections for Outside {
    async fn confirm(&self, _user: &UserId) -> Result<Connection, Unconfirmed> {
        self.confirmed.set(self.confirmed.get() + 1);
        self.connection.get()
    }
}

/// The pairs of a form or query.
pub(crate) type Pairs<'a> = Vec<(&'a str, String)>;

impl World {
    pub(crate) fn new() -> Self {
        Self {
            db: Db {
                sqlite: Sqlite::new(),
                failing: Cell::new(None),
                failed: Cell::new(false),
                pauses: Cell::new(None),
            },
            config: Config {
                public_url: PUBLIC.to_owned(),
                upstream: Some(Upstream {
                    client_id: "operator".to_owned(),
                    authorize_url: "https://my.tastytrade.example/auth.html".to_owned(),
                    scope: "read".to_owned(),
                }),
                clients: Vec::new(),
            },
            entropy: Seeded::new(1),
            jwt: JwtKeys::parse(Some("0123456789abcdef0123456789abcdef"), None).unwrap(),
            now: Cell::new(testkit::now()),
            outside: Outside {
                documents: RefCell::default(),
                fetched: RefCell::default(),
                connection: Cell::new(Ok(Connection::Holds)),
                confirmed: Cell::new(0),
            },
            changes: Changes::default(),
        }
    }

    pub(crate) fn cx(&self) -> Context<'_, Db, Seeded> {
        Context {
            db: &self.db,
            config: &self.config,
            entropy: &self.entropy,
            now: self.now.get(),
            changes: &self.changes,
        }
    }

    pub(crate) fn tick(&self, seconds: i64) {
        self.now.set(self.now.get() + chrono::TimeDelta::seconds(seconds));
    }

    /// Registers an app without a secret.
    pub(crate) fn app(&self, callback: &str) -> String {
        let body = json!({
            "client_name": format!("App at {callback}"),
            "redirect_uris": [callback],
            "token_endpoint_auth_method": "none",
        });
        self.register(&body).unwrap()["client_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn register(&self, body: &Value) -> Result<Value, Error> {
        block_on(oauth::register::register(&self.cx(), body.to_string().as_bytes()))
    }

    /// A correct authorization request.
    pub(crate) fn request(&self, client: &str, callback: &str) -> Pairs<'static> {
        vec![
            ("client_id", client.to_owned()),
            ("redirect_uri", callback.to_owned()),
            ("response_type", "code".to_owned()),
            ("code_challenge", hash(VERIFIER)),
            ("code_challenge_method", "S256".to_owned()),
            ("state", "s t".to_owned()),
            ("resource", format!("{PUBLIC}/mcp")),
        ]
    }

    pub(crate) fn authorize(&self, pairs: &Pairs<'_>, cookies: Option<&str>) -> Result<Consent, Refusal> {
        block_on(oauth::authorize::authorize(&self.cx(), &self.outside, &params(pairs), cookies))
    }

    pub(crate) fn decide(&self, pairs: &Pairs<'_>, cookies: Option<&str>) -> Result<Decided, Refusal> {
        block_on(oauth::consent::decide(&self.cx(), &params(pairs), cookies))
    }

    /// Says yes with a login at TastyTrade; the answer is the state that was sent there.
    pub(crate) fn say_yes(&self, consent: &Consent) -> String {
        let mut form = answer(consent, "login");
        form.extend(consent.scopes.iter().map(|scope| ("scope", scope.as_str().to_owned())));
        match self.decide(&form, Some(&cookie(consent))) {
            Ok(Decided::Upstream(address)) => param(&address, "state").unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Comes back from TastyTrade as this user; the answer is where the browser goes.
    pub(crate) fn come_back(&self, consent: &Consent, state: &str, user: &str) -> Result<String, Refusal> {
        let query = vec![("code", "upstream-code".to_owned()), ("state", state.to_owned())];
        let back = block_on(oauth::callback::come_back(&self.cx(), &params(&query), Some(&cookie(consent))))?;
        block_on(back.approved.finish(&self.cx(), &UserId::new(user).unwrap())).map(|done| done.location)
    }

    /// The whole way to a code.
    pub(crate) fn code(&self, client: &str, callback: &str, scope: Option<&str>) -> String {
        let mut request = self.request(client, callback);
        request.extend(scope.map(|scope| ("scope", scope.to_owned())));
        let consent = self.authorize(&request, None).unwrap();
        let state = self.say_yes(&consent);
        param(&self.come_back(&consent, &state, "U0001").unwrap(), "code").unwrap()
    }

    pub(crate) fn token(&self, pairs: &Pairs<'_>) -> Result<Value, Error> {
        self.token_as(None, pairs)
    }

    pub(crate) fn token_as(&self, authorization: Option<&str>, pairs: &Pairs<'_>) -> Result<Value, Error> {
        block_on(self.ask_token(authorization, pairs))
    }

    pub(crate) async fn ask_token(&self, authorization: Option<&str>, pairs: &Pairs<'_>) -> Result<Value, Error> {
        let body = body(pairs);
        let request = oauth::token::Request {
            content_type: Some("application/x-www-form-urlencoded"),
            authorization,
            body: body.as_bytes(),
        };
        oauth::token::token(&self.cx(), &self.jwt, &request, &self.outside).await
    }

    pub(crate) fn revoke(&self, pairs: &Pairs<'_>) -> Result<(), Error> {
        block_on(self.ask_revoke(pairs))
    }

    pub(crate) async fn ask_revoke(&self, pairs: &Pairs<'_>) -> Result<(), Error> {
        let body = body(pairs);
        let request = oauth::token::Request {
            content_type: Some("application/x-www-form-urlencoded; charset=UTF-8"),
            authorization: None,
            body: body.as_bytes(),
        };
        oauth::revoke::revoke(&self.cx(), &self.jwt, &request, &self.outside).await
    }

    /// A correct exchange.
    pub(crate) fn exchange(&self, client: &str, callback: &str, code: &str) -> Pairs<'static> {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", client.to_owned()),
            ("redirect_uri", callback.to_owned()),
            ("code", code.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
            ("resource", format!("{PUBLIC}/mcp")),
        ]
    }

    /// A correct refresh.
    pub(crate) fn refresh(&self, client: &str, token: &str) -> Pairs<'static> {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", client.to_owned()),
            ("refresh_token", token.to_owned()),
        ]
    }

    pub(crate) fn authenticate(&self, access_token: &str) -> Result<Authenticated, Unauthorized> {
        let header = format!("Bearer {access_token}");
        block_on(access::authenticate(&self.db, &self.jwt, &self.config, self.now.get(), Some(&header)))
    }
}

pub(crate) fn params(pairs: &Pairs<'_>) -> Params {
    Params::parse(body(pairs).as_bytes())
}

fn body(pairs: &Pairs<'_>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The beginning of an answer to a page.
pub(crate) fn answer(consent: &Consent, decision: &str) -> Pairs<'static> {
    vec![("request", consent.handle.expose().to_owned()), ("decision", decision.to_owned())]
}

/// The `Cookie` header of the browser that got this page.
pub(crate) fn cookie(consent: &Consent) -> String {
    format!("{}={}", Cookie::Login.name(), consent.browser.expose())
}

/// A parameter of an address.
pub(crate) fn param(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Sets or adds a parameter.
pub(crate) fn with<'a>(mut pairs: Pairs<'a>, name: &'a str, value: &str) -> Pairs<'a> {
    pairs.retain(|(other, _)| *other != name);
    pairs.push((name, value.to_owned()));
    pairs
}

/// Removes a parameter.
pub(crate) fn without<'a>(mut pairs: Pairs<'a>, name: &str) -> Pairs<'a> {
    pairs.retain(|(other, _)| *other != name);
    pairs
}

pub(crate) fn code_of<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code
}

/// What a browser is told on our page.
pub(crate) fn page<T: std::fmt::Debug>(result: Result<T, Refusal>) -> &'static str {
    match result {
        Err(Refusal::Page(error)) => error.code.as_str(),
        other => panic!("{other:?}"),
    }
}

/// What an app is told at its address; `state` and `iss` must be there.
pub(crate) fn redirected<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    match result {
        Err(Refusal::Redirect(address)) => {
            assert_eq!(param(&address, "state").as_deref(), Some("s t"), "{address}");
            assert_eq!(param(&address, "iss").as_deref(), Some(PUBLIC), "{address}");
            assert!(param(&address, "code").is_none(), "{address}");
            param(&address, "error").unwrap()
        }
        other => panic!("{other:?}"),
    }
}
