//! Sessions of the legacy era: who gets one, questions and their answers, cancellation, time, resources, the transport of
//! 2024-11-05, and which messages have to reach their session.

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixture::{CATALOG, Legacy, at, headers, messages, options};
use crate::{
    session::{Concern, Event, IDLE_SECONDS, Opening, Patience, QUESTION_SECONDS, Route, http_sse, route},
    *,
};

fn initialize(capabilities: &Value) -> Value {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "t", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
}

fn shake_hands(options: &Options<'_>, capabilities: &Value) -> (Option<Opening>, Value) {
    let body = initialize(capabilities).to_string();
    let Received::Reply(reply) = receive(&CATALOG, options, &HeaderMap::new(), body.as_bytes()) else {
        panic!("a handshake is answered")
    };
    let answer: Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    (reply.opens.map(|opens| *opens), answer["result"]["capabilities"].clone())
}

#[test]
fn a_session_is_for_clients_that_can_be_asked() {
    for (capabilities, opens) in [
        (json!({}), false),
        (json!({"experimental": {}, "extensions": {"io.modelcontextprotocol/ui": {}}}), false),
        (json!({"elicitation": {}}), true),
        (json!({"sampling": {}}), true),
        (json!({"roots": {"listChanged": true}}), true),
        (json!({"sampling": true}), false),
        (json!([]), false),
    ] {
        let (opening, offered) = shake_hands(&options(), &capabilities);
        assert_eq!(opening.is_some(), opens, "{capabilities}");
        // Changes are told of only where there is a stream for it.
        assert_eq!(offered["resources"].get("subscribe").is_some(), opens);
        assert_eq!(offered["tools"].get("listChanged").is_some(), opens);
        let (opening, _) = shake_hands(&Options { sessions: false, ..options() }, &capabilities);
        assert_eq!(opening, None);
    }
    let reply = Reply::session_gone().with_session("abc");
    assert_eq!(reply.status, 404);
    assert!(reply.headers.contains(&("mcp-session-id", "abc".to_owned())));
}

fn able() -> Value {
    json!({"elicitation": {}, "sampling": {}, "roots": {}})
}

#[test]
fn a_call_asks_its_client_and_goes_on_with_the_answer() {
    for (tool, answer, asked, text) in [
        ("form", json!({"action": "accept", "content": {"name": "Ann"}}), "elicitation/create", "Hello, Ann!"),
        (
            "sample",
            json!({"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"}),
            "sampling/createMessage",
            "Paris",
        ),
        ("roots", json!({"roots": [{"uri": "file:///a"}]}), "roots/list", "file:///a"),
    ] {
        let mut client = Legacy::open(Revision::V2025_11_25, able());
        client.answers.push_back(answer);
        let answered = client.send("tools/call", json!({"name": tool}));
        assert_eq!(client.asked, [asked]);
        assert_eq!(answered.result()["content"][0]["text"], text);
        assert_eq!(answered.messages.len(), 2, "the question, and the answer");
    }
}

#[test]
fn several_questions_and_several_rounds_keep_their_state() {
    let mut client = Legacy::open(Revision::V2025_11_25, able());
    let accept = json!({"action": "accept", "content": {"name": "Ann"}});
    let roots = json!({"roots": []});
    client.answers.extend([accept, roots.clone(), roots]);
    let answered = client.send("tools/call", json!({"name": "steps"}));
    assert_eq!(answered.result()["content"][0]["text"], "done");
    assert_eq!(client.asked, ["elicitation/create", "roots/list", "roots/list"]);
    let answered = client.send("tools/call", json!({"name": "state"}));
    assert_eq!(answered.result()["content"][0]["text"], "state-ok", "a state alone needs no question");
}

