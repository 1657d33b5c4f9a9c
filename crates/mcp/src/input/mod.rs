//! Asking the client back before a call is answered: a form for the user, an address to open, a completion by the client's
//! model, the client's roots.
//!
//! A tool, prompt or resource is written once, as a function that may be entered again: it looks at its [`Input`], and
//! where something is missing it gives [`Outcome::InputRequired`]. In the modern era that is the answer, and the client
//! makes the call again with its responses and with the state, which travels sealed ([`Sealing`]). In the legacy era it
//! needs a session ([`crate::session`]), which sends the questions to the client and makes the call again by itself.

mod form;
mod request;
mod response;
mod state;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use form::{Choice, Field, FieldKind, Form, Format};
pub use request::{InputRequest, Media, Sampling, SamplingMessage};
pub use response::{Elicited, Responses, Root, Sampled};
pub(crate) use state::Call;
pub use state::{STATE_SECONDS, Sealing, StateSeal};

use crate::fault::Fault;

/// How often one call should be entered again at most, where the server itself makes the call again.
pub const MAX_ROUNDS: usize = 8;

/// What the client brings along when it makes a call again. Empty at the first time.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// What it responds to the questions.
    pub responses: Responses,
    /// The state that was handed out with them, unchanged; `None` until [`crate::Ask::resume`] has opened it.
    pub state: Option<Vec<u8>>,
    /// The state as it came.
    pub(crate) sealed: Option<String>,
}

impl Input {
    /// What a call is entered again with by a session: the client's responses, and the state that was given with the
    /// questions.
    pub fn new(responses: Responses, state: Option<Vec<u8>>) -> Self {
        Self { responses, state, sealed: None }
    }

    /// Takes the input out of the parameters of a call.
    pub(crate) fn take(params: &mut Map<String, Value>) -> Result<Self, Fault> {
        let responses = match params.remove("inputResponses") {
            None => Responses::default(),
            Some(Value::Object(responses)) => Responses::new(responses),
            Some(_) => return Err(Fault::invalid_params("`inputResponses` must be an object.")),
        };
        let sealed = match params.remove("requestState") {
            None => None,
            Some(Value::String(sealed)) => Some(sealed),
            Some(_) => return Err(Fault::invalid_params("`requestState` must be a string.")),
        };
        Ok(Self { responses, state: None, sealed })
    }

    /// Opens the state, where one came.
    pub(crate) fn resume(&mut self, call: Call<'_>, sealing: &Sealing<'_>) -> Result<(), Fault> {
        if let Some(sealed) = self.sealed.take() {
            let state = sealing.open(call, &sealed);
            self.state = Some(state.ok_or_else(Fault::invalid_state)?);
        }
        Ok(())
    }

    /// The state as what it was made of by [`InputRequired::with_state`].
    pub fn state_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.state.as_deref()?).ok()
    }
}

/// What the client has to find out before the call can be answered: questions, a state to bring back, or both.
#[derive(Debug, Clone, Default)]
pub struct InputRequired {
    /// The questions by their keys, under which the responses come back.
    pub requests: Vec<(String, InputRequest)>,
    /// What is to be known when the call is made again. It is bound to the user, the call and its arguments, and holds for
    /// [`STATE_SECONDS`]; that it is used only once is for the caller to see to.
    pub state: Option<Vec<u8>>,
}

impl InputRequired {
    /// One question.
    pub fn one(key: impl Into<String>, request: InputRequest) -> Self {
        Self::default().and(key, request)
    }

    /// One question more. A key that is there already keeps its question.
    #[must_use]
    pub fn and(mut self, key: impl Into<String>, request: InputRequest) -> Self {
        let key = key.into();
        if self.requests.iter().all(|(known, _)| *known != key) {
            self.requests.push((key, request));
        }
        self
    }

    /// A state to bring back, as JSON. One that cannot be written is left out.
    #[must_use]
    pub fn with_state<T: Serialize>(mut self, state: &T) -> Self {
        self.state = serde_json::to_vec(state).ok();
        self
    }
}

/// What became of a call: its result, or questions that come first.
#[derive(Debug, Clone)]
pub enum Outcome<T> {
    /// It is done.
    Done(T),
    /// The client is asked back.
    InputRequired(InputRequired),
}

impl<T> From<T> for Outcome<T> {
    fn from(done: T) -> Self {
        Self::Done(done)
    }
}

/// What a client declared that it can do, and what follows for asking it back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Able<'a> {
    pub(crate) revision: crate::version::Revision,
    pub(crate) declared: &'a Map<String, Value>,
}

impl Able<'_> {
    /// Whether the capability at this path, for example `elicitation` and `url`, was declared.
    fn has(&self, capability: &str, part: Option<&str>) -> bool {
        let Some(declared) = self.declared.get(capability).and_then(Value::as_object) else { return false };
        part.is_none_or(|part| declared.get(part).is_some_and(Value::is_object))
    }

    /// Whether forms may be sent: the capability says so, or says nothing closer.
    fn has_forms(&self) -> bool {
        let closer = self.has("elicitation", Some("form")) || !self.has("elicitation", Some("url"));
        self.has("elicitation", None) && closer
    }
}

/// The capabilities that these questions need and the client did not declare, as the protocol names them; `None` where
/// there are none.
pub(crate) fn missing(required: &InputRequired, able: Able<'_>) -> Option<Value> {
    let mut missing = Map::new();
    for (_, request) in &required.requests {
        let Some((capability, part)) = request.needs(able) else { continue };
        let entry = missing.entry(capability).or_insert_with(|| Value::Object(Map::new()));
        if let (Some(part), Some(entry)) = (part, entry.as_object_mut()) {
            entry.insert(part.to_owned(), Value::Object(Map::new()));
        }
    }
    (!missing.is_empty()).then_some(Value::Object(missing))
}
