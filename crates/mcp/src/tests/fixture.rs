//! A server that has something of everything, and a product behind it that asks back, reports and logs. Every message that
//! it sends in these tests is checked against the official schema of its revision.

use std::collections::VecDeque;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::{Error, Reason, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::schema;
use crate::{
    cursor::Sign,
    input::{Choice, Elicited, Field, FieldKind, Form, Format, Sampling, StateSeal},
    *,
};

const ICONS: &[Icon] = &[Icon {
    src: "data:image/png;base64,iVBORw0KGgo=",
    mime_type: "image/png",
    sizes: &["any"],
    theme: Some(Theme::Light),
}];

const fn tool(name: &'static str) -> Tool {
    Tool { name, title: "A tool", description: "For tests.", icons: ICONS, ..Tool::EMPTY }
}

/// A schema that has to survive word for word.
pub(super) const VERBATIM: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}}}},
  "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}, "contact": {"type": "string"}},
  "allOf": [{"anyOf": [{"required": ["name"]}, {"required": ["contact"]}]}],
  "if": {"properties": {"name": {"const": "x y"}}},
  "then": {"required": ["address"]},
  "else": {"required": ["name"]},
  "additionalProperties": false
}"##;

pub(super) const CATALOG: Catalog = Catalog {
    server: Server {
        name: "fixture",
        title: "Fixture",
        version: "1.0.0",
        website_url: Some("https://example.com/"),
        icons: ICONS,
    },
    instructions: "For tests.",
    tools: &[
        Tool { group: "market", ..tool("text") },
        tool("image"),
        tool("audio"),
        Tool { group: "account", ..tool("resource") },
        tool("link"),
        tool("mixed"),
        tool("failing"),
        tool("reporting"),
        tool("logging"),
        Tool { meta: Some(ui_tool_meta!("ui://fixture/page")), ..tool("structured") },
        Tool { input_schema: VERBATIM, ..tool("verbatim") },
        Tool {
            input_schema: r#"{"type":"object","properties":{"value":{"type":"string","x-mcp-header":"Value"}}}"#,
            ..tool("mirrored")
        },
        tool("form"),
        tool("url"),
        tool("sample"),
        tool("roots"),
        tool("state"),
        tool("steps"),
        tool("nothing"),
    ],
    resources: &[
        Resource {
            uri: "test://text",
            name: "text",
            title: "Text",
            description: "Text.",
            mime_type: "text/plain",
            cache: Cache::PUBLIC,
            icons: ICONS,
            watched: true,
            ..Resource::EMPTY
        },
        Resource {
            uri: "test://binary",
            name: "binary",
            title: "Bytes",
            description: "Bytes.",
            mime_type: "image/png",
            ..Resource::EMPTY
        },
        Resource {
            uri: "ui://fixture/page",
            name: "page",
            title: "Page",
            description: "A page.",
            mime_type: apps::UI_MIME_TYPE,
            cache: Cache::PUBLIC,
            meta: Some(r#"{"ui": {"prefersBorder": true}}"#),
            ..Resource::EMPTY
        },
    ],
    templates: &[Template {
        uri_template: "test://template/{id}/data",
        name: "data",
        title: "Data",
        description: "Data.",
        mime_type: "application/json",
        watched: true,
        icons: ICONS,
        ..Template::EMPTY
    }],
    prompts: &[
        Prompt {
            name: "plain",
            title: "Plain",
            description: "A prompt.",
            arguments: &[
                PromptArgument { name: "arg1", description: "One.", required: true },
                PromptArgument { name: "arg2", description: "Two.", required: false },
            ],
            icons: ICONS,
            ..Prompt::EMPTY
        },
        Prompt { name: "image", title: "Image", description: "A picture.", tools: &["text"], ..Prompt::EMPTY },
        Prompt {
            name: "resource",
            title: "Resource",
            description: "A resource.",
            tools: &["text", "resource"],
            ..Prompt::EMPTY
        },
        Prompt { name: "asking", title: "Asking", description: "Asks back.", ..Prompt::EMPTY },
    ],
    completions: true,
    extensions: &[apps::UI],
    logging: true,
    list_changed: ListChanged { tools: true, prompts: true, resources: true },
};

/// Stands for the keys of the product: a digest with a secret in front.
pub(super) struct Key;

fn tag(message: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update("secret").chain_update(message).finalize().to_vec()
}

impl Sign for Key {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        tag(message)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        tag(message) == signature
    }
}

