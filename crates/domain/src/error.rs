//! The error that every layer ends in, and the table that maps it to families, reasons and HTTP statuses.
//!
//! A [`Family`] is the `code` that clients switch on, a [`Reason`] the finer word for logs and for scripts. The message is
//! for the person: it says what was wrong and what to do next, and never holds a secret or text from upstream.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The family of an error: the `code` of every rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Family {
    /// Nobody is logged in, or the login has ended here or at TastyTrade (401).
    AuthenticationError,
    /// Logged in, but this is not permitted (403).
    AuthorizationError,
    /// The caller sent something that cannot be served as it is (400).
    ValidationError,
    /// There is no such thing, or it is somebody else's (404).
    NotFound,
    /// Too many calls; `details.retry_after` holds seconds (429).
    RateLimit,
    /// TastyTrade refused, failed, or could not be reached (502).
    TastytradeError,
    /// A computation could not be carried out (500).
    AnalysisError,
    /// The database refused or could not be reached (500).
    DatabaseError,
    /// Ours to mend (500).
    InternalError,
}

impl Family {
    /// The HTTP status of this family.
    pub const fn status(self) -> u16 {
        match self {
            Self::AuthenticationError => 401,
            Self::AuthorizationError => 403,
            Self::ValidationError => 400,
            Self::NotFound => 404,
            Self::RateLimit => 429,
            Self::TastytradeError => 502,
            Self::AnalysisError | Self::DatabaseError | Self::InternalError => 500,
        }
    }
}

/// The stable lower-case word for what happened. Its family and whether a retry may help follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No token, or one that does not hold.
    InvalidToken,
    /// No credentials are configured in single-user mode.
    CredentialsMissing,
    /// TastyTrade no longer accepts the user's grant: log in again.
    ReconnectRequired,
    /// The token lacks a scope.
    InsufficientScope,
    /// A call without a principal, or from an origin that is not allowed.
    Forbidden,
    /// An argument is missing, malformed or out of range.
    InvalidArguments,
    /// The request itself cannot be read.
    InvalidRequest,
    /// The method is not served on this path.
    MethodNotAllowed,
    /// The body is larger than is read.
    PayloadTooLarge,
    /// Unknown, or somebody else's.
    NotFound,
    /// None of the user's accounts is called so.
    AccountNotFound,
    /// Too many calls, here or at TastyTrade.
    RateLimited,
    /// TastyTrade answered with a failure or could not be reached.
    UpstreamUnavailable,
    /// TastyTrade did not answer in time.
    UpstreamTimeout,
    /// TastyTrade's answer could not be understood.
    UpstreamInvalidResponse,
    /// TastyTrade refused the call.
    UpstreamRefused,
    /// The analysis worker could not be reached.
    AnalysisUnavailable,
    /// The database failed.
    DatabaseUnavailable,
    /// A sealed value names a key that is not configured.
    KeyUnavailable,
    /// The worker's configuration is incomplete.
    NotConfigured,
    /// Unexpected; ours to mend.
    Internal,
}

impl Reason {
    /// All of them, in the order above.
    pub const ALL: [Self; 21] = [
        Self::InvalidToken,
        Self::CredentialsMissing,
        Self::ReconnectRequired,
        Self::InsufficientScope,
        Self::Forbidden,
        Self::InvalidArguments,
        Self::InvalidRequest,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::NotFound,
        Self::AccountNotFound,
        Self::RateLimited,
        Self::UpstreamUnavailable,
        Self::UpstreamTimeout,
        Self::UpstreamInvalidResponse,
        Self::UpstreamRefused,
        Self::AnalysisUnavailable,
        Self::DatabaseUnavailable,
        Self::KeyUnavailable,
        Self::NotConfigured,
        Self::Internal,
    ];

