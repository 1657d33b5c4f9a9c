//! `/settings`: how the user is connected to TastyTrade, and which browsers are logged in.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::session::Session;
use store::identity::users::{Credential, CredentialKind, CredentialStatus};

use super::{Frame, Section};
use crate::pages::{Policy, page};

#[derive(Template)]
#[template(path = "settings/overview.html")]
struct Overview<'a> {
    frame: Frame<'a>,
    connection: Connection,
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
    pub(crate) fn of(credential: Option<&Credential>) -> Self {
        match credential {
            None => Self::Disconnected,
            Some(Credential { status: CredentialStatus::Revoked, .. }) => Self::Refused,
            Some(Credential { kind: CredentialKind::Login, .. }) => Self::Login,
            Some(Credential { kind: CredentialKind::OwnGrant, .. }) => Self::OwnGrant,
        }
    }

    /// Whether calls can reach TastyTrade.
    pub(crate) const fn is_live(self) -> bool {
        matches!(self, Self::Login | Self::OwnGrant)
    }
}

/// The page.
pub(crate) fn render(session: &Session, connection: Connection, done: Option<&str>) -> Result<Response, Error> {
    let overview = Overview { frame: Frame::new(session, Section::Overview, done), connection };
    page(200, &overview, &Policy::default())
}
