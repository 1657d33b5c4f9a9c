//! Outgoing WebSockets: texts to and from a server on the internet.
//!
//! A socket is opened by an ordinary request with an upgrade, since that is the way to send headers with it. An object that
//! holds one does not hibernate, so whoever opens one closes it.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use worker::{EventStream, Fetch, Headers, Method, RequestInit, WebSocket, WebsocketEvent};

use crate::{deadline::within, fetch::Failure};

/// An open socket, to be listened to before anything else. Dropping it closes it.
#[derive(Debug)]
pub struct Socket(WebSocket);

/// What a socket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(String),
    /// Bytes, which nobody here speaks.
    Binary,
    /// It is closed, with this code; nothing follows.
    Closed(u16),
}

fn broken(error: impl ToString) -> Failure {
    Failure::Connection(error.to_string())
}

impl Socket {
    /// Opens a socket to `ws://` or `wss://`. A server that answers with anything but an upgrade is a broken connection.
    pub async fn open(url: &str, headers: &[(&str, &str)], deadline: Duration) -> Result<Self, Failure> {
        let url = match url.split_once("://") {
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(("wss", rest)) => format!("https://{rest}"),
            _ => return Err(Failure::Connection("not the address of a socket".to_owned())),
        };
        let all = Headers::new();
        all.set("upgrade", "websocket").map_err(broken)?;
        for (name, value) in headers {
            all.set(name, value).map_err(broken)?;
        }
        let mut init = RequestInit::new();
        init.with_method(Method::Get).with_headers(all);
        let request = worker::Request::new_with_init(&url, &init).map_err(broken)?;
        let opening = async {
            let response = Fetch::Request(request).send().await.map_err(broken)?;
            let status = response.status_code();
            response.websocket().ok_or_else(|| Failure::Connection(format!("no socket, status {status}")))
        };
        within(deadline, opening).await.unwrap_or(Err(Failure::Timeout)).map(Self)
    }

    /// Begins to listen. What came before is not lost.
    pub fn listen(&self) -> Result<Incoming<'_>, Failure> {
        let events = self.0.events().map_err(broken)?;
        self.0.accept().map_err(broken)?;
        Ok(Incoming(events))
    }

    /// Sends a text. That it was taken does not mean that it arrived.
    pub fn send(&self, text: &str) -> Result<(), Failure> {
        self.0.send_with_str(text).map_err(broken)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // One that is closed already does not mind.
        let _ = self.0.close(Some(1000), Some("done"));
    }
}

/// What a socket says, until it closes.
#[derive(Debug)]
pub struct Incoming<'a>(EventStream<'a>);

impl Stream for Incoming<'_> {
    type Item = Said;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Said>> {
        Pin::new(&mut self.0).poll_next(context).map(|event| {
            event.map(|event| match event {
                Ok(WebsocketEvent::Message(message)) => message.text().map_or(Said::Binary, Said::Text),
                Ok(WebsocketEvent::Close(close)) => Said::Closed(close.code()),
                // A broken connection has no code of its own.
                Err(_) => Said::Closed(1006),
            })
        })
    }
}
