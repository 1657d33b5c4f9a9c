//! How TastyTrade writes things: decimals as strings, moments, envelopes and errors.

use chrono::SecondsFormat;
use domain::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Dollars rounded to the cent.
pub(crate) fn cents(dollars: f64) -> Decimal {
    rounded(dollars, 2)
}

/// A number rounded to so many decimals; zero for what is not finite.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a double saturates, and no figure here comes near")]
pub(crate) fn rounded(value: f64, places: u32) -> Decimal {
    let scale = 10_f64.powi(places.try_into().unwrap_or(0));
    Decimal::new((value * scale).round() as i64, places)
}

/// A decimal as TastyTrade writes it: as short as possible, with at least one decimal ("2.0", "210.5").
pub(crate) fn decimal(value: Decimal) -> String {
    let text = value.normalize().to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// A rounded number as TastyTrade writes decimals.
pub(crate) fn number(value: f64, places: u32) -> String {
    decimal(rounded(value, places))
}

/// A moment in the form that account data use, `2026-08-04T20:00:00.000+00:00`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// A moment in the form that market data use, `2026-08-04T20:00:00.000Z`.
pub(crate) fn zulu(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A signed amount as two fields: the absolute value and whether it is a credit or a debit.
pub(crate) fn with_effect(fields: &mut serde_json::Map<String, Value>, name: &str, value: Decimal) {
    fields.insert(name.to_owned(), json!(decimal(value.abs())));
    fields.insert(format!("{name}-effect"), json!(effect(value)));
}

/// `Credit` above zero, `Debit` below.
pub(crate) fn effect(value: Decimal) -> &'static str {
    if value.is_zero() {
        "None"
    } else if value.is_sign_negative() {
        "Debit"
    } else {
        "Credit"
    }
}

/// Decimals in what is kept: as texts, so that no digit is lost.
pub(crate) mod decimal_text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| value.to_string()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

/// The same for one that is always there.
pub(crate) mod decimal_there {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An answer with one object or list in the usual envelope.
pub(crate) fn envelope(data: &Value, context: &str) -> Value {
    json!({ "data": data, "context": context })
}

/// A list in the usual envelope.
pub(crate) fn items(items: Vec<Value>, context: &str) -> Value {
    envelope(&json!({ "items": items }), context)
}

/// Why a call is refused; each has its status, code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No `User-Agent` of the form `product/version`.
    NoUserAgent,
    /// No access token, a foreign or expired one, or one whose grant is gone.
    TokenInvalid,
    /// Someone else's account.
    NotPermitted,
    /// The token lacks the scope.
    InsufficientScopes,
    /// No such path or thing.
    NotFound,
    /// An `Accept-Version` that is none or older than the oldest.
    UnsupportedVersion,
    /// An argument is missing or wrong.
    Invalid(String),
    /// Named parameters are missing or wrong, with the reasons.
    Domains(Vec<(String, String)>),
    /// An order that the broker does not take, with codes and messages.
    Preflight(Vec<(&'static str, String)>),
    /// What was asked for cannot be done in the state that things are in.
    Unprocessable(&'static str, String),
    /// Too many calls.
    TooManyRequests,
    /// The service failed.
    Internal,
}

impl Refusal {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::NoUserAgent | Self::TokenInvalid => 401,
            Self::NotPermitted | Self::InsufficientScopes => 403,
            Self::NotFound => 404,
            Self::UnsupportedVersion => 406,
            Self::Invalid(_) | Self::Domains(_) => 400,
            Self::Preflight(_) | Self::Unprocessable(..) => 422,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
        }
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let (code, message) = match self {
            Self::NoUserAgent => ("unauthorized", "A User-Agent header of the form product/version is required"),
            Self::TokenInvalid => ("token_invalid", "This token is invalid or has expired"),
            Self::NotPermitted => ("not_permitted", "User not permitted access"),
            Self::InsufficientScopes => ("insufficient_scopes", "The token has insufficient scopes"),
            Self::NotFound => ("not_found", "Couldn't find what was asked for"),
            Self::UnsupportedVersion => {
                return json!({ "error": { "code": 406, "message": "The requested version is not supported." } });
            }
            Self::Invalid(reason) => {
                let errors = json!([{ "code": "invalid", "message": reason }]);
                return json!({ "error": {
                    "code": "validation_error", "message": "Request validation failed", "errors": errors
                } });
            }
            Self::Domains(domains) => {
                let errors: Vec<Value> =
                    domains.iter().map(|(domain, reason)| json!({ "domain": domain, "reason": reason })).collect();
                return json!({ "error": {
                    "code": "validation_error", "message": "Request validation failed", "errors": errors
                } });
            }
            Self::Preflight(checks) => {
                let errors: Vec<Value> =
                    checks.iter().map(|(code, message)| json!({ "code": code, "message": message })).collect();
                return json!({ "error": {
                    "code": "preflight_check_failure", "message": "One or more preflight checks failed",
                    "errors": errors
                } });
            }
            Self::Unprocessable(code, message) => {
                return json!({ "error": { "code": code, "message": message } });
            }
            Self::TooManyRequests => ("too_many_requests", "Too many requests, slow down"),
            Self::Internal => ("internal_server_error", "Something went wrong. Support id: 00000000-sim"),
        };
        json!({ "error": { "code": code, "message": message } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_one_decimal_or_more() {
        for (value, text) in [(2.0, "2.0"), (210.55, "210.55"), (-0.005, "-0.01"), (0.0, "0.0"), (1e6, "1000000.0")] {
            assert_eq!(decimal(cents(value)), text);
        }
        assert_eq!(number(f64::NAN, 2), "0.0");
    }
}