impl StateSeal for Key {
    fn seal(&self, clear: &str) -> Option<String> {
        Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(clear), URL_SAFE_NO_PAD.encode(tag(clear.as_bytes()))))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let (clear, _) = sealed.split_once('.')?;
        let clear = String::from_utf8(URL_SAFE_NO_PAD.decode(clear).ok()?).ok()?;
        (StateSeal::seal(self, &clear)? == sealed).then_some(clear)
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

pub(super) fn sealing(principal: &'static str, seconds: i64) -> Sealing<'static> {
    Sealing { seal: &Key, principal, now: at(seconds) }
}

pub(super) fn options() -> Options<'static> {
    Options { compat: false, asks_back: true, sessions: true, toolset: None, pages: None }
}

/// Headers from pairs.
pub(super) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

pub(super) fn form() -> Form {
    let choices = || [Choice::titled("buy", "Buy"), Choice::titled("sell", "Sell")];
    let plain = || [Choice::plain("put"), Choice::plain("call")];
    let old = FieldKind::One { choices: choices().to_vec(), default: None, has_old_titles: true };
    let number =
        FieldKind::Number { is_integer: true, range: (Some(1.into()), Some(9.into())), default: Some(3.into()) };
    let email =
        FieldKind::Text { format: Some(Format::Email), length: (Some(3), Some(99)), default: Some("a@b.c".into()) };
    Form::new([
        Field::text("name").titled("Name").described("Yours."),
        Field::new("email", email).optional(),
        Field::new("count", number).optional(),
        Field::number("price").optional(),
        Field::new("sure", FieldKind::Flag { default: Some(true) }).optional(),
        Field::one("side", choices()).optional(),
        Field::one("kind", plain()).optional(),
        Field::new("old", old).optional(),
    ])
}

/// The same with a field that only later revisions know.
pub(super) fn wide_form() -> Form {
    let mut form = form();
    form.fields.push(Field::many("legs", [Choice::titled("put", "Put"), Choice::titled("call", "Call")]).optional());
    form.fields.push(Field::many("tags", [Choice::plain("a"), Choice::plain("b")]).optional());
    form
}

