//! `get_config` and `update_config`: what the user has chosen, in the rows that the settings page shows as well. TastyTrade is
//! not asked.

use std::fmt::Write;

use contract::{
    Call,
    config::{Config, NoInput, UpdateConfigInput},
    connection::Way,
    quote,
};
use domain::{Error, Reason};
use mcp::{ToolCall, ToolOutput};
use store::audit::Entry;

use crate::{app::App, audit, auth::Caller};

/// Everything that holds for the user.
pub(crate) async fn get(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let NoInput {} = call.read()?;
    answer(app, caller, Call::GetConfig, "").await
}

/// Changes what is named, all of it or nothing, and answers with everything that holds afterwards.
pub(crate) async fn update(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let UpdateConfigInput { config } = call.read()?;
    let names = config.names();
    let output = answer(app, caller, Call::UpdateConfig(config), "Changed. ").await?;
    audit::note(
        app,
        Entry {
            user: Some(&caller.principal.user_id),
            action: "settings_changed",
            client_id: caller.client_id.as_deref(),
            outcome: "ok",
            request_id: &app.request_id,
            details: serde_json::json!({ "names": names }),
        },
    );
    Ok(output)
}

async fn answer(app: &App<'_>, caller: &Caller, call: Call, done: &str) -> Result<ToolOutput, Error> {
    let raw = app.ask_raw(caller.principal.clone(), call).await?;
    let config: Config = serde_json::from_str(raw.get())
        .map_err(|_| Error::new(Reason::Internal, "The settings could not be read. This is ours to mend."))?;
    Ok(ToolOutput::new(raw, format!("{done}{}", text(&config))))
}

fn text(config: &Config) -> String {
    let mut text = String::new();
    let _ = match config.quote_cache_ttl {
        0 => write!(text, "Quotes (quote_cache_ttl 0): always from TastyTrade, never from the cache."),
        ttl => {
            let effective = ttl.min(quote::FRESH_SECONDS);
            write!(text, "Quotes (quote_cache_ttl {ttl}): from the cache while at most {effective} s old.")
        }
    };
    let _ = write!(
        text,
        " Option chains (chain_cache_ttl {ttl}): at most {ttl} s old, their quotes at most {live} s. Default account \
         (default_account): {account}. Time zone (time_zone): {zone}. TastyTrade (connection_way): {way}.",
        ttl = config.chain_cache_ttl,
        live = (config.chain_cache_ttl / 10).clamp(30, 60).min(config.chain_cache_ttl),
        account = config.default_account.as_deref().unwrap_or("none chosen"),
        zone = config.time_zone,
        way = match config.connection_way {
            Some(Way::Login) => "connected by its login page",
            Some(Way::OwnGrant) => "connected by your own grant",
            None => "not connected",
        },
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_each_setting_does() {
        let config = Config {
            quote_cache_ttl: 60,
            chain_cache_ttl: 300,
            default_account: Some("\u{2022}\u{2022}\u{2022}\u{2022}0042".to_owned()),
            time_zone: "America/New_York".to_owned(),
            connection_way: Some(Way::Login),
        };
        assert_eq!(
            text(&config),
            "Quotes (quote_cache_ttl 60): from the cache while at most 30 s old. Option chains (chain_cache_ttl 300): at most \
             300 s old, their quotes at most 30 s. Default account (default_account): \u{2022}\u{2022}\u{2022}\u{2022}0042. \
             Time zone (time_zone): America/New_York. TastyTrade (connection_way): connected by its login page."
        );
        let never = Config { quote_cache_ttl: 0, default_account: None, connection_way: None, ..config };
        assert!(text(&never).starts_with("Quotes (quote_cache_ttl 0): always from TastyTrade"));
        assert!(text(&never).contains("(default_account): none chosen") && text(&never).ends_with("not connected."));
    }
}
