//! A server of the Model Context Protocol with something of everything, and checks of what it says.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::tool::{GetQuoteInput, GetWorkflowStatusInput};
use domain::{Error, Reason};
use hmac::{Hmac, Mac};
use mcp::{
    Annotations, Ask, Cache, Catalog, Change, CompletionOutput, Content, Extension, Frame, InputRequest, InputRequired,
    Level, ListChanged, Outcome, Prompt, PromptArgument, PromptMessage, PromptOutput, Reply, Resource, Role, Sealing,
    Server, Template, Tool, ToolCall, ToolOutput,
    cursor::Sign,
    input::{Field, Form, StateSeal},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use sha2::Sha256;

const fn tool(name: &'static str, group: &'static str, input_schema: &'static str) -> Tool {
    Tool {
        name,
        group,
        title: "A tool",
        description: "Does something.",
        input_schema,
        annotations: Annotations::LOOKUP,
        ..Tool::EMPTY
    }
}

/// What the server offers.
pub const CATALOG: Catalog = Catalog {
    server: Server { name: "fuzz", title: "Fuzz", version: "0", ..Server::EMPTY },
    instructions: "Ask.",
    tools: &[
        tool("get_quote", "market", include_str!("../../../crates/contract/schemas/get_quote.input.json")),
        tool(
            "get_workflow_status",
            "",
            include_str!("../../../crates/contract/schemas/get_workflow_status.input.json"),
        ),
        tool(
            "mirrored",
            "account",
            r#"{"type":"object","properties":{"value":{"type":"string","x-mcp-header":"Value"},"count":{"type":"integer","x-mcp-header":"Count"}}}"#,
        ),
        tool("form", "", r#"{"type":"object"}"#),
        tool("steps", "", r#"{"type":"object"}"#),
    ],
    resources: &[Resource {
        uri: "knowledge://a",
        name: "a",
        title: "A",
        description: "A document.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
        watched: true,
        ..Resource::EMPTY
    }],
    templates: &[Template {
        uri_template: "history://{symbol}/of/{day}",
        name: "history",
        title: "History",
        description: "What was.",
        mime_type: "application/json",
        watched: true,
        ..Template::EMPTY
    }],
    prompts: &[Prompt {
        name: "analyse",
        title: "Analyse",
        description: "A prompt.",
        arguments: &[PromptArgument { name: "symbol", description: "The symbol.", required: true }],
        ..Prompt::EMPTY
    }],
    completions: true,
    extensions: &[Extension { id: "io.modelcontextprotocol/ui", settings: "{}" }],
    logging: true,
    list_changed: ListChanged { tools: true, prompts: true, resources: true },
};

/// The key of cursors and states.
pub struct Key;

fn mac(message: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(b"a key of cursors and states").unwrap().chain_update(message)
}

impl Sign for Key {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        mac(message).finalize().into_bytes().to_vec()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        mac(message).verify_slice(signature).is_ok()
    }
}

impl StateSeal for Key {
    fn seal(&self, clear: &str) -> Option<String> {
        Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(clear), URL_SAFE_NO_PAD.encode(self.sign(clear.as_bytes()))))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let (clear, tag) = sealed.split_once('.')?;
        let clear = URL_SAFE_NO_PAD.decode(clear).ok()?;
        self.verify(&clear, &URL_SAFE_NO_PAD.decode(tag).ok()?).then(|| String::from_utf8(clear).ok())?
    }
}

/// What states are sealed with, at this many seconds.
pub fn sealing(seconds: i64) -> Sealing<'static> {
    Sealing { seal: &Key, principal: crate::USER, now: crate::now() + chrono::TimeDelta::seconds(seconds) }
}

/// The question of the tool `form`.
pub fn question() -> InputRequired {
    let form = Form::new([Field::text("name"), Field::number("price").optional()]);
    InputRequired::one("q", InputRequest::form("Your name?", form))
}

/// The state of the tool `steps`.
pub const STEP: u8 = 1;

