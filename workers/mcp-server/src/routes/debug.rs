//! `GET /debug/analysis`, `GET /debug/panic?at=before|after|analysis|analysis-after|step` and `POST /debug/stream`:
//! development only, elsewhere not found.

use std::time::Duration;

use contract::{Call, DebugPanic};
use domain::{Error, Reason};
use edge::http::{Request, Response, json};
use serde_json::Value;

use crate::{app::App, auth, config::Environment, rate::Class};

fn only_in_development(app: &App<'_>) -> Result<(), Error> {
    match app.config.environment {
        Environment::Development => Ok(()),
        Environment::Production => Err(Error::new(Reason::NotFound, "There is nothing here.")),
    }
}

/// What the analysis worker says of itself, through the service binding.
pub(crate) async fn analysis(app: &App<'_>) -> Result<Response, Error> {
    only_in_development(app)?;
    Ok(json(200, &app.ask::<Value>(None, Call::Health).await?))
}

/// Collects market data on demand, for the bearer of an access token.
pub(crate) async fn stream(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    only_in_development(app)?;
    let caller = match auth::token(app, request).await {
        Ok(token) => auth::caller(app, request, token, Class::Market).await,
        Err(refusal) => Err(refusal),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(refusal) => return Ok(refusal),
    };
    let asked = serde_json::from_slice(request.body())
        .map_err(|error| Error::new(Reason::InvalidRequest, format!("The body is not what to collect: {error}.")))?;
    Ok(json(200, &app.ask_raw(caller.principal, Call::DebugStream(asked)).await?))
}

/// Panics on demand.
pub(crate) async fn panic(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    only_in_development(app)?;
    let call = |place| app.ask::<Value>(None, Call::DebugPanic { place });
    let answered = match request.uri().query() {
        Some("at=analysis") => call(DebugPanic::Before).await?,
        Some("at=analysis-after") => call(DebugPanic::After).await?,
        Some("at=step") => call(DebugPanic::Step).await?,
        Some("at=after") => {
            worker::Delay::from(Duration::from_millis(20)).await;
            now("after an await")
        }
        _ => now("before an await"),
    };
    Ok(json(200, &answered))
}

#[expect(clippy::panic, reason = "this is what it is for")]
fn now(place: &str) -> Value {
    panic!("a panic on demand, {place}");
}
