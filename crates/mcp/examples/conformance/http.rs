//! Just enough of HTTP/1.1 for a test client: one request per connection.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp::{Frame, MAX_BODY, Reply};

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one request; `None` for what is none.
    pub(crate) fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut parts = line.split_whitespace();
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers = headers(&mut reader)?;
        let length = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0_u64);
        let mut body = Vec::new();
        let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX).saturating_add(1);
        reader.take(length.min(limit)).read_to_end(&mut body).ok()?;
        Some(Self { method, path: path.to_owned(), query: query.to_owned(), headers, body })
    }

    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn headers(reader: &mut impl BufRead) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Some(headers) };
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
}

/// The answer to one request: a reply, or a stream that is opened by its first frame.
pub(crate) struct Answer<'a> {
    stream: &'a TcpStream,
    is_open: bool,
}

impl<'a> Answer<'a> {
    pub(crate) fn to(stream: &'a TcpStream) -> Self {
        Self { stream, is_open: false }
    }

    /// Sends a frame; false where the client has gone.
    pub(crate) fn frame(&mut self, head: impl FnOnce() -> Reply, frame: &Frame) -> bool {
        if !self.is_open {
            self.is_open = true;
            if !self.head(&head(), None) {
                return false;
            }
        }
        self.write(frame.as_bytes())
    }

    /// Sends the reply: as the last frame of a stream that is open, else by itself.
    pub(crate) fn finish(&mut self, reply: Reply) {
        if self.is_open {
            if let Some(frame) = reply.into_frame() {
                self.write(frame.as_bytes());
            }
            return;
        }
        let body = reply.body.clone().unwrap_or_default();
        let _ = self.head(&reply, Some(body.len())) && self.write(&body);
    }

    fn head(&mut self, reply: &Reply, length: Option<usize>) -> bool {
        let mut head = format!("HTTP/1.1 {} -\r\nconnection: close\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        self.write(head.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }
}
