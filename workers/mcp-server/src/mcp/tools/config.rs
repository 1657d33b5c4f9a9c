//! `get_config` and `update_config`: what the user has chosen. Both read and write the rows that the settings page does;
//! TastyTrade is not asked.

use std::fmt::Write;

use contract::{
    config::{Config, ConfigChanges, NoInput, UpdateConfigInput},
    connection::Way,
    quote,
};
use domain::{
    AccountNumber, Error, Reason, UserId,
    account::{self, NotNamed},
};
use futures_util::future::try_join4;
use mcp::{ToolCall, ToolOutput};
use store::{
    audit::Entry,
    identity::users::{self, CredentialKind},
    portfolio,
    settings::{self, ChainTtl, Changes, QuoteTtl, TimeZone},
};

use crate::{app::App, audit, auth::Caller};

/// What stands for "no default account".
const NONE: &str = "none";

/// Everything that holds for the user.
pub(crate) async fn get(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let NoInput {} = call.read()?;
    answer(app, &caller.principal.user_id, "").await
}

/// Changes what is named, all of it or nothing, and answers with everything that holds afterwards.
pub(crate) async fn update(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let user = &caller.principal.user_id;
    let UpdateConfigInput { config } = call.read()?;
    let names = names(&config);
    let changes = changes(app, user, config).await?;
    settings::update(&app.db, user, &changes, app.now).await?;
    audit::note(
        app,
        Entry {
            user: Some(user),
            action: "settings_changed",
            client_id: None,
            outcome: "ok",
            request_id: &app.request_id,
            details: serde_json::json!({ "names": names }),
        },
    );
    answer(app, user, "Changed. ").await
}

/// The names of the settings that are to be changed.
fn names(config: &ConfigChanges) -> Vec<&'static str> {
    let given = [
        ("quote_cache_ttl", config.quote_cache_ttl.is_some()),
        ("chain_cache_ttl", config.chain_cache_ttl.is_some()),
        ("default_account", config.default_account.is_some()),
        ("time_zone", config.time_zone.is_some()),
    ];
    given.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
}

/// The changes, if every one of them can be made.
async fn changes(app: &App<'_>, user: &UserId, config: ConfigChanges) -> Result<Changes, Error> {
    if config == ConfigChanges::default() {
        return Err(Error::invalid_argument(
            "config",
            "`config` names no setting. Those that there are: quote_cache_ttl, chain_cache_ttl, default_account, time_zone.",
        ));
    }
    let quote_cache_ttl = config
        .quote_cache_ttl
        .map(|given| QuoteTtl::new(given).ok_or_else(|| out_of_bounds("quote_cache_ttl", given, QuoteTtl::MAX)));
    let chain_cache_ttl = config
        .chain_cache_ttl
        .map(|given| ChainTtl::new(given).ok_or_else(|| out_of_bounds("chain_cache_ttl", given, ChainTtl::MAX)));
    let default_account = match config.default_account {
        Some(text) => Some(default_account(app, user, text.trim()).await?),
        None => None,
    };
    Ok(Changes {
        quote_cache_ttl: quote_cache_ttl.transpose()?,
        chain_cache_ttl: chain_cache_ttl.transpose()?,
        time_zone: config.time_zone.map(|text| time_zone(text.trim())).transpose()?,
        default_account,
    })
}

fn out_of_bounds(name: &str, given: i64, most: i64) -> Error {
    let path = format!("config.{name}");
    let message = format!("`{path}` is {given}. Send whole seconds from 0 to {most}.");
    Error::invalid_argument(&path, message)
}

fn time_zone(text: &str) -> Result<TimeZone, Error> {
    let known = TimeZone::new(text).and_then(|zone| edge::time_zone::find(zone.as_str()));
    known.and_then(|name| TimeZone::new(&name)).ok_or_else(|| {
        Error::invalid_argument(
            "config.time_zone",
            "`config.time_zone` is no time zone. Send an IANA name such as America/New_York or Europe/Berlin.",
        )
    })
}

