//! `POST /mcp`: any headers and any body get a well-formed reply with the id of the request.
//!
//! Input: header lines, an empty line, the body. Held: a status that the protocol knows, JSON-RPC in every body, the id
//! echoed with its very characters, one reply per request of a batch in its order, and what the log is told.

#![no_main]

use contract::tool::{GetQuoteInput, GetWorkflowStatusInput};
use domain::{Error, Reason};
use libfuzzer_sys::fuzz_target;
use mcp::{
    Annotations, Ask, Cache, Catalog, CompletionOutput, Content, Entry, Extension, Options, Prompt, PromptArgument,
    PromptMessage, PromptOutput, Received, Reply, Resource, Role, Server, Template, Tool, ToolOutput, receive,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

const fn tool(name: &'static str, input_schema: &'static str) -> Tool {
    Tool {
        name,
        title: "A tool",
        description: "Does something.",
        input_schema,
        output_schema: None,
        annotations: Annotations::LOOKUP,
        meta: None,
    }
}

const CATALOG: Catalog = Catalog {
    server: Server { name: "fuzz", title: "Fuzz", version: "0", website_url: None, icons: &[] },
    instructions: "Ask.",
    tools: &[
        tool("get_quote", include_str!("../../../crates/contract/schemas/get_quote.input.json")),
        tool("get_workflow_status", include_str!("../../../crates/contract/schemas/get_workflow_status.input.json")),
    ],
    resources: &[Resource {
        uri: "knowledge://a",
        name: "a",
        title: "A",
        description: "A document.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
    }],
    templates: &[Template {
        uri_template: "history://{symbol}/of/{day}",
        name: "history",
        title: "History",
        description: "What was.",
        mime_type: "application/json",
        cache: Cache::NONE,
    }],
    prompts: &[Prompt {
        name: "analyse",
        title: "Analyse",
        description: "A prompt.",
        arguments: &[PromptArgument { name: "symbol", description: "The symbol.", required: true }],
    }],
    completions: true,
    extensions: &[Extension { id: "io.modelcontextprotocol/ui", settings: "{}" }],
};

/// What stands for the product: it reads what it is given and says it back.
fn answer(ask: Ask) -> Reply {
    assert!(ask.context().client_name().is_none_or(|name| name.len() <= mcp::MAX_BODY));
    match ask {
        Ask::Tool(call) => {
            let outcome = match call.tool.name {
                "get_quote" => call.read::<GetQuoteInput>().and_then(|input| input.symbols()).map(|symbols| {
                    let raw = serde_json::value::to_raw_value(&serde_json::json!({ "quotes": symbols })).unwrap();
                    ToolOutput::new(raw, "quotes")
                }),
                _ => call.read::<GetWorkflowStatusInput>().map(|input| ToolOutput::text(input.workflow_id)),
            };
            call.finish(outcome)
        }
        Ask::Resource(read) if read.variable("symbol") == Some("NONE") => {
            read.finish(Err(Error::new(Reason::NotFound, "There is none.")))
        }
        Ask::Resource(read) => {
            for (_, value) in &read.variables {
                assert!(!value.is_empty() && !value.chars().any(char::is_control), "{value:?}");
            }
            let contents = read.text("# A");
            read.finish(Ok(contents))
        }
        Ask::Prompt(get) => {
            let text = get.argument("symbol").expect("a required argument").to_owned();
            let messages = vec![PromptMessage { role: Role::User, content: Content::text(text) }];
            get.finish(Ok(PromptOutput { description: "An analysis.".to_owned(), messages }))
        }
        Ask::Completion(completion) => {
            let values = vec![completion.value.clone(); 120];
            completion.finish(Ok(CompletionOutput { values, ..CompletionOutput::default() }))
        }
    }
}

/// A message as it was sent, read by serde's own rules: every member at most once.
#[derive(Deserialize)]
#[expect(dead_code, reason = "members that only make a doubled one an error")]
struct Sent<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    error: Option<&'a RawValue>,
}

fn given<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The id of a text that is one message, where it is a string or a number.
fn id_of(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let raw = serde_json::from_str::<Sent<'_>>(text).ok()?.id?.get();
    let legal = serde_json::from_str::<String>(raw).is_ok() || serde_json::from_str::<serde_json::Number>(raw).is_ok();
    legal.then(|| raw.to_owned())
}

#[derive(Deserialize)]
struct Told<'a> {
    jsonrpc: &'a str,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

/// Checks one JSON-RPC message that goes out; gives its id and the code of its error.
fn check_message(text: &str) -> (Option<String>, Option<i64>) {
    let told: Told<'_> = serde_json::from_str(text).expect("a message");
    assert_eq!(told.jsonrpc, "2.0");
    let id = told.id.map(|id| id.get().to_owned());
    let code = match (&told.result, &told.error) {
        (Some(result), None) => {
            assert!(result.is_object(), "{text}");
            assert!(id.is_some(), "a result without an id: {text}");
            None
        }
        (None, Some(error)) => {
            assert!(!error["message"].as_str().expect("a message").is_empty(), "{text}");
            Some(error["code"].as_i64().expect("a code"))
        }
        _ => panic!("neither result nor error, or both: {text}"),
    };
    (id, code)
}

fn check_http(reply: &Reply) {
    assert!(matches!(reply.status, 200 | 202 | 400 | 404), "status {}", reply.status);
    assert!(reply.headers.contains(&("cache-control", "no-store".to_owned())));
    let is_json = reply.headers.contains(&("content-type", "application/json".to_owned()));
    assert_eq!(reply.body.is_some(), is_json);
    assert_eq!(reply.body.is_none(), reply.status == 202, "status {}", reply.status);
}

fn check_single(reply: &Reply, text: Option<&str>) {
    check_http(reply);
    let Some(body) = &reply.body else { return };
    let (id, code) = check_message(std::str::from_utf8(body).expect("UTF-8"));
    assert_eq!(id, text.and_then(id_of), "the id is not the request's");
    assert_eq!(code, reply.seen.error.map(i64::from));
    assert!(code.is_some() || reply.status == 200, "a result with status {}", reply.status);
}

fn check_batch(reply: &Reply, entries: usize, text: &str) {
    check_http(reply);
    let sent: Vec<&RawValue> = serde_json::from_str(text).expect("a batch is an array");
    assert!(entries == sent.len() && entries <= mcp::MAX_BATCH);
    let Some(body) = &reply.body else { return };
    let told: Vec<&RawValue> = serde_json::from_slice(body).expect("an array");
    assert!(!told.is_empty() && told.len() <= sent.len());
    // Each id that comes back was sent, and the order is kept.
    let mut ids = sent.iter().filter_map(|message| id_of(message.get()));
    for message in told {
        if let (Some(id), _) = check_message(message.get()) {
            assert!(ids.any(|other| other == id), "the id {id} was not sent, or came in another order");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let (lines, body) = ttai_fuzz::parts(data);
    let headers = ttai_fuzz::headers(lines);
    let text = std::str::from_utf8(body).ok();
    for compat in [true, false] {
        match receive(&CATALOG, &Options { compat }, &headers, body) {
            Received::Reply(reply) => check_single(&reply, text),
            Received::Ask(ask) => check_single(&answer(*ask), text),
            Received::Batch(batch) => {
                let entries = batch.entries.len();
                let reply = Reply::batch(batch.entries.into_iter().map(|entry| match entry {
                    Entry::Reply(reply) => reply,
                    Entry::Ask(ask) => answer(*ask),
                }));
                check_batch(&reply, entries, text.expect("a batch is text"));
            }
        }
    }
});
