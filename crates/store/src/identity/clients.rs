//! Apps: those that registered themselves, and those whose id is the address of a document about them, as it was when it
//! was last fetched.

use chrono::TimeDelta;
use domain::Timestamp;
use serde::Deserialize;

use crate::{Database, Error, Statement, sql};

/// How long a document is kept after it should have been fetched again, for when that fails.
pub const STALE: TimeDelta = TimeDelta::days(7);

/// An app as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClientRow {
    /// Its `client_id`.
    pub id: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// JSON array of the addresses it may be sent to.
    pub redirect_uris: String,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub auth_method: String,
    /// The hash of its secret, for the two methods that have one.
    pub secret_hash: Option<String>,
    /// JSON object of what else it registered.
    pub metadata: String,
    /// The hash of the registration.
    pub fingerprint: String,
    /// When it registered.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub created_at: Timestamp,
    /// When it is forgotten, unless it is used; for a document, when it is to be fetched again.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub expires_at: Timestamp,
}

/// Keeps a new app.
pub async fn insert(db: &impl Database, client: &ClientRow) -> Result<(), Error> {
    db.run(sql!(
        "INSERT INTO oauth_clients
           (id, name, redirect_uris, auth_method, secret_hash, metadata, fingerprint, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        client.id.as_str(),
        client.name.clone(),
        client.redirect_uris.as_str(),
        client.auth_method.as_str(),
        client.secret_hash.clone(),
        client.metadata.as_str(),
        client.fingerprint.as_str(),
        client.created_at,
        client.expires_at,
    ))
    .await?;
    Ok(())
}

/// Keeps what a document says, in place of what it said before.
pub async fn keep_document(db: &impl Database, client: &ClientRow) -> Result<(), Error> {
    db.run(sql!(
        "INSERT INTO oauth_clients
           (id, name, redirect_uris, auth_method, secret_hash, metadata, fingerprint, created_at, expires_at)
         VALUES (?1, ?2, ?3, 'none', NULL, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, redirect_uris = excluded.redirect_uris,
           metadata = excluded.metadata, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at",
        client.id.as_str(),
        client.name.clone(),
        client.redirect_uris.as_str(),
        client.metadata.as_str(),
        client.fingerprint.as_str(),
        client.created_at,
        client.expires_at,
    ))
    .await?;
    Ok(())
}

/// The app of that id as it was last known, expired or not.
pub async fn last_known(db: &impl Database, id: &str) -> Result<Option<ClientRow>, Error> {
    db.run(sql!("SELECT * FROM oauth_clients WHERE id = ?1", id)).await?.first()
}

/// The app of that id, unless it was forgotten.
pub async fn find(db: &impl Database, id: &str, now: Timestamp) -> Result<Option<ClientRow>, Error> {
    db.run(sql!("SELECT * FROM oauth_clients WHERE id = ?1 AND expires_at > ?2", id, now)).await?.first()
}

/// An app without a secret that registered in exactly these words since then.
pub async fn twin(db: &impl Database, fingerprint: &str, since: Timestamp) -> Result<Option<ClientRow>, Error> {
    db.run(sql!(
        "SELECT * FROM oauth_clients WHERE fingerprint = ?1 AND created_at >= ?2 AND auth_method = 'none'
         ORDER BY created_at DESC LIMIT 1",
        fingerprint,
        since,
    ))
    .await?
    .first()
}

/// Moves the day on which an app is forgotten, if that moves it by more than a day: not every use is worth a write.
pub async fn renew(db: &impl Database, client: &ClientRow, expires_at: Timestamp) -> Result<(), Error> {
    if expires_at - client.expires_at > TimeDelta::days(1) {
        db.run(sql!("UPDATE oauth_clients SET expires_at = ?2 WHERE id = ?1", client.id.as_str(), expires_at)).await?;
    }
    Ok(())
}

/// Removes apps that were not used for long. Documents, whose ids are addresses, stay for [`STALE`] more.
pub(super) fn sweep(now: Timestamp) -> Statement {
    sql!(
        "DELETE FROM oauth_clients WHERE expires_at < ?1 AND (expires_at < ?2 OR id NOT LIKE 'https://%')",
        now,
        now - STALE,
    )
}
