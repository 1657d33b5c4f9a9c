//! What the server offers: constants, written once, so that no text of a user or of upstream can get into a definition.
//!
//! Each type has an `EMPTY` constant to begin from: `Tool { name: "get_quote", ..Tool::EMPTY }`.

use serde::Serialize;

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
    /// Whether log messages are sent to clients that want them.
    pub logging: bool,
    /// Which lists may change while the server runs, and are announced when they do.
    pub list_changed: ListChanged,
}

/// Which lists are announced when they change, on streams that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListChanged {
    /// The tools.
    pub tools: bool,
    /// The prompts.
    pub prompts: bool,
    /// The resources.
    pub resources: bool,
}

impl ListChanged {
    /// None of them: they change with a release only.
    pub const NONE: Self = Self { tools: false, prompts: false, resources: false };
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

impl Server {
    /// Nothing filled in.
    pub const EMPTY: Self = Self { name: "", title: "", version: "", website_url: None, icons: &[] };
}

/// A picture of the server, a tool, a resource or a prompt.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// An `https:` or `data:` URL.
    pub src: &'static str,
    /// For example `image/png`, which every client shows.
    pub mime_type: &'static str,
    /// For example `48x48`, or `any` for what can be scaled; empty: any size.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub sizes: &'static [&'static str],
    /// The background that it is made for; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
}

impl Icon {
    /// Nothing filled in.
    pub const EMPTY: Self = Self { src: "", mime_type: "", sizes: &[], theme: None };
}

/// The background that an icon is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// A light one.
    Light,
    /// A dark one.
    Dark,
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
    /// Pictures.
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    pub icons: &'static [Icon],
    /// The group that an address narrows the tools to, for example `market`; empty: none, the tool is always listed.
    #[serde(skip)]
    pub group: &'static str,
}

impl Tool {
    /// A tool that takes nothing and reads what the server keeps; the rest is to be filled in.
    pub const EMPTY: Self = Self {
        name: "",
        title: "",
        description: "",
        input_schema: r#"{"type":"object"}"#,
        output_schema: None,
        annotations: Annotations::READ,
        meta: None,
        icons: &[],
        group: "",
    };
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
    /// A tool that changes what the server itself keeps, to what its arguments say.
    pub const CHANGE: Self = Self { read_only: false, ..Self::READ };
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
    /// `_meta`: a JSON object text.
    #[serde(rename = "_meta", serialize_with = "json::optional_constant", skip_serializing_if = "Option::is_none")]
    pub meta: Option<&'static str>,
    /// Pictures.
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    pub icons: &'static [Icon],
    /// How long its contents may be kept.
    #[serde(skip)]
    pub cache: Cache,
    /// Whether its changes are announced to clients that subscribe to it.
    #[serde(skip)]
    pub watched: bool,
}

impl Resource {
    /// A user's own data, of which no change is announced; the rest is to be filled in.
    pub const EMPTY: Self = Self {
        uri: "",
        name: "",
        title: "",
        description: "",
        mime_type: "",
        meta: None,
        icons: &[],
        cache: Cache::NONE,
        watched: false,
    };
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
    /// `_meta`: a JSON object text.
    #[serde(rename = "_meta", serialize_with = "json::optional_constant", skip_serializing_if = "Option::is_none")]
    pub meta: Option<&'static str>,
    /// Pictures.
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    pub icons: &'static [Icon],
    /// How long its contents may be kept.
    #[serde(skip)]
    pub cache: Cache,
    /// Whether its changes are announced to clients that subscribe to it.
    #[serde(skip)]
    pub watched: bool,
}

impl Template {
    /// A user's own data, of which no change is announced; the rest is to be filled in.
    pub const EMPTY: Self = Self {
        uri_template: "",
        name: "",
        title: "",
        description: "",
        mime_type: "",
        meta: None,
        icons: &[],
        cache: Cache::NONE,
        watched: false,
    };
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
    /// Pictures.
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    pub icons: &'static [Icon],
    /// The tools that its text leads through. Where an address narrows the tools and leaves one of these out, the prompt is
    /// left out with it.
    #[serde(skip)]
    pub tools: &'static [&'static str],
}

impl Prompt {
    /// Nothing filled in.
    pub const EMPTY: Self = Self { name: "", title: "", description: "", arguments: &[], icons: &[], tools: &[] };
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
    /// A server that offers nothing.
    pub const EMPTY: Self = Self {
        server: Server::EMPTY,
        instructions: "",
        tools: &[],
        resources: &[],
        templates: &[],
        prompts: &[],
        completions: false,
        extensions: &[],
        logging: false,
        list_changed: ListChanged::NONE,
    };

    /// The tool of this name.
    pub fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The prompt of this name.
    pub fn prompt(&self, name: &str) -> Option<&'static Prompt> {
        self.prompts.iter().find(|prompt| prompt.name == name)
    }

    /// Whether changes of the resource with this address are announced.
    pub(crate) fn is_watched(&self, uri: &str) -> bool {
        let of_template = |template: &&Template| template::matches(template.uri_template, uri).is_some();
        match self.resources.iter().find(|resource| resource.uri == uri) {
            Some(resource) => resource.watched,
            None => self.templates.iter().find(of_template).is_some_and(|template| template.watched),
        }
    }

    /// Whether there is anything to read.
    pub(crate) fn has_resources(&self) -> bool {
        !self.resources.is_empty() || !self.templates.is_empty()
    }

    /// Whether changes of any resource are announced.
    pub(crate) fn watches(&self) -> bool {
        self.resources.iter().any(|resource| resource.watched) || self.templates.iter().any(|template| template.watched)
    }

    /// Whether there is anything that a held stream would tell of.
    pub(crate) fn announces(&self) -> bool {
        self.list_changed != ListChanged::NONE || self.watches()
    }
}
