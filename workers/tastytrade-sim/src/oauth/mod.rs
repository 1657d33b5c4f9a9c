//! TastyTrade's login: the pages for people, the token endpoint for applications, and the grants between them.
//!
//! In scope: the authorization code flow with password, one-time code and consent; "Create Grant"; access tokens. As at
//! TastyTrade there is no PKCE, and refresh tokens are neither rotated nor do they expire.

pub(crate) mod apps;
pub(crate) mod grants;
pub(crate) mod jwt;
pub(crate) mod login;
pub(crate) mod quote_token;
pub(crate) mod token;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use vault::Entropy;

/// What an application may be granted.
pub(crate) const SCOPES: [&str; 3] = ["read", "trade", "openid"];

/// What an application asked for, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizeRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    /// Given back as it came.
    pub state: Option<String>,
}

/// What a login is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// An application wants a code.
    Authorize(AuthorizeRequest),
    /// The user wants to see the own grants.
    Grants,
}

/// How far a login is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Name and password are asked for.
    Password,
    /// The one-time code is asked for.
    OneTimeCode {
        /// Whose password it was.
        user: String,
    },
    /// Logged in.
    SignedIn {
        /// Who.
        user: String,
    },
}

/// A login under way. The browser holds its id and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub purpose: Purpose,
    pub stage: Stage,
    pub created: Timestamp,
}

/// An authorization code that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub request: AuthorizeRequest,
    pub user: String,
    pub expires: Timestamp,
}

/// A user's consent to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub user: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub created: Timestamp,
}

/// A user's own application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonalApp {
    pub client_id: String,
    pub client_secret: String,
}

/// An id or secret that nobody can guess.
pub(crate) fn random(entropy: &dyn Entropy, bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    entropy.fill(&mut buffer);
    URL_SAFE_NO_PAD.encode(buffer)
}
