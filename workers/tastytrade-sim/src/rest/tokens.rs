//! Tokens for the streamers, and the check of the session.

use http::{Method, header};
use serde_json::json;

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, write};
use crate::{
    call::header_text,
    oauth::quote_token,
    stream,
    wire::{envelope, moment},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/api-quote-tokens", |_, asked| quote_token(asked)),
    write(Method::POST, "/sessions/validate", Scope::Either, |_, asked| validate(asked)),
];

/// A token for market data on this server's own origin, good for a day. Data that come late are of another level.
fn quote_token(asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let host = header_text(asked.call, header::HOST).or_else(|| asked.call.uri().authority().map(|host| host.as_str()));
    let data = json!({
        "token": quote_token::issue(user.name, asked.wall),
        "dxlink-url": format!("ws://{}{}", host.unwrap_or("localhost"), stream::DXLINK),
        "level": if user.delayed { "demo" } else { "api" },
        "issued-at": moment(asked.wall),
        "expires-at": moment(asked.wall + quote_token::LIFETIME),
    });
    Ok(envelope(&data, asked.path()).into())
}

fn validate(asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let data = json!({ "email": user.email, "username": user.name, "external-id": user.external_id });
    Ok(Answer::created(envelope(&data, asked.path())))
}
