//! `/settings/activity`: what was done in the user's name, in plain words, and the same as files.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::{client, session::Session};
use serde_json::{Value, json};
use store::audit::{KEPT_DAYS, Row};

use super::{Frame, Section};
use crate::{
    mcp::catalog::CATALOG,
    pages::{Policy, page},
};

/// The most rows of a file.
pub(crate) const EXPORT_ROWS: u32 = 5000;

#[derive(Template)]
#[template(path = "settings/activity.html")]
struct Activity<'a> {
    frame: Frame<'a>,
    rows: Vec<Shown>,
    /// Whether these are the newest.
    is_first: bool,
    /// Where the next page begins.
    older: Option<String>,
    kept_days: i64,
    export_rows: u32,
}

struct Shown {
    at: String,
    when: String,
    app: String,
    what: String,
    outcome: String,
}

impl From<&Row> for Shown {
    fn from(row: &Row) -> Self {
        Self {
            at: stamp(row),
            when: row.at.format("%-d %B %Y, %H:%M:%S UTC").to_string(),
            app: app(row),
            what: what(row),
            outcome: outcome(&row.outcome),
        }
    }
}

/// The page.
pub(crate) fn render(
    session: &Session,
    rows: &[Row],
    is_first: bool,
    older: Option<String>,
) -> Result<Response, Error> {
    let activity = Activity {
        frame: Frame::new(session, Section::Activity, None),
        rows: rows.iter().map(Shown::from).collect(),
        is_first,
        older,
        kept_days: KEPT_DAYS,
        export_rows: EXPORT_ROWS,
    };
    page(200, &activity, &Policy::default())
}

/// The rows as JSON.
pub(crate) fn json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        json!({
            "at": stamp(row),
            "app": app(row),
            "client_id": row.client_id,
            "action": row.action,
            "what": what(row),
            "outcome": row.outcome,
            "request_id": row.request_id,
            "details": details(row),
        })
    };
    rows.iter().map(row).collect()
}

