//! Apps whose `client_id` is the address of a document about them (OAuth Client ID Metadata Documents).
//!
//! Whoever sends such an id makes this server fetch it, so the address is judged first, each document is asked for a few
//! times a minute at most, and what comes is bounded. Valid documents alone are kept, as rows like those of registered apps,
//! until their time is up; a use does not prolong them. Then the document is fetched again:
//!
//! - At the authorization endpoint a document that cannot be had is an error, since the row's redirect addresses may be
//!   those of yesterday.
//! - At the token and revocation endpoints an outage of the document's host does not end connections: the last valid row
//!   serves for [`STALE`](store::identity::clients::STALE) more. No redirect address is taken from it there; a code knows
//!   its own. A document that has gone, or is no longer valid, is refused there too.
//!
//! Two documents of Anthropic's apps have copies here for when their host turns this server away, as it does with some
//! data centres.

use std::borrow::Cow;

use chrono::TimeDelta;
use serde_json::{Value, json};
use store::{
    Database,
    identity::{clients, clients::ClientRow, documents},
};
use url::{Host, Url};
use vault::{Entropy, token};

use crate::{Code, Context, Error, earlier, later, redirect, register};

/// The largest document, in bytes.
pub const MAX_DOCUMENT: usize = 5 * 1024;
/// How long a fetch may take.
pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);

/// The longest address, in bytes.
const MAX_ADDRESS: usize = 2048;
/// A document is kept for at least this long, whatever it says: a login reads it more than once.
const FLOOR: TimeDelta = TimeDelta::minutes(5);
/// How long one is kept that does not say for how long.
const DEFAULT: TimeDelta = TimeDelta::hours(1);
/// A document is kept for this long at most.
const CEILING: TimeDelta = TimeDelta::days(7);
/// How long a copy of ours stands in before the live document is tried again.
const STAND_IN: TimeDelta = TimeDelta::hours(1);
/// The most attempts at documents of one host within a minute. Hosts that many apps share need some; whoever wants others
/// not to connect has to keep at it, and the rate limit of the authorization endpoint stands before it.
const PER_HOST: i64 = 60;

/// Fetches documents.
#[expect(async_fn_in_trait, reason = "futures are not Send on the platform, and need not be")]
pub trait Documents {
    /// Fetches this address once, within [`DEADLINE`], without following a redirect, without credentials. The body may be
    /// cut once it is longer than [`MAX_DOCUMENT`].
    async fn fetch(&self, address: &str) -> Result<Fetched, Unfetched>;
}

/// What came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Cache-Control` header.
    pub cache_control: Option<String>,
    /// The body, or its beginning if it is too long.
    pub body: Vec<u8>,
}

/// Why nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfetched {
    /// Not within the deadline.
    TimedOut,
    /// The host does not exist, or the connection failed.
    Unreachable,
}

/// The address of a document, fit to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<'a> {
    text: &'a str,
    host: String,
}

impl<'a> Address<'a> {
    /// Judges an address. It must be spelled as a URL parser would write it: then there is one spelling for one document,
    /// and no dot segment, default port, upper-case host or IP address in disguise is left to be thought of.
    pub fn parse(text: &'a str, public_url: &str) -> Result<Self, Flaw> {
        let url = Url::parse(text).ok().filter(|url| url.as_str() == text).ok_or(FORM)?;
        let plain = url.scheme() == "https"
            && text.len() <= MAX_ADDRESS
            && url.username().is_empty()
            && url.password().is_none()
            && url.port().is_none()
            && url.fragment().is_none()
            && url.path() != "/";
        let Some(Host::Domain(host)) = url.host().filter(|_| plain) else { return Err(FORM) };
        let ours = Url::parse(public_url).ok();
        let is_ours = ours.as_ref().and_then(Url::host_str).is_some_and(|ours| ours.eq_ignore_ascii_case(host));
        if is_ours || !is_public(host) { Err(PRIVATE) } else { Ok(Self { text, host: host.to_owned() }) }
    }

    /// The address.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }
}

/// Whether a name may belong to a server on the internet. The parser has made it lower case.
fn is_public(host: &str) -> bool {
    const PRIVATE: [&str; 6] = ["localhost", "local", "internal", "lan", "onion", "home.arpa"];
    let within = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    host.contains('.')
        && host.bytes().all(plain)
        && host.split('.').all(|label| !label.is_empty())
        && !PRIVATE.iter().any(|name| within(name))
}

