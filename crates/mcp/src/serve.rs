//! The methods that both eras share.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    ask::{Ask, Completion, PromptGet, ResourceRead, Subject, ToolCall},
    batch::Entry,
    catalog::{Cache, Catalog, Prompt, Resource, Template, Tool},
    context::Context,
    fault::{Fault, quoted},
    template,
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
            _ => true,
        }
    }
}

/// What the server offers, as both eras say it.
#[derive(Serialize)]
pub(crate) struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<Empty>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: std::collections::BTreeMap<&'static str, Box<RawValue>>,
}

/// `{}`.
#[derive(Serialize)]
pub(crate) struct Empty {}

impl Capabilities {
    /// Those of a catalogue.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let some = |present: bool| present.then_some(Empty {});
        let settings = |text: &str| RawValue::from_string(crate::json::compact(text)).ok();
        Self {
            tools: some(!catalog.tools.is_empty()),
            resources: some(!catalog.resources.is_empty() || !catalog.templates.is_empty()),
            prompts: some(!catalog.prompts.is_empty()),
            completions: some(catalog.completions),
            extensions: catalog
                .extensions
                .iter()
                .filter_map(|extension| Some((extension.id, settings(extension.settings)?)))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Tools {
    tools: &'static [Tool],
}

#[derive(Serialize)]
struct Resources {
    resources: &'static [Resource],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Templates {
    resource_templates: &'static [Template],
}

#[derive(Serialize)]
struct Prompts {
    prompts: &'static [Prompt],
}

/// Serves one of the methods that both eras share, or hands back what the product has to look up.
pub(crate) fn serve(catalog: &Catalog, context: Context, method: Method, params: Params) -> Entry {
    let result = match method {
        Method::CallTool => tool(catalog, &context, params).map(Ask::Tool),
        Method::ReadResource => resource(catalog, &context, &params).map(Ask::Resource),
        Method::GetPrompt => prompt(catalog, &context, params).map(Ask::Prompt),
        Method::Complete => completion(catalog, &context, &params).map(Ask::Completion),
        _ => return Entry::Reply(list(catalog, &context, method, &params)),
    };
    match result {
        Ok(ask) => Entry::Ask(Box::new(ask)),
        Err(fault) => Entry::Reply(context.fault(&fault)),
    }
}

fn list(catalog: &Catalog, context: &Context, method: Method, params: &Params) -> crate::reply::Reply {
    // A list is one page, so that no cursor was ever handed out. An empty one is taken for the beginning.
    if !matches!(params.get("cursor"), None | Some(Value::Null)) && params.get("cursor") != Some(&Value::from("")) {
        return context.fault(&Fault::invalid_params("The cursor is not valid. Start again without one."));
    }
    let cache = Some(Cache::PUBLIC);
    match method {
        Method::ListTools => context.complete(Tools { tools: catalog.tools }, cache),
        Method::ListResources => context.complete(Resources { resources: catalog.resources }, cache),
        Method::ListTemplates => context.complete(Templates { resource_templates: catalog.templates }, cache),
        Method::ListPrompts => context.complete(Prompts { prompts: catalog.prompts }, cache),
        _ => context.fault(&Fault::method_not_found(context.era, method.label())),
    }
}

fn tool(catalog: &Catalog, context: &Context, params: Params) -> Result<ToolCall, Fault> {
    let name = text(&params, "name")?;
    let tool = catalog.tool(name).ok_or_else(|| {
        Fault::invalid_params(format!("There is no tool `{}`. `tools/list` names those that there are.", quoted(name)))
    })?;
    Ok(ToolCall { context: context.clone(), tool, arguments: arguments(params)? })
}

fn resource(catalog: &Catalog, context: &Context, params: &Params) -> Result<ResourceRead, Fault> {
    let uri = text(params, "uri")?;
    let read = |name, mime_type, variables, cache| ResourceRead {
        context: context.clone(),
        uri: uri.to_owned(),
        name,
        mime_type,
        variables,
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
        .ok_or_else(|| Fault::resource_not_found(context.era, uri))
}

fn prompt(catalog: &Catalog, context: &Context, params: Params) -> Result<PromptGet, Fault> {
    let name = text(&params, "name")?;
    let prompt = catalog.prompt(name).ok_or_else(|| unknown_prompt(name))?;
    let arguments = arguments(params)?;
    for argument in prompt.arguments {
        match arguments.get(argument.name) {
            Some(Value::String(_)) => {}
            None if !argument.required => {}
            None => return Err(Fault::invalid_params(format!("The argument `{}` is missing.", argument.name))),
            Some(_) => return Err(Fault::invalid_params(format!("The argument `{}` must be text.", argument.name))),
        }
    }
    Ok(PromptGet { context: context.clone(), prompt, arguments })
}

fn completion(catalog: &Catalog, context: &Context, params: &Params) -> Result<Completion, Fault> {
    let reference = object(params, "ref")?;
    let subject = match text(reference, "type")? {
        "ref/prompt" => {
            let name = text(reference, "name")?;
            Subject::Prompt(catalog.prompt(name).ok_or_else(|| unknown_prompt(name))?)
        }
        "ref/resource" => {
            let uri = text(reference, "uri")?;
            let template = catalog.templates.iter().find(|template| template.uri_template == uri);
            Subject::Template(template.ok_or_else(|| Fault::resource_not_found(context.era, uri))?)
        }
        _ => return Err(Fault::invalid_params("`ref.type` must be `ref/prompt` or `ref/resource`.")),
    };
    let argument = object(params, "argument")?;
    Ok(Completion {
        context: context.clone(),
        subject,
        argument: text(argument, "name")?.to_owned(),
        value: text(argument, "value")?.to_owned(),
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
