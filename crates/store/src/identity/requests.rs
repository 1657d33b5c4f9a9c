//! Visits to the consent page: staged, decided, sent to TastyTrade, come back.
//!
//! Each function moves a visit by one stage if it stands in the stage before, belongs to the browser that asks, and has not
//! expired; it answers the row as it now stands, or nothing. Two equal requests at once: one gets the row.

use domain::{Scopes, Timestamp};
use serde::Deserialize;

use crate::{Database, Error, sql};

/// Who wants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// An app, which gets a code.
    Client,
    /// The browser itself, for settings and dashboard.
    Browser,
}

/// A visit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RequestRow {
    /// The hash of the handle in the form.
    pub handle_hash: String,
    /// Who wants in.
    pub kind: RequestKind,
    /// The hash of the cookie of the browser that opened it.
    pub cookie_hash: String,
    /// The app; this and the next four are there for apps only.
    pub client_id: Option<String>,
    /// Where the app wants the answer.
    pub redirect_uri: Option<String>,
    /// What the app wants back with it.
    pub state: Option<String>,
    /// The S256 challenge.
    pub code_challenge: Option<String>,
    /// What the token is to be for.
    pub resource: Option<String>,
    /// Where the browser goes afterwards: a path of ours.
    pub return_to: Option<String>,
    /// The scopes asked for.
    pub scopes: Scopes,
    /// Those that were left ticked; there from consent on.
    pub granted_scopes: Option<Scopes>,
    /// How many pasted grants were refused.
    pub attempts: u32,
    /// When it was opened.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// When it can no longer be decided or come back.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub expires_at: Timestamp,
}

/// Keeps a new visit, waiting for a decision.
pub async fn insert(db: &impl Database, request: &RequestRow) -> Result<(), Error> {
    let kind = match request.kind {
        RequestKind::Client => "client",
        RequestKind::Browser => "browser",
    };
    db.run(sql!(
        "INSERT INTO oauth_requests
           (handle_hash, kind, cookie_hash, client_id, redirect_uri, state, code_challenge, resource, return_to, scopes,
            created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        request.handle_hash.as_str(),
        kind,
        request.cookie_hash.as_str(),
        request.client_id.clone(),
        request.redirect_uri.clone(),
        request.state.clone(),
        request.code_challenge.clone(),
        request.resource.clone(),
        request.return_to.clone(),
        request.scopes.to_string(),
        request.created_at,
        request.expires_at,
    ))
    .await?;
    Ok(())
}

/// The visit, if it still waits for a decision by this browser. Changes nothing.
pub async fn pending(
    db: &impl Database,
    handle_hash: &str,
    cookie_hash: &str,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "SELECT * FROM oauth_requests
         WHERE handle_hash = ?1 AND cookie_hash = ?2 AND stage = 'pending' AND expires_at > ?3",
        handle_hash,
        cookie_hash,
        now,
    ))
    .await?
    .first()
}

/// Whether there is an undecided visit of this handle that another browser opened. Only for telling a person what is wrong.
pub async fn is_anothers(
    db: &impl Database,
    handle_hash: &str,
    cookie_hash: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let found = db
        .run(sql!(
            "SELECT 1 AS found FROM oauth_requests
             WHERE handle_hash = ?1 AND cookie_hash <> ?2 AND stage = 'pending' AND expires_at > ?3",
            handle_hash,
            cookie_hash,
            now,
        ))
        .await?;
    Ok(!found.rows.is_empty())
}

/// Decided: no.
pub async fn deny(
    db: &impl Database,
    handle_hash: &str,
    cookie_hash: &str,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "UPDATE oauth_requests SET stage = 'denied'
         WHERE handle_hash = ?1 AND cookie_hash = ?2 AND stage = 'pending' AND expires_at > ?3 RETURNING *",
        handle_hash,
        cookie_hash,
        now,
    ))
    .await?
    .first()
}

/// Decided: yes, by a login at TastyTrade. The visit is found again by the state's hash, until `expires_at`.
pub async fn send_upstream(
    db: &impl Database,
    handle_hash: &str,
    cookie_hash: &str,
    granted: &Scopes,
    state_hash: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "UPDATE oauth_requests SET stage = 'upstream', granted_scopes = ?4, upstream_state_hash = ?5, expires_at = ?6
         WHERE handle_hash = ?1 AND cookie_hash = ?2 AND stage = 'pending' AND expires_at > ?3 RETURNING *",
        handle_hash,
        cookie_hash,
        now,
        granted.to_string(),
        state_hash,
        expires_at,
    ))
    .await?
    .first()
}

/// Decided: yes, by a pasted grant, which is tried now.
pub async fn try_grant(
    db: &impl Database,
    handle_hash: &str,
    cookie_hash: &str,
    granted: &Scopes,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "UPDATE oauth_requests SET stage = 'trying', granted_scopes = ?4
         WHERE handle_hash = ?1 AND cookie_hash = ?2 AND stage = 'pending' AND expires_at > ?3 RETURNING *",
        handle_hash,
        cookie_hash,
        now,
        granted.to_string(),
    ))
    .await?
    .first()
}

/// The pasted grant was refused: the visit waits again, under a new handle, unless that happened `limit` times.
pub async fn reopen(
    db: &impl Database,
    handle_hash: &str,
    new_handle_hash: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "UPDATE oauth_requests SET stage = 'pending', handle_hash = ?2, attempts = attempts + 1
         WHERE handle_hash = ?1 AND stage = 'trying' AND attempts < ?3 AND expires_at > ?4 RETURNING *",
        handle_hash,
        new_handle_hash,
        i64::from(limit),
        now,
    ))
    .await?
    .first()
}

/// The browser came back from TastyTrade with this state. Once.
pub async fn come_back(
    db: &impl Database,
    state_hash: &str,
    cookie_hash: &str,
    now: Timestamp,
) -> Result<Option<RequestRow>, Error> {
    db.run(sql!(
        "UPDATE oauth_requests SET stage = 'done'
         WHERE upstream_state_hash = ?1 AND cookie_hash = ?2 AND stage = 'upstream' AND expires_at > ?3 RETURNING *",
        state_hash,
        cookie_hash,
        now,
    ))
    .await?
    .first()
}
