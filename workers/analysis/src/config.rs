//! What the worker is configured with.

use domain::{Error, Reason};
use edge::vars;
use vault::{KeyRing, Secret};
use worker::Env;

/// The worker's configuration.
pub(crate) struct Config {
    /// Keys for what is stored.
    pub(crate) keys: KeyRing,
    /// TastyTrade's REST API, without a trailing slash.
    pub(crate) api_url: String,
    /// TastyTrade's account streamer, a WebSocket.
    pub(crate) streamer_url: String,
    /// Where people log in to TTAI again.
    pub(crate) public_url: String,
    /// The operator's app at TastyTrade, where there is one.
    pub(crate) client_id: Option<String>,
    /// Its secret; in single-user mode the secret of the user's own app.
    pub(crate) client_secret: Option<Secret>,
    /// The user's own grant, in single-user mode.
    pub(crate) refresh_token: Option<Secret>,
    /// Seconds between two syncs of a user that the cron starts.
    pub(crate) sync_interval: i64,
    /// Seconds that a sync keeps from the one before it.
    pub(crate) sync_spacing: i64,
}

impl Config {
    /// Reads and checks the variables.
    pub(crate) fn read(env: &Env) -> Result<Self, Error> {
        let text = |name| vars::get(env, name);
        let seconds = |name, otherwise| text(name).and_then(|value| value.parse().ok()).unwrap_or(otherwise);
        edge::log::set_level(text("LOG_LEVEL").as_deref());
        let keys =
            KeyRing::parse(text("TOKEN_ENCRYPTION_KEY").as_deref(), text("TOKEN_ENCRYPTION_KEY_PREVIOUS").as_deref())
                .map_err(|error| Error::new(Reason::NotConfigured, error.to_string()))?;
        let url =
            |name, otherwise: &str| text(name).unwrap_or_else(|| otherwise.to_owned()).trim_end_matches('/').to_owned();
        Ok(Self {
            keys,
            api_url: url("TT_API_URL", "https://api.tastyworks.com"),
            streamer_url: url("TT_STREAMER_URL", "wss://streamer.tastyworks.com"),
            public_url: url("PUBLIC_URL", ""),
            client_id: text("TT_CLIENT_ID"),
            client_secret: text("TT_CLIENT_SECRET").map(Secret::new),
            refresh_token: text("TT_REFRESH_TOKEN").map(Secret::new),
            sync_interval: seconds("SYNC_INTERVAL_SECONDS", 300),
            sync_spacing: seconds("SYNC_SPACING_SECONDS", 15),
        })
    }
}
