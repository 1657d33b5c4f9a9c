//! `export`: everything that is kept of a user, for the user.

use domain::{Error, UserId};
use serde_json::Value;

use crate::app::App;

/// The user's rows by table, as they are at one moment.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Value, Error> {
    Ok(store::export::of_user(&app.db, user).await?)
}