#[test]
fn a_client_that_refuses_or_cannot_be_asked_gets_a_tool_error() {
    let mut client = Legacy::open(Revision::V2025_11_25, able());
    client.answers.push_back(json!({"code": -1, "message": "User rejected sampling."}));
    let answered = client.send("tools/call", json!({"name": "sample"}));
    assert_eq!(answered.result()["isError"], true);
    assert_eq!(answered.result()["content"][0]["text"], "User rejected sampling.");

    let mut client = Legacy::open(Revision::V2025_11_25, json!({"roots": {}}));
    let answered = client.send("tools/call", json!({"name": "form"}));
    assert_eq!((&answered.result()["isError"], client.asked.len()), (&json!(true), 0));
    let text = answered.result()["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("`elicitation`"), "{text}");
}

#[test]
fn without_a_session_a_tool_that_asks_back_fails_and_a_prompt_is_refused() {
    for (method, name, is_error) in [("tools/call", "form", true), ("prompts/get", "asking", false)] {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": name}});
        let Received::Ask(ask) = receive(&CATALOG, &options(), &HeaderMap::new(), body.to_string().as_bytes()) else {
            panic!("a call is asked")
        };
        assert!(!ask.context().can_ask(&InputRequest::Roots));
        let reply = super::fixture::answer(*ask, &super::fixture::sealing("ann", 0), &mut Vec::new());
        let answered = super::fixture::answered(reply, Vec::new(), Revision::V2025_06_18, method);
        assert_eq!(answered.result()["isError"] == json!(true), is_error);
        assert_eq!(answered.code(), (!is_error).then_some(-32600));
    }
}

#[test]
fn of_a_handshake_only_what_is_looked_at_is_kept() {
    let huge = json!({"x": "y".repeat(10_000)});
    let capabilities = json!({
        "elicitation": {"url": {}, "form": huge, "other": {}}, "sampling": huge, "experimental": huge, "roots": 5,
        "extensions": {"io.modelcontextprotocol/ui": huge, "a/b": huge},
    });
    let client = Legacy::open(Revision::V2025_11_25, capabilities);
    let kept = serde_json::to_value(&client.session).unwrap()["opening"]["capabilities"].clone();
    let expected = json!({
        "elicitation": {"url": {}, "form": {}}, "sampling": {}, "extensions": {"io.modelcontextprotocol/ui": {}},
    });
    assert_eq!(kept, expected);
}

/// A session with one open question, and its id.
fn asking() -> (Legacy, CallId, u64) {
    let mut client = Legacy::open(Revision::V2025_11_25, able());
    let turn =
        client.receive(&json!({"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": {"name": "steps"}}));
    let Received::Ask(ask) = turn.received else { panic!("a call is asked") };
    let Ask::Tool(call) = *ask else { panic!("a call is asked") };
    assert!(call.context().can_ask(&InputRequest::Roots));
    let required = InputRequired::one("a", InputRequest::Roots).and("b", InputRequest::Roots);
    let frames = client.session.ask(call.context(), &required, at(10)).unwrap();
    let ids: Vec<u64> = messages(frames).iter().map(|message| message["id"].as_u64().unwrap()).collect();
    assert_eq!(ids[1], ids[0] + 1);
    (client, call.context().call_id(), ids[0])
}

fn response(id: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}})
}

#[test]
fn responses_find_their_questions_and_nothing_else() {
    let (mut client, call, id) = asking();
    for message in [
        response(json!(id + 7)),
        response(json!(id.to_string())),
        response(json!("c")),
        response(json!(-1)),
        json!({"jsonrpc": "2.0", "result": {}}),
        response(json!(id)),
        response(json!(id)),
    ] {
        let turn = client.receive(&message);
        assert_eq!(turn.events, [], "{message}");
        assert!(matches!(turn.received, Received::Reply(Reply { status: 202, .. })), "{message}");
    }
    let turn = client.receive(&response(json!(id + 1)));
    let [Event::Answered(answered, Ok(responses))] = &turn.events[..] else { panic!("{turn:?}") };
    assert_eq!(answered, &call);
    assert_eq!((responses.roots("a"), responses.roots("b")), (Some(vec![]), Some(vec![])));
    assert_eq!(client.receive(&response(json!(id + 1))).events, []);
}

#[test]
fn after_a_refusal_the_other_questions_are_withdrawn() {
    let (mut client, call, id) = asking();
    let refusal = json!({"jsonrpc": "2.0", "id": id, "error": {"code": -1, "message": "No."}});
    let turn = client.receive(&refusal);
    let [Event::Answered(_, Err(refusal))] = &turn.events[..] else { panic!("{turn:?}") };
    assert_eq!((refusal.code, refusal.message.as_str()), (-1, "No."));
    let withdrawn = messages(client.session.withdraw(&call, "The other question was refused."));
    assert_eq!(withdrawn.len(), 1);
    assert_eq!(withdrawn[0]["params"]["requestId"], id + 1);
    super::schema::check(Revision::V2025_11_25, "", &withdrawn[0]);
    assert_eq!(client.receive(&response(json!(id + 1))).events, []);
    assert_eq!(client.session.withdraw(&call, "Again."), []);
}