/// Whether an id is meant to be an address. Ids that we give out have no colon.
pub fn is_address(client_id: &str) -> bool {
    client_id.contains(':')
}

/// What is wrong with an address or a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    description: Cow<'static, str>,
    /// The document may be all right; it cannot be had at the moment.
    is_outage: bool,
}

impl Flaw {
    const fn new(description: &'static str) -> Self {
        Self { description: Cow::Borrowed(description), is_outage: false }
    }

    const fn outage(description: &'static str) -> Self {
        Self { description: Cow::Borrowed(description), is_outage: true }
    }

    /// Whether it may pass.
    pub const fn is_outage(&self) -> bool {
        self.is_outage
    }

    /// As an error, `invalid_client`.
    pub fn error(self) -> Error {
        Error::new(Code::InvalidClient, self.description)
    }
}

const FORM: Flaw = Flaw::new(
    "A client_id with a colon must be the plain https address of a document about the app: a host name and a path, no \
     user name, port, fragment or dot segments.",
);
const PRIVATE: Flaw =
    Flaw::new("The app's client_id leads to this server itself, or to a host that is not on the public internet.");
const UNREACHABLE: Flaw =
    Flaw::outage("The document that the app's client_id leads to could not be fetched. Try again in a minute.");
const TIMED_OUT: Flaw = Flaw::outage(
    "The document that the app's client_id leads to did not come within ten seconds. Try again in a minute.",
);
const FAILING: Flaw = Flaw::outage("The host of the app's client_id is failing at the moment. Try again in a minute.");
const TOO_OFTEN: Flaw =
    Flaw::outage("The document that the app's client_id leads to was asked for too often. Try again in a minute.");
const REDIRECTED: Flaw =
    Flaw::new("The app's client_id redirects to another address. It must be the address of the document itself.");
const NOT_FOUND: Flaw = Flaw::new("There is no document where the app's client_id leads to: the status is not 200.");
const TOO_LARGE: Flaw = Flaw::new("The document that the app's client_id leads to is larger than 5 KB.");
const NOT_JSON: Flaw = Flaw::new("What the app's client_id leads to is not a JSON object with a JSON content type.");
const OTHER_ID: Flaw = Flaw::new("The document's client_id is not exactly the address that it was fetched from.");
const NO_NAME: Flaw = Flaw::new("The document that the app's client_id leads to has no client_name.");
const SECRET: Flaw = Flaw::new(
    "The document that the app's client_id leads to names a client secret. Everybody can read it, so it proves nothing.",
);
const METHOD: Flaw = Flaw::new("The document's token_endpoint_auth_method must be none.");

/// What a document says of its app, as the row to be kept.
pub fn read(address: &Address<'_>, fetched: &Fetched, now: domain::Timestamp) -> Result<ClientRow, Flaw> {
    match fetched.status {
        200 => {}
        300..=399 => return Err(REDIRECTED),
        429 | 500..=599 => return Err(FAILING),
        _ => return Err(NOT_FOUND),
    }
    if fetched.body.len() > MAX_DOCUMENT {
        return Err(TOO_LARGE);
    }
    if !is_json(fetched.content_type.as_deref()) {
        return Err(NOT_JSON);
    }
    let document: Value = serde_json::from_slice(&fetched.body).map_err(|_| NOT_JSON)?;
    row(address, &document, later(now, lifetime(fetched.cache_control.as_deref())), now)
}

fn row(
    address: &Address<'_>,
    document: &Value,
    expires_at: domain::Timestamp,
    now: domain::Timestamp,
) -> Result<ClientRow, Flaw> {
    let mut document = document.as_object().ok_or(NOT_JSON)?.clone();
    if document.get("client_id").and_then(Value::as_str) != Some(address.text) {
        return Err(OTHER_ID);
    }
    if document.contains_key("client_secret") || document.contains_key("client_secret_expires_at") {
        return Err(SECRET);
    }
    if document.get("token_endpoint_auth_method").is_some_and(|method| method != "none") {
        return Err(METHOD);
    }
    // Registered apps that say nothing get a secret; here there is none to be had.
    document.insert("token_endpoint_auth_method".to_owned(), json!("none"));
    let kept = register::read(&document).map_err(|error| Flaw { description: error.description, is_outage: false })?;
    let name = kept.get("client_name").and_then(Value::as_str).ok_or(NO_NAME)?.to_owned();
    let metadata = serde_json::to_string(&kept).unwrap_or_default();
    Ok(ClientRow {
        id: address.text.to_owned(),
        name: Some(name),
        redirect_uris: kept.get("redirect_uris").map(Value::to_string).unwrap_or_default(),
        auth_method: "none".to_owned(),
        secret_hash: None,
        // Never that of a registration in the same words.
        fingerprint: token::hash(&format!("document\n{metadata}")),
        metadata,
        created_at: now,
        expires_at,
    })
}

fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|text| text.split(';').next()).map(|text| text.trim().to_ascii_lowercase());
    essence.is_some_and(|essence| {
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    })
}

/// How long a document is kept.
fn lifetime(cache_control: Option<&str>) -> TimeDelta {
    let directives = || cache_control.unwrap_or_default().split(',').map(|text| text.trim().to_ascii_lowercase());
    if directives().any(|directive| directive == "no-store" || directive.starts_with("no-cache")) {
        return FLOOR;
    }
    let seconds = directives().find_map(|directive| {
        let digits = directive.strip_prefix("max-age")?.trim_start().strip_prefix('=')?.trim().trim_matches('"');
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than fit are a long time as well.
        is_number.then(|| digits.parse::<u32>().unwrap_or(u32::MAX))
    });
    seconds.map_or(DEFAULT, |seconds| TimeDelta::seconds(seconds.into()).clamp(FLOOR, CEILING))
}

/// What the app is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To send a browser to it.
    Authorize,
    /// To answer its own request.
    Answer,
}

/// The app behind an address: from the cache, or fetched now.
pub(crate) async fn find<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    documents: &impl Documents,
    client_id: &str,
    purpose: Purpose,
) -> Result<ClientRow, Error> {
    let address = Address::parse(client_id, &cx.config.public_url).map_err(Flaw::error)?;
    let known = clients::last_known(cx.db, address.text).await?;
    if let Some(fresh) = known.as_ref().filter(|row| row.expires_at > cx.now) {
        return Ok(fresh.clone());
    }
    let flaw = match load(cx, documents, &address).await? {
        Ok(row) => return Ok(row),
        Err(flaw) => flaw,
    };
    if let Some(row) = copy(&address, cx.now) {
        clients::keep_document(cx.db, &row).await?;
        return Ok(row);
    }
    if purpose == Purpose::Authorize || !flaw.is_outage {
        return Err(flaw.error());
    }
    known.filter(|row| row.expires_at > earlier(cx.now, clients::STALE)).ok_or_else(|| {
        // The app may be known again in a minute; told that it is unknown it would forget the user's login.
        Error::new(Code::TemporarilyUnavailable, flaw.description)
    })
}

/// Fetches and keeps the document, unless it was asked for too often or failed just now.
async fn load<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    port: &impl Documents,
    address: &Address<'_>,
) -> Result<Result<ClientRow, Flaw>, Error> {
    let attempt = documents::begin(cx.db, address.text, &address.host, cx.now).await?;
    if let Some(failure) = attempt.failure {
        return Ok(Err(Flaw { description: failure.into(), is_outage: attempt.is_outage == 1 }));
    }
    if attempt.attempts > documents::PER_DOCUMENT || attempt.others_of_host >= PER_HOST {
        return Ok(Err(TOO_OFTEN));
    }
    let fetched = port.fetch(address.text).await.map_err(|why| match why {
        Unfetched::TimedOut => TIMED_OUT,
        Unfetched::Unreachable => UNREACHABLE,
    });
    match fetched.and_then(|fetched| read(address, &fetched, cx.now)) {
        Ok(row) => {
            clients::keep_document(cx.db, &row).await?;
            Ok(Ok(row))
        }
        Err(flaw) => {
            documents::failed(cx.db, address.text, &flaw.description, flaw.is_outage).await?;
            Ok(Err(flaw))
        }
    }
}

/// Our copies of well-known documents: address, name, redirect addresses.
const COPIES: [(&str, &str, &[&str]); 2] = [
    (
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
        "Claude",
        &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    ),
    (
        "https://claude.ai/oauth/claude-code-client-metadata",
        "Claude Code",
        &["http://localhost/callback", "http://127.0.0.1/callback"],
    ),
];

