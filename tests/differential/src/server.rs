//! A server with something of everything, over HTTP/1.1 on a Unix socket.

use std::{
    collections::hash_map::DefaultHasher,
    convert::Infallible,
    hash::{Hash, Hasher},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{Error, Reason, Timestamp};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use mcp::{
    Ask, Catalog, Change, Completion, CompletionOutput, Content, Entry, Frame, InputRequest, InputRequired, Level,
    ListChanged, Options, Outcome, Pages, Prompt, PromptArgument, PromptGet, PromptMessage, PromptOutput, Received,
    Reply, Resource, ResourceRead, Role, Sealing, Server, Template, Tool, ToolCall, ToolOutput,
    cursor::Sign,
    input::{Elicited, Field, Form, Sampling, StateSeal},
};
use serde_json::{Value, value::RawValue};
use tokio::net::UnixListener;

const fn tool(name: &'static str) -> Tool {
    Tool { name, title: "A tool", description: "For tests.", ..Tool::EMPTY }
}

/// Seven tools make three pages.
const CATALOG: Catalog = Catalog {
    server: Server { name: "differential", title: "Differential", version: "1.2.3", ..Server::EMPTY },
    instructions: "For tests.",
    tools: &[
        Tool {
            input_schema: r#"{"type":"object","properties":{"symbols":{"type":"array","items":{"type":"string"}}}}"#,
            output_schema: Some(r#"{"type":"object","properties":{"quotes":{"type":"array"}}}"#),
            meta: Some(mcp::ui_tool_meta!("ui://differential/card")),
            ..tool("quote")
        },
        tool("failing"),
        tool("reporting"),
        tool("asking"),
        tool("remembering"),
        tool("curious"),
        tool("logging"),
    ],
    resources: &[Resource {
        uri: "test://text",
        name: "text",
        title: "Text",
        description: "A text.",
        mime_type: "text/plain",
        watched: true,
        ..Resource::EMPTY
    }],
    templates: &[Template {
        uri_template: "test://items/{id}",
        name: "item",
        title: "Item",
        description: "An item.",
        mime_type: "text/plain",
        ..Template::EMPTY
    }],
    prompts: &[Prompt {
        name: "review",
        title: "Review",
        description: "Reviews.",
        arguments: &[PromptArgument { name: "symbol", description: "Which.", required: true }],
        ..Prompt::EMPTY
    }],
    completions: true,
    logging: true,
    extensions: &[mcp::apps::UI],
    list_changed: ListChanged { tools: true, ..ListChanged::NONE },
};

/// Stands for the keys of a product. It resists nobody.
struct Key;

fn tag(message: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish().to_be_bytes()
}

impl Sign for Key {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        tag(message).to_vec()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        tag(message) == signature
    }
}

impl StateSeal for Key {
    fn seal(&self, clear: &str) -> Option<String> {
        Some(format!("{:016x}{clear}", u64::from_be_bytes(tag(clear.as_bytes()))))
    }

    fn open(&self, sealed: &str) -> Option<String> {
        let clear = sealed.get(16..)?;
        (StateSeal::seal(self, clear)? == sealed).then(|| clear.to_owned())
    }
}

fn sealing() -> Sealing<'static> {
    Sealing { seal: &Key, principal: "somebody", now: Timestamp::from_timestamp(1_800_000_000, 0).unwrap() }
}

/// Begins to serve; the answer is where. Every connection ends with the test's runtime.
pub(crate) fn start() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("ttai-differential-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = hyper::service::service_fn(serve);
                // A client that has what it wants breaks the connection off, which is no failure.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    path
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Ok(send(Reply::method_not_allowed(), Vec::new()));
    }
    let body = body.collect().await.unwrap().to_bytes();
    let options = Options { asks_back: true, pages: Some(Pages { size: 3, key: &Key }), ..Options::default() };
    let mut frames = Vec::new();
    let reply = match mcp::receive(&CATALOG, &options, &head.headers, &body) {
        Received::Reply(reply) => reply,
        Received::Ask(ask) => answer(*ask, &mut frames),
        Received::Batch(batch) => Reply::batch(batch.entries.into_iter().map(|entry| match entry {
            Entry::Reply(reply) => reply,
            Entry::Ask(ask) => answer(*ask, &mut Vec::new()),
        })),
    };
    Ok(send(reply, frames))
}

/// Frames in front make the reply the end of a stream.
fn send(reply: Reply, frames: Vec<Frame>) -> Response<Full<Bytes>> {
    let (head, body) = if frames.is_empty() {
        (reply.clone(), reply.body.unwrap_or_default())
    } else {
        let head = Reply::stream(reply.seen);
        let frames = frames.into_iter().chain(reply.into_frame());
        (head, frames.flat_map(Frame::into_bytes).collect())
    };
    let mut response = Response::builder().status(head.status);
    for (name, value) in &head.headers {
        response = response.header(*name, value);
    }
    response.body(Full::from(body)).unwrap()
}

