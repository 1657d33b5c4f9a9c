//! What the fuzz targets share: the form of an input, a fixed server, and a database that knows a handful of rows.
//!
//! An input is text wherever that is possible, so that a seed can be written and a crash be read by a person. A target
//! says at its head how it reads one. It fails by panicking: in the product's code, or in an assertion of its own about
//! what the product answered.

pub mod protocol;

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    task::{Context, Poll, Waker},
};

use domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use oauth::{
    Config, Upstream,
    cimd::{Documents, Fetched, Unfetched},
    token::{Connection, Connections, Unconfirmed},
};
use serde_json::{Value, json};
use store::{Database, Error, Outcome, Statement};
use vault::{Entropy, JwtKeys, KeyRing, token};

/// Where the server is reached.
pub const PUBLIC: &str = "https://ttai.example";
/// TastyTrade's login page.
pub const UPSTREAM: &str = "https://my.tastytrade.example/auth.html";
/// The secret of access tokens.
pub const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What the registered apps may be answered at.
pub const CALLBACKS: [&str; 3] = ["https://app.example/cb", "https://app.example/cb?keep=1", "http://localhost/cb"];
/// The app without a secret.
pub const OPEN_APP: &str = "open";
/// The app with one, which is [`APP_SECRET`].
pub const CLOSED_APP: &str = "closed";
/// The secret of [`CLOSED_APP`].
pub const APP_SECRET: &str = "hunter2";
/// The PKCE verifier of [`code`].
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
/// What the user allowed.
pub const GRANTED: &str = "market:read account:read";
/// The user.
pub const USER: &str = "U0001";
/// The grant.
pub const GRANT: &str = "g1";

/// An opaque token of this kind that ends in 43 times this letter.
pub fn opaque(kind: token::Kind, letter: char) -> String {
    format!("{}{}", kind.prefix(), String::from(letter).repeat(43))
}

/// 2026-11-20 15:30:00 UTC.
pub fn now() -> Timestamp {
    Timestamp::from_timestamp(1_795_188_600, 0).unwrap()
}

/// The server's configuration.
pub fn config() -> Config {
    Config {
        public_url: PUBLIC.to_owned(),
        upstream: Some(Upstream {
            client_id: "operator".to_owned(),
            authorize_url: UPSTREAM.to_owned(),
            scope: "read".to_owned(),
        }),
        clients: Vec::new(),
    }
}

/// The keys of access tokens.
pub fn jwt_keys() -> JwtKeys {
    JwtKeys::parse(Some(JWT_SECRET), None).unwrap()
}

/// The keys of what is stored: 32 times the byte 1, and before that 32 times the byte 2.
pub fn key_ring() -> KeyRing {
    KeyRing::parse(
        Some("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        Some("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="),
    )
    .unwrap()
}

/// Splits an input in two at the first empty line. Without one everything is the second part.
pub fn parts(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (&[], data),
    }
}

/// The first line, and what follows it.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// The headers in lines of `name: value`. What cannot be a header is left out, as the platform would.
pub fn headers(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The value of a header that is text.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Runs a future that waits for nothing.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits, and nothing here would wake it"),
    }
}

/// Random bytes that are the same at each run.
#[derive(Default)]
pub struct Counting(Cell<u8>);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_mul(5).wrapping_add(11));
            *byte = self.0.get();
        }
    }
}

/// A database with two apps, one visit, a fresh and a used code, and one refresh token. It keeps what it was asked to do.
#[derive(Default)]
pub struct Db {
    /// The statements, in their order.
    pub statements: RefCell<Vec<Statement>>,
}

impl Db {
    /// Whether a text was stored, as the whole or as a part of a parameter.
    pub fn holds(&self, text: &str) -> bool {
        self.statements.borrow().iter().any(|statement| {
            statement.params.iter().any(|param| matches!(param, store::Value::Text(stored) if stored.contains(text)))
        })
    }
}

impl Database for Db {
    async fn run(&self, statement: Statement) -> Result<Outcome, Error> {
        let rows = rows(&statement);
        self.statements.borrow_mut().push(statement);
        Ok(Outcome { changes: 1, rows })
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        Ok(statements.into_iter().map(|statement| block_on(self.run(statement))).collect::<Result<_, _>>().unwrap())
    }
}

