//! A legacy session: whatever a client sends in it, in whatever order.
//!
//! Input: header lines, then bodies, all of them separated by an empty line; a header `Transport: sse` chooses the oldest
//! transport, and `{q}` in a body stands for the id of the newest question. Held: each reply is well-formed and has its
//! request's id; what the client is sent is one event per message; an answer or a cancellation finds its own call; a
//! session that is stored reads back as it is and holds no more than it may; nothing waits for ever.

#![no_main]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use libfuzzer_sys::fuzz_target;
use mcp::{
    Ask, CallId, Change, Entry, Options, Outcome, Received, Reply, Session, receive,
    session::{Event, IDLE_SECONDS, Route, http_sse, route},
};
use ttai_fuzz::protocol::{CATALOG, answer, call, check_batch, check_frame, check_single, messages};

const OPENING: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",
    "capabilities":{"elicitation":{},"roots":{},"sampling":{}},"clientInfo":{"name":"c","version":"1"}}}"#;

const OPTIONS: Options<'static> =
    Options { compat: true, asks_back: false, sessions: true, toolset: None, pages: None };

/// The session that a body opens, or else the one of [`OPENING`].
fn open(body: Option<&str>) -> Session {
    for text in body.into_iter().chain([OPENING]) {
        if let Received::Reply(Reply { opens: Some(opening), .. }) =
            receive(&CATALOG, &OPTIONS, &http::HeaderMap::new(), text.as_bytes())
        {
            return Session::open(ttai_fuzz::USER, *opening, ttai_fuzz::now());
        }
    }
    panic!("a client that can be asked is not offered a session");
}

/// What is known beside the session.
#[derive(Default)]
struct Known {
    /// The calls whose questions are open.
    asked: BTreeSet<CallId>,
    /// The id of the newest question.
    newest: u64,
    seconds: i64,
}

impl Known {
    fn now(&self) -> domain::Timestamp {
        ttai_fuzz::now() + TimeDelta::seconds(self.seconds)
    }

    /// Answers a call, or asks its questions.
    fn answer(&mut self, session: &mut Session, ask: Ask) -> Option<Reply> {
        if let Ask::Tool(tool) = &ask
            && let Ok(Outcome::InputRequired(required)) = call(tool)
        {
            let context = tool.context().clone();
            return match session.ask(&context, &required, self.now()) {
                Ok(frames) => {
                    for question in frames.iter().flat_map(messages) {
                        let id = question["id"].as_u64().expect("an id of ours");
                        assert!(id > self.newest && question["method"].is_string(), "{question}");
                        self.newest = id;
                    }
                    if !frames.is_empty() {
                        self.asked.insert(context.call_id());
                    }
                    None
                }
                Err(error) => Some(ask.fail(error)),
            };
        }
        Some(answer(ask, self.seconds))
    }

    fn take(&mut self, session: &mut Session, headers: &http::HeaderMap, text: &str) {
        let turn = session.receive(&CATALOG, &OPTIONS, headers, text.as_bytes(), self.now());
        for event in turn.events {
            match event {
                Event::Answered(call, answered) => {
                    assert!(self.asked.remove(&call), "an answer to a call that asked nothing");
                    if answered.is_err() {
                        session.withdraw(&call, "It was refused.").iter().for_each(check_frame);
                    }
                }
                Event::Cancelled(call) => {
                    self.asked.remove(&call);
                    assert!(session.withdraw(&call, "Too late.").is_empty(), "a cancelled call still asks");
                }
            }
        }
        match turn.received {
            Received::Reply(reply) => self.check(&reply, text),
            Received::Ask(ask) => {
                if let Some(reply) = self.answer(session, *ask) {
                    self.check(&reply, text);
                }
            }
            Received::Batch(batch) => {
                let entries = batch.entries.len();
                let replies: Vec<Reply> = batch
                    .entries
                    .into_iter()
                    .filter_map(|entry| match entry {
                        Entry::Reply(reply) => Some(reply),
                        Entry::Ask(ask) => self.answer(session, *ask),
                    })
                    .collect();
                check_batch(&Reply::batch(replies), entries, text);
            }
        }
    }

    fn check(&self, reply: &Reply, text: &str) {
        check_single(reply, Some(text));
        let (posted, frame) = http_sse::deliver(reply.clone());
        assert!(posted.status != 200 && (posted.status == 202) == posted.body.is_none(), "status {}", posted.status);
        assert_eq!(frame.is_some(), reply.status == 200);
        frame.iter().for_each(check_frame);
    }
}

fn check_session(session: &mut Session, known: &Known) {
    let stored = serde_json::to_string(session).expect("a session can be stored");
    let back: Session = serde_json::from_str(&stored).expect("a session reads back");
    assert_eq!(serde_json::to_string(&back).unwrap(), stored);
    assert!(session.watched().count() <= mcp::listen::MAX_RESOURCES);
    for uri in session.watched() {
        assert!(uri == "knowledge://a" || uri.starts_with("history://"), "{uri}");
        check_frame(&session.tell(&Change::Resource(uri.to_owned())).expect("who watches is told"));
    }
    assert!(session.tell(&Change::Resource("knowledge://b".to_owned())).is_none());
    // In the end all is over: the questions by themselves, then the session.
    let end = known.now() + TimeDelta::seconds(2 * IDLE_SECONDS);
    let due: BTreeSet<CallId> = session.due(end).into_iter().map(|(call, _)| call).collect();
    assert!(known.asked.is_subset(&due), "a question waits for ever");
    assert!(session.is_over(end) && session.wakes_at() <= end && !session.belongs_to("U0002"));
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut paragraphs = text.split("\n\n");
    let headers = ttai_fuzz::headers(paragraphs.next().unwrap_or_default().as_bytes());
    let bodies: Vec<&str> = paragraphs.take(16).collect();
    let mut session = if ttai_fuzz::header(&headers, "transport") == Some("sse") {
        Session::open_http_sse(ttai_fuzz::USER, ttai_fuzz::now())
    } else {
        open(bodies.first().copied())
    };
    let mut known = Known::default();
    for body in bodies {
        known.seconds += 1;
        let body = body.replace("{q}", &known.newest.to_string());
        if let Route::Session { id, .. } = route(&headers, body.as_bytes()) {
            assert!((1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
        }
        known.take(&mut session, &headers, &body);
    }
    check_session(&mut session, &known);
});
