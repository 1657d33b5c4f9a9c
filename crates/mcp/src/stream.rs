//! Answers that are streams: `text/event-stream` with one JSON-RPC message per event.
//!
//! The core makes the frames; the caller owns the stream. It sends [`Reply::stream`] as the head, then frames, then
//! [`Reply::into_frame`] of the final reply, and ends the stream. While nothing happens it sends [`Frame::keep_alive`]
//! every [`KEEP_ALIVE_SECONDS`]. Streams are not resumable: events carry no ids.

use serde::Serialize;

use crate::reply::{Reply, Seen};

/// How often a stream on which nothing happens should get a [`Frame::keep_alive`].
pub const KEEP_ALIVE_SECONDS: u32 = 15;

/// One event of a stream, framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Vec<u8>);

impl Frame {
    /// A JSON-RPC message. Line ends can only stand between the tokens of a JSON text, so that a blank is as good there.
    pub(crate) fn message(json: &[u8]) -> Self {
        let mut frame = b"event: message\ndata: ".to_vec();
        frame.extend(json.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        frame.extend_from_slice(b"\n\n");
        Self(frame)
    }

    /// A message that is still to be written. What cannot be written, which tested shapes do not bring about, is a comment.
    pub(crate) fn of<T: Serialize>(message: &T) -> Self {
        serde_json::to_vec(message).map_or_else(|_| Self::keep_alive(), |json| Self::message(&json))
    }

    /// The first event of the 2024-11-05 transport: where the client posts its messages.
    pub(crate) fn endpoint(address: &str) -> Self {
        Self(format!("event: endpoint\ndata: {address}\n\n").into_bytes())
    }

    /// A comment, which clients skip: it keeps the connection from being taken for dead.
    pub fn keep_alive() -> Self {
        Self(b":\n\n".to_vec())
    }

    /// Two frames, one behind the other.
    pub(crate) fn then(mut self, next: Self) -> Self {
        self.0.extend(next.0);
        self
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to send.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Reply {
    /// The head of a stream: status and headers, no body. Errors that have a status of their own must be found before it.
    pub fn stream(seen: Seen) -> Self {
        let headers = vec![
            ("content-type", "text/event-stream".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-accel-buffering", "no".to_owned()),
        ];
        Self { status: 200, headers, body: None, seen, opens: None }
    }

    /// The reply's message as the event of a stream; `None` where there is none to send.
    pub fn into_frame(self) -> Option<Frame> {
        self.body.map(|body| Frame::message(&body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_event_whatever_its_white_space() {
        for (json, expected) in [
            ("{}", "event: message\ndata: {}\n\n"),
            ("{\n\"a\":\r\n1}", "event: message\ndata: { \"a\":  1}\n\n"),
            (r#""a\nb""#, "event: message\ndata: \"a\\nb\"\n\n"),
        ] {
            assert_eq!(String::from_utf8(Frame::message(json.as_bytes()).into_bytes()).unwrap(), expected);
        }
        assert_eq!(Frame::keep_alive().as_bytes(), b":\n\n");
    }

    #[test]
    fn the_head_tells_proxies_not_to_buffer() {
        let head = Reply::stream(Seen::default());
        assert_eq!((head.status, head.body), (200, None));
        assert!(head.headers.contains(&("content-type", "text/event-stream".to_owned())));
        assert!(head.headers.contains(&("x-accel-buffering", "no".to_owned())));
    }

    proptest::proptest! {
        #[test]
        fn any_message_reads_back_from_its_frame(texts in proptest::collection::vec(".{0,20}", 0..6)) {
            let pretty = serde_json::to_vec_pretty(&texts).unwrap();
            let frame = String::from_utf8(Frame::message(&pretty).into_bytes()).unwrap();
            let data = frame.strip_prefix("event: message\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
            proptest::prop_assert!(!data.contains(['\n', '\r']));
            proptest::prop_assert_eq!(serde_json::from_str::<Vec<String>>(data).unwrap(), texts);
        }
    }
}
