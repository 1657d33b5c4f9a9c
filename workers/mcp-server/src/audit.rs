//! Audit rows, written after the answer: what was done in whose name, through which app, and how it went.
//!
//! A row that cannot be written is told in the log and fails no request. Details are small facts that are named one by one:
//! no tokens, no arguments, no account numbers, no text from outside.

use std::{cell::RefCell, time::Duration};

use domain::Timestamp;
use edge::d1::D1;
use serde_json::json;
use store::{Database, Statement, audit, audit::Entry};
use worker::{Delay, Env};

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

/// How long rows wait for others, so that one transaction writes them together.
const GATHER: Duration = Duration::from_millis(100);
/// The most statements of one transaction.
const MAX_BATCH: usize = 100;
/// How many transactions one request writes. The platform ends what goes on for half a minute after an answer.
const MAX_BATCHES: u32 = 100;
/// The most statements that wait. More than that are lost, which is told in the log.
const MAX_WAITING: usize = 5000;
/// After this many seconds without a sign of whoever writes, another request does.
const MAX_SILENCE: i64 = 10;

thread_local! {
    static WAITING: RefCell<Waiting> = const { RefCell::new(Waiting { statements: Vec::new(), writer: None }) };
}

/// What is to be written, of all requests that this isolate serves.
struct Waiting {
    statements: Vec<Statement>,
    /// When the request that writes gave its last sign; `None` if none does.
    writer: Option<Timestamp>,
}

impl Waiting {
    /// Adds statements. Whether the caller is the one who has to write; `None` if they found no room.
    fn add(&mut self, statements: Vec<Statement>, now: Timestamp) -> Option<bool> {
        if self.statements.len().saturating_add(statements.len()) > MAX_WAITING {
            return None;
        }
        self.statements.extend(statements);
        let is_written = self.writer.is_some_and(|sign| (now - sign).num_seconds() < MAX_SILENCE);
        if !is_written {
            self.writer = Some(now);
        }
        Some(!is_written)
    }

    /// The next that are to be written together, or all of them if these are the last. Where there are none, and after the
    /// last, nobody writes any more.
    fn take(&mut self, now: Timestamp, is_last: bool) -> Vec<Statement> {
        let count = if is_last { self.statements.len() } else { self.statements.len().min(MAX_BATCH) };
        let next: Vec<_> = self.statements.drain(..count).collect();
        self.writer = (!next.is_empty() && !is_last).then_some(now);
        next
    }
}

/// Writes statements once the answer is under way. Those of several requests are written together by one of them; a failure is
/// logged.
pub(crate) fn write(app: &App<'_>, statements: Vec<Statement>) {
    let is_mine = WAITING.with_borrow_mut(|waiting| waiting.add(statements, edge::clock::now()));
    let (env, request_id) = (app.env.clone(), app.request_id.clone());
    match is_mine {
        Some(true) => app.after.run(async move { write_all(&env, &request_id).await }),
        Some(false) => {}
        None => edge::log::error("audit not written", &[("request_id", &request_id), ("error", &"too much waits")]),
    }
}

async fn write_all(env: &Env, request_id: &str) {
    for batch in 1..=MAX_BATCHES {
        Delay::from(GATHER).await;
        let statements = WAITING.with_borrow_mut(|waiting| waiting.take(edge::clock::now(), batch == MAX_BATCHES));
        if statements.is_empty() {
            return;
        }
        let written = match D1::of(env) {
            Ok(db) => db.batch(statements).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            edge::log::error("audit not written", &[("request_id", &request_id), ("error", &error)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::after;

    use super::*;

    fn statements(count: usize) -> Vec<Statement> {
        vec![store::sql!("SELECT 1"); count]
    }

    #[test]
    fn one_request_writes_for_all_until_nothing_waits() {
        let mut waiting = Waiting { statements: Vec::new(), writer: None };
        assert_eq!(waiting.add(statements(2), after(0)), Some(true));
        assert_eq!(waiting.add(statements(MAX_BATCH), after(1)), Some(false));
        assert_eq!(waiting.take(after(1), false).len(), MAX_BATCH);
        assert_eq!(waiting.add(statements(1), after(2)), Some(false));
        assert_eq!(waiting.take(after(2), false).len(), 3);
        assert_eq!(waiting.take(after(2), false).len(), 0);
        assert_eq!(waiting.add(statements(2 * MAX_BATCH), after(3)), Some(true));
        assert_eq!(waiting.take(after(3), true).len(), 2 * MAX_BATCH);
        assert_eq!(waiting.add(statements(1), after(3)), Some(true));
    }

    #[test]
    fn another_request_writes_where_the_one_before_is_gone() {
        let mut waiting = Waiting { statements: Vec::new(), writer: None };
        assert_eq!(waiting.add(statements(1), after(0)), Some(true));
        assert_eq!(waiting.add(statements(1), after(MAX_SILENCE - 1)), Some(false));
        assert_eq!(waiting.add(statements(1), after(MAX_SILENCE)), Some(true));
        assert_eq!(waiting.take(after(MAX_SILENCE), false).len(), 3);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut waiting = Waiting { statements: Vec::new(), writer: None };
        assert_eq!(waiting.add(statements(MAX_WAITING), after(0)), Some(true));
        assert_eq!(waiting.add(statements(1), after(0)), None);
    }
}
