//! The check of what an app or a script presents at the MCP endpoint, and the challenges that answer a bad one.
//!
//! An access token says who and what, and its grant says whether that still holds; of an API key the row says everything.
//! Which of the two it is follows from its form. [`present`] is pure, [`Presented::holder`] one read by a key, so that a caller
//! can begin other reads beside it and throw them away if it fails.

use domain::{Scopes, Timestamp, UserId};
use store::{
    Database, Statement,
    identity::{api_keys, grants},
    limits::Counting,
    settings::QuoteTtl,
};
use vault::{
    Expected, JwtKeys,
    token::{self, Kind},
};

use crate::{Config, metadata::Endpoint};

/// Who asks, and what the token permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub user: UserId,
    /// What the token or key permits.
    pub scopes: Scopes,
    /// The app, or `api_key:` and the id of the key.
    pub client_id: String,
    /// The grant or the key: the id of the row on which this rests.
    pub grant_id: String,
}

/// What was presented, as far as it can be judged without the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// An access token that holds by itself.
    Token(Authenticated),
    /// The hash of something that has the form of an API key.
    Key {
        /// The hash.
        hash: String,
    },
}

/// Somebody who may come in.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Who, and what they may.
    pub who: Authenticated,
    /// How old a cached quote may be for this user: read with the row, since each call for quotes needs it.
    pub quote_ttl: QuoteTtl,
    /// What notes this use, if that is due; the answer need not wait for it.
    pub note: Option<Statement>,
    /// What was counted, where that was read as well.
    pub count: Option<u32>,
}

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// There is no token.
    #[error("no access token")]
    Missing,
    /// There is one, and it does not hold.
    #[error("the access token does not hold")]
    Invalid,
    /// The database did not say whether it holds.
    #[error("the database did not answer")]
    Unavailable,
}

/// The token in an `Authorization` header. Another scheme counts as none.
pub fn bearer(authorization: Option<&str>) -> Result<&str, Unauthorized> {
    let (scheme, token) = authorization.and_then(|text| text.split_once(' ')).ok_or(Unauthorized::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Unauthorized::Missing) }
}

/// Judges what was presented by itself: the form of a key; of a token form, signature, issuer, audience, times.
pub fn present(jwt: &JwtKeys, config: &Config, token: &str, now: Timestamp) -> Result<Presented, Unauthorized> {
    if token.starts_with(Kind::ApiKey.prefix()) {
        // What begins like a key is never read as anything else.
        return if Kind::ApiKey.fits(token) {
            Ok(Presented::Key { hash: token::hash(token) })
        } else {
            Err(Unauthorized::Invalid)
        };
    }
    let expected = Expected { issuer: &config.public_url, audience: &config.resource() };
    let claims = jwt.verify(token, &expected, now).map_err(|_| Unauthorized::Invalid)?;
    Ok(Presented::Token(Authenticated {
        user: UserId::new(&claims.sub).ok_or(Unauthorized::Invalid)?,
        scopes: claims.scope.split_ascii_whitespace().filter_map(domain::Scope::parse).collect(),
        client_id: claims.client_id,
        grant_id: claims.sid,
    }))
}

impl Presented {
    /// Whose it says that it is; of a key only its row says that.
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::Token(who) => Some(&who.user),
            Self::Key { .. } => None,
        }
    }

    /// Reads the row on which it rests, so that a revocation counts at once. What is counted of a token's user is read with
    /// it.
    pub async fn holder(
        self,
        db: &impl Database,
        counting: Option<Counting<'_>>,
        now: Timestamp,
    ) -> Result<Holder, Unauthorized> {
        match self {
            Self::Token(who) => {
                let live = grants::live(db, &who.user, &who.grant_id, counting).await;
                let live = live.map_err(|_| Unauthorized::Unavailable)?.ok_or(Unauthorized::Invalid)?;
                let note = grants::used(&who.user, &who.grant_id, live.last_used_at, now);
                Ok(Holder { who, quote_ttl: live.quote_ttl, note, count: counting.map(|_| live.count) })
            }
            Self::Key { hash } => {
                let found = api_keys::holder(db, &hash, now).await.map_err(|_| Unauthorized::Unavailable)?;
                let key = found.ok_or(Unauthorized::Invalid)?;
                let note = api_keys::used(&key, now);
                let quote_ttl = key.quote_ttl;
                let client_id = format!("api_key:{}", key.id);
                let who = Authenticated { user: key.user_id, scopes: key.scopes, client_id, grant_id: key.id };
                Ok(Holder { who, quote_ttl, note, count: None })
            }
        }
    }
}

/// Both checks, one after the other. `authorization` is the header.
pub async fn authenticate(
    db: &impl Database,
    jwt: &JwtKeys,
    config: &Config,
    now: Timestamp,
    authorization: Option<&str>,
) -> Result<Authenticated, Unauthorized> {
    let presented = present(jwt, config, bearer(authorization)?, now)?;
    Ok(presented.holder(db, None, now).await?.who)
}

/// The `WWW-Authenticate` header of a 401. One without a token has no `error` (RFC 6750 3.1).
pub fn challenge(config: &Config, endpoint: Endpoint, why: Unauthorized) -> String {
    let error = match why {
        Unauthorized::Missing | Unauthorized::Unavailable => "",
        Unauthorized::Invalid => {
            ", error=\"invalid_token\", error_description=\"The access token has expired or was revoked\""
        }
    };
    format!(
        "Bearer realm=\"ttai\", resource_metadata=\"{}\", scope=\"{}\"{error}",
        endpoint.document(config),
        Scopes::all()
    )
}

/// The `WWW-Authenticate` header of a 403: all the scopes that the operation needs.
pub fn challenge_scope(config: &Config, endpoint: Endpoint, needed: &Scopes) -> String {
    format!(
        "Bearer realm=\"ttai\", error=\"insufficient_scope\", scope=\"{needed}\", resource_metadata=\"{}\", \
         error_description=\"The connection was not given this permission\"",
        endpoint.document(config)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_say_where_the_document_lies() {
        let config = Config { public_url: "https://ttai.example".to_owned(), upstream: None, clients: Vec::new() };
        let missing = challenge(&config, Endpoint::Mcp, Unauthorized::Missing);
        assert!(
            missing.contains("resource_metadata=\"https://ttai.example/.well-known/oauth-protected-resource/mcp\"")
        );
        assert!(missing.contains("scope=\"market:read account:read") && !missing.contains("error"));
        let invalid = challenge(&config, Endpoint::Root, Unauthorized::Invalid);
        assert!(invalid.contains("oauth-protected-resource\"") && invalid.contains("error=\"invalid_token\""));
        let needed = Scopes::parse("account:read").unwrap();
        assert!(challenge_scope(&config, Endpoint::Mcp, &needed).contains("scope=\"account:read\""));
    }

    #[test]
    fn a_bearer_is_read() {
        assert_eq!(bearer(Some("Bearer abc")), Ok("abc"));
        assert_eq!(bearer(Some("bearer  abc ")), Ok("abc"));
        for none in [None, Some(""), Some("Bearer"), Some("Basic abc")] {
            assert_eq!(bearer(none), Err(Unauthorized::Missing));
        }
    }
}
