//! Who may come in: users and their credentials, apps, visits to the consent page, codes, grants, refresh tokens, API keys, browser
//! sessions.
//!
//! Tokens appear here as their hashes only. Each step that may happen once is one `UPDATE` whose condition says so, and its
//! caller learns from the answer whether it was the one; nothing is read first and written later. Rows that are found by
//! the hash of a secret (code, refresh token, session) tell whose they are, everything else is bound to a user.

pub mod api_keys;
pub mod clients;
pub mod codes;
pub mod documents;
pub mod grants;
pub mod requests;
pub mod sessions;
pub mod users;

use domain::Timestamp;

use crate::{Statement, sql};

/// What removes rows that have served: to be run now and then, by the cron. Codes stay a day longer than they hold, so that
/// a replay is still recognised.
pub fn sweep(now: Timestamp) -> Vec<Statement> {
    let yesterday = now - chrono::TimeDelta::days(1);
    vec![
        sql!("DELETE FROM oauth_requests WHERE expires_at < ?1", yesterday),
        sql!("DELETE FROM oauth_codes WHERE expires_at < ?1", yesterday),
        sql!("DELETE FROM refresh_tokens WHERE expires_at < ?1", now),
        sql!("DELETE FROM browser_sessions WHERE expires_at < ?1", now),
        clients::sweep(now),
        documents::sweep(now),
    ]
}