fn copy(address: &Address<'_>, now: domain::Timestamp) -> Option<ClientRow> {
    let (id, name, redirect_uris) = COPIES.into_iter().find(|(id, ..)| *id == address.text)?;
    let document = json!({ "client_id": id, "client_name": name, "redirect_uris": redirect_uris });
    row(address, &document, later(now, STAND_IN), now).ok()
}

/// Development only: where the documents of some hosts are really fetched from, so that a server with a certificate can be
/// played by one on this machine. Applied after the address was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<(String, String)>);

impl Hosts {
    /// Reads `CIMD_HOSTS`: `client.example=127.0.0.1:9123,other.example=localhost:9124`. It counts on a server for
    /// development that is itself reached at a loopback address; anywhere else the map is empty, whatever the text says.
    pub fn parse(text: Option<&str>, is_development: bool, public_url: &str) -> Result<Self, String> {
        let Some(text) = text.filter(|_| is_development && redirect::is_loopback(public_url)) else {
            return Ok(Self::default());
        };
        let pair = |pair: &str| {
            let (host, target) = pair.trim().split_once('=')?;
            let leads_here = redirect::is_loopback(&format!("http://{target}/")) && !target.contains(['/', '?']);
            leads_here.then(|| (host.to_owned(), target.to_owned()))
        };
        let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
        pairs.map(|text| pair(text).ok_or(text)).collect::<Result<_, _>>().map(Self).map_err(|wrong| {
            format!("CIMD_HOSTS has an entry that is not host=127.0.0.1:port, for example client.example=127.0.0.1:9123: {wrong}")
        })
    }

