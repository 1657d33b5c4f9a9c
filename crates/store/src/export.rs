//! Everything that is kept of a user, for the user: "download my data".

use chrono::{DateTime, SecondsFormat};
use domain::UserId;
use serde_json::{Map, Value as Json};

use crate::{Database, Error, sql};

/// Each table with what is read of it: every column except hashes and sealed ones, which are no use to anybody but us.
const TABLES: [(&str, &str); 18] = [
    (
        "users",
        "SELECT id, delayed_quotes, default_account, synced_at, created_at, last_login_at FROM users WHERE id = ?1",
    ),
    ("credentials", "SELECT id, kind, status, created_at, updated_at FROM credentials WHERE user_id = ?1"),
    (
        "grants",
        "SELECT id, client_id, scopes, resource, created_at, last_used_at, revoked_at, revoke_reason
         FROM grants WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "refresh_tokens",
        "SELECT grant_id, generation, created_at, expires_at, used_at
         FROM refresh_tokens WHERE user_id = ?1 ORDER BY created_at, grant_id, generation",
    ),
    (
        "oauth_codes",
        "SELECT client_id, redirect_uri, code_challenge, resource, scopes, created_at, expires_at, used_at, grant_id
         FROM oauth_codes WHERE user_id = ?1 ORDER BY created_at",
    ),
    (
        "browser_sessions",
        "SELECT created_at, expires_at, ended_at FROM browser_sessions WHERE user_id = ?1 ORDER BY created_at",
    ),
    (
        "api_keys",
        "SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at
         FROM api_keys WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    ("settings", "SELECT name, value, updated_at FROM settings WHERE user_id = ?1 ORDER BY name"),
    (
        "accounts",
        "SELECT account_number, nickname, account_type, margin_or_cash, is_closed, as_of
         FROM accounts WHERE user_id = ?1 ORDER BY account_number",
    ),
    ("balances", "SELECT account_number, as_of, body FROM balances WHERE user_id = ?1 ORDER BY account_number"),
    (
        "positions",
        "SELECT account_number, symbol, underlying_symbol, instrument_type, quantity, quantity_direction,
           average_open_price, close_price, mark, mark_price, realized_day_gain, multiplier, expires_at, status,
           opened_at, first_seen_at, closed_at, as_of
         FROM positions WHERE user_id = ?1 ORDER BY account_number, underlying_symbol, symbol",
    ),
    (
        "position_snapshots",
        "SELECT account_number, as_of, body FROM position_snapshots WHERE user_id = ?1 ORDER BY as_of, account_number",
    ),
    (
        "jobs",
        "SELECT id, kind, status, params, progress, output, error, attempts, created_at, updated_at, started_at,
           finished_at
         FROM jobs WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "analyses",
        "SELECT id, symbol, kind, strategy, job_id, body, created_at
         FROM analyses WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "alerts",
        "SELECT id, alert_type, symbol, condition, threshold, status, repeating, cooldown_seconds, note, created_at,
           last_fired_at, fired_value
         FROM alerts WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "notification_channels",
        "SELECT id, kind, name, status, created_at, confirmed_at
         FROM notification_channels WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "notification_deliveries",
        "SELECT id, channel_id, source, notification, status, attempts, last_error, created_at, next_at, delivered_at
         FROM notification_deliveries WHERE user_id = ?1 ORDER BY created_at, id",
    ),
    (
        "audit",
        "SELECT at, id, action, client_id, outcome, request_id, details FROM audit WHERE user_id = ?1 ORDER BY at, id",
    ),
];

/// All rows of the user by table, as they were at one moment. Columns that hold JSON come as what they hold, moments as
/// ISO 8601 in UTC. A user without rows has empty tables.
pub async fn of_user(db: &impl Database, user: &UserId) -> Result<Json, Error> {
    let outcomes = db.batch(TABLES.iter().map(|(_, text)| sql!(*text, user)).collect()).await?;
    let tables = TABLES.iter().zip(outcomes).map(|((table, _), outcome)| {
        let rows = outcome.rows.into_iter().map(readable).collect();
        ((*table).to_owned(), Json::Array(rows))
    });
    Ok(Json::Object(tables.collect::<Map<_, _>>()))
}

fn readable(row: Json) -> Json {
    match row {
        Json::Object(columns) => columns.into_iter().map(|(name, value)| cell(name, value)).collect(),
        other => other,
    }
}

fn cell(name: String, value: Json) -> (String, Json) {
    let is_moment = name.ends_with("_at") || matches!(name.as_str(), "at" | "as_of");
    let is_document = matches!(name.as_str(), "params" | "output" | "body" | "value" | "details" | "notification");
    let value = match value {
        Json::Number(number) if is_moment => moment(&number).unwrap_or(Json::Number(number)),
        Json::String(text) if is_document => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        other => other,
    };
    (name, value)
}

/// D1 gives integers as doubles; ours are whole.
fn moment(number: &serde_json::Number) -> Option<Json> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let millis = number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
        #[expect(clippy::cast_possible_truncation, reason = "within what a double counts without gaps")]
        Some(float as i64)
    })?;
    let moment = DateTime::from_timestamp_millis(millis)?;
    Some(Json::String(moment.to_rfc3339_opts(SecondsFormat::Millis, true)))
}
