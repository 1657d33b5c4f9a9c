//! `/settings`: how the user is connected to TastyTrade, what was chosen, and which browsers are logged in.

use askama::Template;
use domain::{AccountNumber, Error, portfolio::Account};
use edge::http::Response;
use oauth::session::Session;
use store::{
    identity::users::{self, CredentialKind, CredentialStatus},
    settings::Settings,
};
use vault::token;

use super::{Frame, Section};
use crate::pages::{Policy, page};

#[derive(Template)]
#[template(path = "settings/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    connection: Connection,
    accounts: Vec<Choice>,
    zone: &'a str,
}

/// How the user is connected, as far as the database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// By TastyTrade's own login page.
    Login,
    /// By a grant that the user made.
    OwnGrant,
    /// There is a credential that TastyTrade no longer accepts.
    Refused,
    /// There is none.
    Disconnected,
}

impl Connection {
    /// What a stored credential means.
    pub(crate) const fn of(stored: Option<&users::Connection>) -> Self {
        match stored {
            None => Self::Disconnected,
            Some(users::Connection { status: CredentialStatus::Revoked, .. }) => Self::Refused,
            Some(users::Connection { kind: CredentialKind::Login, .. }) => Self::Login,
            Some(users::Connection { kind: CredentialKind::OwnGrant, .. }) => Self::OwnGrant,
        }
    }

    /// Whether calls can reach TastyTrade.
    pub(crate) const fn is_live(self) -> bool {
        matches!(self, Self::Login | Self::OwnGrant)
    }

    /// Whether there is something to disconnect.
    pub(crate) const fn is_there(self) -> bool {
        !matches!(self, Self::Disconnected)
    }
}

/// One account among which to choose.
struct Choice {
    handle: String,
    text: String,
    is_default: bool,
}

/// What stands for an account in a form of this session: it says nothing of the number, and means nothing elsewhere.
pub(crate) fn handle(session: &Session, account: &AccountNumber) -> String {
    token::hash(&format!("ttai:v1:account:{}:{}", session.csrf.expose(), account.as_str()))
}

/// The time zones to choose from, and whether a text is one of them.
pub(crate) const ZONES: [&str; 44] = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "America/Toronto",
    "America/Vancouver",
    "America/Halifax",
    "America/Mexico_City",
    "America/Bogota",
    "America/Lima",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
    "Atlantic/Reykjavik",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Zurich",
    "Europe/Rome",
    "Europe/Warsaw",
    "Europe/Athens",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Jerusalem",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Hong_Kong",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "UTC",
];

impl Overview<'_> {
    /// The time zones, with the user's own among them even if it was chosen elsewhere.
    fn zones(&self) -> Vec<&str> {
        let own = (!ZONES.contains(&self.zone)).then_some(self.zone);
        own.into_iter().chain(ZONES).collect()
    }

    fn has_default(&self) -> bool {
        self.accounts.iter().any(|account| account.is_default)
    }
}

/// What the page is made of.
pub(crate) struct Known<'a> {
    /// The connection.
    pub(crate) connection: Connection,
    /// The open accounts of the last sync.
    pub(crate) accounts: &'a [Account],
    /// The number of the chosen account.
    pub(crate) chosen: Option<&'a str>,
    /// What else was chosen.
    pub(crate) settings: &'a Settings,
}

/// The page.
pub(crate) fn render(session: &Session, known: &Known<'_>, done: Option<&str>) -> Result<Response, Error> {
    let accounts = known.accounts.iter().map(|account| Choice {
        handle: handle(session, &account.number),
        text: format!("{} {}", name(account), account.number.masked()),
        is_default: known.chosen == Some(account.number.as_str()),
    });
    let overview = Overview {
        frame: Frame::new(session, Section::Overview, done),
        connection: known.connection,
        accounts: accounts.collect(),
        zone: known.settings.time_zone.as_str(),
    };
    page(200, &overview, &Policy::default())
}

fn name(account: &Account) -> &str {
    account.nickname.as_deref().or(account.account_type.as_deref()).unwrap_or("Account")
}

#[derive(Template)]
#[template(path = "settings/disconnect.html")]
struct Disconnect<'a> {
    frame: Frame<'a>,
}

/// The page that asks whether TastyTrade is to be disconnected.
pub(crate) fn disconnect(session: &Session) -> Result<Response, Error> {
    page(200, &Disconnect { frame: Frame::new(session, Section::Overview, None) }, &Policy::default())
}
