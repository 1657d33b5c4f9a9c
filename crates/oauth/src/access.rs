//! The check of an access token at the MCP endpoint, and the challenges that answer a bad one.
//!
//! A token says who and what; the grant says whether that still holds. [`verify_token`] is pure, [`grant_is_live`] one read by
//! primary key, so that a caller can begin other reads beside it and throw them away if it fails.

use domain::{Scopes, Timestamp, UserId};
use store::{Database, identity::grants};
use vault::{Expected, JwtKeys};

use crate::{Config, metadata::Endpoint};

/// Who asks, and what the token permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user.
    pub user: UserId,
    /// What the token permits.
    pub scopes: Scopes,
    /// The app.
    pub client_id: String,
    /// The grant.
    pub grant_id: String,
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

/// Verifies a token by itself: form, signature, issuer, audience, times.
pub fn verify_token(
    jwt: &JwtKeys,
    config: &Config,
    token: &str,
    now: Timestamp,
) -> Result<Authenticated, Unauthorized> {
    let expected = Expected { issuer: &config.public_url, audience: &config.resource() };
    let claims = jwt.verify(token, &expected, now).map_err(|_| Unauthorized::Invalid)?;
    Ok(Authenticated {
        user: UserId::new(&claims.sub).ok_or(Unauthorized::Invalid)?,
        scopes: claims.scope.split_ascii_whitespace().filter_map(domain::Scope::parse).collect(),
        client_id: claims.client_id,
        grant_id: claims.sid,
    })
}

/// Whether the grant of a verified token still holds.
pub async fn grant_is_live(db: &impl Database, who: &Authenticated) -> Result<(), Unauthorized> {
    match db.run(grants::liveness(&who.user, &who.grant_id)).await {
        Ok(outcome) if grants::is_live(&outcome) => Ok(()),
        Ok(_) => Err(Unauthorized::Invalid),
        Err(_) => Err(Unauthorized::Unavailable),
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
    let who = verify_token(jwt, config, bearer(authorization)?, now)?;
    grant_is_live(db, &who).await?;
    Ok(who)
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
