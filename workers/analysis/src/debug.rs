//! Development only: panics on demand, to show that each ends one request, call or attempt and nothing else; and market data
//! on demand, to show how a collection ends.

use std::time::Duration;

use contract::{DebugPanic, DebugStream};
use domain::{Error, Reason, UserId};
use serde_json::{Value, json};
use tasty::dxlink::{CandleSeries, Kind, Period, Unit, Wanted};
use worker::Delay;

use crate::{
    app::App,
    jobs::{self, Params},
    stream::{self, Streamed},
};

/// The kind of the workflow whose first step panics twice.
pub(crate) const PANIC: &str = "debug_panic";

fn only_in_development(app: &App) -> Result<(), Error> {
    let is_development = edge::vars::get(&app.env, "ENVIRONMENT").as_deref() == Some("development");
    is_development.then_some(()).ok_or_else(|| Error::new(Reason::NotFound, "There is no such call."))
}

/// Collects market data; not found outside development.
pub(crate) async fn stream(app: &App, user: &UserId, asked: DebugStream) -> Result<Streamed, Error> {
    only_in_development(app)?;
    let kinds: Vec<Kind> = asked.kinds.iter().filter_map(|name| Kind::named(name)).collect();
    let from = app.now - chrono::Duration::days(asked.days.into());
    let series = asked.candles.into_iter().map(|symbol| CandleSeries {
        symbol,
        period: Period::of(1, Unit::Day),
        regular_hours: true,
        from,
    });
    let mut wanted = Wanted::events(&kinds, asked.symbols).and_candles(series);
    if asked.quiet_ms > 0 {
        wanted = wanted.until_quiet(Duration::from_millis(asked.quiet_ms));
    }
    stream::collect(app, user, wanted, Duration::from_millis(asked.wait_ms)).await
}

/// Panics where it is asked to; not found outside development.
pub(crate) async fn panic(app: &App, place: DebugPanic, user: Option<UserId>) -> Result<Value, Error> {
    only_in_development(app)?;
    match place {
        DebugPanic::Before => Ok(panic_until(0, 1)),
        DebugPanic::After => {
            Delay::from(Duration::from_millis(20)).await;
            Ok(panic_until(0, 1))
        }
        DebugPanic::Step => {
            let user_id =
                user.or_else(|| UserId::new("debug")).ok_or_else(|| Error::new(Reason::Internal, "no user"))?;
            let job_id = vault::token::id(&app.entropy);
            let params = Params { kind: PANIC.to_owned(), user_id, job_id, wait_ms: 0 };
            let written = serde_json::to_value(&params).unwrap_or_default();
            let id = &params.job_id;
            store::identity::users::upsert_user(&app.db, &params.user_id, false, app.now).await?;
            let (job, is_new) = store::jobs::create(&app.db, &params.user_id, PANIC, &written, id, app.now).await?;
            if is_new {
                jobs::start_instance(app, &params).await;
            }
            Ok(json!({"workflow_id": job.id}))
        }
    }
}

/// Panics on every attempt before `good`.
#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) fn panic_until(attempt: u32, good: u32) -> Value {
    if attempt < good {
        panic!("a panic on demand, attempt {attempt}");
    }
    json!({"attempts": attempt})
}