/// One of the user's open accounts. Somebody else's and one that never was get the same answer.
async fn default_account(app: &App<'_>, user: &UserId, text: &str) -> Result<Option<AccountNumber>, Error> {
    if text.eq_ignore_ascii_case(NONE) {
        return Ok(None);
    }
    let accounts = portfolio::accounts(&app.db, user).await?;
    let open: Vec<_> =
        accounts.iter().filter(|account| !account.value.is_closed).map(|account| &account.value.number).collect();
    match account::named(&open, text) {
        Ok(number) => Ok(Some(number.clone())),
        Err(NotNamed::Ambiguous) => Err(Error::invalid_argument(
            "config.default_account",
            "Several of your accounts end like this. Send the account's whole number.",
        )),
        Err(NotNamed::Unknown) => {
            let list: Vec<String> = open.iter().map(|number| number.masked()).collect();
            let known = if list.is_empty() {
                "none has been synced yet; start a sync on the dashboard".to_owned()
            } else {
                list.join(", ")
            };
            let message =
                format!("`config.default_account` is none of your open accounts. Those that there are: {known}.");
            Err(Error::new(Reason::AccountNotFound, message).with("argument", "config.default_account"))
        }
    }
}

async fn answer(app: &App<'_>, user: &UserId, done: &str) -> Result<ToolOutput, Error> {
    let config = read(app, user).await?;
    let raw = serde_json::value::to_raw_value(&config)
        .map_err(|_| Error::new(Reason::Internal, "The settings could not be written. This is ours to mend."))?;
    Ok(ToolOutput::new(raw, format!("{done}{}", text(&config))))
}

async fn read(app: &App<'_>, user: &UserId) -> Result<Config, Error> {
    let (settings, profile, accounts, connection) = try_join4(
        settings::read(&app.db, user),
        users::user(&app.db, user),
        portfolio::accounts(&app.db, user),
        users::connection(&app.db, user),
    )
    .await?;
    let chosen = profile.and_then(|profile| profile.default_account);
    let open: Vec<_> =
        accounts.iter().filter(|account| !account.value.is_closed).map(|account| &account.value.number).collect();
    Ok(Config {
        quote_cache_ttl: settings.quote_cache_ttl.get(),
        chain_cache_ttl: settings.chain_cache_ttl.get(),
        default_account: account::default_of(&open, chosen.as_deref()).map(AccountNumber::masked),
        time_zone: settings.time_zone.as_str().to_owned(),
        connection_way: connection.map(|connection| match connection.kind {
            CredentialKind::Login => Way::Login,
            CredentialKind::OwnGrant => Way::OwnGrant,
        }),
    })
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
        " Option chains (chain_cache_ttl {ttl}): at most {ttl} s old. Default account (default_account): {account}. Time \
         zone (time_zone): {zone}. TastyTrade (connection_way): {way}.",
        ttl = config.chain_cache_ttl,
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
             300 s old. Default account (default_account): \u{2022}\u{2022}\u{2022}\u{2022}0042. Time zone (time_zone): \
             America/New_York. TastyTrade (connection_way): connected by its login page."
        );
        let never = Config { quote_cache_ttl: 0, default_account: None, connection_way: None, ..config };
        assert!(text(&never).starts_with("Quotes (quote_cache_ttl 0): always from TastyTrade"));
        assert!(text(&never).contains("(default_account): none chosen") && text(&never).ends_with("not connected."));
    }

    #[test]
    fn what_is_out_of_bounds_says_the_bounds() {
        let error = out_of_bounds("quote_cache_ttl", 301, QuoteTtl::MAX);
        assert_eq!(error.message, "`config.quote_cache_ttl` is 301. Send whole seconds from 0 to 300.");
        assert_eq!(error.details["argument"], "config.quote_cache_ttl");
    }
}
