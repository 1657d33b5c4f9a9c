//! Logs: one JSON object a line. Fields are named by the caller one by one, and only those of a list are written, so that
//! nothing is logged by accident; tokens, codes, bodies, addresses and account numbers have no business here. Texts of errors
//! are cut, and words in them that are as long as a token are left out.

use std::sync::atomic::{AtomicU8, Ordering};

use worker::{console_error, console_log, console_warn};

/// The fields that a line may have.
const FIELDS: &[&str] = &[
    "answer",
    "call",
    "channel",
    "column",
    "cron",
    "done",
    "duration_ms",
    "error",
    "failure",
    "found",
    "id",
    "is_dead",
    "job",
    "method",
    "note",
    "outcome",
    "panic",
    "part",
    "place",
    "request_id",
    "route",
    "state",
    "status",
    "trace_id",
    "why",
];

/// The longest text of a field, in characters.
const MAX_TEXT: usize = 300;

/// The longest word in it. Ids and UUIDs are shorter, every token is longer.
const MAX_WORD: usize = 36;

/// How much is written: 0 errors, 1 warnings as well, 2 everything.
static LEVEL: AtomicU8 = AtomicU8::new(2);

/// Sets how much is written, by the variable `LOG_LEVEL`: `error`, `warn`, or `info`, which is also the default.
pub fn set_level(level: Option<&str>) {
    let level = match level {
        Some("error") => 0,
        Some("warn") => 1,
        _ => 2,
    };
    LEVEL.store(level, Ordering::Relaxed);
}

fn line(level: &str, message: &str, fields: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut object = serde_json::Map::new();
    object.insert("level".into(), level.into());
    object.insert("message".into(), message.into());
    for (name, value) in fields {
        if FIELDS.contains(name) {
            object.insert((*name).into(), plain(&value.to_string()).into());
        }
    }
    serde_json::Value::Object(object).to_string()
}

/// A text as far as it may be in a log.
fn plain(text: &str) -> String {
    let cut: String = text.chars().take(MAX_TEXT).collect();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-.+=".contains(letter);
    let mut plain = String::with_capacity(cut.len());
    let mut rest = cut.as_str();
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()));
        plain.push_str(if word.len() > MAX_WORD { "..." } else { word });
        let (between, next) = after.split_at(after.find(is_word).unwrap_or(after.len()));
        plain.push_str(between);
        rest = next;
    }
    plain
}

/// Something worth knowing when following a request.
pub fn info(message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
    if LEVEL.load(Ordering::Relaxed) >= 2 {
        console_log!("{}", line("info", message, fields));
    }
}

/// Something that went wrong and was dealt with.
pub fn warn(message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
    if LEVEL.load(Ordering::Relaxed) >= 1 {
        console_warn!("{}", line("warn", message, fields));
    }
}

/// Something that a person should look at.
pub fn error(message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
    console_error!("{}", line("error", message, fields));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_fields_of_the_list_and_no_others() {
        let written =
            line("info", "request", &[("status", &200), ("token", &"x"), ("route", &"/mcp"), ("cookie", &"y")]);
        let written: serde_json::Value = serde_json::from_str(&written).unwrap();
        let expected = serde_json::json!({ "level": "info", "message": "request", "status": "200", "route": "/mcp" });
        assert_eq!(written, expected);
    }

    #[test]
    fn tokens_in_texts_are_left_out() {
        let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{}.sig", "e30".repeat(20));
        let opaque = format!("ttai_rt_{}", "A".repeat(43));
        for secret in [&jwt, &opaque, &format!("{}==", "Ab+".repeat(14))] {
            let text = format!("refused: \"{secret}\", request 3f2b8c1e-0000-4000-8000-000000000001");
            let written = line("warn", "login failed", &[("why", &text)]);
            assert!(!written.contains(secret.as_str()), "{written}");
            assert!(
                written.contains("refused: ") && written.contains("3f2b8c1e-0000-4000-8000-000000000001"),
                "{written}"
            );
        }
        assert_eq!(plain("crates/edge/src/log.rs:30:5: no such table"), "crates/edge/src/log.rs:30:5: no such table");
        assert_eq!(plain("\u{e4}\u{20ac} ok"), "\u{e4}\u{20ac} ok");
    }

    #[test]
    fn texts_are_cut_and_stay_one_line() {
        let written = line("error", "panic", &[("panic", &"a b\n".repeat(1000))]);
        assert!(written.len() < 600 && !written.contains('\n'), "{written}");
        assert!(plain(&"x".repeat(5000)).len() < 10);
    }
}