/// The rows as a table for spreadsheets (RFC 4180).
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text = "at,app,client_id,action,what,outcome,request_id,details\r\n".to_owned();
    for row in rows {
        let cells = [
            &stamp(row),
            &app(row),
            row.client_id.as_deref().unwrap_or_default(),
            &row.action,
            &what(row),
            &row.outcome,
            row.request_id.as_deref().unwrap_or_default(),
            &row.details,
        ];
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell that no spreadsheet takes for a formula: an app may call itself `=HYPERLINK(...)`.
fn cell(text: &str) -> String {
    let begins = text.trim_start_matches([' ', '\u{a0}']);
    let is_formula =
        begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn stamp(row: &Row) -> String {
    row.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn details(row: &Row) -> Value {
    serde_json::from_str(&row.details).unwrap_or_default()
}

/// Through what it was done.
fn app(row: &Row) -> String {
    let name = client::display_name(row.client_name.as_deref());
    match (name, row.client_id.as_deref()) {
        (Some(name), _) => name,
        (None, Some(id)) if id.starts_with("api_key:") => "An API key".to_owned(),
        (None, Some(_)) => "An app without a name".to_owned(),
        (None, None) if row.action.starts_with("tool:") => "This computer".to_owned(),
        (None, None) => "Browser".to_owned(),
    }
}

/// What was done, as the end of a sentence that the app begins.
fn what(row: &Row) -> String {
    let details = details(row);
    let fixed = match row.action.as_str() {
        "tool:get_quote" => return quotes(details.get("symbols").and_then(Value::as_u64)),
        "tool:get_workflow_status" => "asked how far a job is",
        "tool:get_config" => "asked for your settings",
        "tool:update_config" => "changed your settings",
        "tool:test_connection" => "tested the connection to TastyTrade",
        "login" if row.outcome == "ok" => "was used to log you in",
        "login" => "was used for a login that failed",
        "consent_denied" => "was denied by you",
        "grant_issued" => "was connected",
        "token_refreshed" => "renewed its access",
        "refresh_reused" => "was disconnected: a token that it had used before came back and may have been stolen",
        "code_replayed" => "was disconnected: its login code came twice and may have been stolen",
        "grant_revoked" => revoked(&details),
        "api_key_created" => "was made",
        "api_key_revoked" => "was revoked",
        "settings_changed" => "changed your settings",
        "disconnected" => "disconnected TastyTrade",
        "data_downloaded" => "downloaded your data",
        "data_deleted" => "deleted your data",
        action => return other(action),
    };
    fixed.to_owned()
}

fn quotes(symbols: Option<u64>) -> String {
    match symbols {
        None | Some(0) => "asked for quotes".to_owned(),
        Some(1) => "asked for a quote".to_owned(),
        Some(several) => format!("asked for quotes of {several} symbols"),
    }
}

fn revoked(details: &Value) -> &'static str {
    match details.get("reason").or_else(|| details.get("by")).and_then(Value::as_str) {
        Some("user") => "was revoked by you",
        Some("upstream_revoked") => "was disconnected, since TastyTrade no longer accepts the connection",
        _ => "ended its connection",
    }
}

/// A tool by its title, anything else by its word.
fn other(action: &str) -> String {
    let title = action
        .strip_prefix("tool:")
        .and_then(|name| CATALOG.tools.iter().find(|tool| tool.name == name))
        .map(|tool| tool.title);
    match title {
        Some(title) => format!("used \u{201c}{title}\u{201d}"),
        None => action.replace(['_', ':'], " "),
    }
}

fn outcome(word: &str) -> String {
    match word {
        "ok" => "Done".to_owned(),
        "cancelled" => "Cancelled".to_owned(),
        "rate_limited" => "Refused: too many calls".to_owned(),
        "insufficient_scope" => "Refused: not permitted".to_owned(),
        word => format!("Failed: {}", word.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(action: &str, client: (Option<&str>, Option<&str>), word: &str, details: &Value) -> Row {
        Row {
            at: testkit::now(),
            id: "r1".to_owned(),
            action: action.to_owned(),
            client_id: client.0.map(str::to_owned),
            client_name: client.1.map(str::to_owned),
            outcome: word.to_owned(),
            request_id: Some("ray".to_owned()),
            details: details.to_string(),
        }
    }

    #[test]
    fn a_row_reads_as_a_sentence() {
        let claude = (Some("c1"), Some("Claude"));
        for (row, sentence) in [
            (
                row("tool:get_quote", claude, "ok", &json!({ "symbols": 2 })),
                "Claude asked for quotes of 2 symbols. Done",
            ),
            (row("tool:get_quote", claude, "ok", &json!({ "symbols": 1 })), "Claude asked for a quote. Done"),
            (
                row("tool:get_quote", claude, "rate_limited", &json!({})),
                "Claude asked for quotes. Refused: too many calls",
            ),
            (
                row("tool:get_workflow_status", (Some("api_key:k"), Some("laptop")), "upstream_timeout", &json!({})),
                "laptop asked how far a job is. Failed: upstream timeout",
            ),
            (row("tool:gone", (None, None), "ok", &json!({})), "This computer tool gone. Done"),
            (row("login", (None, None), "ok", &json!({})), "Browser was used to log you in. Done"),
            (
                row("grant_revoked", (Some("c2"), None), "ok", &json!({ "by": "user" })),
                "An app without a name was revoked by you. Done",
            ),
            (
                row("grant_revoked", (Some("c2"), Some("\u{202e}x")), "ok", &json!({ "reason": "revoked_by_client" })),
                "x ended its connection. Done",
            ),
            (row("api_key_revoked", (Some("api_key:k"), None), "ok", &json!({})), "An API key was revoked. Done"),
        ] {
            assert_eq!(format!("{} {}. {}", app(&row), what(&row), outcome(&row.outcome)), sentence);
        }
    }

    #[test]
    fn every_tool_has_words() {
        for tool in CATALOG.tools {
            let words = what(&row(&format!("tool:{}", tool.name), (None, None), "ok", &json!({})));
            assert!(!words.starts_with("tool"), "{words}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("Claude", "\"Claude\""),
            ("=1+1", "\"'=1+1\""),
            (" =1+1", "\"' =1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a \"b\", c\nd", "\"a \"\"b\"\", c\nd\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn files_hold_every_column() {
        let rows = [row("tool:get_quote", (Some("c1"), Some("=cmd|' /C calc'!A0")), "ok", &json!({ "symbols": 2 }))];
        assert_eq!(
            csv(&rows),
            "at,app,client_id,action,what,outcome,request_id,details\r\n\
             \"2026-11-20T15:30:00.000Z\",\"'=cmd|' /C calc'!A0\",\"c1\",\"tool:get_quote\",\"asked for quotes of 2 symbols\",\
             \"ok\",\"ray\",\"{\"\"symbols\"\":2}\"\r\n"
        );
        assert_eq!(
            json(&rows),
            json!([{
                "at": "2026-11-20T15:30:00.000Z", "app": "=cmd|' /C calc'!A0", "client_id": "c1", "action": "tool:get_quote",
                "what": "asked for quotes of 2 symbols", "outcome": "ok", "request_id": "ray", "details": { "symbols": 2 },
            }])
        );
    }
}
