//! The pages under `/settings`: one navigation, and one form token for every form.

pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod data;
pub(crate) mod keys;
pub(crate) mod overview;

use oauth::session::Session;

/// The pages under `/settings`, in the order of their navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The connection to TastyTrade, the default account, browsers.
    Overview,
    /// The apps that were let in.
    Apps,
    /// Keys for scripts.
    Keys,
    /// What was done in the user's name.
    Activity,
    /// Download and deletion.
    Data,
}

impl Section {
    const ALL: [Self; 5] = [Self::Overview, Self::Apps, Self::Keys, Self::Activity, Self::Data];

    /// Its address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/settings",
            Self::Apps => "/settings/apps",
            Self::Keys => "/settings/keys",
            Self::Activity => "/settings/activity",
            Self::Data => "/settings/data",
        }
    }

    /// What the navigation calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Apps => "Connected apps",
            Self::Keys => "API keys",
            Self::Activity => "Activity",
            Self::Data => "Your data",
        }
    }

    const fn is(self, other: &Self) -> bool {
        self as u8 == *other as u8
    }
}

/// What every page under `/settings` has around its own content; the field `frame` of its template.
pub(crate) struct Frame<'a> {
    /// For the hidden field `csrf` of every form.
    pub(crate) csrf: &'a str,
    /// Which page this is.
    pub(crate) section: Section,
    /// What was done just now.
    pub(crate) done: Option<Done>,
}

impl<'a> Frame<'a> {
    /// The frame of a page. `done` is the word that a form's handler put into the address, see [`words`].
    pub(crate) fn new(session: &'a Session, section: Section, done: Option<&str>) -> Self {
        Self { csrf: session.csrf.expose(), section, done: done.and_then(words) }
    }

    const fn sections(&self) -> [Section; 5] {
        Section::ALL
    }
}

/// What a page says after a form has been served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    text: &'static str,
    is_problem: bool,
}

