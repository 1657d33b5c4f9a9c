//! What the product found out, in the shapes of the protocol that both eras share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Error, Reason};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::version::Revision;

/// The longest result that every known client reads, in bytes: about 130 kB.
pub const MAX_RESULT: usize = 130_000;

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
    /// The address of a resource, to be read if need be. Clients before revision 2025-06-18 get it as text.
    ResourceLink {
        /// Its address.
        uri: String,
        /// For programs.
        name: String,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// For example `text/csv`.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
}

impl Content {
    /// A block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A picture.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Image { data: STANDARD.encode(bytes), mime_type: mime_type.into() }
    }

    /// Sound.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::Audio { data: STANDARD.encode(bytes), mime_type: mime_type.into() }
    }

    /// The same block, or the nearest one that the revision knows.
    fn known_to(self, revision: Revision) -> Self {
        match self {
            Self::Audio { data, mime_type } if revision < Revision::V2025_03_26 => {
                let uri = format!("data:{mime_type}");
                Self::Resource {
                    resource: ResourceContents { uri, mime_type, text: None, blob: Some(data), meta: None },
                }
            }
            Self::ResourceLink { uri, name, .. } if revision < Revision::V2025_06_18 => {
                Self::text(format!("{name}: {uri}"))
            }
            other => other,
        }
    }

    pub(crate) fn all_known_to(revision: Revision, blocks: Vec<Self>) -> Vec<Self> {
        blocks.into_iter().map(|block| block.known_to(revision)).collect()
    }

    /// About how many bytes it is on the wire.
    fn size(&self) -> usize {
        match self {
            Self::Text { text } => text.len(),
            Self::Image { data, .. } | Self::Audio { data, .. } => data.len(),
            Self::Resource { resource } => resource.text.as_ref().or(resource.blob.as_ref()).map_or(0, String::len),
            Self::ResourceLink { uri, name, .. } => uri.len().saturating_add(name.len()),
        }
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

    /// Blocks of any kind.
    pub fn blocks(content: impl IntoIterator<Item = Content>) -> Self {
        Self { structured: None, content: content.into_iter().collect() }
    }

    /// About how many bytes it is on the wire.
    pub fn size(&self) -> usize {
        let structured = self.structured.as_ref().map_or(0, |raw| raw.get().len());
        self.content.iter().map(Content::size).fold(structured, usize::saturating_add)
    }

    /// The same output where it is not larger than `limit` bytes, which is [`MAX_RESULT`] at most. `narrow_by` names the
    /// arguments that make it smaller.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, which says how large the output is and how to narrow it.
    pub fn within(self, limit: usize, narrow_by: &[&str]) -> Result<Self, Error> {
        let (size, limit) = (self.size(), limit.min(MAX_RESULT));
        if size <= limit { Ok(self) } else { Err(too_large(size, limit, narrow_by)) }
    }
}

/// The error for a result that no client would read to its end.
pub fn too_large(size: usize, limit: usize, narrow_by: &[&str]) -> Error {
    let kilobytes = |bytes: usize| bytes.div_ceil(1000);
    let how = match narrow_by {
        [] => "Ask for less at a time.".to_owned(),
        arguments => format!("Narrow it by `{}`.", arguments.join("`, `")),
    };
    let message =
        format!("The answer would be {} kB; at most {} kB are sent. {how}", kilobytes(size), kilobytes(limit));
    Error::new(Reason::InvalidArguments, message).with("narrow_by", narrow_by.to_vec())
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

    /// Contents that are bytes.
    pub fn bytes(uri: impl Into<String>, mime_type: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        let blob = Some(STANDARD.encode(bytes));
        Self { uri: uri.into(), mime_type: mime_type.into(), text: None, blob, meta: None }
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

impl PromptOutput {
    pub(crate) fn known_to(mut self, revision: Revision) -> Self {
        self.messages = self
            .messages
            .into_iter()
            .map(|message| PromptMessage { content: message.content.known_to(revision), ..message })
            .collect();
        self
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_too_large_says_how_to_narrow_it() {
        let output = || ToolOutput::text("x".repeat(2_500));
        assert!(output().within(2_500, &[]).is_ok());
        let error = output().within(2_000, &["expiration", "side"]).unwrap_err();
        assert_eq!(error.reason, Reason::InvalidArguments);
        let message = "The answer would be 3 kB; at most 2 kB are sent. Narrow it by `expiration`, `side`.";
        assert_eq!(error.message, message);
        assert!(ToolOutput::text("x".repeat(MAX_RESULT + 1)).within(usize::MAX, &[]).is_err());
    }

    #[test]
    fn blocks_that_a_revision_does_not_know_are_written_as_the_nearest() {
        let link = Content::ResourceLink {
            uri: "export://1".to_owned(),
            name: "report".to_owned(),
            description: None,
            mime_type: None,
        };
        let kind = |content: Content| serde_json::to_value(content).unwrap()["type"].clone();
        for (content, revision, expected) in [
            (Content::audio(b"RIFF", "audio/wav"), Revision::V2024_11_05, "resource"),
            (Content::audio(b"RIFF", "audio/wav"), Revision::V2025_03_26, "audio"),
            (link.clone(), Revision::V2025_03_26, "text"),
            (link, Revision::V2025_06_18, "resource_link"),
        ] {
            assert_eq!(kind(content.known_to(revision)), expected);
        }
    }
}
