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