fn answer(mut ask: Ask, frames: &mut Vec<Frame>) -> Reply {
    if let Err(refused) = ask.resume(&sealing()) {
        return refused;
    }
    match ask {
        Ask::Tool(call) => {
            let outcome = called(&call, frames);
            call.conclude(outcome, &sealing())
        }
        Ask::Resource(read) => {
            let outcome = contents(&read);
            read.finish(outcome)
        }
        Ask::Prompt(get) => {
            let outcome = prompt(&get);
            get.finish(Ok(outcome))
        }
        Ask::Completion(completion) => {
            let output = completed(&completion);
            completion.finish(Ok(output))
        }
        Ask::Listen(listen) => {
            frames.push(listen.acknowledged());
            frames.extend(listen.tell(&Change::Tools));
            frames.extend(listen.tell(&Change::Resource("test://text".to_owned())));
            frames.push(listen.close("That is all."));
            Reply { body: None, ..Reply::stream(listen.context().seen()) }
        }
    }
}

fn called(call: &ToolCall, frames: &mut Vec<Frame>) -> Result<Outcome<ToolOutput>, Error> {
    let done = |text: String| Ok(Outcome::Done(ToolOutput::text(text)));
    let ask = || Ok(Outcome::InputRequired(InputRequired::one("name", InputRequest::form("Your name?", form()))));
    match call.tool.name {
        "failing" => Err(Error::new(Reason::UpstreamTimeout, "It took too long. Try again.")),
        "reporting" => {
            if let Some(mut progress) = call.context().progress() {
                let steps = [0.0, 1.0, 2.0];
                frames.extend(steps.iter().filter_map(|step| progress.step(*step, Some(2.0), Some("Reading"))));
            }
            done("reported".to_owned())
        }
        "asking" => match call.input.responses.elicited("name") {
            Some(Elicited::Accepted(filled_in)) => match form().check(&filled_in) {
                Ok(filled_in) => done(format!("Hello, {}!", filled_in["name"].as_str().unwrap())),
                Err(_) => ask(),
            },
            Some(_) => done("Never mind.".to_owned()),
            None => ask(),
        },
        "curious" => curious(call),
        "logging" => {
            frames.extend(call.context().log(Level::Warning, Some("differential"), "A message."));
            done("logged".to_owned())
        }
        "remembering" => match call.input.state_as::<u8>() {
            Some(7) => done("seven".to_owned()),
            _ => Ok(Outcome::InputRequired(InputRequired::default().with_state(&7_u8))),
        },
        _ => {
            let symbols: Value = call.arguments.get("symbols").cloned().unwrap_or_default();
            let raw = RawValue::from_string(format!(r#"{{"quotes":[{{"asked":{symbols},"bid":210.50}}]}}"#)).unwrap();
            Ok(Outcome::Done(ToolOutput::new(raw, "bid 210.50")))
        }
    }
}

/// Asks for everything at once that a client can be asked for.
fn curious(call: &ToolCall) -> Result<Outcome<ToolOutput>, Error> {
    let responses = &call.input.responses;
    match (responses.elicited("name"), responses.sampled("capital"), responses.roots("folders")) {
        (Some(Elicited::Accepted(name)), Some(capital), Some(folders)) => {
            let folders: Vec<&str> = folders.iter().map(|root| root.uri.as_str()).collect();
            let text = format!("{} {} {}", name["name"].as_str().unwrap(), capital.text, folders.join(","));
            Ok(Outcome::Done(ToolOutput::text(text)))
        }
        _ => Ok(Outcome::InputRequired(
            InputRequired::one("name", InputRequest::form("Your name?", form()))
                .and("capital", InputRequest::Sample(Sampling::text("The capital of France?", 10)))
                .and("folders", InputRequest::Roots),
        )),
    }
}

fn form() -> Form {
    Form::new([Field::text("name")])
}

fn contents(read: &ResourceRead) -> Result<Vec<mcp::ResourceContents>, Error> {
    match read.variable("id") {
        Some("none") => Err(Error::new(Reason::NotFound, "There is no such item.")),
        Some(id) => Ok(read.text(format!("item {id}"))),
        None => Ok(read.text("text")),
    }
}

fn prompt(get: &PromptGet) -> PromptOutput {
    let content = Content::text(format!("Review {}.", get.argument("symbol").unwrap_or_default()));
    PromptOutput { description: "A review.".into(), messages: vec![PromptMessage { role: Role::User, content }] }
}

fn completed(completion: &Completion) -> CompletionOutput {
    let symbols = ["AAPL", "AMZN", "SPY"].into_iter().filter(|symbol| symbol.starts_with(&completion.value));
    CompletionOutput { values: symbols.map(str::to_owned).collect(), total: None, has_more: false }
}
