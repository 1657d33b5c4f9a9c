//! The server that the official conformance suite expects to find: tools, resources and prompts with the names and answers
//! that its scenarios describe. Without I/O: a call comes to a [`Script`], which whoever owns the stream plays.

use domain::{Error, Reason};
use mcp::{
    input::{Choice, Elicited, Field, FieldKind, Form, Responses, Sampling},
    *,
};
use serde_json::{Map, Value, json};

/// What a call comes to: what happens first, and how it ends.
pub(crate) struct Script {
    /// In this order.
    pub(crate) steps: Vec<Step>,
    /// The end.
    pub(crate) outcome: Result<Outcome<ToolOutput>, Error>,
}

/// Something that happens during a call.
pub(crate) enum Step {
    /// The client is told something.
    Frame(Frame),
    /// So many milliseconds pass.
    Pause(u64),
    /// Something changed, for whoever listens.
    Changed(Change),
}

/// A picture of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// A sound without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

const fn tool(name: &'static str, description: &'static str) -> Tool {
    Tool { name, title: name, description, ..Tool::EMPTY }
}

const PROMPT_SCHEMA: &str = r#"{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}"#;
const MESSAGE_SCHEMA: &str = r#"{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}"#;
const HEADER_SCHEMA: &str =
    r#"{"type":"object","properties":{"value":{"type":"string","description":"Any text.","x-mcp-header":"Value"}}}"#;
const SCHEMA_2020_12: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {
    "address": {
      "$anchor": "addressDef",
      "type": "object",
      "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
    }
  },
  "properties": {
    "name": { "type": "string" },
    "address": { "$ref": "#/$defs/address" },
    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
    "phone": { "type": "string" },
    "email": { "type": "string" }
  },
  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
  "then": { "required": ["phone"] },
  "else": { "required": ["email"] },
  "additionalProperties": false
}"##;

/// Everything that is listed.
pub(crate) const CATALOG: Catalog = Catalog {
    server: Server { name: "mcp-conformance", title: "Conformance", version: "1.0.0", ..Server::EMPTY },
    instructions: "For the conformance suite.",
    tools: &[
        tool("test_simple_text", "Answers with text."),
        tool("test_image_content", "Answers with a picture."),
        tool("test_audio_content", "Answers with sound."),
        tool("test_embedded_resource", "Answers with a resource."),
        tool("test_multiple_content_types", "Answers with blocks of several kinds."),
        tool("test_error_handling", "Fails."),
        tool("test_tool_with_progress", "Tells of its progress."),
        tool("test_tool_with_logging", "Sends log messages."),
        tool("test_logging_tool", "Sends a log message to those who ask for it."),
        Tool { input_schema: PROMPT_SCHEMA, ..tool("test_sampling", "Asks the client's model.") },
        Tool { input_schema: MESSAGE_SCHEMA, ..tool("test_elicitation", "Asks the user.") },
        tool("test_elicitation_sep1034_defaults", "Asks the user, with defaults."),
        tool("test_elicitation_sep1330_enums", "Asks the user to choose."),
        tool("test_missing_capability", "Needs sampling."),
        tool("test_streaming_elicitation", "Asks the user."),
        tool("test_trigger_tool_change", "Announces a change of the tools."),
        tool("test_trigger_prompt_change", "Announces a change of the prompts."),
        tool("test_input_required_result_elicitation", "Asks for a name."),
        tool("test_input_required_result_sampling", "Asks for a capital."),
        tool("test_input_required_result_list_roots", "Asks for the roots."),
        tool("test_input_required_result_request_state", "Has a state between two rounds."),
        tool("test_input_required_result_multiple_inputs", "Asks for three things."),
        tool("test_input_required_result_multi_round", "Asks twice."),
        tool("test_input_required_result_tampered_state", "Has a state that holds only unchanged."),
        tool("test_input_required_result_capabilities", "Asks what the client can be asked."),
        Tool { input_schema: SCHEMA_2020_12, ..tool("json_schema_2020_12_tool", "Has a schema with many keywords.") },
        Tool {
            input_schema: HEADER_SCHEMA,
            ..tool("test_custom_header", "Has an argument that is repeated in a header.")
        },
    ],
    resources: &[
        resource("test://static-text", "text/plain"),
        resource("test://static-binary", "image/png"),
        Resource { watched: true, ..resource("test://watched-resource", "text/plain") },
    ],
    templates: &[Template {
        uri_template: "test://template/{id}/data",
        name: "template",
        title: "Template",
        description: "Data of an id.",
        mime_type: "application/json",
        ..Template::EMPTY
    }],
    prompts: &[
        Prompt { name: "test_simple_prompt", description: "A prompt.", title: "Simple", ..Prompt::EMPTY },
        Prompt {
            name: "test_prompt_with_arguments",
            description: "A prompt with arguments.",
            title: "Arguments",
            arguments: &[
                PromptArgument { name: "arg1", description: "The first.", required: true },
                PromptArgument { name: "arg2", description: "The second.", required: true },
            ],
            ..Prompt::EMPTY
        },
        Prompt {
            name: "test_prompt_with_embedded_resource",
            description: "A prompt with a resource.",
            title: "Resource",
            arguments: &[PromptArgument { name: "resourceUri", description: "Its address.", required: true }],
            ..Prompt::EMPTY
        },
        Prompt {
            name: "test_prompt_with_image",
            description: "A prompt with a picture.",
            title: "Image",
            ..Prompt::EMPTY
        },
        Prompt {
            name: "test_input_required_result_prompt",
            description: "A prompt that asks back.",
            title: "Asking",
            ..Prompt::EMPTY
        },
    ],
    completions: true,
    logging: true,
    list_changed: ListChanged { tools: true, prompts: true, resources: false },
    ..Catalog::EMPTY
};

