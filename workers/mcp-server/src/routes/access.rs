//! What is known of a request before and after it is served: the id under which it can be found, and its line in the log.

use domain::Timestamp;
use edge::http::Response;

use crate::render;

/// The methods that are named in a log.
const METHODS: &[&str] = &["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];

/// A request that is being served.
#[derive(Debug)]
pub(super) struct Access {
    /// The platform's id of the request, or a random one.
    pub(super) id: String,
    trace: Option<String>,
    method: &'static str,
    route: String,
    began: Timestamp,
}

impl Access {
    /// Reads what the log will say.
    pub(super) fn of(request: &worker::Request) -> Self {
        let header = |name| request.headers().get(name).ok().flatten();
        let id = header("cf-ray").filter(|id| is_id(id));
        let method = request.inner().method();
        Self {
            id: id.unwrap_or_else(|| vault::token::id(&edge::entropy::Platform)),
            trace: header("traceparent").as_deref().and_then(trace_id).map(str::to_owned),
            method: METHODS.iter().find(|known| **known == method).copied().unwrap_or("other"),
            route: template(&request.path()),
            began: edge::clock::now(),
        }
    }

    /// Puts the id on the answer, so that whoever got it can report it, and writes the line: what and how it went, and never
    /// a query, a header, a body or an address.
    pub(super) fn answered<B>(&self, response: &mut Response<B>) {
        render::add(response, [("x-request-id", self.id.clone())]);
        self.log(response.status().as_u16());
    }

    /// Writes the line.
    pub(super) fn log(&self, status: u16) {
        let elapsed = (edge::clock::now() - self.began).num_milliseconds();
        // What is not there can be anything, a secret that was pasted at the wrong place too.
        let route = if status == 404 { "none" } else { self.route.as_str() };
        let trace = self.trace.as_deref().unwrap_or_default();
        edge::log::info(
            "request",
            &[
                ("request_id", &self.id),
                ("trace_id", &trace),
                ("method", &self.method),
                ("route", &route),
                ("status", &status),
                ("duration_ms", &elapsed),
            ],
        );
    }
}

/// Whether a text is an id such as the platform's.
fn is_id(text: &str) -> bool {
    (8..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The trace id of a `traceparent` header, if it is well-formed (W3C Trace Context).
fn trace_id(traceparent: &str) -> Option<&str> {
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    };
    let is_some = |text: &str| text.bytes().any(|byte| byte != b'0');
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_whole = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_last = parts.next().is_none();
    // Later versions may have more parts.
    let is_known = version != "ff" && (is_last || version != "00");
    (is_whole && is_known && is_some(trace) && is_some(parent)).then_some(trace)
}

/// The path with everything that is not a plain word left out, since that may be an id.
fn template(path: &str) -> String {
    let is_plain = |word: &str| {
        word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let words: Vec<_> = path.split('/').take(6).map(|word| if is_plain(word) { word } else { "*" }).collect();
    words.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_holds_plain_words_only() {
        for (path, route) in [
            ("/", "/"),
            ("/mcp", "/mcp"),
            ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource/mcp"),
            ("/settings/activity.csv", "/settings/activity.csv"),
            ("/exports/5WX00042", "/exports/*"),
            ("/a/ttai_rt_Zm9vYmFy/b", "/a/*/b"),
            ("/abcdefghijklmnopqrstuvwxyzabcdefgh", "/*"),
            ("/a%20b", "/*"),
            ("/a/b/c/d/e/f/g", "/a/b/c/d/e"),
        ] {
            assert_eq!(template(path), route);
        }
    }

    #[test]
    fn a_trace_is_followed_if_it_is_well_formed() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")), Some(trace));
        assert_eq!(trace_id(&format!("01-{trace}-00f067aa0ba902b7-01-more")), Some(trace));
        for bad in [
            String::new(),
            trace.to_owned(),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("00-{trace}-00f067aa0ba902b7"),
            format!("00-{trace}x-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(trace_id(&bad), None, "{bad}");
        }
    }

    #[test]
    fn an_id_is_short_and_plain() {
        for (text, is_so) in [
            ("8f1b2c3d4e5f6a7b-FRA", true),
            ("short", false),
            ("ttai_rt_Zm9vYmFy", false),
            ("a\"b,c:d{e}f", false),
            (&"a".repeat(41), false),
        ] {
            assert_eq!(is_id(text), is_so, "{text}");
        }
    }
}
