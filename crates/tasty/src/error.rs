//! What can go wrong with TastyTrade, and what the trader is told.

use domain::Reason;

/// Why there is no value. `Display` is for logs: constant words, statuses and field names, never upstream's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The access token has ended (401): mint another one and call once more.
    #[error("access token not accepted")]
    TokenExpired,
    /// The refresh token or the code is no longer good. Trying it again risks a block of the address.
    #[error("grant not accepted")]
    GrantRevoked,
    /// The client id or the client secret is wrong.
    #[error("client not accepted")]
    ClientRefused,
    /// The customer has no `external-id`, so that nobody can be logged in.
    #[error("customer has no external-id")]
    NoExternalId,
    /// TastyTrade understood the call and said no.
    #[error("refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Too many calls.
    #[error("rate limited, retry after {retry_after} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// TastyTrade failed.
    #[error("unavailable with status {status}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// No connection, or it broke.
    #[error("unreachable")]
    Unreachable,
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
    /// The answer is not what it should be.
    #[error("invalid answer: {problem}")]
    Invalid {
        /// The field and what is wrong with it, for example `data.items[0].symbol: missing`.
        problem: String,
    },
}

impl Error {
    /// An answer that breaks its format at `field`.
    pub(crate) fn invalid(field: &str, what: &str) -> Self {
        // Field names may be upstream's; a bound keeps a broken answer from filling the log.
        let field: String = field.chars().take(120).collect();
        Self::Invalid { problem: format!("{field}: {what}") }
    }
}

impl From<Error> for domain::Error {
    fn from(error: Error) -> Self {
        let new = |reason, message: &'static str| Self::new(reason, message);
        match error {
            Error::TokenExpired | Error::GrantRevoked => new(
                Reason::ReconnectRequired,
                "TastyTrade no longer accepts the permission that you gave to TTAI. Log in again to renew it.",
            ),
            Error::ClientRefused => new(
                Reason::ReconnectRequired,
                "TastyTrade does not accept the client secret. If you made a new one, create a new grant at TastyTrade \
                 and log in again with both.",
            ),
            Error::NoExternalId => new(
                Reason::UpstreamRefused,
                "TastyTrade's answer does not say which customer you are, so TTAI cannot log you in. Ask TastyTrade's \
                 API support for the external id of your customer record.",
            ),
            Error::Refused { status: 403 } => new(
                Reason::UpstreamRefused,
                "TastyTrade does not permit this with the grant that TTAI has. Log in again and allow reading, or check \
                 at TastyTrade that the account permits it.",
            ),
            Error::Refused { status: 404 } => {
                new(Reason::UpstreamRefused, "TastyTrade knows nothing under this name. Check the symbol or account.")
            }
            Error::Refused { status } => new(
                Reason::UpstreamRefused,
                "TastyTrade refused the request. Check its values; the same request will be refused again.",
            )
            .with("status", status),
            Error::RateLimited { retry_after } => {
                let message = format!("TastyTrade is getting too many calls. Try again in {retry_after} s.");
                Self::new(Reason::RateLimited, message).with("retry_after", retry_after)
            }
            Error::Unavailable { .. } | Error::Unreachable => new(
                Reason::UpstreamUnavailable,
                "TastyTrade cannot be reached or has a failure of its own. Try again in a minute.",
            ),
            Error::TimedOut => {
                new(Reason::UpstreamTimeout, "TastyTrade did not answer in time. Try again in a minute.")
            }
            Error::Invalid { .. } => new(
                Reason::UpstreamInvalidResponse,
                "TastyTrade sent an answer that TTAI cannot read. Try again; if it stays, report it to the operator.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Family;

    use super::*;

    #[test]
    fn each_error_has_its_family() {
        for (error, family, retryable) in [
            (Error::TokenExpired, Family::AuthenticationError, false),
            (Error::GrantRevoked, Family::AuthenticationError, false),
            (Error::ClientRefused, Family::AuthenticationError, false),
            (Error::NoExternalId, Family::TastytradeError, false),
            (Error::Refused { status: 403 }, Family::TastytradeError, false),
            (Error::Refused { status: 404 }, Family::TastytradeError, false),
            (Error::Refused { status: 422 }, Family::TastytradeError, false),
            (Error::RateLimited { retry_after: 7 }, Family::RateLimit, true),
            (Error::Unavailable { status: 502 }, Family::TastytradeError, true),
            (Error::Unreachable, Family::TastytradeError, true),
            (Error::TimedOut, Family::TastytradeError, true),
            (Error::invalid("data", "missing"), Family::TastytradeError, true),
        ] {
            let told = domain::Error::from(error.clone());
            assert_eq!((told.reason.family(), told.reason.retryable()), (family, retryable), "{error}");
        }
    }

    #[test]
    fn a_rate_limit_says_how_long() {
        let told = domain::Error::from(Error::RateLimited { retry_after: 7 });
        assert_eq!(told.details.get("retry_after"), Some(&serde_json::json!(7)));
        assert!(told.message.contains("7 s"));
    }
}