const fn resource(uri: &'static str, mime_type: &'static str) -> Resource {
    Resource { uri, name: uri, title: uri, description: "For the conformance suite.", mime_type, ..Resource::EMPTY }
}

/// The capability that a tool cannot do without.
pub(crate) fn needs(tool: &str) -> Option<&'static str> {
    (tool == "test_missing_capability").then_some("sampling")
}

/// Calls a tool.
pub(crate) fn call(call: &ToolCall) -> Script {
    let mut steps = Vec::new();
    let outcome = match call.tool.name {
        "test_tool_with_progress" => {
            report(call.context(), &mut steps);
            text("Reported progress.")
        }
        "test_tool_with_logging" => {
            for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                log(call.context(), message, &mut steps);
            }
            text("Logged three messages.")
        }
        "test_logging_tool" => {
            log(call.context(), "A message.", &mut steps);
            text("Logged to those who asked.")
        }
        "test_trigger_tool_change" => {
            steps.push(Step::Changed(Change::Tools));
            text("The tools changed.")
        }
        "test_trigger_prompt_change" => {
            steps.push(Step::Changed(Change::Prompts));
            text("The prompts changed.")
        }
        name if name.starts_with("test_input_required_result_") => rounds(name, call),
        name => plain(name).unwrap_or_else(|| asking(name, call)),
    };
    Script { steps, outcome }
}

fn report(context: &Context, steps: &mut Vec<Step>) {
    let mut progress = context.progress();
    for done in [0.0, 50.0, 100.0] {
        let frame = progress.as_mut().and_then(|progress| progress.step(done, Some(100.0), Some("Working")));
        steps.extend(frame.map(Step::Frame));
        steps.push(Step::Pause(50));
    }
}

fn log(context: &Context, message: &str, steps: &mut Vec<Step>) {
    steps.extend(context.log(Level::Info, Some("conformance"), message).map(Step::Frame));
    steps.push(Step::Pause(50));
}

type Ended = Result<Outcome<ToolOutput>, Error>;

fn text(text: impl Into<String>) -> Ended {
    Ok(Outcome::Done(ToolOutput::text(text)))
}

fn ask(required: InputRequired) -> Ended {
    Ok(Outcome::InputRequired(required))
}

fn image() -> Content {
    Content::Image { data: PNG.to_owned(), mime_type: "image/png".to_owned() }
}

/// Tools that only answer.
fn plain(name: &str) -> Option<Ended> {
    let embedded =
        |uri: &str, mime: &str, text: &str| Content::Resource { resource: ResourceContents::text(uri, mime, text) };
    let blocks = match name {
        "test_simple_text" => vec![Content::text("This is a simple text response for testing.")],
        "test_image_content" => vec![image()],
        "test_audio_content" => vec![Content::Audio { data: WAV.to_owned(), mime_type: "audio/wav".to_owned() }],
        "test_embedded_resource" => {
            vec![embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]
        }
        "test_multiple_content_types" => vec![
            Content::text("Multiple content types test:"),
            image(),
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ],
        "test_error_handling" => {
            return Some(Err(Error::new(Reason::Internal, "This tool intentionally returns an error for testing")));
        }
        "test_missing_capability" | "json_schema_2020_12_tool" | "test_custom_header" => vec![Content::text("Done.")],
        _ => return None,
    };
    Some(Ok(Outcome::Done(ToolOutput::blocks(blocks))))
}

