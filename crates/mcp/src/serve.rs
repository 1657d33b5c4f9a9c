//! The methods that both eras share.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    ask::{Ask, Completion, PromptGet, ResourceRead, Subject, ToolCall},
    batch::Entry,
    catalog::{Cache, Catalog, Prompt, Resource, Template, Tool},
    context::Context,
    cursor,
    fault::{Fault, quoted},
    input::Input,
    listen::Listen,
    receive::Options,
    reply::Reply,
    template,
    version::Era,
};

type Params = Map<String, Value>;

/// What a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Initialize,
    Ping,
    SetLevel,
    Discover,
    ListTools,
    CallTool,
    ListResources,
    ListTemplates,
    ReadResource,
    ListPrompts,
    GetPrompt,
    Complete,
    Listen,
    Subscribe,
    Unsubscribe,
    Other,
}

impl Method {
    /// The method of this name.
    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "initialize" => Self::Initialize,
            "ping" => Self::Ping,
            "logging/setLevel" => Self::SetLevel,
            "server/discover" => Self::Discover,
            "tools/list" => Self::ListTools,
            "tools/call" => Self::CallTool,
            "resources/list" => Self::ListResources,
            "resources/templates/list" => Self::ListTemplates,
            "resources/read" => Self::ReadResource,
            "prompts/list" => Self::ListPrompts,
            "prompts/get" => Self::GetPrompt,
            "completion/complete" => Self::Complete,
            "subscriptions/listen" => Self::Listen,
            "resources/subscribe" => Self::Subscribe,
            "resources/unsubscribe" => Self::Unsubscribe,
            _ => Self::Other,
        }
    }

    /// Its name for the log: bounded, whatever was sent.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Ping => "ping",
            Self::SetLevel => "logging/setLevel",
            Self::Discover => "server/discover",
            Self::ListTools => "tools/list",
            Self::CallTool => "tools/call",
            Self::ListResources => "resources/list",
            Self::ListTemplates => "resources/templates/list",
            Self::ReadResource => "resources/read",
            Self::ListPrompts => "prompts/list",
            Self::GetPrompt => "prompts/get",
            Self::Complete => "completion/complete",
            Self::Listen => "subscriptions/listen",
            Self::Subscribe => "resources/subscribe",
            Self::Unsubscribe => "resources/unsubscribe",
            Self::Other => "other",
        }
    }

    /// The parameter that `Mcp-Name` repeats, where there is one.
    pub(crate) fn named_by(self) -> Option<&'static str> {
        match self {
            Self::CallTool | Self::GetPrompt => Some("name"),
            Self::ReadResource => Some("uri"),
            _ => None,
        }
    }

    /// Whether the catalogue has what this method is about. Lists are answered even when they are empty, since clients ask
    /// for them without looking at the capabilities.
    pub(crate) fn is_offered(self, catalog: &Catalog) -> bool {
        match self {
            Self::Other => false,
            Self::GetPrompt => !catalog.prompts.is_empty(),
            Self::Complete => catalog.completions,
            Self::Listen => catalog.announces(),
            Self::Subscribe | Self::Unsubscribe => catalog.watches(),
            _ => true,
        }
    }

    /// Whether the catalogue's capabilities speak of this method.
    pub(crate) fn is_advertised(self, catalog: &Catalog) -> bool {
        match self {
            Self::ListTools | Self::CallTool => !catalog.tools.is_empty(),
            Self::ListPrompts | Self::GetPrompt => !catalog.prompts.is_empty(),
            Self::ListResources | Self::ListTemplates | Self::ReadResource => catalog.has_resources(),
            _ => self.is_offered(catalog),
        }
    }

    /// Whether the modern era has done away with it.
    pub(crate) fn is_legacy(self) -> bool {
        matches!(self, Self::Initialize | Self::Ping | Self::SetLevel | Self::Subscribe | Self::Unsubscribe)
    }
}

/// What the server offers, as both eras say it.
#[derive(Serialize)]
pub(crate) struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Offer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Offer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Offer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<Empty>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: std::collections::BTreeMap<&'static str, Box<RawValue>>,
}

/// `{}`.
#[derive(Serialize)]
pub(crate) struct Empty {}

/// One kind of thing that is offered, and what is told of its changes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    list_changed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    subscribe: bool,
}

