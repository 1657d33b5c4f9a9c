//! `/settings`: how the user is connected to TastyTrade, what was chosen, and which browsers are logged in.

use askama::Template;
use contract::{config::Config, portfolio::Portfolio};
use domain::Error;
use edge::http::Response;
use oauth::session::Session;
use store::identity::users::{self, CredentialKind, CredentialStatus};

use super::{Frame, Section};
use crate::pages::{Policy, page};

#[derive(Template)]
#[template(path = "settings/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    connection: Connection,
    preferences: Option<Preferences>,
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

/// What the user may choose, and has chosen.
struct Preferences {
    /// The open accounts: the masked number, which stands for one, its name, and whether it is the default.
    accounts: Vec<(String, String, bool)>,
    zone: String,
}

/// The time zones to choose from. Others can be chosen in a chat.
const ZONES: [&str; 44] = [
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

impl Preferences {
    fn of(config: Config, portfolio: Portfolio) -> Self {
        let accounts =
            portfolio.accounts.into_iter().map(|account| (account.account, account.name, account.is_default)).collect();
        Self { accounts, zone: config.time_zone }
    }

    /// The time zones, with the user's own among them even if it was chosen elsewhere.
    fn zones(&self) -> Vec<&str> {
        let own = (!ZONES.contains(&self.zone.as_str())).then_some(self.zone.as_str());
        own.into_iter().chain(ZONES).collect()
    }

    fn has_default(&self) -> bool {
        self.accounts.iter().any(|(_, _, is_default)| *is_default)
    }
}

/// The page; without what was chosen where that is not known.
pub(crate) fn render(
    session: &Session,
    connection: Connection,
    chosen: Option<(Config, Portfolio)>,
    done: Option<&str>,
) -> Result<Response, Error> {
    let overview = Overview {
        frame: Frame::new(session, Section::Overview, done),
        connection,
        preferences: chosen.map(|(config, portfolio)| Preferences::of(config, portfolio)),
    };
    page(200, &overview, &Policy::default())
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
