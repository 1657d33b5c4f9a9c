//! The token for market data.

use domain::Timestamp;
use http::header;
use serde_json::{Value, json};

use super::Context;
use crate::{
    call::header_text,
    oauth::quote_token,
    stream,
    wire::{envelope, moment},
};

/// `/api-quote-tokens`. Data that come late are of another level.
pub(super) fn token(context: &Context<'_>, wall: Timestamp) -> Value {
    let host =
        header_text(context.call, header::HOST).or_else(|| context.call.uri().authority().map(|host| host.as_str()));
    let url = format!("ws://{}{}", host.unwrap_or("localhost"), stream::DXLINK);
    let data = json!({
        "token": quote_token::issue(context.user.name, wall),
        "dxlink-url": url,
        "level": if context.user.delayed { "demo" } else { "api" },
        "issued-at": moment(wall),
        "expires-at": moment(wall + quote_token::LIFETIME),
    });
    envelope(&data, "/api-quote-tokens")
}