    /// The family that this reason belongs to.
    pub const fn family(self) -> Family {
        match self {
            Self::InvalidToken | Self::CredentialsMissing | Self::ReconnectRequired => Family::AuthenticationError,
            Self::InsufficientScope | Self::Forbidden => Family::AuthorizationError,
            Self::InvalidArguments | Self::InvalidRequest | Self::MethodNotAllowed | Self::PayloadTooLarge => {
                Family::ValidationError
            }
            Self::NotFound | Self::AccountNotFound => Family::NotFound,
            Self::RateLimited => Family::RateLimit,
            Self::UpstreamUnavailable
            | Self::UpstreamTimeout
            | Self::UpstreamInvalidResponse
            | Self::UpstreamRefused => Family::TastytradeError,
            Self::AnalysisUnavailable => Family::AnalysisError,
            Self::DatabaseUnavailable => Family::DatabaseError,
            Self::KeyUnavailable | Self::NotConfigured | Self::Internal => Family::InternalError,
        }
    }

    /// The HTTP status: the family's, where the reason does not name a closer one.
    pub const fn status(self) -> u16 {
        match self {
            Self::MethodNotAllowed => 405,
            Self::PayloadTooLarge => 413,
            Self::NotConfigured | Self::KeyUnavailable => 503,
            _ => self.family().status(),
        }
    }

    /// Whether the same call may succeed later.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::UpstreamUnavailable
                | Self::UpstreamTimeout
                | Self::UpstreamInvalidResponse
                | Self::AnalysisUnavailable
                | Self::DatabaseUnavailable
                | Self::Internal
        )
    }
}

/// What went wrong, in the one form that all renderings are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The stable word.
    pub reason: Reason,
    /// For the person: what was wrong and what to do.
    pub message: Cow<'static, str>,
    /// More for programs: `retry_after` (seconds), `argument`, `scope`, `login_url`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub details: serde_json::Map<String, serde_json::Value>,
}

impl Error {
    /// An error without details.
    pub fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, message: message.into(), details: serde_json::Map::new() }
    }

    /// A tool argument that cannot be served; `details.argument` names it.
    pub fn invalid_argument(argument: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Reason::InvalidArguments, message).with("argument", argument)
    }

    /// Adds one detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// The object under `error` in HTTP answers and in a tool's `structuredContent`.
    pub fn body(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.reason.family(),
            "reason": self.reason,
            "message": self.message,
            "retryable": self.reason.retryable(),
            "details": self.details,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_the_family_and_says_whether_to_retry() {
        let error = Error::invalid_argument("symbol", "`symbol` is empty. Send a ticker such as AAPL.");
        assert_eq!(
            error.body(),
            serde_json::json!({
                "code": "VALIDATION_ERROR",
                "reason": "invalid_arguments",
                "message": "`symbol` is empty. Send a ticker such as AAPL.",
                "retryable": false,
                "details": { "argument": "symbol" },
            })
        );
    }

    #[test]
    fn every_reason_is_listed_once_and_every_family_has_one() {
        let words: Vec<String> = Reason::ALL.iter().map(|reason| serde_json::to_string(reason).unwrap()).collect();
        let mut sorted = words.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), words.len());
        // The list is as long as the enum: its last member has the last place.
        assert_eq!(Reason::ALL.map(|reason| reason as usize).to_vec(), (0..words.len()).collect::<Vec<_>>());
        assert_eq!(Reason::Internal as usize, words.len() - 1);
        for (family, code, status) in [
            (Family::AuthenticationError, "AUTHENTICATION_ERROR", 401),
            (Family::AuthorizationError, "AUTHORIZATION_ERROR", 403),
            (Family::ValidationError, "VALIDATION_ERROR", 400),
            (Family::NotFound, "NOT_FOUND", 404),
            (Family::RateLimit, "RATE_LIMIT", 429),
            (Family::TastytradeError, "TASTYTRADE_ERROR", 502),
            (Family::AnalysisError, "ANALYSIS_ERROR", 500),
            (Family::DatabaseError, "DATABASE_ERROR", 500),
            (Family::InternalError, "INTERNAL_ERROR", 500),
        ] {
            assert_eq!((serde_json::json!(family), family.status()), (serde_json::json!(code), status));
            assert!(Reason::ALL.iter().any(|reason| reason.family() == family), "{code}");
        }
    }

    #[test]
    fn an_error_survives_the_binding() {
        let error = Error::new(Reason::RateLimited, "TastyTrade is busy. Try again in 30 s.").with("retry_after", 30);
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<Error>(&text).unwrap(), error);
    }
}
