//! The consent page of an app, and the login page of the browser, which is the same without an app.
//!
//! The app's name is its own claim and shown as such; the host it will be answered at is what has been checked.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::{Config, Consent, Visitor, cimd, cookie::Cookie, redirect};

use super::{Policy, page};
use crate::render;

#[derive(Template)]
#[template(path = "consent.html")]
struct Page<'a> {
    action: &'a str,
    handle: &'a str,
    app: Option<App<'a>>,
    scopes: Vec<Choice>,
    note: Option<&'a str>,
    /// Whether the operator has an app at TastyTrade, without which only pasted grants work.
    can_log_in: bool,
}

struct App<'a> {
    name: &'a str,
    /// The host of the document that says all this about the app, where there is one.
    document_host: Option<String>,
    host: String,
    is_loopback: bool,
}

struct Choice {
    word: &'static str,
    meaning: &'static str,
    is_ticked: bool,
}

/// The page, with the cookie that ties its answer to this browser.
pub(crate) fn render(config: &Config, consent: &Consent) -> Result<Response, Error> {
    let app = match &consent.visitor {
        Visitor::App(app) => Some(App {
            name: consent.client_name.as_deref().unwrap_or("An app without a name"),
            document_host: cimd::is_address(&app.client_id).then(|| redirect::host(&app.client_id)),
            host: redirect::host(&app.redirect_uri),
            is_loopback: redirect::is_loopback(&app.redirect_uri),
        }),
        Visitor::Browser { .. } => None,
    };
    let scopes = consent.scopes.iter().map(|scope| Choice {
        word: scope.as_str(),
        meaning: scope.in_plain_words(),
        is_ticked: consent.ticked.contains(scope),
    });
    let template = Page {
        action: if app.is_some() { "/oauth/authorize" } else { "/login" },
        handle: consent.handle.expose(),
        app,
        scopes: scopes.collect(),
        note: consent.note,
        can_log_in: config.upstream.is_some(),
    };
    let policy = Policy { destinations: consent.destinations(config), script: false };
    let mut response = page(200, &template, &policy)?;
    render::add(&mut response, [("set-cookie", Cookie::Login.set(&consent.browser))]);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use domain::Scopes;
    use oauth::{
        Params, Upstream,
        authorize::authorize,
        cimd::{Documents, Fetched, Unfetched},
    };
    use testkit::{Seeded, Sqlite, block_on};

    use super::*;

    /// No document can be had.
    struct Offline;

    impl Documents for Offline {
        async fn fetch(&self, _: &str) -> Result<Fetched, Unfetched> {
            Err(Unfetched::Unreachable)
        }
    }

    /// The page of an app of this name that is answered at this address.
    fn shown(name: &str, callback: &str) -> Response {
        let upstream = Upstream {
            client_id: "operator".to_owned(),
            authorize_url: "https://my.tastytrade.example/auth.html".to_owned(),
            scope: "read".to_owned(),
        };
        let config =
            Config { public_url: "https://ttai.example".to_owned(), upstream: Some(upstream), clients: Vec::new() };
        let (db, entropy) = (Sqlite::new(), Seeded::new(1));
        let changes = oauth::Changes::default();
        let cx = oauth::Context { db: &db, config: &config, entropy: &entropy, now: testkit::now(), changes: &changes };
        let body = serde_json::json!({ "client_name": name, "redirect_uris": [callback] }).to_string();
        let app = block_on(oauth::register::register(&cx, body.as_bytes())).unwrap();
        let query = Params::from_iter([
            ("client_id", app["client_id"].as_str().unwrap()),
            ("redirect_uri", callback),
            ("response_type", "code"),
            ("code_challenge", &"A".repeat(43)),
            ("code_challenge_method", "S256"),
        ]);
        let consent = block_on(authorize(&cx, &Offline, &query, None)).unwrap();
        assert_eq!(consent.ticked, Scopes::all());
        render(&config, &consent).unwrap()
    }

    fn html(response: &Response) -> &str {
        std::str::from_utf8(response.body()).unwrap()
    }

    #[test]
    fn a_page_cannot_be_framed_kept_or_scripted() {
        let response = shown("Claude", "https://claude.ai/api/mcp/auth_callback");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' https://my.tastytrade.example \
             https://claude.ai; frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!((header("x-frame-options"), header("cache-control")), ("DENY", "no-store"));
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(header("set-cookie").starts_with("__Host-ttai_login=ttai_bb_"));
        assert!(!html(&response).contains("<script"));
        assert!(html(&response).contains("claude.ai") && !html(&response).contains("your own computer"));
    }

    #[test]
    fn a_name_is_text_and_never_more() {
        let response = shown("<script>alert(1)</script>\u{202e}\"'>", "https://app.example/cb");
        assert!(!html(&response).contains("<script") && html(&response).contains("&#60;script&#62;"));
        assert!(!html(&response).contains('\u{202e}'));
        let long = shown(&"x".repeat(500), "https://app.example/cb");
        assert!(!html(&long).contains(&"x".repeat(61)));
    }

    #[test]
    fn a_loopback_app_gets_the_extra_warning() {
        let response = shown("mcp-remote", "http://localhost:3334/oauth/callback");
        assert!(html(&response).contains("localhost:3334") && html(&response).contains("your own computer"));
    }
}
