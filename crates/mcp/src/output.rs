//! What the product found out, in the shapes of the protocol that both eras share.

use serde::Serialize;
use serde_json::value::RawValue;

/// A block of content.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Content {
    /// Text, for the model.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// In base64.
        data: String,
        /// For example `image/png`.
        mime_type: String,
    },
    /// Sound.
    Audio {
        /// In base64.
        data: String,
        /// For example `audio/wav`.
        mime_type: String,
    },
    /// A resource with its contents.
    Resource {
        /// The contents.
        resource: ResourceContents,
    },
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// What a tool answers.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// For programs: a JSON object, which is passed through unread.
    pub structured: Option<Box<RawValue>>,
    /// For the model.
    pub content: Vec<Content>,
}

impl ToolOutput {
    /// Structured content with the compact text that stands for it.
    pub fn new(structured: Box<RawValue>, text: impl Into<String>) -> Self {
        Self { structured: Some(structured), content: vec![Content::text(text)] }
    }

    /// Text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self { structured: None, content: vec![Content::text(text)] }
    }
}

/// The contents of a resource: text, or bytes in base64.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceContents {
    /// Its address.
    pub uri: String,
    /// For example `text/markdown`.
    pub mime_type: String,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes in base64; not beside a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// `_meta`: a JSON object.
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<RawValue>>,
}

impl ResourceContents {
    /// Contents that are text.
    pub fn text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: mime_type.into(), text: Some(text.into()), blob: None, meta: None }
    }
}

/// What a prompt turns into.
#[derive(Debug, Clone, Serialize)]
pub struct PromptOutput {
    /// What it is, for the user.
    pub description: String,
    /// The conversation that it starts.
    pub messages: Vec<PromptMessage>,
}

/// One turn of a prompt.
#[derive(Debug, Clone, Serialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// Suggestions for an argument.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionOutput {
    /// The best ones first; 100 of them are sent at most.
    pub values: Vec<String>,
    /// How many there are in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Whether there are more than are sent.
    pub has_more: bool,
}
