//! Subscriptions of the modern era: what is honoured, what is told, how it ends.

use serde_json::{Value, json};

use super::fixture::{CATALOG, Modern, headers, messages, options};
use crate::*;

fn listen(notifications: Value) -> Listen {
    let body = super::modern_body("subscriptions/listen", json!({"notifications": notifications}));
    let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "subscriptions/listen")];
    match receive(&CATALOG, &options(), &headers(&pairs), body.to_string().as_bytes()) {
        Received::Ask(ask) => match *ask {
            Ask::Listen(listen) => listen,
            other => panic!("a subscription is asked, not {other:?}"),
        },
        other => panic!("a subscription is asked, not {other:?}"),
    }
}

fn acknowledged(listen: &Listen) -> Value {
    messages(vec![listen.acknowledged()]).remove(0)["params"]["notifications"].clone()
}

#[test]
fn only_what_is_asked_for_and_announced_is_honoured() {
    for (asked, honoured) in [
        (json!({}), json!({})),
        (json!({"toolsListChanged": true, "promptsListChanged": false}), json!({"toolsListChanged": true})),
        (json!({"promptsListChanged": true, "unknown": 5}), json!({"promptsListChanged": true})),
        (
            json!({"resourceSubscriptions": [
                "test://text", "test://binary", "test://template/1/data", "test://nothing", "test://text",
            ]}),
            json!({"resourceSubscriptions": ["test://text", "test://template/1/data"]}),
        ),
        (json!({"resourcesListChanged": true, "resourceSubscriptions": null}), json!({"resourcesListChanged": true})),
    ] {
        assert_eq!(acknowledged(&listen(asked.clone())), honoured, "{asked}");
    }
}

#[test]
fn everything_on_the_stream_names_the_subscription() {
    let listen = listen(json!({"toolsListChanged": true, "resourceSubscriptions": ["test://text"]}));
    let told = |change: Change| listen.tell(&change).map(|frame| messages(vec![frame]).remove(0));
    assert_eq!(told(Change::Prompts), None);
    assert_eq!(told(Change::Resource("test://template/1/data".into())), None);
    assert_eq!(told(Change::Tools).unwrap()["method"], "notifications/tools/list_changed");
    assert_eq!(told(Change::Resource("test://text".into())).unwrap()["params"]["uri"], "test://text");

    let mut all = vec![listen.acknowledged()];
    all.extend(listen.tell(&Change::Tools));
    all.push(listen.close("The server restarts."));
    let all = messages(all);
    let id = |message: &Value| {
        let part = if message.get("method").is_some() { "params" } else { "result" };
        message[part]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
    };
    assert!(all.iter().all(|message| id(message) == "a"));
    let order: Vec<&str> = all.iter().map(|message| message["method"].as_str().unwrap_or("result")).collect();
    let expected = [
        "notifications/subscriptions/acknowledged",
        "notifications/tools/list_changed",
        "notifications/cancelled",
        "result",
    ];
    assert_eq!(order, expected);
    assert_eq!(all[2]["params"]["requestId"], "a");
    assert_eq!((&all[3]["id"], &all[3]["result"]["resultType"]), (&json!("a"), &json!("complete")));
}

#[test]
fn a_subscription_that_cannot_be_read_is_refused() {
    let many = vec!["test://text"; 101];
    for params in [
        json!({}),
        json!({"notifications": []}),
        json!({"notifications": {"toolsListChanged": "yes"}}),
        json!({"notifications": {"resourceSubscriptions": "test://text"}}),
        json!({"notifications": {"resourceSubscriptions": [5]}}),
        json!({"notifications": {"resourceSubscriptions": many}}),
    ] {
        let answered = Modern::able().send("subscriptions/listen", params.clone());
        assert_eq!((answered.status, answered.code()), (200, Some(-32602)), "{params}");
    }
}

#[test]
fn a_server_that_announces_nothing_knows_no_subscriptions() {
    const STILL: Catalog = Catalog { list_changed: ListChanged::NONE, resources: &[], templates: &[], ..CATALOG };
    let (status, body) = super::modern_to(&STILL, "subscriptions/listen", json!({"notifications": {}}));
    assert_eq!((status, super::code_of(&body)), (404, Some(-32601)));
    let (_, body) = super::modern_to(&STILL, "server/discover", json!({}));
    assert_eq!(body["result"]["capabilities"]["tools"], json!({}));
    let (_, body) = super::modern_to(&CATALOG, "server/discover", json!({}));
    let capabilities = &body["result"]["capabilities"];
    assert_eq!(capabilities["tools"], json!({"listChanged": true}));
    assert_eq!(capabilities["resources"], json!({"listChanged": true, "subscribe": true}));
}

proptest::proptest! {
    #[test]
    fn any_filter_is_honoured_in_part_or_refused(asked in super::any_params()) {
        Modern::able().send("subscriptions/listen", json!({"notifications": asked}));
    }
}
