//! Tokens for the streamers, and the check of the session.

use chrono::TimeDelta;
use http::{Method, header};
use serde_json::json;

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, write};
use crate::{
    call,
    oauth::jwt::{self, QuoteClaims},
    wire::{envelope, moment},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/api-quote-tokens", |_, asked| quote_token(asked)),
    write(Method::POST, "/sessions/validate", Scope::Either, |_, asked| validate(asked)),
];

/// Where market data are streamed, on this server's own origin.
pub(crate) const STREAM_PATH: &str = "/dxlink";

/// A token for market data, good for a day.
fn quote_token(asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let expires = asked.now + TimeDelta::days(1);
    let token =
        jwt::sign(&QuoteClaims { quotes_of: user.name.to_owned(), delayed: user.delayed, exp: expires.timestamp() });
    let host = call::header_text(asked.call, header::HOST).unwrap_or("localhost");
    let data = json!({
        "token": token,
        "dxlink-url": format!("ws://{host}{STREAM_PATH}"),
        "level": if user.delayed { "demo" } else { "api" },
        "issued-at": moment(asked.now),
        "expires-at": moment(expires),
    });
    Ok(envelope(&data, asked.path()).into())
}

fn validate(asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let data = json!({ "email": user.email, "username": user.name, "external-id": user.external_id });
    Ok(Answer::created(envelope(&data, asked.path())))
}