/// Calls a tool.
pub fn call(call: &ToolCall) -> Result<Outcome<ToolOutput>, Error> {
    let context = call.context();
    if let Some(mut progress) = context.progress() {
        let frames = [progress.step(1.0, Some(2.0), Some("...")), progress.step(1.0, None, None)];
        frames.iter().flatten().for_each(check_frame);
        assert!(frames[1].is_none(), "progress that does not increase is told");
    }
    context.log(Level::Error, Some("fuzz"), json!({"a": "b\nc"})).iter().for_each(check_frame);
    if let Some(state) = &call.input.state {
        assert!(call.tool.name == "steps" && *state == [b'0' + STEP], "the state of another call was opened");
    }
    match call.tool.name {
        "get_quote" => call.read::<GetQuoteInput>().and_then(|input| input.symbols()).map(|symbols| {
            let raw = serde_json::value::to_raw_value(&json!({ "quotes": symbols })).unwrap();
            ToolOutput::new(raw, "quotes").into()
        }),
        "get_workflow_status" => {
            call.read::<GetWorkflowStatusInput>().map(|input| ToolOutput::text(input.workflow_id).into())
        }
        "form" => Ok(match call.input.responses.elicited("q") {
            Some(_) => ToolOutput::text("Hello!").into(),
            None => Outcome::InputRequired(question()),
        }),
        "steps" => Ok(match call.input.state_as::<u8>() {
            Some(_) => ToolOutput::text("done").into(),
            None => Outcome::InputRequired(InputRequired::default().with_state(&STEP)),
        }),
        _ => Ok(ToolOutput::text("text").into()),
    }
}

/// What stands for the product: it reads what it is given and says it back.
pub fn answer(mut ask: Ask, seconds: i64) -> Reply {
    if let Err(reply) = ask.resume(&sealing(seconds)) {
        return reply;
    }
    match ask {
        Ask::Tool(tool) => {
            let outcome = call(&tool);
            tool.conclude(outcome, &sealing(seconds))
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
        Ask::Listen(listen) => {
            assert!(listen.filter.resources.len() <= mcp::listen::MAX_RESOURCES);
            check_frame(&listen.acknowledged());
            let changes = listen.filter.resources.iter().cloned().map(Change::Resource);
            for change in changes.chain([Change::Tools, Change::Prompts, Change::Resources]) {
                listen.tell(&change).iter().for_each(check_frame);
            }
            check_frame(&listen.close("The server restarts."));
            listen.refuse(&Error::new(Reason::NotFound, "There is no stream here."))
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

fn sent(text: &str) -> Option<Sent<'_>> {
    if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// Whether a text is the answer to a request of the server, whose id is not the client's.
fn is_answer(text: &str) -> bool {
    sent(text).is_some_and(|sent| sent.method.is_none() && (sent.result.is_some() || sent.error.is_some()))
}

/// The id of a text that is one message, where it is a string or a number.
pub fn id_of(text: &str) -> Option<String> {
    let raw = sent(text)?.id?.get();
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
    #[serde(default)]
    method: Option<&'a str>,
}

/// Checks one JSON-RPC answer that goes out; gives its id and the code of its error.
pub fn check_message(text: &str) -> (Option<String>, Option<i64>) {
    let told: Told<'_> = serde_json::from_str(text).expect("a message");
    assert!(told.jsonrpc == "2.0" && told.method.is_none(), "{text}");
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

/// Checks that a frame is events of one line of JSON each; gives the messages.
pub fn messages(frame: &Frame) -> Vec<Value> {
    let text = std::str::from_utf8(frame.as_bytes()).expect("UTF-8");
    let events = text.strip_suffix("\n\n").expect("an event ends in an empty line").split("\n\n");
    events
        .map(|event| {
            let data = event.strip_prefix("event: message\ndata: ").expect("a message");
            assert!(!data.contains(['\n', '\r']), "{data}");
            let message: Value = serde_json::from_str(data).expect("JSON");
            assert_eq!(message["jsonrpc"], "2.0");
            message
        })
        .collect()
}

/// Checks that a frame is events of one line of JSON each.
pub fn check_frame(frame: &Frame) {
    assert!(!messages(frame).is_empty());
}

/// Checks status and headers of a reply.
pub fn check_http(reply: &Reply) {
    assert!(matches!(reply.status, 200 | 202 | 400 | 404), "status {}", reply.status);
    assert!(reply.headers.contains(&("cache-control", "no-store".to_owned())));
    let is_json = reply.headers.contains(&("content-type", "application/json".to_owned()));
    assert_eq!(reply.body.is_some(), is_json);
    assert_eq!(reply.body.is_none(), reply.status == 202, "status {}", reply.status);
}

/// Checks the reply to one message.
pub fn check_single(reply: &Reply, text: Option<&str>) {
    check_http(reply);
    let Some(body) = &reply.body else { return };
    let (id, code) = check_message(std::str::from_utf8(body).expect("UTF-8"));
    let is_lost = id.is_none() && text.is_some_and(is_answer);
    assert!(is_lost || id == text.and_then(id_of), "the id {id:?} is not the request's");
    assert_eq!(code, reply.seen.error.map(i64::from));
    assert!(code.is_some() || reply.status == 200, "a result with status {}", reply.status);
    assert!(reply.opens.is_none() || (reply.seen.method == "initialize" && code.is_none()));
}

/// Checks the reply to a batch of so many entries.
pub fn check_batch(reply: &Reply, entries: usize, text: &str) {
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
