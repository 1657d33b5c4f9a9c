//! Questions to a client within a session: sent as requests of ours, answered by its responses.

use std::collections::BTreeMap;

use domain::{Error, Reason, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    context::Context,
    input::{self, InputRequest, InputRequired, Responses},
    message::{CallId, Id, Refusal, Response},
    notify,
    stream::Frame,
    version::Revision,
};

/// How long a question waits for its answer, in seconds: long enough for a person to fill in a form.
pub const QUESTION_SECONDS: i64 = 300;

/// The responses to the questions of a call, or the error with which the client answered one of them.
pub type Answered = Result<Responses, Refusal>;

/// The open questions of a session, by the calls that they belong to.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounds {
    /// The id of the last request of ours. Ids begin at the time, so that none is used again after a restart.
    last: u64,
    open: BTreeMap<CallId, Round>,
}

#[derive(Debug, Clone)]
struct Round {
    /// The keys of the questions that are not answered yet, by the ids that they were sent with.
    waiting: BTreeMap<u64, String>,
    responses: Map<String, Value>,
    until: Timestamp,
    /// The client answered one of them with an error: the others no longer matter, and wait to be withdrawn.
    is_refused: bool,
}

#[derive(Serialize)]
struct Question<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    method: &'static str,
    params: Value,
}

impl Rounds {
    pub(super) fn ask(
        &mut self,
        context: &Context,
        required: &InputRequired,
        patience: i64,
        now: Timestamp,
    ) -> Result<Vec<Frame>, Error> {
        if let Some(missing) = input::missing(required, context.able()) {
            let names: Vec<&str> = missing.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let message = format!("This client cannot be asked for what the call needs: `{}`.", names.join("`, `"));
            return Err(Error::new(Reason::InvalidRequest, message));
        }
        self.last = self.last.max(u64::try_from(now.timestamp_millis()).unwrap_or(0));
        let mut waiting = BTreeMap::new();
        let mut frames = Vec::new();
        for (key, request) in &required.requests {
            self.last = self.last.saturating_add(1);
            if let Some(id) = Id::number(self.last) {
                frames.push(question(&id, request, context.revision()));
                waiting.insert(self.last, key.clone());
            }
        }
        if !waiting.is_empty() {
            let until = super::later(now, patience);
            self.open.insert(context.call_id(), Round { waiting, responses: Map::new(), until, is_refused: false });
        }
        Ok(frames)
    }

    /// Takes a response. It completes its call's round with the last one, or with the first error. A response that nobody
    /// waits for has no effect.
    pub(super) fn take(&mut self, response: Response) -> Option<(CallId, Answered)> {
        let id = response.id.as_ref()?.as_number()?;
        let call = self.open.iter().find(|(_, round)| round.waiting.contains_key(&id)).map(|(call, _)| call.clone())?;
        let round = self.open.get_mut(&call)?;
        let key = round.waiting.remove(&id)?;
        let answered = match response.outcome {
            _ if round.is_refused => None,
            Ok(result) => {
                round.responses.insert(key, result);
                round.waiting.is_empty().then(|| Ok(Responses::new(std::mem::take(&mut round.responses))))
            }
            Err(refusal) => {
                round.is_refused = true;
                Some(Err(refusal))
            }
        };
        if round.waiting.is_empty() {
            self.open.remove(&call);
        }
        answered.map(|answered| (call, answered))
    }

    /// Forgets the questions of a call: its client wants no answer any more.
    pub(super) fn drop(&mut self, call: &CallId) {
        self.open.remove(call);
    }

    pub(super) fn withdraw(&mut self, call: &CallId, reason: &str) -> Vec<Frame> {
        let waiting = self.open.remove(call).map(|round| round.waiting).unwrap_or_default();
        let ids = waiting.into_keys().filter_map(Id::number);
        ids.map(|id| notify::cancelled(&id, None, Some(reason))).collect()
    }

    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(CallId, Vec<Frame>)> {
        let due: Vec<CallId> =
            self.open.iter().filter(|(_, round)| round.until <= now).map(|(call, _)| call.clone()).collect();
        due.into_iter()
            .map(|call| {
                let frames = self.withdraw(&call, "Nobody answered in time.");
                (call, frames)
            })
            .collect()
    }

    pub(super) fn first_due(&self) -> Option<Timestamp> {
        self.open.values().map(|round| round.until).min()
    }
}

fn question(id: &Id, request: &InputRequest, revision: Revision) -> Frame {
    let params = request.params(revision, id.raw().get());
    Frame::of(&Question { jsonrpc: "2.0", id: id.raw(), method: request.method(), params })
}
