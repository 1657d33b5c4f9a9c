//! What can go wrong, and the one table that says how it looks on the wire.

use std::borrow::Cow;

/// The stable word of an error. Most are the words of the RFCs; the last three appear on our own pages only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, doubled or malformed.
    InvalidRequest,
    /// The app is unknown, or did not prove who it is.
    InvalidClient,
    /// The code or refresh token does not hold, or belongs to another app.
    InvalidGrant,
    /// A scope that does not exist, or more than was allowed.
    InvalidScope,
    /// A resource that is not this server (RFC 8707).
    InvalidTarget,
    /// Another grant type than the two that are served.
    UnsupportedGrantType,
    /// Another response type than `code`.
    UnsupportedResponseType,
    /// A redirect address that is not registered, or may not be.
    InvalidRedirectUri,
    /// A registration that cannot be accepted.
    InvalidClientMetadata,
    /// The user, or TastyTrade, said no.
    AccessDenied,
    /// The database or TastyTrade did not answer; the same request may succeed later.
    TemporarilyUnavailable,
    /// Ours to mend.
    ServerError,
    /// More than is served within a minute. No RFC has a word for it; this one is what clients know.
    TooManyRequests,
    /// The body is larger than is read.
    TooLarge,
    /// The page was answered by another browser than the one that opened it.
    ConsentMismatch,
    /// The page was answered before, or too late.
    ConsentExpired,
    /// The return from TastyTrade does not belong to a login that this browser began.
    StateMismatch,
}

impl Code {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::TooLarge => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::AccessDenied => "access_denied",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
            Self::TooManyRequests => "too_many_requests",
            Self::ConsentMismatch => "consent_mismatch",
            Self::ConsentExpired => "consent_expired",
            Self::StateMismatch => "state_mismatch",
        }
    }

    /// The HTTP status of a JSON answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TooLarge => 413,
            Self::TooManyRequests => 429,
            Self::TemporarilyUnavailable => 503,
            Self::ServerError => 500,
            _ => 400,
        }
    }

    /// The HTTP status of a page. A browser cannot authenticate an app, so 401 makes no sense there.
    pub const fn page_status(self) -> u16 {
        match self {
            Self::InvalidClient => 400,
            other => other.status(),
        }
    }
}

/// An error: the word, and one sentence for the person who reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.as_str())]
pub struct Error {
    /// The word.
    pub code: Code,
    /// What was wrong and what to do. Never a secret, never text from outside.
    pub description: Cow<'static, str>,
    /// How long to wait before the same request may succeed, in seconds; with [`Code::TemporarilyUnavailable`].
    pub retry_after: Option<u64>,
}

impl Error {
    /// An error.
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        let retry_after = (code == Code::TemporarilyUnavailable).then_some(2);
        Self { code, description: description.into(), retry_after }
    }

    /// The body of a JSON answer (RFC 6749 5.2, RFC 7591 3.2.2).
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.code.as_str(), "error_description": self.description })
    }

    /// The headers that belong to a JSON answer.
    pub fn headers(&self) -> Option<(&'static str, String)> {
        match self.code {
            Code::InvalidClient => Some(("WWW-Authenticate", "Basic realm=\"ttai\", charset=\"UTF-8\"".to_owned())),
            _ => self.retry_after.map(|seconds| ("Retry-After", seconds.to_string())),
        }
    }

    pub(crate) fn request(description: &'static str) -> Self {
        Self::new(Code::InvalidRequest, description)
    }

    pub(crate) fn grant(description: &'static str) -> Self {
        Self::new(Code::InvalidGrant, description)
    }
}

impl From<store::Error> for Error {
    /// The database's own words stay in the log.
    fn from(_: store::Error) -> Self {
        Self::new(Code::TemporarilyUnavailable, "The server cannot reach its database. Try again in a moment.")
    }
}

impl From<vault::JwtError> for Error {
    fn from(_: vault::JwtError) -> Self {
        Self::new(Code::ServerError, "The access token could not be made. This is ours to mend.")
    }
}

/// How a browser is told that its request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// On a page of ours, since there is no address that can be trusted.
    Page(Error),
    /// At the app's own, validated address: the whole of it, with `error`, `state` and `iss`.
    Redirect(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Page(error)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Page(error.into())
    }
}

#[cfg(test)]
mod tests {
    use domain::Reason;

    use super::*;
    use crate::Failure;

    #[test]
    fn every_code_has_its_word_and_its_statuses() {
        for (code, word, status, page) in [
            (Code::InvalidRequest, "invalid_request", 400, 400),
            (Code::InvalidClient, "invalid_client", 401, 400),
            (Code::InvalidGrant, "invalid_grant", 400, 400),
            (Code::InvalidScope, "invalid_scope", 400, 400),
            (Code::InvalidTarget, "invalid_target", 400, 400),
            (Code::UnsupportedGrantType, "unsupported_grant_type", 400, 400),
            (Code::UnsupportedResponseType, "unsupported_response_type", 400, 400),
            (Code::InvalidRedirectUri, "invalid_redirect_uri", 400, 400),
            (Code::InvalidClientMetadata, "invalid_client_metadata", 400, 400),
            (Code::AccessDenied, "access_denied", 400, 400),
            (Code::TemporarilyUnavailable, "temporarily_unavailable", 503, 503),
            (Code::ServerError, "server_error", 500, 500),
            (Code::TooManyRequests, "too_many_requests", 429, 429),
            (Code::TooLarge, "invalid_request", 413, 413),
            (Code::ConsentMismatch, "consent_mismatch", 400, 400),
            (Code::ConsentExpired, "consent_expired", 400, 400),
            (Code::StateMismatch, "state_mismatch", 400, 400),
        ] {
            let error = Error::new(code, "What was wrong.");
            assert_eq!((code.as_str(), code.status(), code.page_status()), (word, status, page));
            assert_eq!(error.json(), serde_json::json!({ "error": word, "error_description": "What was wrong." }));
            let header = error.headers();
            match code {
                Code::InvalidClient => assert!(header.unwrap().1.starts_with("Basic ")),
                Code::TemporarilyUnavailable => assert_eq!(header.unwrap(), ("Retry-After", "2".to_owned())),
                _ => assert_eq!(header, None),
            }
        }
    }

    #[test]
    fn every_error_of_the_product_ends_a_login_in_one_of_three_ways() {
        for reason in Reason::ALL {
            let failure = Failure::from(&domain::Error::new(reason, "What was wrong."));
            let expected = match reason {
                Reason::Internal | Reason::NotConfigured | Reason::KeyUnavailable => "internal",
                reason if reason.retryable() => "unavailable",
                _ => "denied",
            };
            let word = match failure {
                Failure::Denied(_) => "denied",
                Failure::Unavailable(_) => "unavailable",
                Failure::Internal(_) => "internal",
            };
            assert_eq!(word, expected, "{reason:?}");
        }
        let database = Error::from(store::Error("the database's own words".to_owned()));
        assert_eq!(database.code, Code::TemporarilyUnavailable);
        assert!(!database.description.contains("own words"));
    }
}
