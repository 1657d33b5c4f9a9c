//! `get_config` and `update_config`: what the user has chosen, from rows of D1 alone. TastyTrade is not asked.

use contract::{
    config::{Config, ConfigChanges},
    connection::Way,
};
use domain::{
    AccountNumber, Error, Reason, UserId,
    account::{self, NotNamed},
};
use futures_util::future::try_join4;
use store::{
    identity::users::{self, CredentialKind},
    portfolio,
    settings::{self, ChainTtl, Changes, QuoteTtl, TimeZone},
};

use crate::app::App;

/// What stands for "no default account".
const NONE: &str = "none";

/// Changes what is named, all of it or nothing, and answers with everything that holds afterwards.
pub(crate) async fn update(app: &App, user: &UserId, config: &ConfigChanges) -> Result<Config, Error> {
    let changes = changes(app, user, config).await?;
    settings::update(&app.db, user, &changes, app.now).await?;
    answer(app, user).await
}

/// The changes, if every one of them can be made.
async fn changes(app: &App, user: &UserId, config: &ConfigChanges) -> Result<Changes, Error> {
    if config.names().is_empty() {
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
    let default_account = match &config.default_account {
        Some(text) => Some(default_account(app, user, text.trim()).await?),
        None => None,
    };
    Ok(Changes {
        quote_cache_ttl: quote_cache_ttl.transpose()?,
        chain_cache_ttl: chain_cache_ttl.transpose()?,
        time_zone: config.time_zone.as_deref().map(|text| time_zone(text.trim())).transpose()?,
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
async fn default_account(app: &App, user: &UserId, text: &str) -> Result<Option<AccountNumber>, Error> {
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

/// Everything that holds for the user.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Config, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_says_the_bounds() {
        let error = out_of_bounds("quote_cache_ttl", 301, QuoteTtl::MAX);
        assert_eq!(error.message, "`config.quote_cache_ttl` is 301. Send whole seconds from 0 to 300.");
        assert_eq!(error.details["argument"], "config.quote_cache_ttl");
    }
}