/// Calls a tool; reports and log messages go to `frames`.
pub(super) fn call(call: &ToolCall, frames: &mut Vec<Frame>) -> Result<Outcome<ToolOutput>, Error> {
    let (context, input) = (call.context(), &call.input);
    let ask = |request| Ok(Outcome::InputRequired(InputRequired::one("q", request)));
    let text = |text: &str| Ok(Outcome::Done(ToolOutput::text(text)));
    let blocks = |blocks: Vec<Content>| Ok(Outcome::Done(ToolOutput::blocks(blocks)));
    let image = || Content::image([1, 2, 3], "image/png");
    match call.tool.name {
        "image" => blocks(vec![image()]),
        "audio" => blocks(vec![Content::audio([1, 2, 3], "audio/wav")]),
        "resource" => {
            blocks(vec![Content::Resource { resource: ResourceContents::text("test://a", "text/plain", "a") }])
        }
        "link" => blocks(vec![Content::ResourceLink {
            uri: "test://a".into(),
            name: "a".into(),
            description: Some("A.".into()),
            mime_type: Some("text/plain".into()),
        }]),
        "mixed" => blocks(vec![
            Content::text("a"),
            image(),
            Content::Resource { resource: ResourceContents::bytes("test://b", "image/png", [1]) },
        ]),
        "failing" => Err(Error::new(Reason::UpstreamTimeout, "It took too long. Try again.")),
        "reporting" => {
            if let Some(mut progress) = context.progress() {
                frames.extend(
                    [0.0, 50.0, 100.0].iter().filter_map(|done| progress.step(*done, Some(100.0), Some("..."))),
                );
            }
            text("reported")
        }
        "logging" => {
            let levels = [Level::Debug, Level::Info, Level::Error];
            frames.extend(levels.iter().filter_map(|level| context.log(*level, Some("fixture"), json!({"a": 1}))));
            text("logged")
        }
        "structured" => {
            let raw = RawValue::from_string("{\n\"bid\": 210.50\n}".to_owned()).unwrap();
            Ok(Outcome::Done(ToolOutput::new(raw, "210.50")))
        }
        "form" => match input.responses.elicited("q") {
            Some(Elicited::Accepted(filled_in)) => match form().check(&filled_in) {
                Ok(filled_in) => text(&format!("Hello, {}!", filled_in["name"].as_str().unwrap())),
                Err(_) => ask(InputRequest::form("Your name?", form())),
            },
            Some(_) => text("Never mind."),
            None => ask(InputRequest::form("Your name?", form())),
        },
        "url" => match input.responses.elicited("q") {
            Some(_) => text("opened"),
            None => ask(InputRequest::Url { message: "Open it.".into(), url: "https://example.com/".into() }),
        },
        "sample" => match input.responses.sampled("q") {
            Some(sampled) => text(&sampled.text),
            None => ask(InputRequest::Sample(Sampling {
                system_prompt: Some("Be brief.".into()),
                temperature: Some(0.5),
                stop_sequences: vec![".".into()],
                ..Sampling::text("What is the capital of France?", 100)
            })),
        },
        "roots" => match input.responses.roots("q") {
            Some(roots) => text(&roots.iter().map(|root| root.uri.as_str()).collect::<Vec<_>>().join(" ")),
            None => ask(InputRequest::Roots),
        },
        "state" => match input.state_as::<String>().as_deref() {
            Some("secret") => text("state-ok"),
            _ => Ok(Outcome::InputRequired(InputRequired::default().with_state(&"secret"))),
        },
        "steps" => {
            let step = input.state_as::<u8>().unwrap_or(0);
            let question = InputRequired::one("a", InputRequest::form("?", wide_form())).and("b", InputRequest::Roots);
            match (step, input.responses.elicited("a"), input.responses.roots("b")) {
                (0, ..) => Ok(Outcome::InputRequired(question.with_state(&1_u8))),
                (1, Some(_), Some(_)) => {
                    Ok(Outcome::InputRequired(InputRequired::one("c", InputRequest::Roots).with_state(&2_u8)))
                }
                (1, ..) => Ok(Outcome::InputRequired(question.with_state(&1_u8))),
                _ => text("done"),
            }
        }
        "nothing" => Ok(Outcome::InputRequired(InputRequired::default())),
        _ => text("text"),
    }
}

/// Answers what the product is asked.
pub(super) fn answer(ask: Ask, sealing: &Sealing<'_>, frames: &mut Vec<Frame>) -> Reply {
    match ask {
        Ask::Tool(tool) => {
            let outcome = call(&tool, frames);
            tool.conclude(outcome, sealing)
        }
        Ask::Resource(read) => {
            let contents = match read.name {
                "binary" => read.bytes([1, 2, 3]),
                "page" => vec![ResourceContents::page(&*read.uri, "<!DOCTYPE html>", apps::Csp::default())],
                _ => read.text(read.variable("id").unwrap_or("text")),
            };
            read.conclude(Ok(contents.into()), sealing)
        }
        Ask::Prompt(get) => {
            let outcome = prompt(&get);
            get.conclude(Ok(outcome), sealing)
        }
        Ask::Completion(completion) => {
            let values = vec![format!("{}{}", completion.value, completion.other("arg1").unwrap_or_default())];
            completion.finish(Ok(CompletionOutput { values, total: Some(1), has_more: false }))
        }
        Ask::Listen(listen) => {
            frames.push(listen.acknowledged());
            frames.extend([Change::Tools, Change::Prompts, Change::Resources].iter().filter_map(|c| listen.tell(c)));
            frames.extend(listen.tell(&Change::Resource("test://text".into())));
            frames.push(listen.close("The server restarts."));
            Reply::stream(listen.context().seen())
        }
    }
}

