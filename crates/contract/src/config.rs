//! What a user may choose, as `get_config` and `update_config` show it.

use serde::{Deserialize, Serialize};

use crate::connection::Way;

/// What holds for the user: chosen, or the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Config {
    /// How old a quote may be, in seconds, that is taken from the cache instead of asking TastyTrade (60 unless chosen).
    /// Nothing older than 30 seconds is taken in any case, so that this shortens the time and never extends it; 0 asks
    /// TastyTrade every time. While TastyTrade does not answer, a quote of up to 5 minutes is given and marked
    /// `stale_cache`, unless this is 0.
    pub quote_cache_ttl: i64,
    /// How old an option chain may be, in seconds, that is taken from the cache (300 unless chosen). For expirations and
    /// strikes more than 900 is like 900; quotes and greeks may be a tenth of it old, at least 30 and at most 60 seconds but
    /// never more than it; 0 asks TastyTrade every time.
    pub chain_cache_ttl: i64,
    /// The masked number of the account that is meant where none is named; `null` while there are several and none was
    /// chosen.
    pub default_account: Option<String>,
    /// The IANA time zone of the user's day, in which texts show times (`America/New_York` unless chosen). Structured
    /// content has times in UTC.
    pub time_zone: String,
    /// How TastyTrade is connected: `login` (by TastyTrade's login page) or `own_grant` (a pasted grant); `null` when it is
    /// not connected. It is changed by logging in or on the settings page, not here.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub connection_way: Option<Way>,
}

/// Arguments of `update_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateConfigInput {
    /// The settings to change, by their names; what is left out stays as it is.
    pub config: ConfigChanges,
}

/// Arguments of `get_config` and `test_connection`: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoInput {}

/// The settings that may be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigChanges {
    /// How old a cached quote may be, in seconds, 0 to 300; more than 30 is like 30, and 0 asks TastyTrade every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 300)))]
    pub quote_cache_ttl: Option<i64>,
    /// How old a cached option chain may be, in seconds, 0 to 3600; its quotes and greeks a tenth of it, 30 to 60. 0 asks
    /// TastyTrade every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 3600)))]
    pub chain_cache_ttl: Option<i64>,
    /// The account that is meant where none is named: its number, its masked number as shown, or its last four characters if
    /// only one account ends so; `none` for no default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_account: Option<String>,
    /// The IANA time zone of the user's day, for example Europe/Berlin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl ConfigChanges {
    /// The names of the settings that are to be changed.
    pub fn names(&self) -> Vec<&'static str> {
        let given = [
            ("quote_cache_ttl", self.quote_cache_ttl.is_some()),
            ("chain_cache_ttl", self.chain_cache_ttl.is_some()),
            ("default_account", self.default_account.is_some()),
            ("time_zone", self.time_zone.is_some()),
        ];
        given.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
    }
}
