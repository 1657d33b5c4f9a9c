//! One test per feature; each runs in both eras where both have the feature.

use rmcp::{
    model::{
        CallToolRequestParams, CallToolResult, GetPromptRequestParams, PaginatedRequestParams,
        ReadResourceRequestParams, SubscriptionFilter,
    },
    service::{ServiceError, SubscriptionEnd},
};
use serde_json::{Map, Value, json};

use crate::client::{Client, ERAS, Era, connect, connect_auto};

fn value(result: &impl serde::Serialize) -> Value {
    serde_json::to_value(result).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn call(client: &Client, name: &'static str) -> CallToolResult {
    client.call_tool(CallToolRequestParams::new(name)).await.unwrap()
}

fn code(error: ServiceError) -> i32 {
    match error {
        ServiceError::McpError(error) => error.code.0,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    for era in ERAS {
        let client = connect(era).await;
        let info = value(&*client.peer_info().unwrap());
        assert_eq!(info["instructions"], "For tests.", "{era:?} {info}");
        assert_eq!(info["capabilities"]["extensions"], json!({"io.modelcontextprotocol/ui": {}}), "{era:?}");
        let version = if era == Era::Modern { "2026-07-28" } else { "2025-11-25" };
        assert_eq!(info["protocolVersion"], version);
        assert_eq!(info["serverInfo"]["name"], "differential");
    }
}

#[tokio::test]
async fn a_client_that_may_choose_takes_the_modern_era() {
    let client = connect_auto().await;
    assert_eq!(value(&*client.peer_info().unwrap())["protocolVersion"], "2026-07-28");
    assert_eq!(client.list_all_tools().await.unwrap().len(), 7);
}

#[tokio::test]
async fn tools_are_listed_page_by_page() {
    for era in ERAS {
        let client = connect(era).await;
        let first = client.list_tools(None).await.unwrap();
        assert_eq!(first.tools.len(), 3, "{era:?}");
        let second = PaginatedRequestParams::default().with_cursor(first.next_cursor.clone());
        let second = client.list_tools(Some(second)).await.unwrap();
        assert_eq!(second.tools.len(), 3, "{era:?}");
        let third = PaginatedRequestParams::default().with_cursor(second.next_cursor.clone());
        let third = client.list_tools(Some(third)).await.unwrap();
        assert_eq!((third.tools.len(), third.next_cursor), (1, None), "{era:?}");
        let quote = value(&client.list_all_tools().await.unwrap()[0]);
        assert_eq!(quote["_meta"]["ui"]["resourceUri"], "ui://differential/card", "{era:?}");
        assert_eq!(quote["annotations"]["readOnlyHint"], true, "{era:?}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_is_refused() {
    for era in ERAS {
        let client = connect(era).await;
        let cursor = PaginatedRequestParams::default().with_cursor(Some("x.y".to_owned()));
        assert_eq!(code(client.list_tools(Some(cursor)).await.unwrap_err()), -32602, "{era:?}");
    }
}

#[tokio::test]
async fn a_tool_answers_with_structured_content_and_its_text() {
    for era in ERAS {
        let client = connect(era).await;
        client.list_all_tools().await.unwrap();
        let asked = CallToolRequestParams::new("quote").with_arguments(object(json!({"symbols": ["SPY"]})));
        let result = client.call_tool(asked).await.unwrap();
        assert_eq!(result.structured_content, Some(json!({"quotes": [{"asked": ["SPY"], "bid": 210.50}]})), "{era:?}");
        assert_eq!(value(&result.content)[0]["text"], "bid 210.50", "{era:?}");
        assert_eq!(result.is_error, Some(false), "{era:?}");
    }
}

#[tokio::test]
async fn an_error_of_a_tool_is_a_result_that_says_so() {
    for era in ERAS {
        let result = call(&connect(era).await, "failing").await;
        assert_eq!(result.is_error, Some(true), "{era:?}");
        assert_eq!(result.structured_content.unwrap()["error"]["message"], "It took too long. Try again.", "{era:?}");
    }
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_an_error_of_the_protocol() {
    for era in ERAS {
        let client = connect(era).await;
        let error = client.call_tool(CallToolRequestParams::new("nothing")).await.unwrap_err();
        assert_eq!(code(error), -32602, "{era:?}");
    }
}

#[tokio::test]
async fn progress_comes_before_the_result() {
    for era in ERAS {
        let client = connect(era).await;
        let result = call(&client, "reporting").await;
        assert_eq!(value(&result.content)[0]["text"], "reported", "{era:?}");
        assert_eq!(*client.service().progress.lock().unwrap(), [0.0, 1.0, 2.0], "{era:?}");
    }
}

#[tokio::test]
async fn a_question_is_answered_and_the_call_made_again() {
    let client = connect(Era::Modern).await;
    let result = call(&client, "asking").await;
    assert_eq!(value(&result.content)[0]["text"], "Hello, Ada!");
}

#[tokio::test]
async fn everything_is_asked_for_at_once() {
    let client = connect(Era::Modern).await;
    let result = call(&client, "curious").await;
    assert_eq!(value(&result.content)[0]["text"], "Ada Paris file:///home/ada");
}

#[tokio::test]
async fn log_messages_come_unasked_in_the_legacy_era_alone() {
    for (era, logged) in [(Era::Legacy, vec![json!("A message.")]), (Era::Modern, vec![])] {
        let client = connect(era).await;
        assert_eq!(value(&call(&client, "logging").await.content)[0]["text"], "logged", "{era:?}");
        assert_eq!(*client.service().logged.lock().unwrap(), logged, "{era:?}");
    }
}

#[tokio::test]
async fn a_subscription_to_the_list_of_tools_tells_of_its_change_alone() {
    let client = connect(Era::Modern).await;
    let mut filter = SubscriptionFilter::default();
    filter.tools_list_changed = Some(true);
    filter.prompts_list_changed = Some(true);
    let mut subscription = client.listen(filter).await.unwrap();
    assert_eq!(value(subscription.acknowledged()), json!({"toolsListChanged": true}));
    let change = value(&subscription.next().await.unwrap().unwrap());
    assert_eq!(change["method"], "notifications/tools/list_changed");
    assert!(subscription.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_sent() {
    let client = connect(Era::Modern).await;
    let result = call(&client, "remembering").await;
    assert_eq!(value(&result.content)[0]["text"], "seven");
}

#[tokio::test]
async fn a_legacy_client_without_a_session_is_told_that_it_cannot_be_asked() {
    let client = connect(Era::Legacy).await;
    assert_eq!(call(&client, "asking").await.is_error, Some(true));
}

#[tokio::test]
async fn resources_are_listed_and_read() {
    for era in ERAS {
        let client = connect(era).await;
        let listed = value(&client.list_all_resources().await.unwrap());
        assert_eq!(listed[0]["uri"], "test://text", "{era:?}");
        let read = client.read_resource(ReadResourceRequestParams::new("test://text")).await.unwrap();
        assert_eq!(
            value(&read.contents),
            json!([{"uri": "test://text", "mimeType": "text/plain", "text": "text"}]),
            "{era:?}"
        );
    }
}

#[tokio::test]
async fn templates_are_listed_and_read() {
    for era in ERAS {
        let client = connect(era).await;
        let listed = value(&client.list_all_resource_templates().await.unwrap());
        assert_eq!(listed[0]["uriTemplate"], "test://items/{id}", "{era:?}");
        let read = client.read_resource(ReadResourceRequestParams::new("test://items/a%20b")).await.unwrap();
        assert_eq!(value(&read.contents)[0]["text"], "item a b", "{era:?}");
    }
}

#[tokio::test]
async fn a_resource_that_does_not_exist_has_the_code_of_its_era() {
    for (era, expected) in [(Era::Legacy, -32002), (Era::Modern, -32602)] {
        let client = connect(era).await;
        for address in ["test://nothing", "test://items/none"] {
            let error = client.read_resource(ReadResourceRequestParams::new(address)).await.unwrap_err();
            assert_eq!(code(error), expected, "{era:?} {address}");
        }
    }
}

#[tokio::test]
async fn prompts_are_listed_and_filled_in() {
    for era in ERAS {
        let client = connect(era).await;
        let listed = value(&client.list_all_prompts().await.unwrap());
        assert_eq!(listed[0]["arguments"][0]["name"], "symbol", "{era:?}");
        let asked = GetPromptRequestParams::new("review").with_arguments(object(json!({"symbol": "SPY"})));
        let filled_in = value(&client.get_prompt(asked).await.unwrap());
        assert_eq!(filled_in["messages"][0]["content"]["text"], "Review SPY.", "{era:?}");
        let error = client.get_prompt(GetPromptRequestParams::new("review")).await.unwrap_err();
        assert_eq!(code(error), -32602, "{era:?}");
    }
}

#[tokio::test]
async fn arguments_are_completed() {
    for era in ERAS {
        let client = connect(era).await;
        let of_prompt = client.complete_prompt_simple("review", "symbol", "A").await.unwrap();
        assert_eq!(of_prompt, ["AAPL", "AMZN"], "{era:?}");
        let of_template = client.complete_resource_simple("test://items/{id}", "id", "S").await.unwrap();
        assert_eq!(of_template, ["SPY"], "{era:?}");
    }
}

#[tokio::test]
async fn a_subscription_tells_of_a_change_and_ends_well() {
    let client = connect(Era::Modern).await;
    let mut filter = SubscriptionFilter::default();
    filter.resource_subscriptions = Some(vec!["test://text".to_owned(), "test://nothing".to_owned()]);
    let mut subscription = client.listen(filter).await.unwrap();
    assert_eq!(value(subscription.acknowledged())["resourceSubscriptions"], json!(["test://text"]));
    let change = value(&subscription.next().await.unwrap().unwrap());
    assert_eq!(change["method"], "notifications/resources/updated");
    assert_eq!(change["params"]["uri"], "test://text");
    assert!(subscription.next().await.unwrap().is_none());
    // The server says that it cancels, and then sends the result, as two pages of the specification want it. The SDK goes by
    // what comes first. What must not be is `Abrupt`.
    assert!(matches!(subscription.end(), Some(SubscriptionEnd::Cancelled)), "{:?}", subscription.end());
}
