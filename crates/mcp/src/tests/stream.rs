//! Answers that are streams: who gets one, what is in it, and what is left out.

use serde_json::{Value, json};

use super::fixture::{CATALOG, Modern, headers, options};
use crate::*;

fn methods(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|message| message["method"].as_str()).collect()
}

#[test]
fn progress_is_told_to_those_who_ask() {
    for token in [json!("progress-1"), json!(0), json!(7)] {
        let client = Modern { meta: json!({"progressToken": token}), ..Modern::able() };
        let answered = client.call("reporting", json!({}));
        assert_eq!(answered.messages.len(), 4);
        let told: Vec<&Value> = answered.messages.iter().take(3).map(|message| &message["params"]).collect();
        assert!(told.iter().all(|params| params["progressToken"] == token && params["total"] == 100.0));
        let done: Vec<_> = told.iter().map(|params| params["progress"].as_f64().unwrap()).collect();
        assert_eq!(done, [0.0, 50.0, 100.0]);
        assert_eq!(answered.result()["content"][0]["text"], "reported");
    }
    for meta in [json!({}), json!({"progressToken": null}), json!({"progressToken": 1.5}), json!({"progressToken": {}})]
    {
        assert_eq!(Modern { meta, ..Modern::able() }.call("reporting", json!({})).messages.len(), 1);
    }
}

#[test]
fn log_messages_are_told_from_the_level_that_is_asked_for() {
    let key = "io.modelcontextprotocol/logLevel";
    for (meta, count) in [
        (json!({}), 0),
        (json!({key: "debug"}), 3),
        (json!({key: "info"}), 2),
        (json!({key: "warning"}), 1),
        (json!({key: "emergency"}), 0),
    ] {
        let answered = Modern { meta: meta.clone(), ..Modern::able() }.call("logging", json!({}));
        let logged = methods(&answered.messages);
        assert_eq!(logged, vec!["notifications/message"; count], "{meta}");
    }
    let answered = Modern { meta: json!({key: "loud"}), ..Modern::able() }.call("logging", json!({}));
    assert_eq!(answered.code(), Some(-32602));
}

/// Whether the answer to a call should be a stream.
fn streams(catalog: &Catalog, accept: Option<&str>, meta: Value) -> bool {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "text", "_meta": meta}});
    let pairs: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
    match receive(catalog, &options(), &headers(&pairs), body.to_string().as_bytes()) {
        Received::Ask(ask) => ask.context().wants_stream(),
        other => panic!("a call is asked, not {other:?}"),
    }
}

#[test]
fn a_stream_is_for_those_who_read_one_and_want_to_hear_something() {
    const SILENT: Catalog = Catalog { logging: false, ..CATALOG };
    let token = || json!({"progressToken": 1});
    for (accept, meta, expected) in [
        (Some("application/json, text/event-stream"), token(), true),
        (Some("Text/Event-Stream"), token(), true),
        (Some("application/json, text/event-stream"), json!({}), false),
        (Some("application/json"), token(), false),
        (Some("*/*"), token(), false),
        (None, token(), false),
    ] {
        assert_eq!(streams(&SILENT, accept, meta), expected, "{accept:?}");
    }
    // A legacy client without a session gets the log messages of a server that sends any.
    assert!(streams(&CATALOG, Some("text/event-stream"), json!({})));
}

#[test]
fn structured_content_with_line_ends_is_one_event() {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "structured"}});
    let Received::Ask(ask) = receive(&CATALOG, &options(), &headers(&[]), body.to_string().as_bytes()) else {
        panic!("a call is asked")
    };
    let reply = super::fixture::answer(*ask, &super::fixture::sealing("ann", 0), &mut Vec::new());
    let frame = String::from_utf8(reply.into_frame().unwrap().into_bytes()).unwrap();
    assert_eq!(frame.lines().count(), 3, "{frame}");
    assert!(frame.contains("210.50"));
}
