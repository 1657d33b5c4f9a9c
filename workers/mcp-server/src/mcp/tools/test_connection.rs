//! `test_connection`: whether TastyTrade answers in the user's name.

use std::fmt::Write;

use contract::{Call, config::NoInput, connection::ConnectionTest};
use domain::{Error, Reason};
use mcp::{ToolCall, ToolOutput};

use crate::{app::App, auth::Caller};

/// What the test found. A connection that does not work is a result, not an error.
pub(crate) async fn call(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let NoInput {} = call.read()?;
    let raw = app.ask_raw(caller.principal.clone(), Call::TestConnection).await?;
    let test: ConnectionTest = serde_json::from_str(raw.get())
        .map_err(|_| Error::new(Reason::Internal, "The test's result could not be read. This is ours to mend."))?;
    Ok(ToolOutput::new(raw, text(&test)))
}

fn text(test: &ConnectionTest) -> String {
    let at = test.checked_at.format("%Y-%m-%dT%H:%M:%SZ");
    let mut text = match &test.reason {
        None => format!("Connected, checked {at}. {}", test.message),
        Some(reason) => format!("NOT connected ({reason}), checked {at}. {}", test.message),
    };
    for account in &test.accounts {
        let default = if account.is_default { ", the default account" } else { "" };
        let _ = write!(text, "\n{} {}{default}", account.account, account.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_was_found_and_what_to_do() {
        let test = |value| text(&serde_json::from_value(value).unwrap());
        let works = test(serde_json::json!({
            "connected": true, "way": "login", "reason": null, "message": "TastyTrade answers, with one open account.",
            "accounts": [{"account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "name": "Income", "is_default": true}],
            "checked_at": "2026-11-20T15:30:05Z", "login_url": "https://ttai.example/login",
        }));
        assert_eq!(
            works,
            "Connected, checked 2026-11-20T15:30:05Z. TastyTrade answers, with one open account.\n\
             \u{2022}\u{2022}\u{2022}\u{2022}0042 Income, the default account"
        );
        let broken = test(serde_json::json!({
            "connected": false, "way": null, "reason": "disconnected", "message": "Log in.", "accounts": [],
            "checked_at": "2026-11-20T15:30:05Z", "login_url": "https://ttai.example/login",
        }));
        assert_eq!(broken, "NOT connected (disconnected), checked 2026-11-20T15:30:05Z. Log in.");
    }
}
