//! Every kind of message that is sent is valid by the official schema of its revision. The schemas lie in `tests/schema`.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixture::{Legacy, Modern};
use crate::*;

fn text(revision: Revision) -> &'static str {
    match revision {
        Revision::V2024_11_05 => include_str!("../../tests/schema/2024-11-05.json"),
        Revision::V2025_03_26 => include_str!("../../tests/schema/2025-03-26.json"),
        Revision::V2025_06_18 => include_str!("../../tests/schema/2025-06-18.json"),
        Revision::V2025_11_25 => include_str!("../../tests/schema/2025-11-25.json"),
        Revision::V2026_07_28 => include_str!("../../tests/schema/2026-07-28.json"),
    }
}

/// The validator of one definition of a revision.
fn validator(revision: Revision, definition: &'static str) -> Arc<Validator> {
    type Known = BTreeMap<(Revision, &'static str), Arc<Validator>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let make = || {
        let mut schema: Value = serde_json::from_str(text(revision)).unwrap();
        let place = if schema.get("$defs").is_some() { "$defs" } else { "definitions" };
        assert!(schema[place].get(definition).is_some(), "{revision:?} has no {definition}");
        schema["$ref"] = json!(format!("#/{place}/{definition}"));
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    };
    known.entry((revision, definition)).or_insert_with(make).clone()
}

fn valid(revision: Revision, definition: &'static str, value: &Value) {
    let errors: Vec<String> = validator(revision, definition)
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{revision:?} {definition}: {errors:#?}\n{value:#}");
}

/// The definition of a result.
fn result_of(method: &str) -> &'static str {
    match method {
        "initialize" => "InitializeResult",
        "server/discover" => "DiscoverResult",
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        "resources/list" => "ListResourcesResult",
        "resources/templates/list" => "ListResourceTemplatesResult",
        "resources/read" => "ReadResourceResult",
        "prompts/list" => "ListPromptsResult",
        "prompts/get" => "GetPromptResult",
        "completion/complete" => "CompleteResult",
        "subscriptions/listen" => "SubscriptionsListenResult",
        _ => "EmptyResult",
    }
}

/// The definition of a message of ours that is no answer.
fn own(method: &str) -> &'static str {
    match method {
        "notifications/progress" => "ProgressNotification",
        "notifications/message" => "LoggingMessageNotification",
        "notifications/cancelled" => "CancelledNotification",
        "notifications/tools/list_changed" => "ToolListChangedNotification",
        "notifications/prompts/list_changed" => "PromptListChangedNotification",
        "notifications/resources/list_changed" => "ResourceListChangedNotification",
        "notifications/resources/updated" => "ResourceUpdatedNotification",
        "notifications/subscriptions/acknowledged" => "SubscriptionsAcknowledgedNotification",
        "elicitation/create" => "ElicitRequest",
        "sampling/createMessage" => "CreateMessageRequest",
        "roots/list" => "ListRootsRequest",
        _ => panic!("{method} is not sent"),
    }
}

/// The definitions of a result and of an error.
fn responses(revision: Revision) -> (&'static str, &'static str) {
    if revision >= Revision::V2025_11_25 {
        ("JSONRPCResultResponse", "JSONRPCErrorResponse")
    } else {
        ("JSONRPCResponse", "JSONRPCError")
    }
}

/// Checks a message that answers `method`, or is sent while it is answered.
pub(super) fn check(revision: Revision, method: &str, message: &Value) {
    valid(revision, "JSONRPCMessage", message);
    let (result, error) = responses(revision);
    if let Some(method) = message.get("method").and_then(Value::as_str) {
        valid(revision, own(method), message);
    } else if message.get("error").is_some() {
        valid(revision, error, message);
        let definition = match super::code_of(message) {
            Some(-32020) => "HeaderMismatchError",
            Some(-32021) => "MissingRequiredClientCapabilityError",
            Some(-32022) if revision == Revision::V2026_07_28 => "UnsupportedProtocolVersionError",
            _ => return,
        };
        valid(revision, definition, message);
    } else {
        valid(revision, result, message);
        let asks = message["result"].get("resultType") == Some(&json!("input_required"));
        valid(revision, if asks { "InputRequiredResult" } else { result_of(method) }, &message["result"]);
    }
}

/// What every revision answers, with the status that it has in both eras.
fn requests() -> Vec<(&'static str, Value)> {
    let mut requests = vec![
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/read", json!({"uri": "test://text"})),
        ("resources/read", json!({"uri": "test://binary"})),
        ("resources/read", json!({"uri": "ui://fixture/page"})),
        ("resources/read", json!({"uri": "test://template/123/data"})),
        ("resources/read", json!({"uri": "test://nothing"})),
        ("prompts/get", json!({"name": "plain", "arguments": {"arg1": "hello"}})),
        ("prompts/get", json!({"name": "plain"})),
        ("prompts/get", json!({"name": "image"})),
        ("prompts/get", json!({"name": "resource"})),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/prompt", "name": "plain"}, "argument": {"name": "arg2", "value": "a"},
                "context": {"arguments": {"arg1": "b"}},
            }),
        ),
        (
            "completion/complete",
            json!({
                "ref": {"type": "ref/resource", "uri": "test://template/{id}/data"},
                "argument": {"name": "id", "value": "1"},
            }),
        ),
        ("tools/call", json!({"name": "no such"})),
    ];
    for tool in super::fixture::CATALOG.tools.iter().filter(|tool| tool.name != "mirrored") {
        requests.push(("tools/call", json!({"name": tool.name, "arguments": {}, "_meta": {"progressToken": 5}})));
    }
    requests
}

