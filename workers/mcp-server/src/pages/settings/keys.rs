//! `/settings/keys`: the keys for scripts, the form that makes one, and the page that shows it once.

use askama::Template;
use domain::{Error, Scope, Timestamp};
use edge::http::Response;
use oauth::{
    Params,
    key::{DAYS, Flaw, Wanted},
    session::Session,
};
use store::identity::api_keys::{KeyRow, LIMIT};

use super::{Frame, Section};
use crate::pages::{Policy, moment, page};

#[derive(Template)]
#[template(path = "settings/keys.html")]
struct Keys<'a> {
    frame: Frame<'a>,
    keys: Vec<Key>,
    form: Form,
    limit: u32,
}

struct Key {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created: String,
    used: Option<String>,
    expires: Option<String>,
    has_expired: bool,
}

/// The form, empty or as it was sent.
pub(crate) struct Form {
    /// Its id, so that sending it twice makes one key.
    pub(crate) id: String,
    name: String,
    days: String,
    ticked: Vec<String>,
    problem: Option<String>,
    is_about_name: bool,
    is_about_scopes: bool,
}

impl Form {
    /// A form that nobody has filled in.
    pub(crate) fn empty(id: String) -> Self {
        let ticked = vec![Scope::MarketRead.as_str().to_owned()];
        let (name, days) = (String::new(), "90".to_owned());
        Self { id, name, days, ticked, problem: None, is_about_name: false, is_about_scopes: false }
    }

    /// The form as it came, with what is wrong with it.
    pub(crate) fn flawed(id: String, sent: &Params, flaw: Flaw) -> Self {
        let one = |name| sent.one(name).ok().flatten().unwrap_or_default().to_owned();
        Self {
            id,
            name: one("name"),
            days: one("days"),
            ticked: sent.all("scope").map(str::to_owned).collect(),
            problem: Some(flaw.to_string()),
            is_about_name: flaw == Flaw::Name,
            is_about_scopes: flaw == Flaw::Scopes,
        }
    }

    /// The form as it came, when there are too many keys.
    pub(crate) fn too_many(id: String, wanted: &Wanted) -> Self {
        Self {
            id,
            name: wanted.name.clone(),
            days: wanted.days.map_or_else(|| "never".to_owned(), |days| days.to_string()),
            ticked: wanted.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            problem: Some(format!(
                "You have {LIMIT} keys that work, which is the limit. Revoke one that you no longer need."
            )),
            is_about_name: false,
            is_about_scopes: false,
        }
    }

    const fn scopes(&self) -> [Scope; 5] {
        Scope::ALL
    }

    fn is_ticked(&self, scope: &Scope) -> bool {
        self.ticked.iter().any(|word| word == scope.as_str())
    }

    /// The choices of how long the key holds: value and words.
    fn expiries(&self) -> Vec<(String, String)> {
        let days = DAYS.iter().map(|days| (days.to_string(), format!("{days} days")));
        days.chain([("never".to_owned(), "Until I revoke it".to_owned())]).collect()
    }
}

/// The page.
pub(crate) fn render(
    session: &Session,
    keys: Vec<KeyRow>,
    form: Form,
    done: Option<&str>,
    now: Timestamp,
) -> Result<Response, Error> {
    let status = if form.problem.is_some() { 400 } else { 200 };
    let keys = keys.into_iter().map(|row| Key {
        scopes: row.scopes.iter().map(Scope::in_plain_words).collect(),
        created: moment(row.created_at),
        used: row.last_used_at.map(moment),
        has_expired: row.expires_at.is_some_and(|end| end <= now),
        expires: row.expires_at.map(moment),
        id: row.id,
        name: row.name,
    });
    let frame = Frame::new(session, Section::Keys, done);
    page(status, &Keys { frame, keys: keys.collect(), form, limit: LIMIT }, &Policy::default())
}

#[derive(Template)]
#[template(path = "settings/key_made.html")]
struct Made<'a> {
    frame: Frame<'a>,
    name: &'a str,
    key: &'a str,
    mcp_url: String,
    scopes: Vec<&'static str>,
}

/// The page that shows a key, which cannot be shown again.
pub(crate) fn made(
    session: &Session,
    config: &oauth::Config,
    wanted: &Wanted,
    key: &vault::Secret,
) -> Result<Response, Error> {
    let made = Made {
        frame: Frame::new(session, Section::Keys, None),
        name: &wanted.name,
        key: key.expose(),
        mcp_url: config.resource(),
        scopes: wanted.scopes.iter().map(Scope::in_plain_words).collect(),
    };
    page(200, &made, &Policy::default())
}
