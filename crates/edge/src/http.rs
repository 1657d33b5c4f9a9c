//! Requests and answers: between the platform's objects and the `http` crate's, bodies read whole and bounded.

use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, StatusCode};
use worker::Result;

/// A request with its body.
pub type Request = http::Request<Vec<u8>>;

/// An answer with its body.
pub type Response<B = Vec<u8>> = http::Response<B>;

/// The body of an answer that may be a stream.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// What is sent bit by bit, or passed on from elsewhere.
    Held(worker::ResponseBody),
}

impl From<Vec<u8>> for Body {
    fn from(whole: Vec<u8>) -> Self {
        Self::Whole(whole)
    }
}

/// The answer of a bound worker or an object, to be passed on. Its body is not read.
pub fn pass_on(answer: worker::Response) -> Response<Body> {
    let (status, headers) = (answer.status_code(), headers_of(answer.headers()));
    let (_, body) = answer.into_parts();
    let mut response = http::Response::new(Body::Held(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = headers;
    response
}

/// The headers of an answer, as far as they are HTTP.
pub(crate) fn headers_of(headers: &worker::Headers) -> http::HeaderMap {
    let pair = |(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
    headers.entries().filter_map(|(name, value): (String, String)| pair((name, value))).collect()
}

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
pub fn give<B: Into<Body>>(response: Response<B>) -> Result<worker::Response> {
    let (parts, body) = response.into_parts();
    let headers = worker::Headers::new();
    for (name, value) in &parts.headers {
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    let given = match body.into() {
        Body::Whole(body) if body.is_empty() => worker::Response::empty()?,
        Body::Whole(body) => worker::Response::from_bytes(body)?,
        Body::Held(body) => worker::Response::from_body(body)?,
    };
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
