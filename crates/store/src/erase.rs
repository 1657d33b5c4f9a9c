//! Deleting a user: one statement per table, in one transaction.

use domain::UserId;

use crate::{Database, Error, Statement, sql};

/// One `DELETE` for each table that has rows of users. `users` is last, since it is what says that there is such a user.
/// What was asked for on a consent page (`oauth_requests`) belongs to nobody and expires by itself.
const STATEMENTS: [&str; 18] = [
    "DELETE FROM credentials WHERE user_id = ?1",
    "DELETE FROM oauth_codes WHERE user_id = ?1",
    "DELETE FROM refresh_tokens WHERE user_id = ?1",
    "DELETE FROM grants WHERE user_id = ?1",
    "DELETE FROM browser_sessions WHERE user_id = ?1",
    "DELETE FROM api_keys WHERE user_id = ?1",
    "DELETE FROM accounts WHERE user_id = ?1",
    "DELETE FROM balances WHERE user_id = ?1",
    "DELETE FROM positions WHERE user_id = ?1",
    "DELETE FROM position_snapshots WHERE user_id = ?1",
    "DELETE FROM jobs WHERE user_id = ?1",
    "DELETE FROM analyses WHERE user_id = ?1",
    "DELETE FROM alerts WHERE user_id = ?1",
    "DELETE FROM notification_channels WHERE user_id = ?1",
    "DELETE FROM notification_deliveries WHERE user_id = ?1",
    "DELETE FROM settings WHERE user_id = ?1",
    "DELETE FROM audit WHERE user_id = ?1",
    "DELETE FROM users WHERE id = ?1",
];

/// Deletes every row of the user, all of them or none. A user who is not there is no error, so that it can be repeated.
///
/// The user's tokens end with it: an access token counts only while its grant's row is there.
pub async fn of_user(db: &impl Database, user: &UserId) -> Result<(), Error> {
    let statements: Vec<Statement> = STATEMENTS.iter().map(|text| sql!(*text, user)).collect();
    db.batch(statements).await?;
    Ok(())
}
