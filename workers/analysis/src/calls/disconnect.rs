//! `disconnect`: forgets what TastyTrade entrusted to us for this user. What was synced stays.

use domain::{Error, UserId};
use serde_json::{Value, json};
use store::identity::users;

use crate::{app::App, upstream};

/// Deletes the credential, then the access token that was minted from it. In this order: a mint that is under way is waited
/// for by the second step, and none can follow.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Value, Error> {
    users::delete_credential(&app.db, user).await?;
    upstream::forget(app, user).await?;
    Ok(json!({}))
}
