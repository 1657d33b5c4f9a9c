//! Outgoing calls: over the internet with a deadline, and to a bound worker or object. A call whose future is dropped before
//! its answer was read is aborted.

use std::time::Duration;

use futures_util::StreamExt;
use worker::{
    Fetch, Fetcher, Headers, Method, RequestInit, RequestRedirect, Stub,
    wasm_bindgen::JsValue,
    web_sys::{self, AbortController},
};

use crate::deadline::within;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nothing came within the deadline; the call was aborted.
    Timeout,
    /// The connection failed or broke off.
    Connection(String),
}

/// An answer read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers, as far as they are HTTP.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The `Retry-After` header.
    pub fn retry_after(&self) -> Option<&str> {
        self.headers.get(http::header::RETRY_AFTER)?.to_str().ok()
    }
}

fn broken(error: impl ToString) -> Failure {
    Failure::Connection(error.to_string())
}

fn outgoing(request: &http::Request<Vec<u8>>, redirect: RequestRedirect) -> Result<worker::Request, Failure> {
    let headers = Headers::new();
    for (name, value) in request.headers() {
        headers.set(name.as_str(), value.to_str().unwrap_or_default()).map_err(broken)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method().as_str().to_owned())).with_headers(headers).with_redirect(redirect);
    if !request.body().is_empty() {
        init.with_body(Some(js_sys::Uint8Array::from(request.body().as_slice()).into()));
    }
    worker::Request::new_with_init(&request.uri().to_string(), &init).map_err(broken)
}

/// Aborts its call when it is dropped. A call that is over does not mind.
struct Guard(Option<AbortController>);

impl Guard {
    /// Lets the call go on by itself.
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// The request, which is aborted when the guard is dropped.
fn guarded(request: &http::Request<Vec<u8>>, redirect: RequestRedirect) -> Result<(worker::Request, Guard), Failure> {
    let failed = |error| Failure::Connection(format!("{error:?}"));
    watched(outgoing(request, redirect)?.inner()).map_err(failed)
}

fn watched(request: &web_sys::Request) -> Result<(worker::Request, Guard), JsValue> {
    let controller = AbortController::new()?;
    let init = web_sys::RequestInit::new();
    init.set_signal(Some(&controller.signal()));
    let request = web_sys::Request::new_with_request_and_init(request, &init)?;
    Ok((request.into(), Guard(Some(controller))))
}

/// Sends a request over the internet and reads the answer, headers and body together within the deadline.
pub async fn send(request: &http::Request<Vec<u8>>, deadline: Duration) -> Result<Answer, Failure> {
    let (request, _guard) = guarded(request, RequestRedirect::Follow)?;
    let exchange = async {
        let mut response = Fetch::Request(request).send().await.map_err(broken)?;
        read(&mut response).await
    };
    within(deadline, exchange).await.unwrap_or(Err(Failure::Timeout))
}

/// Sends a request to a host that a stranger has named. A redirect is not followed but answered as it is, and of a body
/// that is longer than `limit` bytes no more is read than shows that it is.
pub async fn send_to_stranger(
    request: &http::Request<Vec<u8>>,
    deadline: Duration,
    limit: usize,
) -> Result<Answer, Failure> {
    let (request, _guard) = guarded(request, RequestRedirect::Manual)?;
    let exchange = async {
        let mut response = Fetch::Request(request).send().await.map_err(broken)?;
        let (status, headers) = (response.status_code(), crate::http::headers_of(response.headers()));
        let mut body = Vec::new();
        // An answer without a body is no stream.
        if let Ok(mut stream) = response.stream() {
            while let Some(chunk) = stream.next().await {
                body.extend(chunk.map_err(broken)?);
                if body.len() > limit {
                    break;
                }
            }
        }
        Ok(Answer { status, headers, body })
    };
    within(deadline, exchange).await.unwrap_or(Err(Failure::Timeout))
}

async fn read(response: &mut worker::Response) -> Result<Answer, Failure> {
    let headers = crate::http::headers_of(response.headers());
    Ok(Answer { status: response.status_code(), headers, body: response.bytes().await.map_err(broken)? })
}

/// Sends a request to a bound worker and reads the answer.
pub async fn to_service(service: &Fetcher, request: &http::Request<Vec<u8>>) -> Result<Answer, Failure> {
    let (request, _guard) = guarded(request, RequestRedirect::Follow)?;
    let mut response = service.fetch_request(request).await.map_err(broken)?;
    read(&mut response).await
}

/// Sends a request to a Durable Object and reads the answer.
pub async fn to_object(object: &Stub, request: &http::Request<Vec<u8>>) -> Result<Answer, Failure> {
    let (request, _guard) = guarded(request, RequestRedirect::Follow)?;
    let mut response = object.fetch_with_request(request).await.map_err(broken)?;
    read(&mut response).await
}

/// Hands a request on to a Durable Object as it came, redirects and all, and the answer back unread. Where the future is
/// dropped before there is an answer, the call is aborted.
pub async fn hand_on(object: &Stub, request: worker::Request) -> worker::Result<worker::Response> {
    let (request, guard) = watched(request.inner()).map_err(|error| worker::Error::RustError(format!("{error:?}")))?;
    let response = object.fetch_with_request(request).await?;
    guard.let_go();
    Ok(response)
}

/// Sends a request to a Durable Object and passes its answer on unread, which may be a stream.
pub async fn through_object(
    object: &Stub,
    request: &http::Request<Vec<u8>>,
) -> Result<crate::http::Response<crate::http::Body>, Failure> {
    let response = object.fetch_with_request(outgoing(request, RequestRedirect::Follow)?).await.map_err(broken)?;
    Ok(crate::http::pass_on(response))
}
