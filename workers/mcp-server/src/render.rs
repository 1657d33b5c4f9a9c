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
