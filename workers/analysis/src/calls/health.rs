//! `health`: whether the worker and its bindings are there.

use domain::Error;
use serde_json::{Value, json};
use store::{Database, sql};

use crate::app::App;

/// The state of each binding, as mcp-server shows it under `/health`.
pub(crate) async fn answer(app: &App) -> Result<Value, Error> {
    let database = app.db.run(sql!("SELECT 1 AS one")).await;
    let state = |ok: bool| if ok { "ok" } else { "failed" };
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "bindings": {
            "DB": state(database.is_ok()),
            "QUEUE": state(app.queue().is_ok()),
            "WORKFLOWS": state(app.workflow().is_ok()),
            "UPSTREAM": state(app.env.durable_object("UPSTREAM").is_ok()),
            "USER_HUB": state(app.env.durable_object("USER_HUB").is_ok()),
        },
    }))
}