#[test]
fn the_fixture_is_sound() {
    assert_eq!(super::fixture::CATALOG.problems(), Vec::<String>::new());
}

#[test]
fn everything_modern_is_valid() {
    let meta = json!({"progressToken": "p", "io.modelcontextprotocol/logLevel": "info"});
    for capabilities in [json!({}), Modern::able().capabilities] {
        let client = Modern { capabilities, meta: meta.clone(), ..Modern::able() };
        for (method, params) in requests() {
            client.send(method, params);
        }
        client.send("server/discover", json!({}));
        client.send("no/such", json!({}));
        client.send("tools/list", json!({"cursor": "x"}));
        client.call("state", json!({"requestState": "forged"}));
        client.send_with("tools/call", json!({"name": "mirrored", "arguments": {"value": "a"}}), &[]);
        client.send_with(
            "tools/call",
            json!({"name": "mirrored", "arguments": {"value": "a"}}),
            &[("Mcp-Param-Value", "a")],
        );
        let everything = json!({
            "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
            "resourceSubscriptions": ["test://text", "test://nothing"],
        });
        client.send("subscriptions/listen", json!({"notifications": everything}));
        client.send("subscriptions/listen", json!({"notifications": {}}));
        client.send("subscriptions/listen", json!({}));
    }
}

#[test]
fn everything_legacy_is_valid() {
    for revision in [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25] {
        let able = json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {"listChanged": true}});
        for capabilities in [json!({"roots": {}}), able] {
            let mut client = Legacy::open(revision, capabilities);
            for (method, params) in requests() {
                // What is asked is answered with an error, so that each kind of question is sent once.
                client.answers = std::iter::repeat_n(json!({"code": -1, "message": "No."}), 9).collect();
                client.send(method, params);
            }
            client.send("ping", json!({}));
            client.send("logging/setLevel", json!({"level": "debug"}));
            client.send("logging/setLevel", json!({"level": "loud"}));
            client.send("tools/call", json!({"name": "logging"}));
            client.send("resources/subscribe", json!({"uri": "test://text"}));
            client.send("resources/subscribe", json!({"uri": "test://binary"}));
            let changes = [Change::Tools, Change::Prompts, Change::Resources, Change::Resource("test://text".into())];
            let told: Vec<Frame> = changes.iter().filter_map(|change| client.session.tell(change)).collect();
            assert_eq!(told.len(), 4);
            super::fixture::messages(told).iter().for_each(|message| check(revision, "", message));
            client.send("resources/unsubscribe", json!({"uri": "test://text"}));
            client.send("no/such", json!({}));
        }
    }
}

#[test]
fn a_broken_message_would_be_found() {
    let broken = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": 5}]}});
    let found = std::panic::catch_unwind(|| check(Revision::V2026_07_28, "tools/list", &broken));
    assert!(found.is_err());
}

#[test]
fn a_schema_with_every_keyword_is_listed_word_for_word() {
    let answered = Modern::able().send("tools/list", json!({}));
    let tools = answered.result()["tools"].as_array().unwrap().clone();
    let tool = tools.iter().find(|tool| tool["name"] == "verbatim").unwrap();
    assert_eq!(tool["inputSchema"], serde_json::from_str::<Value>(super::fixture::VERBATIM).unwrap());
    let page = tools.iter().find(|tool| tool["name"] == "structured").unwrap();
    assert_eq!(page["_meta"]["ui/resourceUri"], "ui://fixture/page");
}

proptest! {
    /// Whatever is asked for, in whatever way, what comes back is valid, with the request's id.
    #[test]
    fn any_modern_request_gets_valid_messages(
        method in super::any_method().prop_filter("a header", |method| method.bytes().all(|byte| byte.is_ascii_graphic())),
        name in prop::sample::select(super::fixture::CATALOG.tools).prop_map(|tool| tool.name),
        params in super::any_params(),
        capabilities in super::any_params(),
        named in any::<bool>(),
        asks_back in any::<bool>(),
        compat in any::<bool>(),
        size in proptest::option::of(0_usize..5),
    ) {
        let key = &super::fixture::Key;
        let pages = size.map(|size| Pages { size, key });
        let options = Options { compat, asks_back, sessions: true, toolset: None, pages };
        let client = Modern { capabilities, options, ..Modern::able() };
        let mut params = if params.is_object() { params } else { json!({}) };
        if named {
            params["name"] = json!(name);
        }
        let answered = client.send(&method, params);
        for message in answered.messages.iter().filter(|message| message.get("method").is_none()) {
            prop_assert_eq!(&message["id"], 7);
        }
        prop_assert!(matches!(answered.status, 200 | 400 | 404));
    }

    /// The same within a session, in any legacy revision. What is asked is answered with an error.
    #[test]
    fn any_legacy_request_gets_valid_messages(
        method in super::any_method(),
        name in prop::sample::select(super::fixture::CATALOG.tools).prop_map(|tool| tool.name),
        params in super::any_params(),
        revision in prop::sample::select(&Revision::ALL[..4]),
    ) {
        let mut client = Legacy::open(revision, json!({"elicitation": {}, "sampling": {}, "roots": {}}));
        client.answers = std::iter::repeat_n(json!({"code": -1, "message": "No."}), 9).collect();
        let mut params = if params.is_object() { params } else { json!({"name": name}) };
        // A request that says that it is a modern one is answered as such.
        params.as_object_mut().map(|params| params.remove("_meta"));
        let answered = client.send(&method, params);
        prop_assert_eq!(&answered.last()["id"], "c");
    }
}