#[test]
fn a_client_cancels_its_call() {
    let (mut client, call, id) = asking();
    let cancel =
        |id: Value| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    for id in [Value::Null, json!({}), json!([1])] {
        assert_eq!(client.receive(&cancel(id)).events, []);
    }
    assert_eq!(client.receive(&cancel(json!("c"))).events, [Event::Cancelled(call)]);
    assert_eq!(client.receive(&response(json!(id))).events, []);
}

#[test]
fn questions_and_sessions_run_out() {
    let (mut client, call, id) = asking();
    let session = &mut client.session;
    assert_eq!(session.wakes_at(), at(10 + QUESTION_SECONDS));
    assert_eq!(session.due(at(9 + QUESTION_SECONDS)), []);
    let due = session.due(at(10 + QUESTION_SECONDS));
    assert_eq!((due.len(), &due[0].0), (1, &call));
    let ended: Vec<u64> =
        messages(due[0].1.clone()).iter().map(|message| message["params"]["requestId"].as_u64().unwrap()).collect();
    assert_eq!(ended, [id, id + 1]);
    assert_eq!(session.due(at(10_000)), []);
    assert_eq!(session.wakes_at(), at(1 + IDLE_SECONDS));
    assert!(!session.is_over(at(IDLE_SECONDS)) && session.is_over(at(1 + IDLE_SECONDS)));
    assert!(session.belongs_to("ann") && !session.belongs_to("bob"));
}

#[test]
fn an_owner_may_be_less_patient_and_a_restart_does_not_change_that() {
    let (mut client, _, _) = asking();
    assert_eq!(client.session.patience(), Patience::default());
    let kept = client.session.with_patience(Patience { idle: 20, question: 5 });
    client.session = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
    assert!(!client.session.is_over(at(20)) && client.session.is_over(at(21)));
    assert_eq!(client.session.wakes_at(), at(21), "questions end with their stream");
    let turn =
        client.receive(&json!({"jsonrpc": "2.0", "id": "d", "method": "tools/call", "params": {"name": "steps"}}));
    let Received::Ask(ask) = turn.received else { panic!("a call is asked") };
    let required = InputRequired::one("a", InputRequest::Roots);
    client.session.ask(ask.context(), &required, at(2)).unwrap();
    assert_eq!(client.session.wakes_at(), at(7));
    assert_eq!((client.session.due(at(6)).len(), client.session.due(at(7)).len()), (0, 1));
    // A session that was written down before patience was part of it has the usual one.
    let mut old: Value = serde_json::to_value(&client.session).unwrap();
    old.as_object_mut().unwrap().remove("patience");
    assert_eq!(serde_json::from_value::<Session>(old).unwrap().patience(), Patience::default());
}

#[test]
fn what_survives_a_restart_is_what_the_client_said() {
    let mut client = Legacy::open(Revision::V2025_11_25, able());
    client.send("resources/subscribe", json!({"uri": "test://template/1/data"}));
    client.send("logging/setLevel", json!({"level": "error"}));
    let kept = serde_json::to_string(&client.session).unwrap();
    client.session = serde_json::from_str(&kept).unwrap();
    assert_eq!(client.session.watched().collect::<Vec<_>>(), ["test://template/1/data"]);
    assert_eq!(client.send("tools/call", json!({"name": "logging"})).messages.len(), 2, "one message, and the answer");
    client.answers.push_back(json!({"roots": []}));
    client.send("tools/call", json!({"name": "roots"}));
    assert_eq!(client.asked, ["roots/list"]);
}

#[test]
fn resources_are_watched_until_they_are_not() {
    let mut client = Legacy::open(Revision::V2025_06_18, able());
    let change = Change::Resource("test://text".into());
    assert_eq!(client.session.tell(&change), None);
    assert_eq!(client.send("resources/subscribe", json!({"uri": "test://text"})).result(), &json!({}));
    let told = messages(vec![client.session.tell(&change).unwrap()]).remove(0);
    assert_eq!(told["params"], json!({"uri": "test://text"}));
    assert_eq!(client.send("resources/unsubscribe", json!({"uri": "test://text"})).result(), &json!({}));
    assert_eq!(client.send("resources/unsubscribe", json!({"uri": "test://nothing"})).result(), &json!({}));
    assert_eq!(client.session.tell(&change), None);
    for (params, code) in
        [(json!({}), -32602), (json!({"uri": "test://binary"}), -32002), (json!({"uri": "x"}), -32002)]
    {
        assert_eq!(client.send("resources/subscribe", params).code(), Some(code));
    }
}

