//! `get_accounts`: which accounts there are, and what may be done in them.

use std::fmt::Write;

use contract::{
    Rendered,
    account::{
        Source,
        accounts::{AccountRow, AccountsOutput, GetAccountsInput},
    },
};
use domain::{Error, Family, portfolio::Account};
use store::{identity::users, portfolio};
use tasty::{
    accounts::{self, Listed},
    trading_status::{self, TradingStatus},
};

use super::{
    Asked,
    account::{self, Each},
    new_york,
};
use crate::{app::App, calls::get_portfolio::default_first, upstream, zone::Zone};

/// The accounts; those of the last sync where TastyTrade does not answer.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, GetAccountsInput { include_closed }) = asked.read()?;
    let read = upstream::ask(app, user, "accounts", accounts::request(), accounts::read_listed);
    let output = match read.await {
        Ok(mut listed) => {
            listed.retain(|listed| include_closed || !listed.account.is_closed);
            let chosen = users::user(&app.db, user).await?.and_then(|user| user.default_account);
            let open = listed.iter().map(|listed| listed.account.clone()).filter(|account| !account.is_closed);
            let status = account::each(open.collect(), async |account| {
                let request = trading_status::request(&account.number);
                upstream::ask(app, user, "trading status", request, trading_status::read).await
            });
            live(listed, status.await, chosen.as_deref(), app)
        }
        Err(error) if error.reason.family() == Family::AuthenticationError => return Err(error),
        Err(error) => {
            let mut known = default_first(app, user).await?;
            known.retain(|(account, _)| include_closed || !account.is_closed);
            if known.is_empty() {
                return Err(error);
            }
            let as_of = portfolio::accounts(&app.db, user).await?.iter().map(|row| row.as_of).max();
            let accounts = known.iter().map(|(account, is_default)| row(account, *is_default)).collect();
            let notes = vec![format!("These are the accounts as of the last sync. {}", error.message)];
            AccountsOutput { accounts, source: Source::LastSync, as_of, notes }
        }
    };
    Rendered::new(&output, text(&output, &Zone::of(app, user).await))
}

fn live(listed: Vec<Listed>, status: Each<TradingStatus>, chosen: Option<&str>, app: &App) -> AccountsOutput {
    let open: Vec<_> =
        listed.iter().filter(|listed| !listed.account.is_closed).map(|listed| &listed.account.number).collect();
    let default = domain::account::default_of(&open, chosen).cloned();
    let notes = status.failed.iter().map(|(account, error)| {
        format!("What may be done in {} is not known: {}", account.number.masked(), error.message)
    });
    let notes = notes.collect();
    let mut accounts: Vec<AccountRow> = listed
        .into_iter()
        .map(|listed| {
            let found = status.found.iter().find(|(account, _)| account.number == listed.account.number);
            let status = found.map(|(_, status)| status.clone()).unwrap_or_default();
            full(&listed, status, default.as_ref() == Some(&listed.account.number))
        })
        .collect();
    accounts.sort_by_key(|account| !account.is_default);
    AccountsOutput { accounts, source: Source::Rest, as_of: Some(app.now), notes }
}

fn full(listed: &Listed, status: TradingStatus, is_default: bool) -> AccountRow {
    AccountRow {
        authority: listed.authority.clone(),
        opened_on: listed.opened_at.map(new_york::day),
        options_level: status.options_level.or_else(|| listed.options_level.clone()),
        margin_calculation: status.margin_calculation,
        day_trade_count: status.day_trade_count,
        is_pattern_day_trader: status.is_pattern_day_trader.or(listed.is_day_trader),
        is_closing_only: status.is_closing_only,
        is_in_margin_call: status.is_in_margin_call,
        short_calls_enabled: status.short_calls_enabled,
        futures_enabled: status.futures_enabled,
        ..row(&listed.account, is_default)
    }
}

fn row(account: &Account, is_default: bool) -> AccountRow {
    AccountRow {
        account: account.number.masked(),
        nickname: account.nickname.clone(),
        account_type: account.account_type.clone(),
        margin_or_cash: account.margin_or_cash.clone(),
        is_default,
        is_closed: account.is_closed,
        authority: None,
        opened_on: None,
        options_level: None,
        margin_calculation: None,
        day_trade_count: None,
        is_pattern_day_trader: None,
        is_closing_only: None,
        is_in_margin_call: None,
        short_calls_enabled: None,
        futures_enabled: None,
    }
}

fn text(output: &AccountsOutput, zone: &Zone) -> String {
    let count = output.accounts.len();
    let mut text = format!("{count} account{}, {}", if count == 1 { "" } else { "s" }, output.source.in_words());
    if let Some(as_of) = output.as_of {
        let _ = write!(text, ", {}", zone.shown(as_of));
    }
    text.push('.');
    for account in &output.accounts {
        let _ = write!(text, "\n{}", line(account));
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn line(account: &AccountRow) -> String {
    let mut line = account.account.clone();
    let words = [&account.nickname, &account.account_type, &account.margin_or_cash, &account.margin_calculation];
    for word in words.into_iter().flatten() {
        let _ = write!(line, ", {word}");
    }
    if let Some(level) = &account.options_level {
        let _ = write!(line, ", options: {level}");
    }
    if let Some(count) = account.day_trade_count {
        let _ = write!(line, ", day trades: {count}");
    }
    for (flag, words) in [
        (account.is_default.then_some(true), "DEFAULT"),
        (account.is_closed.then_some(true), "CLOSED"),
        (account.is_pattern_day_trader, "pattern day trader"),
        (account.is_closing_only, "CLOSING ONLY"),
        (account.is_in_margin_call, "MARGIN CALL"),
        (account.short_calls_enabled.map(|enabled| !enabled), "no naked calls"),
    ] {
        if flag == Some(true) {
            let _ = write!(line, ", {words}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::account::tests::account;

    #[test]
    fn the_text_says_what_stands_in_the_way() {
        let listed = Listed {
            account: account("5WX00042"),
            authority: Some("owner".to_owned()),
            options_level: Some("Undefined".to_owned()),
            is_day_trader: Some(false),
            opened_at: Some("2021-02-03T03:04:05Z".parse().unwrap()),
        };
        let status = TradingStatus {
            options_level: Some("Defined Risk".to_owned()),
            day_trade_count: Some(2),
            is_in_margin_call: Some(true),
            short_calls_enabled: Some(false),
            ..TradingStatus::default()
        };
        let row = full(&listed, status, true);
        assert_eq!(row.opened_on.unwrap().to_string(), "2021-02-02");
        let output = AccountsOutput {
            accounts: vec![row],
            source: Source::LastSync,
            as_of: Some("2026-11-20T15:00:00Z".parse().unwrap()),
            notes: vec!["A note.".to_owned()],
        };
        assert_eq!(
            text(&output, &Zone::Exchange),
            "1 account, NOT LIVE, from the last sync, Fri 20 Nov 10:00 ET.\n\
             \u{2022}\u{2022}\u{2022}\u{2022}0042, Income, Individual, Margin, options: Defined Risk, day trades: 2, \
             DEFAULT, MARGIN CALL, no naked calls\nA note."
        );
    }
}