impl Capabilities {
    /// Those of a catalogue. Changes are told of only where there is a stream to do so.
    pub(crate) fn of(catalog: &Catalog, has_stream: bool) -> Self {
        let offer = |present: bool, list_changed: bool, subscribe: bool| {
            let offer = Offer { list_changed: list_changed && has_stream, subscribe: subscribe && has_stream };
            present.then_some(offer)
        };
        let settings = |text: &str| RawValue::from_string(crate::json::compact(text)).ok();
        let changed = catalog.list_changed;
        Self {
            tools: offer(!catalog.tools.is_empty(), changed.tools, false),
            resources: offer(catalog.has_resources(), changed.resources, catalog.watches()),
            prompts: offer(!catalog.prompts.is_empty(), changed.prompts, false),
            completions: catalog.completions.then_some(Empty {}),
            logging: catalog.logging.then_some(Empty {}),
            extensions: catalog
                .extensions
                .iter()
                .filter_map(|extension| Some((extension.id, settings(extension.settings)?)))
                .collect(),
        }
    }
}

/// One page of a list, under the name that the method gives it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(flatten)]
    items: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Tools {
    tools: Vec<&'static Tool>,
}

#[derive(Serialize)]
struct Resources {
    resources: Vec<&'static Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Templates {
    resource_templates: Vec<&'static Template>,
}

#[derive(Serialize)]
struct Prompts {
    prompts: Vec<&'static Prompt>,
}

/// Serves one of the methods that both eras share, or hands back what the product has to look up.
pub(crate) fn serve(
    catalog: &Catalog,
    options: &Options<'_>,
    context: Context,
    method: Method,
    mut params: Params,
) -> Entry {
    let input = match method.named_by() {
        Some(_) => take_input(options, &context, &mut params),
        None => Ok(Input::default()),
    };
    let result = input.and_then(|input| {
        Ok(match method {
            Method::CallTool => Ask::Tool(tool(catalog, options, &context, params, input)?),
            Method::ReadResource => Ask::Resource(resource(catalog, &context, &params, input)?),
            Method::GetPrompt => Ask::Prompt(prompt(catalog, options, &context, params, input)?),
            Method::Complete => Ask::Completion(completion(catalog, &context, params)?),
            Method::Listen => Ask::Listen(Listen::read(catalog, &context, &params)?),
            _ => return list(catalog, options, &context, method, &params).map(Entry::Reply),
        }
        .into())
    });
    result.unwrap_or_else(|fault| Entry::Reply(context.fault(&fault)))
}

impl From<Ask> for Entry {
    fn from(ask: Ask) -> Self {
        Self::Ask(Box::new(ask))
    }
}

/// What the client brings along in the modern era. Where nothing is ever asked back, a state can only be made up.
fn take_input(options: &Options<'_>, context: &Context, params: &mut Params) -> Result<Input, Fault> {
    if context.era() == Era::Legacy {
        return Ok(Input::default());
    }
    if options.asks_back {
        return Input::take(params);
    }
    if params.contains_key("requestState") { Err(Fault::invalid_state()) } else { Ok(Input::default()) }
}

fn list(
    catalog: &Catalog,
    options: &Options<'_>,
    context: &Context,
    method: Method,
    params: &Params,
) -> Result<Reply, Fault> {
    let toolset = options.toolset;
    let cache = Some(Cache::PUBLIC);
    Ok(match method {
        Method::ListTools => {
            let tools = catalog.tools.iter().filter(|tool| toolset.is_none_or(|toolset| toolset.has(tool)));
            let (tools, next_cursor) = page(catalog, options, method, params, tools.collect())?;
            context.complete(Page { items: Tools { tools }, next_cursor }, cache)
        }
        Method::ListResources => {
            let (resources, next_cursor) = page(catalog, options, method, params, catalog.resources.iter().collect())?;
            context.complete(Page { items: Resources { resources }, next_cursor }, cache)
        }
        Method::ListTemplates => {
            let (resource_templates, next_cursor) =
                page(catalog, options, method, params, catalog.templates.iter().collect())?;
            context.complete(Page { items: Templates { resource_templates }, next_cursor }, cache)
        }
        Method::ListPrompts => {
            let prompts = catalog.prompts.iter().filter(|prompt| leads(catalog, options, prompt));
            let (prompts, next_cursor) = page(catalog, options, method, params, prompts.collect())?;
            context.complete(Page { items: Prompts { prompts }, next_cursor }, cache)
        }
        _ => return Err(Fault::method_not_found(context.era(), method.label())),
    })
}

/// The page that is asked for. An empty cursor is taken for the beginning.
fn page<T: Copy>(
    catalog: &Catalog,
    options: &Options<'_>,
    method: Method,
    params: &Params,
    items: Vec<T>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let invalid = || Fault::invalid_params("The cursor is not valid. Start again without one.");
    let cursor = match params.get("cursor") {
        None | Some(Value::Null) => None,
        Some(Value::String(cursor)) => Some(cursor.as_str()).filter(|cursor| !cursor.is_empty()),
        Some(_) => return Err(invalid()),
    };
    let narrowed = options.toolset.map(|toolset| toolset.names()).unwrap_or_default();
    let list = format!("{} {} {narrowed}", method.label(), catalog.server.version);
    cursor::page(options.pages, &list, items, cursor).ok_or_else(invalid)
}

