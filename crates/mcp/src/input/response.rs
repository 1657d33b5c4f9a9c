//! What the client responds. Everything in it is unchecked text from outside.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The responses by the keys of their questions. One that is missing or malformed reads as none: ask again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Responses(Map<String, Value>);

impl Responses {
    pub(crate) fn new(responses: Map<String, Value>) -> Self {
        Self(responses)
    }

    /// Whether there are none, as at the first time.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What became of a form or an address.
    pub fn elicited(&self, key: &str) -> Option<Elicited> {
        let response = self.0.get(key)?;
        Some(match response.get("action")?.as_str()? {
            "accept" => Elicited::Accepted(match response.get("content") {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(content)) => content.clone(),
                Some(_) => return None,
            }),
            "decline" => Elicited::Declined,
            "cancel" => Elicited::Cancelled,
            _ => return None,
        })
    }

    /// What the client's model wrote.
    pub fn sampled(&self, key: &str) -> Option<Sampled> {
        let raw: RawSampled = Deserialize::deserialize(self.0.get(key)?).ok()?;
        let blocks = match raw.content {
            Value::Array(blocks) => blocks,
            block => vec![block],
        };
        if !blocks.iter().all(|block| block.get("type").is_some_and(Value::is_string)) {
            return None;
        }
        let text = blocks.iter().filter(|block| block.get("type").and_then(Value::as_str) == Some("text"));
        let text: Vec<&str> = text.filter_map(|block| block.get("text")?.as_str()).collect();
        Some(Sampled { text: text.join("\n"), blocks, model: raw.model, stop_reason: raw.stop_reason })
    }

    /// The client's roots.
    pub fn roots(&self, key: &str) -> Option<Vec<Root>> {
        Deserialize::deserialize(self.0.get(key)?.get("roots")?).ok()
    }
}

/// What became of a form or an address.
#[derive(Debug, Clone, PartialEq)]
pub enum Elicited {
    /// The user sent the form, or agreed to open the address. [`super::Form::check`] checks what was filled in.
    Accepted(Map<String, Value>),
    /// The user said no.
    Declined,
    /// The user closed the question without an answer.
    Cancelled,
}

/// What the client's model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Its text, all blocks of it.
    pub text: String,
    /// The blocks as they came.
    pub blocks: Vec<Value>,
    /// The model's name.
    pub model: String,
    /// Why it stopped, for example `endTurn`.
    pub stop_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSampled {
    content: Value,
    #[serde(default)]
    model: String,
    #[serde(default)]
    stop_reason: Option<String>,
}

/// A folder that the client works in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Root {
    /// Its address, a `file:` one as of now.
    pub uri: String,
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn responses() -> Responses {
        let Value::Object(responses) = json!({
            "form": {"action": "accept", "content": {"name": "Ann"}},
            "url": {"action": "accept"},
            "no": {"action": "decline"},
            "closed": {"action": "cancel", "content": null},
            "odd": {"action": "accept", "content": []},
            "number": 12345,
            "text": {"role": "assistant", "model": "m", "stopReason": "endTurn", "content": {"type": "text", "text": "Paris"}},
            "texts": {"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]},
            "roots": {"roots": [{"uri": "file:///a", "name": "A"}, {"uri": "file:///b"}]},
            "rootless": {"roots": [{"name": "A"}]},
        }) else {
            panic!("an object")
        };
        Responses::new(responses)
    }

    #[test]
    fn responses_are_read_by_what_was_asked() {
        let responses = responses();
        let Some(Elicited::Accepted(content)) = responses.elicited("form") else { panic!("accepted") };
        assert_eq!(content["name"], "Ann");
        assert_eq!(responses.elicited("url"), Some(Elicited::Accepted(Map::new())));
        assert_eq!(responses.elicited("no"), Some(Elicited::Declined));
        assert_eq!(responses.elicited("closed"), Some(Elicited::Cancelled));
        let sampled = responses.sampled("text").unwrap();
        assert_eq!((sampled.text.as_str(), sampled.stop_reason.as_deref()), ("Paris", Some("endTurn")));
        assert_eq!(responses.sampled("texts").unwrap().text, "a\nb");
        let roots = responses.roots("roots").unwrap();
        assert_eq!((roots[0].name.as_deref(), roots[1].uri.as_str()), (Some("A"), "file:///b"));
    }

    #[test]
    fn what_is_missing_or_malformed_reads_as_none() {
        for key in ["odd", "number", "text", "nothing", "roots"] {
            assert_eq!(responses().elicited(key), None, "{key}");
        }
        for key in ["form", "number", "nothing"] {
            assert_eq!(responses().sampled(key), None, "{key}");
        }
        for key in ["rootless", "form", "nothing"] {
            assert_eq!(responses().roots(key), None, "{key}");
        }
    }
}