fn prompt(get: &PromptGet) -> Outcome<PromptOutput> {
    let content = match get.prompt.name {
        "image" => Content::image([1], "image/png"),
        "resource" => Content::Resource { resource: ResourceContents::text("test://a", "text/plain", "a") },
        "asking" => match get.input.responses.elicited("user_context") {
            Some(Elicited::Accepted(_)) => Content::text("in context"),
            _ => {
                let question = InputRequest::form("Which context?", Form::new([Field::text("context")]));
                return Outcome::InputRequired(InputRequired::one("user_context", question));
            }
        },
        _ => Content::text(format!("{:?} {:?}", get.argument("arg1"), get.argument("arg2"))),
    };
    Outcome::Done(PromptOutput {
        description: "A prompt.".into(),
        messages: vec![PromptMessage { role: Role::User, content }],
    })
}

/// The messages in a stream, in their order.
pub(super) fn messages(frames: Vec<Frame>) -> Vec<Value> {
    let text: String = frames.into_iter().map(|frame| String::from_utf8(frame.into_bytes()).unwrap()).collect();
    text.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| serde_json::from_str(event.strip_prefix("event: message\ndata: ").unwrap()).unwrap())
        .collect()
}

/// What a request came to: the status, and every message, the reply last.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) messages: Vec<Value>,
    pub(super) opens: Option<session::Opening>,
}

impl Answered {
    pub(super) fn last(&self) -> &Value {
        self.messages.last().unwrap()
    }

    pub(super) fn result(&self) -> &Value {
        &self.last()["result"]
    }

    pub(super) fn code(&self) -> Option<i64> {
        super::code_of(self.last())
    }
}

/// A modern request, as `principal` at a time, whose client declares `capabilities`.
pub(super) struct Modern {
    pub(super) capabilities: Value,
    pub(super) meta: Value,
    pub(super) principal: &'static str,
    pub(super) seconds: i64,
    pub(super) options: Options<'static>,
}

impl Modern {
    pub(super) fn able() -> Self {
        Self {
            capabilities: json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}),
            meta: json!({}),
            principal: "ann",
            seconds: 0,
            options: options(),
        }
    }

    pub(super) fn send(&self, method: &str, params: Value) -> Answered {
        self.send_with(method, params, &[])
    }

    pub(super) fn send_with(&self, method: &str, mut params: Value, more: &[(&str, &str)]) -> Answered {
        let mut meta = self.meta.clone();
        meta["io.modelcontextprotocol/protocolVersion"] = json!(MODERN_VERSION);
        meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        params["_meta"] = meta;
        let key = if method == "resources/read" { "uri" } else { "name" };
        let name = params.get(key).and_then(Value::as_str).map(encoded);
        let mut pairs = vec![
            ("mcp-protocol-version", MODERN_VERSION),
            ("mcp-method", method),
            ("accept", "application/json, text/event-stream"),
        ];
        if ["tools/call", "prompts/get", "resources/read"].contains(&method) {
            pairs.extend(name.as_deref().map(|name| ("mcp-name", name)));
        }
        pairs.extend(more);
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
        let mut frames = Vec::new();
        let reply = match receive(&CATALOG, &self.options, &headers(&pairs), body.as_bytes()) {
            Received::Reply(reply) => reply,
            Received::Ask(mut ask) => {
                let sealing = sealing(self.principal, self.seconds);
                match ask.resume(&sealing) {
                    Ok(()) => answer(*ask, &sealing, &mut frames),
                    Err(reply) => reply,
                }
            }
            Received::Batch(_) => panic!("no batch was sent"),
        };
        answered(reply, frames, Revision::V2026_07_28, method)
    }

    pub(super) fn call(&self, tool: &str, more: Value) -> Answered {
        let mut params = json!({"name": tool, "arguments": {}});
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        self.send("tools/call", params)
    }
}

/// A text as the value of a header.
fn encoded(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.starts_with("=?") {
        return text.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(text))
}

/// Checks everything that is sent against the schema.
pub(super) fn answered(reply: Reply, frames: Vec<Frame>, revision: Revision, method: &str) -> Answered {
    let (status, opens) = (reply.status, reply.opens.clone().map(|opens| *opens));
    let mut messages = messages(frames);
    messages.extend(reply.body.map(|body| serde_json::from_slice(&body).unwrap()));
    messages.iter().for_each(|message: &Value| schema::check(revision, method, message));
    Answered { status, messages, opens }
}

