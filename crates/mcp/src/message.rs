//! One JSON-RPC message, read from text.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, value::RawValue};

use crate::fault::Fault;

/// The id of a request, echoed with the very characters it came in.
#[derive(Debug, Clone)]
pub(crate) struct Id(Box<RawValue>);

impl Id {
    /// Reads a string or a number. What serde_json could not read back is no id.
    fn read(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let legal = if text.starts_with('"') {
            serde_json::from_str::<String>(text).is_ok()
        } else {
            serde_json::from_str::<serde_json::Number>(text).is_ok()
        };
        legal.then(|| Self(raw.to_owned()))
    }

    /// An id of our own making.
    pub(crate) fn number(number: u64) -> Option<Self> {
        RawValue::from_string(number.to_string()).ok().map(Self)
    }

    /// The id as JSON.
    pub(crate) fn raw(&self) -> &RawValue {
        &self.0
    }

    /// The id as one of our own making.
    pub(crate) fn as_number(&self) -> Option<u64> {
        self.0.get().parse().ok()
    }
}

/// Names a request of a client within its session. Two requests that run at the same time have different ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(String);

impl From<&Id> for CallId {
    fn from(id: &Id) -> Self {
        Self(id.raw().get().to_owned())
    }
}

/// A request: a method that is to be answered.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: Id,
    pub(crate) method: String,
    /// Empty where there are none; `None` where they are no object.
    pub(crate) params: Option<Map<String, Value>>,
}

impl Request {
    /// The `_meta` of the parameters, where it is an object.
    pub(crate) fn meta(&self) -> Option<&Map<String, Value>> {
        self.params.as_ref()?.get("_meta")?.as_object()
    }
}

/// What a message is.
#[derive(Debug)]
pub(crate) enum Message {
    /// It wants an answer.
    Request(Request),
    /// It wants none.
    Notification(Notification),
    /// It answers a question of ours.
    Response(Response),
}

/// A message that wants no answer.
#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) method: String,
    pub(crate) params: Map<String, Value>,
}

impl Notification {
    /// The request that `notifications/cancelled` is about.
    pub(crate) fn cancels(&self) -> Option<CallId> {
        if self.method != "notifications/cancelled" {
            return None;
        }
        let id = serde_json::to_string(self.params.get("requestId")?).ok()?;
        let id = Id::read(&RawValue::from_string(id).ok()?)?;
        Some(CallId::from(&id))
    }
}

/// The answer to a request of ours: its result, or the error's code and message.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) id: Option<Id>,
    pub(crate) outcome: Result<Value, Refusal>,
}

/// The error with which a client answers a request of ours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The JSON-RPC error code.
    #[serde(default)]
    pub code: i64,
    /// Unchecked text from outside.
    #[serde(default)]
    pub message: String,
}

/// Why a text is no message, with its id where that could still be read.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) id: Option<Id>,
    pub(crate) fault: Fault,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self { id: None, fault }
    }
}

/// The members of a message, unread, so that an id survives whatever else is wrong.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    error: Option<&'a RawValue>,
}

/// Keeps a member that is there but `null` apart from one that is not there.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The id of a text that will not be served, where it has one.
pub(crate) fn salvage_id(text: &str) -> Option<Id> {
    if !is_object(text) {
        return None;
    }
    serde_json::from_str::<Envelope<'_>>(text).ok()?.id.and_then(Id::read)
}

/// Reads one message. The caller has bounded its size and depth.
pub(crate) fn read(text: &str) -> Result<Message, Refused> {
    let envelope = envelope(text)?;
    let id = envelope.id.and_then(Id::read);
    read_envelope(&envelope, id.as_ref()).map_err(|fault| Refused { id, fault })
}

fn envelope(text: &str) -> Result<Envelope<'_>, Fault> {
    // Serde would read a struct from an array as well.
    if !is_object(text) {
        return Err(match serde_json::from_str::<Value>(text) {
            Ok(_) => Fault::invalid_request("A message is a JSON object."),
            Err(_) => Fault::parse(),
        });
    }
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() { Fault::invalid_request("A member of the message is given twice.") } else { Fault::parse() }
    })
}

fn read_envelope(envelope: &Envelope<'_>, id: Option<&Id>) -> Result<Message, Fault> {
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(Fault::invalid_request("`jsonrpc` must be \"2.0\"."));
    }
    if envelope.id.is_some() && id.is_none() {
        return Err(Fault::invalid_request("`id` must be a string or a number."));
    }
    let Some(method) = envelope.method else {
        return response(envelope, id).map(Message::Response);
    };
    let method = serde_json::from_str::<String>(method.get())
        .map_err(|_| Fault::invalid_request("`method` must be a string."))?;
    let params = read_params(envelope.params)?;
    Ok(match id {
        Some(id) => Message::Request(Request { id: id.clone(), method, params }),
        None => Message::Notification(Notification { method, params: params.unwrap_or_default() }),
    })
}

fn response(envelope: &Envelope<'_>, id: Option<&Id>) -> Result<Response, Fault> {
    let outcome = match (envelope.result, envelope.error) {
        (Some(result), _) => Ok(serde_json::from_str(result.get()).map_err(|_| Fault::parse())?),
        (None, Some(error)) => Err(serde_json::from_str(error.get())
            .unwrap_or_else(|_| Refusal { code: 0, message: "The client's error cannot be read.".to_owned() })),
        (None, None) => return Err(Fault::invalid_request("`method` is missing.")),
    };
    Ok(Response { id: id.cloned(), outcome })
}

/// `None` where the parameters are no object.
fn read_params(raw: Option<&RawValue>) -> Result<Option<Map<String, Value>>, Fault> {
    let Some(raw) = raw else { return Ok(Some(Map::new())) };
    match serde_json::from_str::<Value>(raw.get()) {
        Ok(Value::Object(map)) => Ok(Some(map)),
        Ok(_) => Ok(None),
        Err(_) => Err(Fault::parse()),
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{')
}