#[test]
fn the_oldest_transport_answers_on_its_stream() {
    let mut client = Legacy::open(Revision::V2024_11_05, able());
    let turn = client.receive(&json!({"jsonrpc": "2.0", "id": 5, "method": "ping"}));
    let Received::Reply(reply) = turn.received else { panic!("ping is answered") };
    let (accepted, frame) = http_sse::deliver(reply);
    assert_eq!((accepted.status, accepted.body), (202, None));
    assert_eq!(messages(frame.into_iter().collect()), [json!({"jsonrpc": "2.0", "id": 5, "result": {}})]);

    let broken = client.session.receive(&CATALOG, &options(), &HeaderMap::new(), b"{", at(1));
    let Received::Reply(reply) = broken.received else { panic!("what is no JSON is refused") };
    let (refused, frame) = http_sse::deliver(reply);
    assert_eq!((refused.status, frame), (400, None));

    let notification = client.receive(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let Received::Reply(reply) = notification.received else { panic!("a notification is taken") };
    assert_eq!(http_sse::deliver(reply).1, None);

    let mut early = Session::open_http_sse("ann", at(0));
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let turn = early.receive(&CATALOG, &options(), &HeaderMap::new(), ping, at(0));
    assert!(matches!(turn.received, Received::Reply(Reply { status: 200, .. })), "no handshake is waited for");
}

#[test]
fn a_batch_reaches_session_and_server() {
    let (mut client, call, id) = asking();
    client.revision = Revision::V2025_03_26;
    let batch = json!([
        response(json!(id)),
        response(json!(id + 1)),
        {"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "test://text"}},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "text"}},
    ]);
    let turn = client.receive(&batch);
    assert!(matches!(&turn.events[..], [Event::Answered(answered, Ok(_))] if *answered == call));
    let Received::Batch(batch) = turn.received else { panic!("a batch is answered as one") };
    assert_eq!(batch.entries.len(), 5);
    assert_eq!(client.session.watched().count(), 1);
}

#[test]
fn only_what_concerns_a_session_has_to_reach_it() {
    let request = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let named = |concern: Concern| Route::Session { id: "s-1".to_owned(), concern };
    let modern = super::modern_body("tools/call", json!({"name": "form"}));
    for (body, expected) in [
        (request("tools/call", json!({"name": "form"})), named(Concern::Call("form".into()))),
        (request("resources/read", json!({"uri": "a:b"})), named(Concern::Call("a:b".into()))),
        (request("resources/subscribe", json!({"uri": "a:b"})), named(Concern::Message)),
        (request("logging/setLevel", json!({"level": "info"})), named(Concern::Message)),
        (response(json!(1)), named(Concern::Message)),
        (json!([]), named(Concern::Message)),
        (
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            named(Concern::Message),
        ),
        (json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), Route::Anywhere),
        (request("tools/list", json!({})), Route::Anywhere),
        (request("tools/call", json!({})), Route::Anywhere),
        (initialize(&able()), Route::Anywhere),
        (modern, Route::Anywhere),
        (json!(5), Route::Anywhere),
    ] {
        let body = body.to_string();
        let route = |pairs: &[(&str, &str)]| route(&headers(pairs), body.as_bytes());
        assert_eq!(route(&[("mcp-session-id", " s-1 ")]), expected, "{body}");
        for pairs in
            [&[][..], &[("mcp-session-id", "")], &[("mcp-session-id", "a b")], &[("mcp-session-id", &"x".repeat(201))]]
        {
            assert_eq!(route(pairs), Route::Anywhere);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_in_a_session_get_a_well_formed_reply(
        map in super::any_headers(),
        method in super::any_method(),
        params in super::any_params(),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        is_message in any::<bool>(),
        seconds in any::<i32>(),
    ) {
        let (mut client, ..) = asking();
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string().into_bytes();
        let body = if is_message { message } else { bytes };
        let _ = route(&map, &body);
        let turn = client.session.receive(&CATALOG, &options(), &map, &body, at(seconds.into()));
        if let Received::Reply(reply) = turn.received {
            super::check(&reply)?;
        }
        let _ = (client.session.due(at(seconds.into())), client.session.wakes_at(), client.session.is_over(at(0)));
    }

    /// Whatever comes in between, a question is answered exactly once.
    #[test]
    fn each_round_completes_once(order in Just(vec![0, 1, 0, 1, 7]).prop_shuffle()) {
        let (mut client, _, id) = asking();
        let completed: usize =
            order.into_iter().map(|offset| client.receive(&response(json!(id + offset))).events.len()).sum();
        prop_assert_eq!(completed, 1);
    }
}
