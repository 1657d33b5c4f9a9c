//! The two WebSockets: market data over DXLink at `/dxlink`, and the account streamer at `/streamer`.
//!
//! Both are machines without a socket: texts and the time go in, texts to send and the end of the socket come out. `shell`
//! owns the sockets.

pub(crate) mod accounts;
pub(crate) mod dxlink;
mod events;
#[cfg(test)]
mod tests;

use domain::Timestamp;

use crate::{
    faults::{Fault, Kind},
    state::State,
};

/// Where market data are.
pub(crate) const DXLINK: &str = "/dxlink";
/// Where the account streamer is.
pub(crate) const STREAMER: &str = "/streamer";

/// Whether a path is a socket's.
pub(crate) fn is_socket(path: &str) -> bool {
    path == DXLINK || path == STREAMER
}

/// What a socket does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    /// Sends a text.
    Text(String),
    /// Closes with this code and reason.
    Close(u16, &'static str),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    protocol: Protocol,
    misbehaviour: Misbehaviour,
}

#[derive(Debug)]
enum Protocol {
    Dxlink(Box<dxlink::Session>),
    Streamer(accounts::Session),
}

impl Connection {
    /// A connection to one of the two, with the fault that is meant for it.
    pub(crate) fn new(path: &str, fault: Option<Fault>, state: &State, wall: Timestamp) -> Self {
        let refuses = fault.as_ref().is_some_and(|fault| fault.fault == Kind::Auth);
        let protocol = if path == DXLINK {
            Protocol::Dxlink(Box::new(dxlink::Session::new(refuses, wall)))
        } else {
            Protocol::Streamer(accounts::Session::new(refuses, state, wall))
        };
        Self { protocol, misbehaviour: Misbehaviour { fault, sent: 0 } }
    }

    /// A text has come.
    pub(crate) fn receive(&mut self, text: &str, state: &State, wall: Timestamp) -> Vec<Out> {
        let out = match &mut self.protocol {
            Protocol::Dxlink(session) => session.receive(text, state, wall),
            Protocol::Streamer(session) => session.receive(text, state, wall),
        };
        self.misbehaviour.applied(out)
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, state: &State, wall: Timestamp) -> Vec<Out> {
        let out = match &mut self.protocol {
            Protocol::Dxlink(session) => session.tick(state, wall),
            Protocol::Streamer(session) => session.tick(state, wall),
        };
        self.misbehaviour.applied(out)
    }

    /// When it wants to be told the time, if nothing comes before.
    pub(crate) fn wakes_at(&self) -> Timestamp {
        match &self.protocol {
            Protocol::Dxlink(session) => session.wakes_at(),
            Protocol::Streamer(session) => session.wakes_at(),
        }
    }
}

/// What is done to the texts of a connection that is to fail. A fault sets in after so many texts.
#[derive(Debug)]
struct Misbehaviour {
    fault: Option<Fault>,
    sent: u64,
}

impl Misbehaviour {
    fn applied(&mut self, mut out: Vec<Out>) -> Vec<Out> {
        let Some(fault) = &self.fault else { return out };
        if fault.fault == Kind::Disorder {
            out.reverse();
            return out;
        }
        let mut left = Vec::new();
        for one in out {
            let late = self.sent >= fault.after;
            let Out::Text(mut text) = one else {
                left.push(one);
                continue;
            };
            match fault.fault {
                Kind::Silence if late => continue,
                Kind::Close if late => {
                    left.push(Out::Close(1011, "closed on demand"));
                    break;
                }
                Kind::Malformed if self.sent == fault.after => {
                    let half = text.len() / 2;
                    text.truncate((0..=half).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
                }
                _ => {}
            }
            self.sent += 1;
            left.push(Out::Text(text));
        }
        left
    }
}
