//! Logs: one JSON object a line. Fields are named by the caller one by one, so that nothing is logged by accident; tokens,
//! codes, bodies and account numbers have no business here.

use std::sync::atomic::{AtomicU8, Ordering};

use worker::{console_error, console_log, console_warn};

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
        object.insert((*name).into(), value.to_string().into());
    }
    serde_json::Value::Object(object).to_string()
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