/// What a page says to the word in its address. Only words of ours are shown: an address is not to be trusted.
fn words(done: &str) -> Option<Done> {
    let (text, is_problem) = match done {
        "saved" => ("Saved.", false),
        "test_ok" => ("The connection works: TastyTrade has just answered in your name.", false),
        "test_refused" => ("TastyTrade does not accept the permission that TTAI has. Connect again below.", true),
        "test_busy" => ("TastyTrade has had too many questions for the moment. Test again in a minute.", true),
        "test_key" => (
            "What TastyTrade entrusted to TTAI cannot be opened: the server's key is missing. Connect again, or tell whoever runs this server.",
            true,
        ),
        "test_failed" => ("TastyTrade did not answer. This usually passes: test again in a minute.", true),
        "disconnected" => ("TastyTrade is disconnected. What was read before is still here.", false),
        "app_revoked" => ("The app has been revoked. Its next request is refused.", false),
        "key_revoked" => ("The key has been revoked. Its next use is refused.", false),
        "key_made_before" => (
            "This form had been sent before: its key was made and shown then, and cannot be shown again. If you did not \
             see it, revoke it below and make another.",
            true,
        ),
        _ => return None,
    };
    Some(Done { text, is_problem })
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::{Scopes, UserId};
    use edge::http::Response;
    use oauth::{Config, Context, Params, cookie::Cookie, key::Wanted};
    use store::identity::{api_keys::KeyRow, users};
    use testkit::{Seeded, Sqlite, block_on};

    use super::{keys::Form, overview::Connection, *};

    /// A browser that is logged in.
    pub(crate) fn session() -> Session {
        let (db, entropy) = (Sqlite::new(), Seeded::new(1));
        let config = Config { public_url: "https://ttai.example".to_owned(), upstream: None, clients: Vec::new() };
        let changes = oauth::Changes::default();
        let cx = Context { db: &db, config: &config, entropy: &entropy, now: testkit::now(), changes: &changes };
        let secret = block_on(oauth::session::open(&cx, &UserId::new("U0001").unwrap())).unwrap();
        let cookie = format!("{}={}", Cookie::Session.name(), secret.expose());
        block_on(oauth::session::read(&cx, Some(&cookie))).unwrap().unwrap()
    }

    fn html(response: &Response) -> &str {
        std::str::from_utf8(response.body()).unwrap()
    }

    fn shown(connection: Connection, done: Option<&str>) -> String {
        html(&overview::render(&session(), connection, None, done).unwrap()).to_owned()
    }

    #[test]
    fn a_page_says_where_it_is_and_only_words_of_ours() {
        let page = shown(Connection::Login, Some("saved"));
        assert!(page.contains("<a href=\"/settings\" aria-current=\"page\">Overview</a>"));
        assert_eq!(page.matches("aria-current").count(), 1);
        assert!(page.contains("role=\"status\">Saved.</p>"));
        assert!(shown(Connection::Login, Some("test_failed")).contains("role=\"alert\">TastyTrade did not answer."));
        for other in ["<b>", "Saved.", "SAVED", ""] {
            assert!(!shown(Connection::Login, Some(other)).contains("class=\"notice"), "{other}");
        }
        assert!(page.contains("Preferences</h2><p>They cannot be shown at the moment"));
    }

    #[test]
    fn each_state_of_the_connection_has_its_words_and_its_way_on() {
        let stored = |kind, status| Connection::of(Some(&users::Connection { kind, status }));
        use users::{CredentialKind::*, CredentialStatus::*};
        for (connection, words, tests, disconnects) in [
            (stored(Login, Active), "TastyTrade&#39;s own page", true, true),
            (stored(OwnGrant, Active), "a grant of your own", true, true),
            (stored(OwnGrant, Revoked), "No longer accepted.", false, true),
            (Connection::of(None), "Not connected.", false, false),
        ] {
            let page = shown(connection, None).replace("TastyTrade's", "TastyTrade&#39;s");
            assert!(page.contains(words), "{connection:?}");
            assert_eq!(page.contains("action=\"/settings/test\""), tests, "{connection:?}");
            assert_eq!(page.contains("href=\"/settings/disconnect\""), disconnects, "{connection:?}");
            assert_eq!(page.contains(">Connect again</a>"), !tests, "{connection:?}");
        }
    }

    #[test]
    fn a_form_that_has_a_flaw_is_shown_as_it_was_sent() {
        let sent = Params::from_iter([("name", "\"><b>"), ("scope", "account:read"), ("days", "365")]);
        let flaw = Wanted::read(&sent).unwrap_err();
        let id = "0".repeat(32);
        let response =
            keys::render(&session(), Vec::new(), Form::flawed(id, &sent, flaw), None, testkit::now()).unwrap();
        assert_eq!(response.status(), 400);
        let page = html(&response);
        assert!(page.contains("role=\"alert\"") && page.contains("value=\"&#34;&#62;&#60;b&#62;\""), "{page}");
        assert!(page.contains("value=\"account:read\" checked") && !page.contains("value=\"market:read\" checked"));
        assert!(page.contains("value=\"365\" selected"));
    }

    #[test]
    fn a_key_is_listed_with_what_it_permits_and_when_it_ends() {
        let row = |expires_at, last_used_at| KeyRow {
            id: "k1".to_owned(),
            name: "Nightly".to_owned(),
            scopes: Scopes::parse("market:read").unwrap(),
            created_at: testkit::now(),
            expires_at,
            last_used_at,
        };
        let rows = vec![
            row(Some(testkit::after(-60)), None),
            row(Some(testkit::after(60)), Some(testkit::now())),
            row(None, None),
        ];
        let form = Form::empty("0".repeat(32));
        let response = keys::render(&session(), rows, form, None, testkit::now()).unwrap();
        let page = html(&response);
        for words in [
            "Not used yet. Expired on 20 November 2026, 15:29 UTC.",
            "Last used on 20 November 2026, 15:30 UTC. Holds until 20 November 2026, 15:31 UTC.",
            "Not used yet. Holds until you revoke it.",
        ] {
            assert!(page.contains(words), "{words} is not in {page}");
        }
        assert_eq!((response.status().as_u16(), page.matches(">expired<").count()), (200, 1));
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
