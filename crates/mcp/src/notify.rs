//! Notifications to the client: progress and log messages on the stream of a call, changes on a stream that is held.

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{level::Level, listen::Filter, message::Id, stream::Frame};

/// What changed, for whoever listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources.
    Resources,
    /// The contents of the resource with this address.
    Resource(String),
}

#[derive(Serialize)]
struct Notification<P> {
    jsonrpc: &'static str,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

fn frame<P: Serialize>(method: &'static str, params: Option<P>) -> Frame {
    Frame::of(&Notification { jsonrpc: "2.0", method, params })
}

/// `_meta` of what is said on the stream of a subscription.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Tag<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    pub(crate) subscription: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressParams<'a> {
    progress_token: &'a Value,
    progress: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

/// The progress of one request, whose client asked to be told. What is told only ever increases.
#[derive(Debug, Clone)]
pub struct Progress {
    token: Value,
    last: Option<f64>,
}

impl Progress {
    pub(crate) fn new(token: Value) -> Self {
        Self { token, last: None }
    }

    /// The notification that `done` of `total` is done, with a sentence for the user. `None` where `done` is not more than
    /// was told before, or where a number is not finite.
    pub fn step(&mut self, done: f64, total: Option<f64>, message: Option<&str>) -> Option<Frame> {
        let increases = self.last.is_none_or(|last| done > last);
        if !increases || !done.is_finite() || total.is_some_and(|total| !total.is_finite()) {
            return None;
        }
        self.last = Some(done);
        let params = ProgressParams { progress_token: &self.token, progress: done, total, message };
        Some(frame("notifications/progress", Some(params)))
    }
}

#[derive(Serialize)]
struct LogParams<'a, T> {
    level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    logger: Option<&'a str>,
    data: T,
}

/// `notifications/message`.
pub(crate) fn log<T: Serialize>(level: Level, logger: Option<&str>, data: T) -> Frame {
    frame("notifications/message", Some(LogParams { level, logger, data }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelledParams<'a> {
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Tag<'a>>,
    request_id: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// `notifications/cancelled`: a request of ours, or a subscription of the client's, has ended.
pub(crate) fn cancelled(id: &Id, tag: Option<Tag<'_>>, reason: Option<&str>) -> Frame {
    frame("notifications/cancelled", Some(CancelledParams { meta: tag, request_id: id.raw(), reason }))
}

#[derive(Serialize)]
struct AcknowledgedParams<'a> {
    #[serde(rename = "_meta")]
    meta: Tag<'a>,
    notifications: &'a Filter,
}

/// `notifications/subscriptions/acknowledged`.
pub(crate) fn acknowledged(tag: Tag<'_>, filter: &Filter) -> Frame {
    let params = AcknowledgedParams { meta: tag, notifications: filter };
    frame("notifications/subscriptions/acknowledged", Some(params))
}

#[derive(Serialize)]
struct ChangeParams<'a> {
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Tag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

/// The notification of a change.
pub(crate) fn changed(change: &Change, tag: Option<Tag<'_>>) -> Frame {
    let (method, uri) = match change {
        Change::Tools => ("notifications/tools/list_changed", None),
        Change::Prompts => ("notifications/prompts/list_changed", None),
        Change::Resources => ("notifications/resources/list_changed", None),
        Change::Resource(uri) => ("notifications/resources/updated", Some(uri.as_str())),
    };
    let params = (tag.is_some() || uri.is_some()).then_some(ChangeParams { meta: tag, uri });
    frame(method, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_only_ever_increases() {
        let mut progress = Progress::new(Value::from("t"));
        assert!(progress.step(0.0, Some(100.0), Some("Reading")).is_some());
        for (done, told) in [(0.0, false), (50.0, true), (49.0, false), (f64::NAN, false), (f64::INFINITY, false)] {
            assert_eq!(progress.step(done, None, None).is_some(), told, "{done}");
        }
        assert!(progress.step(60.0, Some(f64::NAN), None).is_none());
        assert!(progress.step(60.0, None, None).is_some(), "what was not told does not count");
    }
}
