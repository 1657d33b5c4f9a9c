//! What the product is asked, and how its outcome becomes the reply.

use domain::{Error, Reason};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    arguments,
    catalog::{Cache, Prompt, Template, Tool},
    context::Context,
    fault::Fault,
    input::{Call, Input, InputRequired, Outcome, Sealing},
    listen::Listen,
    output::{CompletionOutput, Content, PromptOutput, ResourceContents, ToolOutput},
    reply::Reply,
    version::Era,
};

/// The most suggestions that one completion may hold.
const MAX_COMPLETIONS: usize = 100;

/// Why a tool that asks back does not serve a legacy client without a session.
const CANNOT_BE_ASKED: &str = "This needs to ask you something, and this client offers no way to. Use one that supports \
                               elicitation or sampling.";

/// What the product has to look up before there is a reply.
#[derive(Debug)]
pub enum Ask {
    /// Call a tool.
    Tool(ToolCall),
    /// Read a resource.
    Resource(ResourceRead),
    /// Fill in a prompt.
    Prompt(PromptGet),
    /// Complete an argument.
    Completion(Completion),
    /// Hold a stream and tell of changes.
    Listen(Listen),
}

impl Ask {
    /// The request behind it.
    pub fn context(&self) -> &Context {
        match self {
            Self::Tool(ask) => &ask.context,
            Self::Resource(ask) => &ask.context,
            Self::Prompt(ask) => &ask.context,
            Self::Completion(ask) => &ask.context,
            Self::Listen(ask) => &ask.context,
        }
    }

    /// Opens the state that the client brings back, where it brings one; the error is the reply to one that does not hold.
    /// To be called before the product looks at the request, wherever [`crate::Options::asks_back`] is on.
    pub fn resume(&mut self, sealing: &Sealing<'_>) -> Result<(), Reply> {
        let none = Map::new();
        let (context, resumed) = match self {
            Self::Tool(ToolCall { context, tool, arguments, input }) => {
                let call = Call { method: context.seen.method, name: tool.name, arguments };
                (context, input.resume(call, sealing))
            }
            Self::Resource(ResourceRead { context, uri, input, .. }) => {
                let call = Call { method: context.seen.method, name: uri, arguments: &none };
                (context, input.resume(call, sealing))
            }
            Self::Prompt(PromptGet { context, prompt, arguments, input }) => {
                let call = Call { method: context.seen.method, name: prompt.name, arguments };
                (context, input.resume(call, sealing))
            }
            Self::Completion(_) | Self::Listen(_) => return Ok(()),
        };
        resumed.map_err(|fault| context.fault(&fault))
    }

    /// The reply to a request that cannot be served, whichever it is.
    pub fn fail(self, error: Error) -> Reply {
        match self {
            Self::Tool(ask) => ask.finish(Err(error)),
            Self::Resource(ask) => ask.finish(Err(error)),
            Self::Prompt(ask) => ask.finish(Err(error)),
            Self::Completion(ask) => ask.finish(Err(error)),
            Self::Listen(ask) => ask.refuse(&error),
        }
    }

    /// The request itself where its client declared the capability, else the error that names what is missing.
    pub fn needing(self, capability: &str) -> Result<Self, Reply> {
        let context = self.context();
        if context.declares(capability) {
            return Ok(self);
        }
        let required = json!({ capability: {} });
        Err(context.fault(&Fault::missing_capabilities(context.era(), required)))
    }
}

/// A tool is called.
#[derive(Debug)]
pub struct ToolCall {
    pub(crate) context: Context,
    /// The tool.
    pub tool: &'static Tool,
    /// The arguments as they came.
    pub arguments: Map<String, Value>,
    /// What the client brings along, where it was asked back.
    pub input: Input,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult<'a> {
    content: Vec<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a RawValue>,
    is_error: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolFailure<'a> {
    content: &'a [Content],
    structured_content: Value,
    is_error: bool,
}

impl ToolCall {
    /// The request behind it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The arguments as the tool's input type, forgiving in form as [`arguments`] says.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the argument's path in `details.argument`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        arguments::read(self.tool.input_schema, &self.arguments)
    }

    /// The arguments in the form that the tool's input schema asks for, to be read elsewhere: whoever does refuses what is
    /// of the wrong type.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), but for wrong types.
    pub fn shaped(&self) -> Result<Value, Error> {
        let schema = arguments::schema(self.tool.input_schema)?;
        arguments::forgive(&schema, Value::Object(self.arguments.clone()))
    }

    /// The reply that asks the client back before there is a result. A legacy client cannot be asked by a reply: that is a
    /// tool error, unless a session asks it instead.
    pub fn ask_back(self, required: &InputRequired, sealing: &Sealing<'_>) -> Reply {
        if self.context.era() == Era::Legacy {
            return self.finish(Err(Error::new(Reason::InvalidRequest, CANNOT_BE_ASKED)));
        }
        let call = Call { method: self.context.seen.method, name: self.tool.name, arguments: &self.arguments };
        self.context.ask_back(required, call, sealing)
    }

    /// The reply to an outcome that may be a question.
    pub fn conclude(self, outcome: Result<Outcome<ToolOutput>, Error>, sealing: &Sealing<'_>) -> Reply {
        match outcome {
            Ok(Outcome::Done(output)) => self.finish(Ok(output)),
            Ok(Outcome::InputRequired(required)) => self.ask_back(&required, sealing),
            Err(error) => self.finish(Err(error)),
        }
    }

    /// The reply. An error is a tool error, which the model sees and can act upon, not a protocol error.
    pub fn finish(self, outcome: Result<ToolOutput, Error>) -> Reply {
        match outcome {
            Ok(output) => self.context.complete(
                ToolResult {
                    content: Content::all_known_to(self.context.revision, output.content),
                    // The protocol allows objects only; anything else is left to the text.
                    structured_content: output.structured.as_deref().filter(|raw| raw.get().starts_with('{')),
                    is_error: false,
                },
                None,
            ),
            Err(error) => self.context.complete(
                ToolFailure {
                    content: &[Content::text(error.message.clone())],
                    structured_content: json!({ "error": error.body() }),
                    is_error: true,
                },
                None,
            ),
        }
    }
}

