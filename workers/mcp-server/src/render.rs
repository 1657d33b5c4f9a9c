//! Errors as HTTP answers, and the headers that every answer carries.

use domain::Error;
use edge::http::{Response, json};
use http::{HeaderValue, header};

/// `{"error":{...}}` with the status of its reason, and `Retry-After` where there is a time to wait.
pub(crate) fn error(error: &Error) -> Response {
    let mut response = json(error.reason.status(), &serde_json::json!({ "error": error.body() }));
    retry_after(&mut response, error);
    response
}

/// Adds `Retry-After` where there is a time to wait.
pub(crate) fn retry_after(response: &mut Response, error: &Error) {
    if let Some(seconds) = error.details.get("retry_after").and_then(serde_json::Value::as_u64) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Adds what protects every answer, whatever it is.
pub(crate) fn protect<B>(response: &mut Response<B>) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
}

/// Appends headers whose names and values are ours.
pub(crate) fn add<B>(response: &mut Response<B>, headers: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Family, Reason};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_reason_has_its_status_and_one_form() {
        for reason in Reason::ALL {
            let given = Error::new(reason, "What was wrong, and what to do.").with("retry_after", 5);
            let response = error(&given);
            let expected = match (reason, reason.family()) {
                (Reason::MethodNotAllowed, _) => 405,
                (Reason::PayloadTooLarge, _) => 413,
                (Reason::NotConfigured | Reason::KeyUnavailable, _) => 503,
                (_, Family::AuthenticationError) => 401,
                (_, Family::AuthorizationError) => 403,
                (_, Family::ValidationError) => 400,
                (_, Family::NotFound) => 404,
                (_, Family::RateLimit) => 429,
                (_, Family::TastytradeError) => 502,
                (_, Family::AnalysisError | Family::DatabaseError | Family::InternalError) => 500,
            };
            assert_eq!(response.status().as_u16(), expected, "{reason:?}");
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(
                (&response.headers()["cache-control"], &response.headers()["retry-after"]),
                (&"no-store".parse().unwrap(), &"5".parse().unwrap())
            );
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            let said = json!({
                "code": reason.family(), "reason": reason, "message": "What was wrong, and what to do.",
                "retryable": reason.retryable(), "details": {"retry_after": 5},
            });
            assert_eq!(body, json!({ "error": said }));
        }
    }
}
