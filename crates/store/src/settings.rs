//! What a user may choose. A choice is one row of `settings`, its value as JSON; what was never chosen is the default. The
//! default account lies in `users`.

use domain::{AccountNumber, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::{Database, Error, sql};

/// The row of [`Settings::quote_cache_ttl`].
pub const QUOTE_CACHE_TTL: &str = "quote_cache_ttl";
/// The row of [`Settings::chain_cache_ttl`].
pub const CHAIN_CACHE_TTL: &str = "chain_cache_ttl";
/// The row of [`Settings::time_zone`].
pub const TIME_ZONE: &str = "time_zone";

/// Whole seconds, from 0 to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Seconds<const MAX: i64>(i64);

/// How old a cached quote may be that the user is shown.
pub type QuoteTtl = Seconds<300>;
/// How old a cached option chain may be that the user is shown.
pub type ChainTtl = Seconds<3600>;

impl<const MAX: i64> Seconds<MAX> {
    /// The largest value.
    pub const MAX: i64 = MAX;

    /// The seconds, if they are within bounds.
    pub fn new(seconds: i64) -> Option<Self> {
        (0..=MAX).contains(&seconds).then_some(Self(seconds))
    }

    /// The seconds.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<const MAX: i64> TryFrom<i64> for Seconds<MAX> {
    type Error = &'static str;

    fn try_from(seconds: i64) -> Result<Self, Self::Error> {
        Self::new(seconds).ok_or("out of bounds")
    }
}

impl<const MAX: i64> From<Seconds<MAX>> for i64 {
    fn from(seconds: Seconds<MAX>) -> Self {
        seconds.0
    }
}

/// Reads the value of the row [`QUOTE_CACHE_TTL`] where it stands beside others in a row, or `NULL`.
pub(crate) fn quote_ttl_of_row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<QuoteTtl, D::Error> {
    Ok(QuoteTtl::of_row(Option::<String>::deserialize(deserializer)?.as_deref()))
}

impl QuoteTtl {
    /// What a row of [`QUOTE_CACHE_TTL`] holds, read beside other things; the default where there is none.
    pub fn of_row(value: Option<&str>) -> Self {
        value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Settings::default().quote_cache_ttl)
    }
}

/// The name of an IANA time zone by its form, for example `America/New_York`. Whether there is such a zone is known to the
/// platform, which is asked before one is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

impl TimeZone {
    /// Accepts one to three words between slashes, 64 characters at most. A word begins with a letter and goes on with
    /// letters, digits, `_`, `-` and `+`.
    pub fn new(text: &str) -> Option<Self> {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_alphabetic())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
        };
        let fits = text.len() <= 64 && text.split('/').count() <= 3 && text.split('/').all(is_word);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TimeZone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("not a time zone")
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.0
    }
}

/// What holds for a user: chosen, or the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How old a cached quote may be, in seconds; 60 unless chosen.
    pub quote_cache_ttl: QuoteTtl,
    /// How old a cached option chain may be, in seconds; 300 unless chosen.
    pub chain_cache_ttl: ChainTtl,
    /// Where the user's day begins and ends; New York unless chosen.
    pub time_zone: TimeZone,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quote_cache_ttl: Seconds(60),
            chain_cache_ttl: Seconds(300),
            time_zone: TimeZone("America/New_York".to_owned()),
        }
    }
}

/// What a user chooses now; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// See [`Settings::quote_cache_ttl`].
    pub quote_cache_ttl: Option<QuoteTtl>,
    /// See [`Settings::chain_cache_ttl`].
    pub chain_cache_ttl: Option<ChainTtl>,
    /// See [`Settings::time_zone`].
    pub time_zone: Option<TimeZone>,
    /// One of the user's accounts, or `Some(None)` for none.
    pub default_account: Option<Option<AccountNumber>>,
}

/// The user's settings. A row whose value is no longer permitted counts as none.
pub async fn read(db: &impl Database, user: &UserId) -> Result<Settings, Error> {
    #[derive(Deserialize)]
    struct Row {
        name: String,
        value: String,
    }
    let rows: Vec<Row> = db.run(sql!("SELECT name, value FROM settings WHERE user_id = ?1", user)).await?.read()?;
    let mut settings = Settings::default();
    for Row { name, value } in rows {
        match name.as_str() {
            QUOTE_CACHE_TTL => set(&mut settings.quote_cache_ttl, &value),
            CHAIN_CACHE_TTL => set(&mut settings.chain_cache_ttl, &value),
            TIME_ZONE => set(&mut settings.time_zone, &value),
            _ => {}
        }
    }
    Ok(settings)
}

/// The user's [`Settings::quote_cache_ttl`] alone, where it was not read with the grant.
pub async fn quote_ttl(db: &impl Database, user: &UserId) -> Result<QuoteTtl, Error> {
    #[derive(Deserialize)]
    struct Row {
        value: String,
    }
    let query = "SELECT value FROM settings WHERE user_id = ?1 AND name = 'quote_cache_ttl'";
    let row: Option<Row> = db.run(sql!(query, user)).await?.first()?;
    Ok(QuoteTtl::of_row(row.as_ref().map(|row| row.value.as_str())))
}

fn set<T: serde::de::DeserializeOwned>(setting: &mut T, value: &str) {
    if let Ok(value) = serde_json::from_str(value) {
        *setting = value;
    }
}

/// Keeps all changes or none. Nothing is kept for a user who no longer exists, nor an account that is not the user's.
pub async fn update(db: &impl Database, user: &UserId, changes: &Changes, now: Timestamp) -> Result<(), Error> {
    let rows = [
        (QUOTE_CACHE_TTL, changes.quote_cache_ttl.map(|ttl| Json::from(ttl.get()))),
        (CHAIN_CACHE_TTL, changes.chain_cache_ttl.map(|ttl| Json::from(ttl.get()))),
        (TIME_ZONE, changes.time_zone.as_ref().map(|zone| Json::from(zone.as_str()))),
    ];
    let insert = "
        INSERT INTO settings (user_id, name, value, updated_at)
        SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1)
        ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    let mut batch: Vec<_> =
        rows.into_iter().filter_map(|(name, value)| Some(sql!(insert, user, name, value?.to_string(), now))).collect();
    if let Some(account) = &changes.default_account {
        let choose = "
            UPDATE users SET default_account = ?2 WHERE id = ?1 AND (?2 IS NULL OR EXISTS
              (SELECT 1 FROM accounts WHERE user_id = ?1 AND account_number = ?2))";
        batch.push(sql!(choose, user, account.as_ref().map(AccountNumber::as_str)));
    }
    if !batch.is_empty() {
        db.batch(batch).await?;
    }
    Ok(())
}
