//! Audit rows, written after the answer: what was done in whose name, through which app, and how it went.
//!
//! A row that cannot be written is told in the log and fails no request. Details are small facts that are named one by one:
//! no tokens, no arguments, no account numbers, no text from outside.

use edge::d1::D1;
use serde_json::json;
use store::{Database, audit, audit::Entry};

use crate::app::App;

/// Writes a row once the answer is under way.
pub(crate) fn note(app: &App<'_>, entry: Entry<'_>) {
    let insertion = audit::insertion(&vault::token::id(&app.entropy), &entry, edge::clock::now());
    write(app, vec![insertion]);
}

/// Writes down what the authorization server told of, if anything.
pub(crate) fn note_changes(app: &App<'_>) {
    let now = edge::clock::now();
    let rows: Vec<_> = (app.changes.take().iter())
        .map(|change| {
            let entry = Entry {
                user: change.user.as_ref(),
                action: change.what.as_str(),
                client_id: change.client_id.as_deref(),
                outcome: change.outcome,
                request_id: &app.request_id,
                details: change.reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason })),
            };
            audit::insertion(&vault::token::id(&app.entropy), &entry, now)
        })
        .collect();
    if !rows.is_empty() {
        write(app, rows);
    }
}

/// Runs statements in one transaction once the answer is under way; a failure is logged.
pub(crate) fn write(app: &App<'_>, statements: Vec<store::Statement>) {
    let (env, request_id) = (app.env.clone(), app.request_id.clone());
    app.after.run(async move {
        let written = match D1::of(&env) {
            Ok(db) => db.batch(statements).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            edge::log::error("audit not written", &[("request_id", &request_id), ("error", &error)]);
        }
    });
}
