//! The transport of 2024-11-05: GET opens the one stream of a session, whose first event says where to POST; each POST is
//! answered with 202, and what it comes to arrives on the stream.
//!
//! The owner of the stream sends [`endpoint`] first. Each POST goes to the session that [`session_of`] its query names, and
//! its reply through [`deliver`].

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    reply::{Reply, Seen},
    stream::Frame,
};

/// The longest session id that is read, in bytes.
const MAX_SESSION: usize = 200;

/// The first event of the stream: the path to POST to, with the session in its query.
pub fn endpoint(path: &str, session: &str) -> Frame {
    Frame::endpoint(&format!("{path}?sessionId={}", utf8_percent_encode(session, NON_ALPHANUMERIC)))
}

/// The session that the query of a POST names, without the `?`. `session_id` is taken as well.
pub fn session_of(query: &str) -> Option<String> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("sessionId=").or_else(|| pair.strip_prefix("session_id=")))?;
    let id = percent_decode_str(value).decode_utf8().ok()?;
    let is_visible = !id.is_empty() && id.len() <= MAX_SESSION && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible.then(|| id.into_owned())
}

/// The answer to a POST, and the event for the stream where there is one. What is no message is refused in the answer.
pub fn deliver(reply: Reply) -> (Reply, Option<Frame>) {
    let seen = reply.seen;
    if reply.status != 200 {
        return (reply, None);
    }
    (accepted(seen), reply.into_frame())
}

/// The answer to a POST whose reply is still to come on the stream.
pub fn accepted(seen: Seen) -> Reply {
    Reply::accepted(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_reads_back_from_its_endpoint() {
        for id in ["abc-1", "a/b+c=&d", "x.y_z~"] {
            let frame = String::from_utf8(endpoint("/messages", id).into_bytes()).unwrap();
            let query = frame.strip_prefix("event: endpoint\ndata: /messages?").unwrap().trim_end();
            assert_eq!(session_of(query).as_deref(), Some(id));
        }
        for (query, id) in [
            ("a=b&session_id=x", Some("x")),
            ("sessionId=", None),
            ("sessionId=%00", None),
            ("sessionId=%FF", None),
            ("", None),
        ] {
            assert_eq!(session_of(query).as_deref(), id, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_query_names_a_session_or_none(query in ".*") {
            let _ = session_of(&query);
        }
    }
}
