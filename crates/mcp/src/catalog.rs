//! What the server offers: constants, written once, so that no text of a user or of upstream can get into a definition.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::{json, template};

/// Everything that a server offers, in the order in which it is listed.
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    /// Who serves.
    pub server: Server,
    /// For the model: how the tools belong together.
    pub instructions: &'static str,
    /// The tools.
    pub tools: &'static [Tool],
    /// The resources with a fixed address.
    pub resources: &'static [Resource],
    /// The resources with variables in their address.
    pub templates: &'static [Template],
    /// The prompts.
    pub prompts: &'static [Prompt],
    /// Whether arguments of prompts and templates can be completed.
    pub completions: bool,
    /// Protocol extensions that are advertised.
    pub extensions: &'static [Extension],
}

/// The server's name and version, as clients show it.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// The release.
    pub version: &'static str,
    /// The product's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_url: Option<&'static str>,
    /// Pictures.
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    pub icons: &'static [Icon],
}

/// A picture of the server.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// An `https:` or `data:` URL.
    pub src: &'static str,
    /// For example `image/png`.
    pub mime_type: &'static str,
}

/// A protocol extension, for example `io.modelcontextprotocol/ui`.
#[derive(Debug, Clone, Copy)]
pub struct Extension {
    /// Its id.
    pub id: &'static str,
    /// Its settings: a JSON object.
    pub settings: &'static str,
}

/// A tool.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// 1 to 64 characters of `A-Z a-z 0-9 _ . / -`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// A JSON Schema text of type `object`.
    #[serde(serialize_with = "json::constant")]
    pub input_schema: &'static str,
    /// A JSON Schema text of type `object`. The official clients check error results against it too, so its root must also
    /// admit `{"error": ...}`: no `required`, no `additionalProperties: false`.
    #[serde(serialize_with = "json::optional_constant", skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<&'static str>,
    /// What it does to the world.
    pub annotations: Annotations,
    /// `_meta`: a JSON object text.
    #[serde(rename = "_meta", serialize_with = "json::optional_constant", skip_serializing_if = "Option::is_none")]
    pub meta: Option<&'static str>,
}

/// Hints about a tool, by which clients decide whether to ask their user first.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Annotations {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// It may undo or delete something.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// Calling it again with the same arguments changes nothing more.
    #[serde(rename = "idempotentHint")]
    pub idempotent: bool,
    /// It reaches beyond the server.
    #[serde(rename = "openWorldHint")]
    pub open_world: bool,
}

impl Annotations {
    /// A tool that looks something up beyond the server and changes nothing.
    pub const LOOKUP: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: true };
    /// A tool that reads what the server itself keeps.
    pub const READ: Self = Self { open_world: false, ..Self::LOOKUP };
}

/// Who may keep a result. Sent in the modern era only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheScope {
    /// It is the same for everybody.
    Public,
    /// It is one user's.
    Private,
}

/// How long a result may be kept, and by whom. Sent in the modern era only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Milliseconds; 0 means: not at all.
    pub ttl_ms: u32,
    /// By whom.
    pub scope: CacheScope,
}

impl Cache {
    /// Definitions and documents: an hour, for all.
    pub const PUBLIC: Self = Self { ttl_ms: 3_600_000, scope: CacheScope::Public };
    /// A user's own data: not at all.
    pub const NONE: Self = Self { ttl_ms: 0, scope: CacheScope::Private };
}

/// A resource with a fixed address.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its address.
    pub uri: &'static str,
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// For example `text/markdown`.
    pub mime_type: &'static str,
    /// How long its contents may be kept.
    #[serde(skip)]
    pub cache: Cache,
}

/// A resource with variables in its address.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// For example `history://analyses/{symbol}`; a variable stands for one path segment.
    pub uri_template: &'static str,
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// For example `text/markdown`.
    pub mime_type: &'static str,
    /// How long its contents may be kept.
    #[serde(skip)]
    pub cache: Cache,
}

/// A prompt.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the user who picks one.
    pub description: &'static str,
    /// What the user fills in.
    pub arguments: &'static [PromptArgument],
}

/// What the user fills in for a prompt.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PromptArgument {
    /// For programs.
    pub name: &'static str,
    /// For the user.
    pub description: &'static str,
    /// Whether the prompt makes no sense without it.
    pub required: bool,
}

impl Catalog {
    /// The tool of this name.
    pub fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The prompt of this name.
    pub fn prompt(&self, name: &str) -> Option<&'static Prompt> {
        self.prompts.iter().find(|prompt| prompt.name == name)
    }

    /// What is wrong with the catalogue, one sentence each: for a test of the worker that owns it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for tool in self.tools {
            let mut report = |problem: &str| problems.push(format!("Tool `{}`: {problem}.", tool.name));
            if !is_tool_name(tool.name) {
                report("the name is not 1 to 64 of A-Z a-z 0-9 _ . / -");
            }
            if !names.insert(tool.name) {
                report("the name is given twice");
            }
            if tool.description.is_empty() {
                report("there is no description");
            }
            input_schema_problem(tool.input_schema).map(&mut report);
            tool.output_schema.and_then(output_schema_problem).map(&mut report);
            if tool.meta.is_some_and(|meta| !is_object(meta)) {
                report("`_meta` is no JSON object");
            }
        }
        let mut addresses = BTreeSet::new();
        for uri in self.resources.iter().map(|resource| resource.uri) {
            if !addresses.insert(uri) {
                problems.push(format!("Resource `{uri}` is given twice."));
            }
        }
        for uri in self.templates.iter().map(|template| template.uri_template) {
            if template::matches(uri, &uri.replace(['{', '}'], "")).is_none_or(|variables| variables.is_empty()) {
                problems.push(format!("Template `{uri}` has no variable or cannot be matched."));
            }
        }
        for extension in self.extensions.iter().filter(|extension| !is_object(extension.settings)) {
            problems.push(format!("Extension `{}`: the settings are no JSON object.", extension.id));
        }
        problems
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-'))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn input_schema_problem(text: &str) -> Option<&'static str> {
    let schema = serde_json::from_str::<Value>(text).unwrap_or_default();
    (schema.get("type").and_then(Value::as_str) != Some("object"))
        .then_some("the input schema is no JSON Schema of type object")
}

fn output_schema_problem(text: &str) -> Option<&'static str> {
    let schema = serde_json::from_str::<Value>(text).unwrap_or_default();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        Some("the output schema is no JSON Schema of type object")
    } else if schema.get("required").is_some() || schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        Some("the output schema does not admit an error object: drop `required` and `additionalProperties` at its root")
    } else if ["anyOf", "oneOf", "allOf"].iter().any(|keyword| schema.get(keyword).is_some()) {
        Some("the output schema has alternatives at its root, which clients stall on")
    } else {
        None
    }
}
