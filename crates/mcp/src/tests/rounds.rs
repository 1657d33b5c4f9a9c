//! Asking back in the modern era: the whole exchange, what binds a state, what may be asked, and what is refused.

use serde_json::{Value, json};

use super::fixture::Modern;

fn accept(content: Value) -> Value {
    json!({"action": "accept", "content": content})
}

#[test]
fn a_question_is_asked_and_its_answer_completes_the_call() {
    let client = Modern::able();
    let asked = client.call("form", json!({}));
    let result = asked.result();
    assert_eq!((asked.status, &result["resultType"]), (200, &json!("input_required")));
    assert_eq!(result["inputRequests"]["q"]["method"], "elicitation/create");
    assert_eq!(result["inputRequests"]["q"]["params"]["requestedSchema"]["required"], json!(["name"]));
    for absent in ["requestState", "ttlMs", "cacheScope", "content"] {
        assert_eq!(result.get(absent), None, "{absent}");
    }
    for (responses, text) in [
        (json!({"q": accept(json!({"name": "Ann"}))}), "Hello, Ann!"),
        (json!({"q": accept(json!({"name": "Ann"})), "unknown": 5, "other": {"action": "accept"}}), "Hello, Ann!"),
        (json!({"q": {"action": "decline"}}), "Never mind."),
        (json!({"q": {"action": "cancel"}}), "Never mind."),
    ] {
        let answered = client.call("form", json!({"inputResponses": responses}));
        assert_eq!(answered.result()["resultType"], "complete");
        assert_eq!(answered.result()["content"][0]["text"], text);
    }
}

#[test]
fn what_is_missing_or_malformed_is_asked_again_or_refused() {
    let client = Modern::able();
    for responses in [
        json!({}),
        json!({"wrong": accept(json!({"name": "Ann"}))}),
        json!({"q": 12345}),
        json!({"q": accept(json!({"name": 5}))}),
        json!({"q": accept(json!({}))}),
    ] {
        let answered = client.call("form", json!({"inputResponses": responses}));
        assert_eq!(answered.result()["resultType"], "input_required", "{responses}");
    }
    for responses in [json!(null), json!([]), json!("x"), json!(5)] {
        let answered = client.call("form", json!({"inputResponses": responses}));
        assert_eq!((answered.status, answered.code()), (200, Some(-32602)), "{responses}");
    }
    assert_eq!(client.call("state", json!({"requestState": 5})).code(), Some(-32602));
    assert_eq!(client.call("state", json!({"requestState": null})).code(), Some(-32602));
    // Asking for nothing is the product's mistake, and no result.
    assert_eq!(client.call("nothing", json!({})).code(), Some(-32603));
}

#[test]
fn a_state_comes_back_to_its_user_and_call_only() {
    let client = Modern::able();
    let asked = client.call("state", json!({}));
    let state = asked.result()["requestState"].as_str().unwrap().to_owned();
    assert!(!state.contains("secret"));
    assert_eq!(asked.result().get("inputRequests"), None);
    let again = |client: &Modern, tool: &str, state: &str| client.call(tool, json!({"requestState": state}));

    assert_eq!(again(&client, "state", &state).result()["content"][0]["text"], "state-ok");
    let refused = [
        again(&client, "state", &format!("{state}-TAMPERED")),
        again(&client, "state", ""),
        again(&client, "steps", &state),
        again(&Modern { principal: "bob", ..Modern::able() }, "state", &state),
        again(&Modern { seconds: 600, ..Modern::able() }, "state", &state),
        client.call("state", json!({"requestState": state, "arguments": {"a": 1}})),
    ];
    for answered in refused {
        assert_eq!((answered.status, answered.code()), (200, Some(-32602)));
    }
    assert_eq!(again(&Modern { seconds: 599, ..Modern::able() }, "state", &state).code(), None);
    let mut off = Modern::able();
    off.options.asks_back = false;
    assert_eq!(again(&off, "state", &state).code(), Some(-32602), "where nothing is asked back, no state is right");
}

#[test]
fn several_rounds_each_have_their_own_state() {
    let client = Modern::able();
    let first = client.call("steps", json!({}));
    let requests = first.result()["inputRequests"].as_object().unwrap();
    assert_eq!(requests.keys().collect::<Vec<_>>(), ["a", "b"]);
    let state = |answered: &super::fixture::Answered| answered.result()["requestState"].clone();
    // One answer is missing: the same is asked again.
    let half = json!({"a": accept(json!({"name": "Ann"}))});
    let again = client.call("steps", json!({"requestState": state(&first), "inputResponses": half}));
    assert_eq!(again.result()["inputRequests"].as_object().unwrap().len(), 2);
    let both = json!({"a": accept(json!({"name": "Ann"})), "b": {"roots": [{"uri": "file:///a"}]}});
    let second = client.call("steps", json!({"requestState": state(&again), "inputResponses": both}));
    assert_eq!(second.result()["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["c"]);
    assert_ne!(state(&second), state(&first));
    let third = json!({"requestState": state(&second), "inputResponses": {"c": {"roots": []}}});
    assert_eq!(client.call("steps", third).result()["content"][0]["text"], "done");
}

#[test]
fn only_what_the_client_declared_is_asked_for() {
    for (tool, capabilities, required) in [
        ("form", json!({}), json!({"elicitation": {}})),
        ("form", json!({"elicitation": {"url": {}}}), json!({"elicitation": {}})),
        ("url", json!({"elicitation": {}}), json!({"elicitation": {"url": {}}})),
        ("sample", json!({"elicitation": {}, "roots": {}}), json!({"sampling": {}})),
        ("roots", json!({}), json!({"roots": {}})),
        ("steps", json!({}), json!({"elicitation": {}, "roots": {}})),
        ("steps", json!({"elicitation": {}}), json!({"roots": {}})),
    ] {
        let client = Modern { capabilities: capabilities.clone(), ..Modern::able() };
        let answered = client.call(tool, json!({}));
        assert_eq!((answered.status, answered.code()), (400, Some(-32021)), "{tool} {capabilities}");
        assert_eq!(answered.last()["error"]["data"]["requiredCapabilities"], required);
    }
    assert_eq!(
        Modern { capabilities: json!({"elicitation": {}}), ..Modern::able() }.call("form", json!({})).code(),
        None
    );
}

#[test]
fn samples_roots_and_addresses_come_back() {
    let client = Modern::able();
    for (tool, response, text) in [
        ("sample", json!({"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"}), "Paris"),
        ("roots", json!({"roots": [{"uri": "file:///a", "name": "A"}]}), "file:///a"),
        ("url", json!({"action": "accept"}), "opened"),
    ] {
        assert_eq!(client.call(tool, json!({})).result()["resultType"], "input_required");
        let answered = client.call(tool, json!({"inputResponses": {"q": response}}));
        assert_eq!(answered.result()["content"][0]["text"], text);
    }
}

#[test]
fn prompts_ask_back_too_and_lists_never_do() {
    let client = Modern::able();
    let asked = client.send("prompts/get", json!({"name": "asking"}));
    assert_eq!(asked.result()["inputRequests"]["user_context"]["method"], "elicitation/create");
    let responses = json!({"user_context": accept(json!({"context": "x"}))});
    let answered = client.send("prompts/get", json!({"name": "asking", "inputResponses": responses}));
    assert_eq!(answered.result()["messages"][0]["content"]["text"], "in context");
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"] {
        let answered = client.send(method, json!({"inputResponses": 5, "requestState": 5}));
        assert_eq!(answered.result()["resultType"], "complete", "{method}");
    }
}