/// A resource is read. It is one of the catalogue's.
#[derive(Debug)]
pub struct ResourceRead {
    pub(crate) context: Context,
    /// The address that was asked for.
    pub uri: String,
    /// The name of the resource or template in the catalogue.
    pub name: &'static str,
    /// Its media type in the catalogue.
    pub mime_type: &'static str,
    /// The variables of a template, percent-decoded and otherwise unchecked; empty for a fixed address.
    pub variables: Vec<(&'static str, String)>,
    /// What the client brings along, where it was asked back.
    pub input: Input,
    pub(crate) cache: Cache,
}

#[derive(Serialize)]
struct ResourceResult {
    contents: Vec<ResourceContents>,
}

impl ResourceRead {
    /// The request behind it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The variable of this name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// The contents of this very resource as text, with the catalogue's media type.
    pub fn text(&self, text: impl Into<String>) -> Vec<ResourceContents> {
        vec![ResourceContents::text(self.uri.clone(), self.mime_type, text)]
    }

    /// The contents of this very resource as bytes, with the catalogue's media type.
    pub fn bytes(&self, bytes: impl AsRef<[u8]>) -> Vec<ResourceContents> {
        vec![ResourceContents::bytes(self.uri.clone(), self.mime_type, bytes)]
    }

    /// The reply that asks the client back before there is a result.
    pub fn ask_back(self, required: &InputRequired, sealing: &Sealing<'_>) -> Reply {
        let call = Call { method: self.context.seen.method, name: &self.uri, arguments: &Map::new() };
        self.context.ask_back(required, call, sealing)
    }

    /// The reply to an outcome that may be a question.
    pub fn conclude(self, outcome: Result<Outcome<Vec<ResourceContents>>, Error>, sealing: &Sealing<'_>) -> Reply {
        match outcome {
            Ok(Outcome::Done(contents)) => self.finish(Ok(contents)),
            Ok(Outcome::InputRequired(required)) => self.ask_back(&required, sealing),
            Err(error) => self.finish(Err(error)),
        }
    }

    /// The reply. No contents, and an error whose reason is `not_found`, are the protocol's "no such resource".
    pub fn finish(self, outcome: Result<Vec<ResourceContents>, Error>) -> Reply {
        match outcome {
            Ok(contents) if !contents.is_empty() => {
                self.context.complete(ResourceResult { contents }, Some(self.cache))
            }
            Err(error) if error.reason != Reason::NotFound => self.context.fault(&Fault::product(&error)),
            _ => self.context.fault(&Fault::resource_not_found(self.context.era(), &self.uri)),
        }
    }
}

/// A prompt is filled in. Its required arguments are there.
#[derive(Debug)]
pub struct PromptGet {
    pub(crate) context: Context,
    /// The prompt.
    pub prompt: &'static Prompt,
    /// What the user filled in.
    pub arguments: Map<String, Value>,
    /// What the client brings along, where it was asked back.
    pub input: Input,
}

impl PromptGet {
    /// The request behind it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// What the user filled in for this argument.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name)?.as_str()
    }

    /// The reply that asks the client back before there is a result.
    pub fn ask_back(self, required: &InputRequired, sealing: &Sealing<'_>) -> Reply {
        let call = Call { method: self.context.seen.method, name: self.prompt.name, arguments: &self.arguments };
        self.context.ask_back(required, call, sealing)
    }

    /// The reply to an outcome that may be a question.
    pub fn conclude(self, outcome: Result<Outcome<PromptOutput>, Error>, sealing: &Sealing<'_>) -> Reply {
        match outcome {
            Ok(Outcome::Done(output)) => self.finish(Ok(output)),
            Ok(Outcome::InputRequired(required)) => self.ask_back(&required, sealing),
            Err(error) => self.finish(Err(error)),
        }
    }

    /// The reply.
    pub fn finish(self, outcome: Result<PromptOutput, Error>) -> Reply {
        match outcome {
            Ok(output) => self.context.complete(output.known_to(self.context.revision), None),
            Err(error) => self.context.fault(&Fault::product(&error)),
        }
    }
}

/// Whose argument is completed.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    /// A prompt's.
    Prompt(&'static Prompt),
    /// A template's variable.
    Template(&'static Template),
}

/// An argument is completed.
#[derive(Debug)]
pub struct Completion {
    pub(crate) context: Context,
    /// Whose argument.
    pub subject: Subject,
    /// The argument's name.
    pub argument: String,
    /// What the user typed so far.
    pub value: String,
    /// What the user filled in for the other arguments.
    pub others: Map<String, Value>,
}

#[derive(Serialize)]
struct CompletionResult {
    completion: CompletionOutput,
}

impl Completion {
    /// The request behind it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// What the user filled in for another argument.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.get(name)?.as_str()
    }

    /// The reply, with the first hundred suggestions.
    pub fn finish(self, outcome: Result<CompletionOutput, Error>) -> Reply {
        match outcome {
            Ok(mut output) => {
                if output.values.len() > MAX_COMPLETIONS {
                    output.total.get_or_insert(output.values.len());
                    output.values.truncate(MAX_COMPLETIONS);
                    output.has_more = true;
                }
                self.context.complete(CompletionResult { completion: output }, None)
            }
            Err(error) => self.context.fault(&Fault::product(&error)),
        }
    }
}