/// A legacy client within a session, whose answers to questions lie ready.
pub(super) struct Legacy {
    pub(super) session: Session,
    pub(super) revision: Revision,
    pub(super) answers: VecDeque<Value>,
    /// The methods of the questions that it was asked.
    pub(super) asked: Vec<String>,
}

impl Legacy {
    /// Shakes hands.
    pub(super) fn open(revision: Revision, capabilities: Value) -> Self {
        let params = json!({"protocolVersion": revision, "capabilities": capabilities, "clientInfo": {"name": "t", "version": "1"}});
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
        let mut session = Session::open_http_sse("ann", at(0));
        if revision > Revision::V2024_11_05 {
            let Received::Reply(reply) = receive(&CATALOG, &options(), &HeaderMap::new(), body.as_bytes()) else {
                panic!("a handshake is answered")
            };
            let answered = answered(reply, Vec::new(), revision, "initialize");
            session = Session::open("ann", answered.opens.unwrap(), at(0));
        } else {
            let turn = session.receive(&CATALOG, &options(), &HeaderMap::new(), body.as_bytes(), at(0));
            let Received::Reply(reply) = turn.received else { panic!("a handshake is answered") };
            answered(reply, Vec::new(), revision, "initialize");
        }
        assert_eq!(session.revision(), revision);
        Self { session, revision, answers: VecDeque::new(), asked: Vec::new() }
    }

    pub(super) fn receive(&mut self, message: &Value) -> Turn {
        let pairs = [("mcp-protocol-version", self.revision.as_str()), ("accept", "text/event-stream")];
        let pairs = if self.revision > Revision::V2024_11_05 { &pairs[..] } else { &[] };
        self.session.receive(&CATALOG, &options(), &headers(pairs), message.to_string().as_bytes(), at(1))
    }

    /// Sends a request and does what the owner of a session does: asks, waits, enters the call again.
    pub(super) fn send(&mut self, method: &str, params: Value) -> Answered {
        let turn = self.receive(&json!({"jsonrpc": "2.0", "id": "c", "method": method, "params": params}));
        assert_eq!(turn.events, []);
        let mut frames = Vec::new();
        let reply = match turn.received {
            Received::Reply(reply) => reply,
            Received::Ask(ask) => match *ask {
                Ask::Tool(call) => self.call(call, &mut frames),
                ask => answer(ask, &sealing("ann", 0), &mut frames),
            },
            Received::Batch(_) => panic!("no batch was sent"),
        };
        answered(reply, frames, self.revision, method)
    }

    fn call(&mut self, mut call: ToolCall, frames: &mut Vec<Frame>) -> Reply {
        for _ in 0..input::MAX_ROUNDS {
            let required = match super::fixture::call(&call, frames) {
                Ok(Outcome::Done(output)) => return call.finish(Ok(output)),
                Ok(Outcome::InputRequired(required)) => required,
                Err(error) => return call.finish(Err(error)),
            };
            let questions = match self.session.ask(call.context(), &required, at(1)) {
                Ok(questions) => questions,
                Err(error) => return call.finish(Err(error)),
            };
            let responses = match self.respond(&questions) {
                Some(Ok(responses)) => responses,
                Some(Err(refusal)) => return call.finish(Err(Error::new(Reason::InvalidRequest, refusal.message))),
                None => input::Responses::default(),
            };
            frames.extend(questions);
            call.input = Input::new(responses, required.state);
        }
        call.finish(Err(Error::new(Reason::Internal, "Too many rounds.")))
    }

    /// Answers each question with what lies ready: a result, or an error where it has a code.
    fn respond(&mut self, questions: &[Frame]) -> Option<session::Answered> {
        let mut complete = None;
        for question in messages(questions.to_vec()) {
            self.asked.push(question["method"].as_str().unwrap().to_owned());
            let answer = self.answers.pop_front().unwrap();
            let kind = if answer.get("code").is_some() { "error" } else { "result" };
            let turn = self.receive(&json!({"jsonrpc": "2.0", "id": question["id"], kind: answer}));
            let Received::Reply(reply) = turn.received else { panic!("a response is taken") };
            assert_eq!(reply.status, 202);
            for event in turn.events {
                let session::Event::Answered(_, answered) = event else { panic!("nothing was cancelled") };
                complete = Some(answered);
            }
        }
        complete
    }
}

pub(super) use crate::session::Turn;
