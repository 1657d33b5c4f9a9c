//! Users and their sealed credentials.

use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{Database, Error, sql};

/// How a credential came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// By the operator's app: the client secret is the operator's and lies in the variables.
    Login,
    /// Pasted by the user: the client secret is the user's and lies beside the refresh token.
    OwnGrant,
}

impl CredentialKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::OwnGrant => "own_grant",
        }
    }
}

/// Whether TastyTrade still accepts a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStatus {
    /// As far as we know.
    Active,
    /// No: the user has to log in again.
    Revoked,
}

/// A credential as it is stored. The sealed columns open with [`Credential::TABLE`], their own names, the user and
/// [`Credential::id`] as their place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Credential {
    /// Its own id; a new login makes a new one.
    pub id: String,
    /// How it came.
    pub kind: CredentialKind,
    /// The user's client secret, sealed; own grants only.
    pub client_secret_sealed: Option<String>,
    /// The refresh token, sealed.
    pub refresh_token_sealed: String,
    /// Whether it still holds.
    pub status: CredentialStatus,
}

impl Credential {
    /// The table, for the place of a sealed value.
    pub const TABLE: &'static str = "credentials";
    /// The column of [`Self::client_secret_sealed`].
    pub const CLIENT_SECRET: &'static str = "client_secret_sealed";
    /// The column of [`Self::refresh_token_sealed`].
    pub const REFRESH_TOKEN: &'static str = "refresh_token_sealed";
}

/// What is known about a user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// 1 if TastyTrade gives this user delayed quotes, which must not reach others.
    pub delayed_quotes: u8,
    /// The account that calls without one mean.
    pub default_account: Option<String>,
    /// When a position sync last finished.
    #[serde(with = "chrono::serde::ts_milliseconds_option")]
    pub synced_at: Option<Timestamp>,
}

/// Notes a login. True if this user has never been here before.
pub async fn upsert_user(
    db: &impl Database,
    user: &UserId,
    delayed_quotes: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    #[derive(Deserialize)]
    struct Row {
        is_new: u8,
    }
    // A second login within the same millisecond is still told from the first, since only a first one leaves both times equal.
    let row: Option<Row> = db
        .run(sql!(
            "INSERT INTO users (id, delayed_quotes, created_at, last_login_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (id) DO UPDATE SET delayed_quotes = excluded.delayed_quotes,
               last_login_at = max(users.created_at + 1, excluded.last_login_at)
             RETURNING created_at = last_login_at AS is_new",
            user,
            delayed_quotes,
            now,
        ))
        .await?
        .first()?;
    Ok(row.is_some_and(|row| row.is_new == 1))
}

/// The user, if there is one.
pub async fn user(db: &impl Database, user: &UserId) -> Result<Option<User>, Error> {
    db.run(sql!("SELECT id, delayed_quotes, default_account, synced_at FROM users WHERE id = ?1", user)).await?.first()
}

/// Keeps a credential in place of the one before.
pub async fn store_credential(
    db: &impl Database,
    user: &UserId,
    credential: &Credential,
    now: Timestamp,
) -> Result<(), Error> {
    let status = match credential.status {
        CredentialStatus::Active => "active",
        CredentialStatus::Revoked => "revoked",
    };
    db.run(sql!(
        "INSERT INTO credentials
           (user_id, id, kind, client_secret_sealed, refresh_token_sealed, status, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
         ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, kind = excluded.kind,
           client_secret_sealed = excluded.client_secret_sealed, refresh_token_sealed = excluded.refresh_token_sealed,
           status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at",
        user,
        credential.id.as_str(),
        credential.kind.as_str(),
        credential.client_secret_sealed.clone(),
        credential.refresh_token_sealed.as_str(),
        status,
        now,
    ))
    .await?;
    Ok(())
}

/// The user's credential, if there is one.
pub async fn credential(db: &impl Database, user: &UserId) -> Result<Option<Credential>, Error> {
    db.run(sql!(
        "SELECT id, kind, client_secret_sealed, refresh_token_sealed, status FROM credentials WHERE user_id = ?1",
        user,
    ))
    .await?
    .first()
}

/// How a user is connected, without anything sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// How the credential came.
    pub kind: CredentialKind,
    /// Whether TastyTrade still accepts it, as far as we know.
    pub status: CredentialStatus,
}

/// How the user is connected; `None` for one who is not.
pub async fn connection(db: &impl Database, user: &UserId) -> Result<Option<Connection>, Error> {
    db.run(sql!("SELECT kind, status FROM credentials WHERE user_id = ?1", user)).await?.first()
}

/// Forgets the user's credential. What was synced stays, and the cron syncs no more, until the next login.
pub async fn delete_credential(db: &impl Database, user: &UserId) -> Result<(), Error> {
    db.run(sql!("DELETE FROM credentials WHERE user_id = ?1", user)).await?;
    Ok(())
}

/// Whose credential this is. The id follows from a secret that only its owner has (single-user mode).
pub async fn user_of_credential(db: &impl Database, credential_id: &str) -> Result<Option<UserId>, Error> {
    #[derive(Deserialize)]
    struct Row {
        user_id: UserId,
    }
    let found = db.run(sql!("SELECT user_id FROM credentials WHERE id = ?1", credential_id)).await?;
    Ok(found.first::<Row>()?.map(|row| row.user_id))
}

/// A credential with its owner, for the sweep that seals anew.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OwnedCredential {
    /// Whose it is.
    pub user_id: UserId,
    /// The credential.
    #[serde(flatten)]
    pub credential: Credential,
}

/// Credentials, of whoever they are, whose refresh token's envelope begins like this: `limit` of them, chosen by chance, so
/// that some that cannot be opened do not keep the others from their turn.
pub async fn sealed_like(db: &impl Database, prefix: &str, limit: u32) -> Result<Vec<OwnedCredential>, Error> {
    db.run(sql!(
        "SELECT user_id, id, kind, client_secret_sealed, refresh_token_sealed, status FROM credentials
         WHERE substr(refresh_token_sealed, 1, length(?1)) = ?1 ORDER BY random() LIMIT ?2",
        prefix,
        i64::from(limit),
    ))
    .await?
    .read()
}

/// Replaces the sealed values of a credential that was sealed anew under another key. Does nothing if they are no longer
/// those of `old`: a newer login has taken its place, or another did the same.
pub async fn reseal_credential(
    db: &impl Database,
    user: &UserId,
    old: &Credential,
    new: &Credential,
    now: Timestamp,
) -> Result<(), Error> {
    db.run(sql!(
        "UPDATE credentials SET client_secret_sealed = ?4, refresh_token_sealed = ?5, updated_at = ?6
         WHERE user_id = ?1 AND id = ?2 AND refresh_token_sealed = ?3",
        user,
        old.id.as_str(),
        old.refresh_token_sealed.as_str(),
        new.client_secret_sealed.clone(),
        new.refresh_token_sealed.as_str(),
        now,
    ))
    .await?;
    Ok(())
}

/// Notes that TastyTrade no longer accepts this credential. Does nothing if a newer login has taken its place.
pub async fn mark_credential_revoked(
    db: &impl Database,
    user: &UserId,
    credential_id: &str,
    now: Timestamp,
) -> Result<(), Error> {
    db.run(sql!(
        "UPDATE credentials SET status = 'revoked', updated_at = ?3 WHERE user_id = ?1 AND id = ?2",
        user,
        credential_id,
        now,
    ))
    .await?;
    Ok(())
}
