//! The questions, as the protocol writes them.

use serde_json::{Map, Value, json};

use super::{Able, Form};
use crate::{json::present, output::Role, version::Revision};

/// One question to the client.
#[derive(Debug, Clone)]
pub enum InputRequest {
    /// The user fills in a form. Never for secrets: what is filled in passes through the client.
    Form {
        /// What it is for, for the user.
        message: String,
        /// Its fields.
        form: Form,
    },
    /// The user opens an address, where the client does not look on. From revision 2025-11-25.
    Url {
        /// What it is for, for the user.
        message: String,
        /// The address; never one that logs anybody in by itself.
        url: String,
    },
    /// The client's model writes something.
    Sample(Sampling),
    /// The client says which folders it works in.
    Roots,
}

impl InputRequest {
    /// A form.
    pub fn form(message: impl Into<String>, form: Form) -> Self {
        Self::Form { message: message.into(), form }
    }

    /// The capability that this needs and the client did not declare, with its part where it has one.
    pub(crate) fn needs(&self, able: Able<'_>) -> Option<(&'static str, Option<&'static str>)> {
        let (met, capability, part) = match self {
            Self::Form { form, .. } => {
                let known = able.revision >= Revision::V2025_06_18 && form.is_known_to(able.revision);
                (known && able.has_forms(), "elicitation", None)
            }
            Self::Url { .. } => {
                let known = able.revision >= Revision::V2025_11_25;
                (known && able.has("elicitation", Some("url")), "elicitation", Some("url"))
            }
            Self::Sample(sampling) => {
                (able.has("sampling", None) && sampling.is_known_to(able.revision), "sampling", None)
            }
            Self::Roots => (able.has("roots", None), "roots", None),
        };
        (!met).then_some((capability, part))
    }

    /// Its method.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Form { .. } | Self::Url { .. } => "elicitation/create",
            Self::Sample(_) => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }

    /// Its parameters in a revision. `id` names the question where the revision wants it named.
    pub(crate) fn params(&self, revision: Revision, id: &str) -> Value {
        let named = revision == Revision::V2025_11_25;
        let modes = revision >= Revision::V2025_11_25;
        Value::Object(match self {
            Self::Form { message, form } => present(json!({
                "mode": modes.then_some("form"), "message": message, "requestedSchema": form.schema(revision),
            })),
            Self::Url { message, url } => present(json!({
                "mode": "url", "message": message, "url": url, "elicitationId": named.then_some(id),
            })),
            Self::Sample(sampling) => sampling.params(),
            Self::Roots => Map::new(),
        })
    }
}

/// What the client's model is to write.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// The conversation so far.
    pub messages: Vec<SamplingMessage>,
    /// The most tokens that it may write.
    pub max_tokens: u32,
    /// What it is told in front of the conversation.
    pub system_prompt: Option<String>,
    /// How freely it writes.
    pub temperature: Option<f64>,
    /// Where it stops.
    pub stop_sequences: Vec<String>,
}

impl Sampling {
    /// One prompt of the user's.
    pub fn text(prompt: impl Into<String>, max_tokens: u32) -> Self {
        let content = Media::Text(prompt.into());
        Self {
            messages: vec![SamplingMessage { role: Role::User, content }],
            max_tokens,
            system_prompt: None,
            temperature: None,
            stop_sequences: Vec::new(),
        }
    }

    /// The oldest revision knows no sound.
    fn is_known_to(&self, revision: Revision) -> bool {
        let has_sound = self.messages.iter().any(|message| matches!(message.content, Media::Audio { .. }));
        revision > Revision::V2024_11_05 || !has_sound
    }

    fn params(&self) -> Map<String, Value> {
        let messages: Vec<Value> = self.messages.iter().map(SamplingMessage::json).collect();
        let stop_sequences = Some(&self.stop_sequences).filter(|sequences| !sequences.is_empty());
        present(json!({
            "messages": messages, "maxTokens": self.max_tokens, "systemPrompt": self.system_prompt,
            "temperature": self.temperature, "stopSequences": stop_sequences,
        }))
    }
}

/// One turn of the conversation that the model goes on with.
#[derive(Debug, Clone)]
pub struct SamplingMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Media,
}

impl SamplingMessage {
    fn json(&self) -> Value {
        let content = match &self.content {
            Media::Text(text) => json!({ "type": "text", "text": text }),
            Media::Image { data, mime_type } => json!({ "type": "image", "data": data, "mimeType": mime_type }),
            Media::Audio { data, mime_type } => json!({ "type": "audio", "data": data, "mimeType": mime_type }),
        };
        json!({ "role": self.role, "content": content })
    }
}

/// What a model may be told.
#[derive(Debug, Clone)]
pub enum Media {
    /// Text.
    Text(String),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Field, InputRequired, missing};

    /// What is missing, by what the client declared.
    #[test]
    fn only_what_was_declared_may_be_asked_for() {
        let form = || InputRequest::form("?", Form::new([Field::text("name")]));
        let url = || InputRequest::Url { message: "?".to_owned(), url: "https://a.example/".to_owned() };
        let sample = || InputRequest::Sample(Sampling::text("?", 10));
        for (revision, declared, request, expected) in [
            (Revision::V2026_07_28, json!({"elicitation": {}}), form(), None),
            (Revision::V2026_07_28, json!({"elicitation": {"form": {}}}), form(), None),
            (Revision::V2026_07_28, json!({"elicitation": {"url": {}}}), form(), Some(json!({"elicitation": {}}))),
            (Revision::V2026_07_28, json!({}), form(), Some(json!({"elicitation": {}}))),
            (Revision::V2025_03_26, json!({"elicitation": {}}), form(), Some(json!({"elicitation": {}}))),
            (Revision::V2026_07_28, json!({"elicitation": {"url": {}}}), url(), None),
            (Revision::V2026_07_28, json!({"elicitation": {}}), url(), Some(json!({"elicitation": {"url": {}}}))),
            (
                Revision::V2025_06_18,
                json!({"elicitation": {"url": {}}}),
                url(),
                Some(json!({"elicitation": {"url": {}}})),
            ),
            (Revision::V2024_11_05, json!({"sampling": {}}), sample(), None),
            (Revision::V2026_07_28, json!({"sampling": true}), sample(), Some(json!({"sampling": {}}))),
            (Revision::V2026_07_28, json!({"roots": {}}), InputRequest::Roots, None),
            (Revision::V2026_07_28, json!({}), InputRequest::Roots, Some(json!({"roots": {}}))),
        ] {
            let required = InputRequired::one("k", request);
            let able = Able { revision, declared: declared.as_object().unwrap() };
            assert_eq!(missing(&required, able), expected, "{revision:?} {declared} {required:?}");
        }
    }
}
