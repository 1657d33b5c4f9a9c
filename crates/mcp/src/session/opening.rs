//! What a client says in `initialize`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    apps::UI_EXTENSION,
    version::{self, Revision},
};

/// What a client can be asked.
const ASKED: [&str; 3] = ["elicitation", "sampling", "roots"];

/// The longest name of a client that is kept, in characters.
const MAX_NAME: usize = 100;

/// The handshake of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    revision: Revision,
    capabilities: Map<String, Value>,
    client: Option<String>,
}

impl Opening {
    /// Reads the parameters of `initialize`.
    pub(crate) fn read(params: &Map<String, Value>, with_http_sse: bool) -> Self {
        let asked = params.get("protocolVersion").and_then(Value::as_str);
        let name = params.get("clientInfo").and_then(|client| client.get("name")).and_then(Value::as_str);
        Self {
            revision: version::negotiate(asked, with_http_sse),
            capabilities: params.get("capabilities").and_then(Value::as_object).map(known).unwrap_or_default(),
            client: name.map(|name| name.chars().take(MAX_NAME).collect()),
        }
    }

    /// The revision that it is answered with.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The client's own name; unchecked text from outside.
    pub fn client_name(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Whether there is anything that the client could be asked.
    pub fn can_be_asked(&self) -> bool {
        let declared = |capability| self.capabilities.get(capability).is_some_and(Value::is_object);
        ASKED.into_iter().any(declared)
    }

    pub(crate) fn capabilities(&self) -> &Map<String, Value> {
        &self.capabilities
    }
}

/// Only what is ever looked at is kept, so that nobody can fill the session's storage.
fn known(declared: &Map<String, Value>) -> Map<String, Value> {
    let mut kept: Map<String, Value> = ASKED
        .into_iter()
        .filter_map(|name| {
            let parts = declared.get(name)?.as_object()?;
            let part =
                |part: &str| parts.get(part).filter(|value| value.is_object()).map(|_| (part.to_owned(), json!({})));
            Some((name.to_owned(), ["form", "url"].into_iter().filter_map(part).collect::<Map<_, _>>().into()))
        })
        .collect();
    if declared.get("extensions").and_then(|extensions| extensions.get(UI_EXTENSION)).is_some_and(Value::is_object) {
        kept.insert("extensions".to_owned(), json!({ UI_EXTENSION: {} }));
    }
    kept
}