/// Tools that ask the client once.
fn asking(name: &str, call: &ToolCall) -> Ended {
    let argument = |name: &str| call.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let responses = &call.input.responses;
    let elicit = |message: String, form: Form, said: &str| match responses.elicited("question") {
        Some(Elicited::Accepted(content)) => text(format!("{said}action=accept, content={}", Value::Object(content))),
        Some(other) => text(format!("{said}action={other:?}").to_lowercase()),
        None => ask(InputRequired::one("question", InputRequest::form(message, form))),
    };
    match name {
        "test_sampling" => match responses.sampled("question") {
            Some(sampled) => text(format!("LLM response: {}", sampled.text)),
            None => {
                let sampling = Sampling::text(argument("prompt"), 100);
                ask(InputRequired::one("question", InputRequest::Sample(sampling)))
            }
        },
        "test_elicitation" | "test_streaming_elicitation" => {
            let form = Form::new([
                Field::text("username").described("User's response"),
                Field::text("email").described("User's email address"),
            ]);
            elicit(argument("message"), form, "User response: ")
        }
        "test_elicitation_sep1034_defaults" => elicit("Check these.".to_owned(), defaults(), "Elicitation completed: "),
        "test_elicitation_sep1330_enums" => elicit("Choose.".to_owned(), choices(), "Elicitation completed: "),
        _ => Err(Error::new(Reason::NotFound, "There is no such tool.")),
    }
}

fn defaults() -> Form {
    let of = |name: &str, kind: FieldKind| Field::new(name, kind).optional();
    let status = ["active", "inactive", "pending"].map(Choice::plain).to_vec();
    let number = |is_integer, default: Option<serde_json::Number>| FieldKind::Number {
        is_integer,
        range: (None, None),
        default,
    };
    Form::new([
        of("name", FieldKind::Text { format: None, length: (None, None), default: Some("John Doe".to_owned()) }),
        of("age", number(true, Some(30.into()))),
        of("score", number(false, serde_json::Number::from_f64(95.5))),
        of("status", FieldKind::One { choices: status, default: Some("active".to_owned()), has_old_titles: false }),
        of("verified", FieldKind::Flag { default: Some(true) }),
    ])
}

fn choices() -> Form {
    let plain = || ["option1", "option2", "option3"].map(Choice::plain);
    let titled = |what: &str| {
        [("value1", "First"), ("value2", "Second"), ("value3", "Third")]
            .map(|(value, title)| Choice::titled(value, format!("{title} {what}")))
    };
    let old = [("opt1", "Option One"), ("opt2", "Option Two"), ("opt3", "Option Three")];
    let old = old.map(|(value, title)| Choice::titled(value, title)).to_vec();
    Form::new([
        Field::one("untitledSingle", plain()).optional(),
        Field::one("titledSingle", titled("Option")).optional(),
        Field::new("legacyEnum", FieldKind::One { choices: old, default: None, has_old_titles: true }).optional(),
        Field::many("untitledMulti", plain()).optional(),
        Field::many("titledMulti", titled("Choice")).optional(),
    ])
}

fn form_of(message: &str, field: Field) -> InputRequest {
    InputRequest::form(message, Form::new([field]))
}

fn accepted(responses: &Responses, key: &str) -> Option<Map<String, Value>> {
    match responses.elicited(key)? {
        Elicited::Accepted(content) => Some(content),
        Elicited::Declined | Elicited::Cancelled => None,
    }
}