    /// Where to fetch an address from: mostly the address itself.
    pub fn locate<'a>(&self, address: &'a str) -> Cow<'a, str> {
        let rest = address.strip_prefix("https://").unwrap_or_default();
        let (host, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or_default();
        match self.0.iter().find(|(from, _)| from == host) {
            Some((_, target)) => Cow::Owned(format!("http://{target}{path}")),
            None => Cow::Borrowed(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "https://ttai.example";
    const ID: &str = "https://client.example/app.json";

    fn now() -> domain::Timestamp {
        testkit::now()
    }

    fn judge(text: &str) -> Option<String> {
        Address::parse(text, OURS).err().map(|flaw| flaw.description.into_owned())
    }

    #[test]
    fn addresses_of_public_documents_are_taken() {
        for good in [
            ID,
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://client.example/a?b=c",
            "https://xn--bcher-kva.example/a",
            "https://localhost.example/a",
            "https://internal.example/a",
            "https://mylocal.example/a/",
            "https://ttai.example.org/a",
            "https://sub.ttai.example/a",
        ] {
            assert_eq!(judge(good), None, "{good}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for (bad, flaw) in [
            ("http://client.example/app.json", FORM),
            ("ftp://client.example/app.json", FORM),
            ("https://client.example", FORM),
            ("https://client.example/", FORM),
            ("https://client.example?x", FORM),
            ("https://client.example/a#b", FORM),
            ("https://client.example/a#", FORM),
            ("https://good@client.example/a", FORM),
            ("https://:x@client.example/a", FORM),
            ("https://client.example:443/a", FORM),
            ("https://client.example:8443/a", FORM),
            ("https://client.example/../a", FORM),
            ("https://client.example/x/./a", FORM),
            ("https://client.example/x/%2e%2E/a", FORM),
            ("https://CLIENT.example/a", FORM),
            ("HTTPS://client.example/a", FORM),
            ("https:client.example/a", FORM),
            ("https:\\\\client.example\\a", FORM),
            ("https://client.example/a b", FORM),
            (" https://client.example/a", FORM),
            ("https://client.example/a\n", FORM),
            ("https://b\u{fc}cher.example/a", FORM),
            ("https://127.0.0.1/a", FORM),
            ("https://127.1/a", FORM),
            ("https://0x7f.1/a", FORM),
            ("https://2130706433/a", FORM),
            ("https://017700000001/a", FORM),
            ("https://10.0.0.1/a", FORM),
            ("https://169.254.169.254/latest", FORM),
            ("https://[::1]/a", FORM),
            ("https://[::ffff:10.0.0.1]/a", FORM),
            ("https://127%2E0.0.1/a", FORM),
            ("https://\u{ff11}27.0.0.1/a", FORM),
            ("https://localhost/a", PRIVATE),
            ("https://x.localhost/a", PRIVATE),
            ("https://localhost./a", PRIVATE),
            ("https://printer.local/a", PRIVATE),
            ("https://metadata.google.internal/a", PRIVATE),
            ("https://router.home.arpa/a", PRIVATE),
            ("https://intranet/a", PRIVATE),
            ("https://client.example./a", PRIVATE),
            ("https://cli;ent.example/a", PRIVATE),
            ("https://*.example/a", PRIVATE),
            ("https://ttai.example/a", PRIVATE),
            ("urn:app", FORM),
            (":", FORM),
        ] {
            assert_eq!(judge(bad).as_deref(), Some(flaw.description.as_ref()), "{bad}");
        }
        assert!(Address::parse(&format!("https://client.example/{}", "a".repeat(2048)), OURS).is_err());
    }

    fn good() -> Value {
        json!({
            "client_id": ID,
            "client_name": "An app",
            "redirect_uris": ["https://client.example/cb", "http://localhost/callback", "cursor://x/y"],
        })
    }

    fn answer(document: &Value) -> Fetched {
        Fetched {
            status: 200,
            content_type: Some("application/json; charset=utf-8".to_owned()),
            cache_control: None,
            body: document.to_string().into_bytes(),
        }
    }

    fn read_it(fetched: &Fetched) -> Result<ClientRow, Flaw> {
        read(&Address::parse(ID, OURS).unwrap(), fetched, now())
    }

    #[test]
    fn a_document_is_an_app_without_a_secret() {
        let row = read_it(&answer(&good())).unwrap();
        assert_eq!((row.id.as_str(), row.name.as_deref(), row.secret_hash.as_deref()), (ID, Some("An app"), None));
        assert_eq!(row.redirect_uris, r#"["https://client.example/cb","http://localhost/callback"]"#);
        assert_eq!((row.auth_method.as_str(), row.expires_at), ("none", now() + DEFAULT));
        let mut more = good();
        more["token_endpoint_auth_method"] = json!("none");
        more["logo_uri"] = json!("https://client.example/logo.png");
        more["jwks_uri"] = json!("https://client.example/keys");
        let mut other = answer(&more);
        other.content_type = Some("Application/CIMD+json".to_owned());
        assert!(read_it(&other).is_ok());
    }

    #[test]
    fn a_document_that_breaks_a_rule_is_refused() {
        let changed = |name: &str, value: Value| {
            let mut document = good();
            document[name] = value;
            answer(&document)
        };
        let without = |name: &str| {
            let mut document = good();
            document.as_object_mut().unwrap().remove(name);
            answer(&document)
        };
        let typed =
            |content_type: Option<&str>| Fetched { content_type: content_type.map(str::to_owned), ..answer(&good()) };
        let status = |status| Fetched { status, ..answer(&good()) };
        let padded = |length: usize| {
            let mut body = good().to_string().into_bytes();
            body.resize(length, b' ');
            Fetched { body, ..answer(&good()) }
        };
        assert!(read_it(&padded(MAX_DOCUMENT)).is_ok());
        for (fetched, flaw) in [
            (status(301), REDIRECTED),
            (status(302), REDIRECTED),
            (status(304), REDIRECTED),
            (status(204), NOT_FOUND),
            (status(403), NOT_FOUND),
            (status(404), NOT_FOUND),
            (status(429), FAILING),
            (status(503), FAILING),
            (padded(MAX_DOCUMENT + 1), TOO_LARGE),
            (typed(None), NOT_JSON),
            (typed(Some("text/html")), NOT_JSON),
            (typed(Some("text/json")), NOT_JSON),
            (typed(Some("application/jsonx")), NOT_JSON),
            (Fetched { body: b"<html>".to_vec(), ..answer(&good()) }, NOT_JSON),
            (Fetched { body: b"[]".to_vec(), ..answer(&good()) }, NOT_JSON),
            (without("client_id"), OTHER_ID),
            (changed("client_id", json!("https://client.example/app.json/")), OTHER_ID),
            (changed("client_id", json!("https://CLIENT.example/app.json")), OTHER_ID),
            (changed("client_id", json!([ID])), OTHER_ID),
            (changed("client_secret", json!("x")), SECRET),
            (changed("client_secret", Value::Null), SECRET),
            (changed("client_secret_expires_at", json!(0)), SECRET),
            (changed("token_endpoint_auth_method", json!("client_secret_post")), METHOD),
            (changed("token_endpoint_auth_method", json!("private_key_jwt")), METHOD),
            (changed("token_endpoint_auth_method", Value::Null), METHOD),
            (without("client_name"), NO_NAME),
            (changed("client_name", json!("")), NO_NAME),
        ] {
            assert_eq!(read_it(&fetched), Err(flaw.clone()), "{}", flaw.description);
        }
        for wrong in [
            without("redirect_uris"),
            changed("redirect_uris", json!([])),
            changed("redirect_uris", json!(["cursor://x"])),
            changed("redirect_uris", json!(["https://client.example/cb", "javascript:alert(1)"])),
            changed("client_name", json!(7)),
            changed("grant_types", json!(["password"])),
            changed("response_types", json!(["token"])),
            changed("logo_uri", json!("file:///etc/passwd")),
        ] {
            assert!(read_it(&wrong).is_err_and(|flaw| !flaw.is_outage()), "{wrong:?}");
        }
    }

    #[test]
    fn a_document_is_kept_for_as_long_as_it_says_within_bounds() {
        for (header, lifetime_is) in [
            (None, DEFAULT),
            (Some("public"), DEFAULT),
            (Some("public, Max-Age=7200"), TimeDelta::hours(2)),
            (Some("max-age = \"7200\""), TimeDelta::hours(2)),
            (Some("max-age=0"), FLOOR),
            (Some("max-age=-5"), DEFAULT),
            (Some("max-age=7200, no-cache"), FLOOR),
            (Some("no-store"), FLOOR),
            (Some("max-age=99999999999999999999"), CEILING),
            (Some("s-maxage=7200"), DEFAULT),
        ] {
            assert_eq!(lifetime(header), lifetime_is, "{header:?}");
        }
    }

    #[test]
    fn the_copies_are_documents_that_hold() {
        for (id, name, redirect_uris) in COPIES {
            let row = copy(&Address::parse(id, OURS).unwrap(), now()).unwrap();
            assert_eq!((row.id.as_str(), row.name.as_deref()), (id, Some(name)));
            assert_eq!(row.redirect_uris, json!(redirect_uris).to_string());
        }
        assert_eq!(copy(&Address::parse(ID, OURS).unwrap(), now()), None);
    }

    #[test]
    fn the_map_of_hosts_counts_on_this_machine_alone() {
        let text = Some("client.example=127.0.0.1:9123, other.example=localhost:9124,");
        let here = Hosts::parse(text, true, "http://localhost:8787").unwrap();
        assert_eq!(here.locate(ID), "http://127.0.0.1:9123/app.json");
        assert_eq!(here.locate("https://other.example/a?b"), "http://localhost:9124/a?b");
        for same in ["https://third.example/a", "https://client.example.org/a", "http://client.example/a"] {
            assert_eq!(here.locate(same), same);
        }
        for (is_development, public_url) in
            [(true, "https://ttai.example"), (false, "http://localhost:8787"), (true, "http://localhost.evil.example")]
        {
            let there = Hosts::parse(text, is_development, public_url).unwrap();
            assert_eq!((there.locate(ID).as_ref(), &there), (ID, &Hosts::default()), "{public_url}");
            assert!(Hosts::parse(Some("nonsense"), is_development, public_url).is_ok(), "it is not even read");
        }
        for wrong in ["nonsense", "a.example=10.0.0.1:80", "a.example=127.0.0.1:80/x", "a.example=evil.example"] {
            let error = Hosts::parse(Some(wrong), true, "http://127.0.0.1:1").unwrap_err();
            assert!(error.starts_with("CIMD_HOSTS") && error.ends_with(wrong), "{error}");
        }
        assert_eq!(Hosts::parse(None, true, "http://127.0.0.1:1"), Ok(Hosts::default()));
    }

    proptest! {
        #[test]
        fn any_address_is_judged(text in "\\PC{0,60}|https://[a-z0-9.:@%/\\[\\]-]{0,40}") {
            if let Ok(address) = Address::parse(&text, OURS) {
                let url = Url::parse(address.as_str()).unwrap();
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(matches!(url.host(), Some(Host::Domain(_))));
            }
        }
    }
}
