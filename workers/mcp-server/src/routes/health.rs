//! `GET /health`: whether the server and each of its bindings work. 200 when all do, else 503. No authentication, and
//! nothing in it about anybody.

use contract::Call;
use domain::Error;
use edge::http::{Response, json};
use serde_json::{Value, json};
use store::{Database, sql};

use crate::app::App;

/// `{"status":"healthy",...}`.
pub(crate) async fn show(app: &App<'_>) -> Result<Response, Error> {
    let database = app.db.run(sql!("SELECT count(*) AS users FROM users")).await.is_ok();
    let documents = edge::r2::text(app.env, "knowledge/options/strategies.md").await;
    let analysis = app.ask::<Value>(None, Call::Health).await;
    let word = |ok: bool| if ok { "ok" } else { "failed" };
    let analysis_ok = analysis.as_ref().is_ok_and(|state| !state.to_string().contains("failed"));
    let healthy = database && documents.is_ok() && analysis_ok;
    let body = json!({
        "status": if healthy { "healthy" } else { "unhealthy" },
        "name": crate::mcp::catalog::NAME,
        "version": env!("CARGO_PKG_VERSION"),
        "bindings": {
            "DB": word(database),
            "KV": "ok",
            "R2": word(documents.is_ok()),
            "ANALYSIS": word(analysis.is_ok()),
            "QUEUE": word(app.env.queue("QUEUE").is_ok()),
            "WORKFLOWS": word(edge::workflow::Workflow::of(app.env, "WORKFLOWS").is_ok()),
            "USER_HUB": word(app.env.durable_object("USER_HUB").is_ok()),
        },
        "knowledge": matches!(documents, Ok(Some(_))),
        "analysis": analysis.unwrap_or_else(|error| json!({ "error": error.body() })),
    });
    Ok(json(if healthy { 200 } else { 503 }, &body))
}