fn tool(
    catalog: &Catalog,
    options: &Options<'_>,
    context: &Context,
    params: Params,
    input: Input,
) -> Result<ToolCall, Fault> {
    let name = text(&params, "name")?;
    let is_served = |tool: &&Tool| options.toolset.is_none_or(|toolset| toolset.has(tool));
    let tool = catalog.tool(name).filter(is_served).ok_or_else(|| {
        Fault::invalid_params(format!("There is no tool `{}`. `tools/list` names those that there are.", quoted(name)))
    })?;
    Ok(ToolCall { context: context.clone(), tool, arguments: arguments(params)?, input })
}

fn resource(catalog: &Catalog, context: &Context, params: &Params, input: Input) -> Result<ResourceRead, Fault> {
    let uri = text(params, "uri")?;
    let read = |name, mime_type, variables, cache| ResourceRead {
        context: context.clone(),
        uri: uri.to_owned(),
        name,
        mime_type,
        variables,
        input: Input::default(),
        cache,
    };
    let fixed = catalog.resources.iter().find(|resource| resource.uri == uri);
    let fixed = fixed.map(|resource| read(resource.name, resource.mime_type, Vec::new(), resource.cache));
    fixed
        .or_else(|| {
            catalog.templates.iter().find_map(|template| {
                let variables = template::matches(template.uri_template, uri)?;
                Some(read(template.name, template.mime_type, variables, template.cache))
            })
        })
        .map(|read| ResourceRead { input, ..read })
        .ok_or_else(|| Fault::resource_not_found(context.era(), uri))
}

/// Whether the tools that a prompt leads through are all served.
fn leads(catalog: &Catalog, options: &Options<'_>, prompt: &Prompt) -> bool {
    options.toolset.is_none_or(|toolset| toolset.leads(catalog, prompt))
}

fn prompt(
    catalog: &Catalog,
    options: &Options<'_>,
    context: &Context,
    params: Params,
    input: Input,
) -> Result<PromptGet, Fault> {
    let name = text(&params, "name")?;
    let prompt = catalog.prompt(name).filter(|prompt| leads(catalog, options, prompt));
    let prompt = prompt.ok_or_else(|| unknown_prompt(name))?;
    let arguments = arguments(params)?;
    for argument in prompt.arguments {
        match arguments.get(argument.name) {
            Some(Value::String(_)) => {}
            None if !argument.required => {}
            None => return Err(Fault::invalid_params(format!("The argument `{}` is missing.", argument.name))),
            Some(_) => return Err(Fault::invalid_params(format!("The argument `{}` must be text.", argument.name))),
        }
    }
    Ok(PromptGet { context: context.clone(), prompt, arguments, input })
}

fn completion(catalog: &Catalog, context: &Context, params: Params) -> Result<Completion, Fault> {
    let reference = object(&params, "ref")?;
    let subject = match text(reference, "type")? {
        "ref/prompt" => {
            let name = text(reference, "name")?;
            Subject::Prompt(catalog.prompt(name).ok_or_else(|| unknown_prompt(name))?)
        }
        "ref/resource" => {
            let uri = text(reference, "uri")?;
            let template = catalog.templates.iter().find(|template| template.uri_template == uri);
            Subject::Template(template.ok_or_else(|| Fault::resource_not_found(context.era(), uri))?)
        }
        _ => return Err(Fault::invalid_params("`ref.type` must be `ref/prompt` or `ref/resource`.")),
    };
    let argument = object(&params, "argument")?;
    let others = params.get("context").and_then(|context| context.get("arguments")).and_then(Value::as_object);
    Ok(Completion {
        context: context.clone(),
        subject,
        argument: text(argument, "name")?.to_owned(),
        value: text(argument, "value")?.to_owned(),
        others: others.cloned().unwrap_or_default(),
    })
}

fn unknown_prompt(name: &str) -> Fault {
    Fault::invalid_params(format!("There is no prompt `{}`. `prompts/list` names those that there are.", quoted(name)))
}

fn arguments(mut params: Params) -> Result<Params, Fault> {
    match params.remove("arguments") {
        None | Some(Value::Null) => Ok(Params::new()),
        Some(Value::Object(arguments)) => Ok(arguments),
        Some(_) => Err(Fault::invalid_params("`arguments` must be an object.")),
    }
}

fn text<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, Fault> {
    params.get(name).and_then(Value::as_str).ok_or_else(|| Fault::invalid_params(format!("`{name}` must be a string.")))
}

fn object<'a>(params: &'a Params, name: &'static str) -> Result<&'a Params, Fault> {
    params
        .get(name)
        .and_then(Value::as_object)
        .ok_or_else(|| Fault::invalid_params(format!("`{name}` must be an object.")))
}