/// Tools that are about asking back.
fn rounds(name: &str, call: &ToolCall) -> Ended {
    let responses = &call.input.responses;
    let state = call.input.state_as::<String>();
    let capital = || InputRequest::Sample(Sampling::text("What is the capital of France?", 100));
    match name.trim_start_matches("test_input_required_result_") {
        "elicitation" => match accepted(responses, "user_name").and_then(|content| content.get("name").cloned()) {
            Some(name) => text(format!("Hello, {}!", name.as_str().unwrap_or_default())),
            None => ask(InputRequired::one("user_name", form_of("What is your name?", Field::text("name")))),
        },
        "sampling" => match responses.sampled("capital_question") {
            Some(sampled) => text(sampled.text),
            None => ask(InputRequired::one("capital_question", capital())),
        },
        "list_roots" => match responses.roots("client_roots") {
            Some(roots) => text(roots.iter().map(|root| root.uri.as_str()).collect::<Vec<_>>().join(", ")),
            None => ask(InputRequired::one("client_roots", InputRequest::Roots)),
        },
        "request_state" | "tampered_state" => match (state.as_deref(), accepted(responses, "confirm")) {
            (Some("confirming"), Some(_)) => text("state-ok"),
            _ => {
                let question = form_of("Please confirm", Field::flag("ok"));
                ask(InputRequired::one("confirm", question).with_state(&"confirming"))
            }
        },
        "multiple_inputs" => {
            let all = accepted(responses, "user_name").zip(responses.sampled("greeting"));
            match all.zip(responses.roots("client_roots")) {
                Some(((name, greeting), roots)) => {
                    text(format!("{} {} {} roots", greeting.text, Value::Object(name), roots.len()))
                }
                None => ask(InputRequired::one("user_name", form_of("What is your name?", Field::text("name")))
                    .and("greeting", InputRequest::Sample(Sampling::text("Generate a greeting", 50)))
                    .and("client_roots", InputRequest::Roots)
                    .with_state(&"all")),
            }
        }
        "multi_round" => match state.as_deref() {
            Some("step1") if accepted(responses, "step1").is_some() => {
                let question = form_of("Step 2: What is your favorite color?", Field::text("color"));
                ask(InputRequired::one("step2", question).with_state(&"step2"))
            }
            Some("step2") if accepted(responses, "step2").is_some() => text("All rounds are done."),
            _ => {
                let question = form_of("Step 1: What is your name?", Field::text("name"));
                ask(InputRequired::one("step1", question).with_state(&"step1"))
            }
        },
        "capabilities" => {
            let all = [
                ("name", form_of("What is your name?", Field::text("name"))),
                ("capital", capital()),
                ("roots", InputRequest::Roots),
            ];
            let able = all.into_iter().filter(|(_, request)| call.context().can_ask(request));
            let required = able.fold(InputRequired::default(), |required, (key, request)| required.and(key, request));
            if required.requests.is_empty() { text("This client cannot be asked anything.") } else { ask(required) }
        }
        _ => Err(Error::new(Reason::NotFound, "There is no such tool.")),
    }
}

/// Reads a resource.
pub(crate) fn read(read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    Ok(match read.uri.as_str() {
        "test://static-text" => read.text("This is the content of the static text resource."),
        "test://static-binary" => {
            vec![ResourceContents {
                blob: Some(PNG.to_owned()),
                text: None,
                ..ResourceContents::text(&*read.uri, read.mime_type, "")
            }]
        }
        "test://watched-resource" => read.text("Watched."),
        _ => {
            let id = read.variable("id").unwrap_or_default();
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            read.text(data.to_string())
        }
    })
}

/// Fills in a prompt.
pub(crate) fn prompt(get: &PromptGet) -> Outcome<PromptOutput> {
    let argument = |name: &str| get.argument(name).unwrap_or_default();
    let blocks = match get.prompt.name {
        "test_simple_prompt" => vec![Content::text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => vec![Content::text(format!(
            "Prompt with arguments: arg1='{}', arg2='{}'",
            argument("arg1"),
            argument("arg2")
        ))],
        "test_prompt_with_embedded_resource" => {
            let resource =
                ResourceContents::text(argument("resourceUri"), "text/plain", "Embedded resource content for testing.");
            vec![Content::Resource { resource }, Content::text("Please process the embedded resource above.")]
        }
        "test_prompt_with_image" => vec![image(), Content::text("Please analyze the image above.")],
        _ => match accepted(&get.input.responses, "user_context") {
            Some(content) => vec![Content::text(format!("In the context of {}.", Value::Object(content)))],
            None => {
                let question = form_of("What context should the prompt use?", Field::text("context"));
                return Outcome::InputRequired(InputRequired::one("user_context", question));
            }
        },
    };
    let messages = blocks.into_iter().map(|content| PromptMessage { role: Role::User, content }).collect();
    Outcome::Done(PromptOutput { description: get.prompt.description.to_owned(), messages })
}

/// Completes an argument.
pub(crate) fn complete(completion: &Completion) -> CompletionOutput {
    let known = ["paris", "park", "party"].map(str::to_owned);
    let values: Vec<String> = known.into_iter().filter(|value| value.starts_with(&completion.value)).collect();
    CompletionOutput { total: Some(values.len()), values, has_more: false }
}