/// What the database answers to a statement, by the table that it names first.
fn rows(statement: &Statement) -> Vec<Value> {
    let words: Vec<&str> = statement.sql.split_whitespace().collect();
    let after = |word: &str| words.iter().position(|other| *other == word).and_then(|at| words.get(at + 1)).copied();
    let param = |at: usize| match statement.params.get(at) {
        Some(store::Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let is = |at: usize, text: &str| param(at) == token::hash(text);
    let row = match (words.first().copied(), after("FROM"), after("UPDATE"), after("INTO")) {
        (Some("SELECT"), Some("oauth_clients"), ..) if statement.sql.contains("WHERE id") => client(param(0)),
        (Some("SELECT"), Some("oauth_codes"), ..) if is(0, &opaque(token::Kind::Code, 'A')) => Some(code(false)),
        (Some("SELECT"), Some("oauth_codes"), ..) if is(0, &opaque(token::Kind::Code, 'B')) => Some(code(true)),
        (Some("SELECT"), Some("refresh_tokens"), ..) if is(0, &opaque(token::Kind::Refresh, 'A')) => Some(refresh()),
        (Some("SELECT"), Some("grants"), ..) if param(0) == USER && param(1) == GRANT => {
            Some(json!({"last_used_at": now().timestamp_millis()}))
        }
        (Some("SELECT"), Some("api_keys"), ..) if is(0, &opaque(token::Kind::ApiKey, 'A')) => {
            Some(json!({"user_id": USER, "id": "k1", "scopes": GRANTED, "last_used_at": null}))
        }
        (Some("SELECT"), Some("oauth_requests"), ..) if statement.sql.contains("1 AS found") => None,
        (Some("SELECT"), Some("oauth_requests"), ..) | (Some("UPDATE"), _, Some("oauth_requests"), _)
            if (is(0, &opaque(token::Kind::Request, 'A')) || is(0, &opaque(token::Kind::State, 'A')))
                && is(1, &opaque(token::Kind::Browser, 'A')) =>
        {
            Some(visit())
        }
        (Some("UPDATE"), _, Some("oauth_codes"), _) => Some(json!({"code_hash": param(1)})),
        (Some("INSERT"), .., Some("client_document_fetches")) => {
            Some(json!({"attempts": 1, "failure": null, "is_outage": 0}))
        }
        (Some("INSERT"), .., Some("refresh_tokens")) => Some(json!({"token_hash": param(3)})),
        _ => None,
    };
    row.into_iter().collect()
}

fn client(id: &str) -> Option<Value> {
    let secret = match id {
        OPEN_APP => None,
        CLOSED_APP => Some(token::hash(APP_SECRET)),
        _ => return None,
    };
    Some(json!({
        "id": id,
        "name": "An app",
        "redirect_uris": json!(CALLBACKS).to_string(),
        "auth_method": if secret.is_some() { "client_secret_basic" } else { "none" },
        "secret_hash": secret,
        "metadata": "{}",
        "fingerprint": "",
        "created_at": now().timestamp_millis(),
        "expires_at": now().timestamp_millis() + 86_400_000,
    }))
}

fn code(is_used: bool) -> Value {
    json!({
        "code_hash": token::hash(&opaque(token::Kind::Code, if is_used { 'B' } else { 'A' })),
        "user_id": USER,
        "client_id": OPEN_APP,
        "redirect_uri": CALLBACKS[0],
        "code_challenge": token::hash(VERIFIER),
        "resource": format!("{PUBLIC}/mcp"),
        "scopes": GRANTED,
        "created_at": now().timestamp_millis(),
        "expires_at": now().timestamp_millis() + 60_000,
        "grant_id": is_used.then_some(GRANT),
    })
}

fn refresh() -> Value {
    json!({
        "token_hash": token::hash(&opaque(token::Kind::Refresh, 'A')),
        "user_id": USER,
        "grant_id": GRANT,
        "generation": 0,
        "expires_at": now().timestamp_millis() + 86_400_000,
        "used_at": null,
        "client_id": CLOSED_APP,
        "scopes": GRANTED,
        "is_revoked": 0,
        "is_disconnected": 0,
    })
}

fn visit() -> Value {
    json!({
        "handle_hash": token::hash(&opaque(token::Kind::Request, 'A')),
        "kind": "client",
        "cookie_hash": token::hash(&opaque(token::Kind::Browser, 'A')),
        "client_id": OPEN_APP,
        "redirect_uri": CALLBACKS[1],
        "state": "s t",
        "code_challenge": token::hash(VERIFIER),
        "resource": format!("{PUBLIC}/mcp"),
        "return_to": null,
        "scopes": GRANTED,
        "granted_scopes": GRANTED,
        "attempts": 0,
        "created_at": now().timestamp_millis(),
        "expires_at": now().timestamp_millis() + 600_000,
    })
}

/// The world outside: no app has a document, and everybody is connected.
pub struct Outside;

impl Documents for Outside {
    async fn fetch(&self, _address: &str) -> Result<Fetched, Unfetched> {
        Ok(Fetched { status: 404, ..Fetched::default() })
    }
}

impl Connections for Outside {
    async fn confirm(&self, user: &domain::UserId) -> Result<Connection, Unconfirmed> {
        assert_eq!(user.as_str(), USER);
        Ok(Connection::Holds)
    }
}

/// Checks an OAuth error as it goes out: a word of the RFCs, a status of them, and one sentence of ours.
pub fn check_oauth_error(error: &oauth::Error) {
    assert!(matches!(error.code.status(), 400 | 401 | 413), "status {}", error.code.status());
    let text = error.description.as_ref();
    assert!((10..200).contains(&text.len()) && text.ends_with('.'), "{text}");
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "text from outside: {text}");
    let body = error.json();
    assert_eq!(body["error"], error.code.as_str());
    assert_eq!(body["error_description"], text);
}
