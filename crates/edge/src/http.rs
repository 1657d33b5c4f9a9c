//! Requests and answers: between the platform's objects and the `http` crate's, bodies read whole and bounded.

use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, StatusCode};
use worker::Result;

/// A request with its body.
pub type Request = http::Request<Vec<u8>>;

/// An answer with its body.
pub type Response = http::Response<Vec<u8>>;

/// Why a request could not be taken in.
#[derive(Debug)]
pub enum Refused {
    /// The body is longer than the limit.
    TooLarge,
    /// The body broke off, or the request line or a header is not HTTP.
    Unreadable,
}

/// Takes a request in, with a body of at most `limit` bytes.
pub async fn take(mut request: worker::Request, limit: usize) -> std::result::Result<Request, Refused> {
    let body = body_of(&mut request, limit).await?;
    let mut taken = http::Request::builder().method(request.inner().method().as_str()).uri(request.inner().url());
    if let Some(headers) = taken.headers_mut() {
        for (name, value) in request.headers().entries() {
            let name = HeaderName::try_from(name).map_err(|_| Refused::Unreadable)?;
            headers.append(name, HeaderValue::try_from(value).map_err(|_| Refused::Unreadable)?);
        }
    }
    taken.body(body).map_err(|_| Refused::Unreadable)
}

async fn body_of(request: &mut worker::Request, limit: usize) -> std::result::Result<Vec<u8>, Refused> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let declared = request.headers().get("content-length").ok().flatten().and_then(|text| text.parse::<usize>().ok());
    match declared {
        Some(length) if length > limit => Err(Refused::TooLarge),
        Some(_) => request.bytes().await.map_err(|_| Refused::Unreadable),
        None => {
            let mut stream = request.stream().map_err(|_| Refused::Unreadable)?;
            let mut body = Vec::new();
            while let Some(chunk) = stream.next().await {
                body.extend(chunk.map_err(|_| Refused::Unreadable)?);
                if body.len() > limit {
                    return Err(Refused::TooLarge);
                }
            }
            Ok(body)
        }
    }
}

/// Hands an answer to the platform.
pub fn give(response: Response) -> Result<worker::Response> {
    let (parts, body) = response.into_parts();
    let headers = worker::Headers::new();
    for (name, value) in &parts.headers {
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    let given = if body.is_empty() { worker::Response::empty()? } else { worker::Response::from_bytes(body)? };
    Ok(given.with_status(parts.status.as_u16()).with_headers(headers))
}

/// An answer of this status, type and text.
pub fn answer(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A JSON answer of this status.
pub fn json(status: u16, body: &impl serde::Serialize) -> Response {
    answer(status, "application/json", serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec()))
}
