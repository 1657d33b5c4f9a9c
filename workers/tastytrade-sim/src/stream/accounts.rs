//! The account streamer: who is connected to which accounts, and what is told to whom.

use std::collections::{BTreeSet, VecDeque};

use chrono::TimeDelta;
use domain::Timestamp;
use serde_json::{Value, json};

use super::Out;
use crate::{accounts, oauth::token, quote_alerts, state::State};

/// Nothing came for so long: the client has gone. Heartbeats are for every two seconds to a minute, and there are clients
/// that send none.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// How often it is looked whether there is news.
const PERIOD: TimeDelta = TimeDelta::milliseconds(100);
/// A longer text closes the socket.
const LONGEST: usize = 64 * 1024;
/// How much news is kept for those who are connected.
const KEPT: usize = 500;

/// What happened to accounts, for those who are connected to them. It is not kept over a restart, as nobody is connected
/// after one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct News {
    entries: VecDeque<(u64, String, String)>,
    next: u64,
}

impl News {
    /// All that is kept, oldest first.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(.., text)| text.as_str())
    }

    /// Tells of a change: `Order`, `ComplexOrder`, `AccountBalance`, `CurrentPosition` or `QuoteAlert` with the whole object as
    /// REST has it.
    pub(crate) fn tell(&mut self, account: &str, kind: &str, data: &Value, at: Timestamp) {
        let text = json!({ "type": kind, "data": data, "timestamp": at.timestamp_millis() }).to_string();
        self.entries.push_back((self.next, account.to_owned(), text));
        self.next += 1;
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    refuses: bool,
    id: String,
    /// The accounts that are followed, and the user's quote alerts.
    accounts: BTreeSet<String>,
    /// News before this number is not for this connection.
    seen: u64,
    heard: Timestamp,
    looked: Timestamp,
}

impl Session {
    /// A socket that has just been opened; one that `refuses` accepts no token.
    pub(crate) fn new(refuses: bool, state: &State, wall: Timestamp) -> Self {
        let id = format!("{:08x}", wall.timestamp_millis() & 0xffff_ffff);
        Self { refuses, id, accounts: BTreeSet::new(), seen: state.news.next, heard: wall, looked: wall }
    }

    /// A text has come.
    pub(crate) fn receive(&mut self, text: &str, state: &State, wall: Timestamp) -> Vec<Out> {
        self.heard = wall;
        if text.len() > LONGEST {
            return vec![Out::Close(1009, "the message is too long")];
        }
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return vec![Out::Close(1007, "the message cannot be read")];
        };
        let action = message["action"].as_str().unwrap_or_default();
        let mut answer = match self.act(action, &message, state, wall) {
            Ok(value) => json!({ "status": "ok", "action": action, "value": value }),
            Err(problem) => json!({ "status": "error", "action": action, "message": problem }),
        };
        if let Some(fields) = answer.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
            fields.insert("web-socket-session-id".to_owned(), json!(self.id));
            if !message["request-id"].is_null() {
                fields.insert("request-id".to_owned(), message["request-id"].clone());
            }
        }
        vec![Out::Text(answer.to_string())]
    }

    fn act(&mut self, action: &str, message: &Value, state: &State, wall: Timestamp) -> Result<Value, &'static str> {
        let bearer = message["auth-token"].as_str().unwrap_or_default();
        let caller = token::bearer(state, bearer, wall).filter(|_| !self.refuses).ok_or("invalid-token")?;
        match action {
            "connect" | "account-subscribe" => {
                let wanted: Vec<&str> = match &message["value"] {
                    Value::String(one) => vec![one],
                    Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
                    _ => Vec::new(),
                };
                let own = |number: &&str| accounts::find(number).is_some_and(|account| account.owner == caller.user);
                if wanted.is_empty() || !wanted.iter().all(own) {
                    return Err("not-permitted");
                }
                self.accounts.extend(wanted.iter().map(|number| (*number).to_owned()));
                Ok(message["value"].clone())
            }
            "heartbeat" => Ok(Value::Null),
            "public-watchlists-subscribe" | "quote-alerts-subscribe" | "user-message-subscribe" => {
                if self.accounts.is_empty() {
                    return Err("connect-not-completed");
                }
                if action == "quote-alerts-subscribe" {
                    self.accounts.insert(quote_alerts::channel(caller.user));
                }
                Ok(message["value"].clone())
            }
            _ => Err("unknown-action"),
        }
    }

    /// Time has passed: is there news?
    pub(crate) fn tick(&mut self, state: &State, wall: Timestamp) -> Vec<Out> {
        self.looked = wall;
        if wall - self.heard >= PATIENCE {
            return vec![Out::Close(1001, "nothing has come for too long")];
        }
        let news = state.news.entries.iter().filter(|(number, ..)| *number >= self.seen);
        let own = news.filter(|(_, account, _)| self.accounts.contains(account));
        let out = own.map(|(.., text)| Out::Text(text.clone())).collect();
        self.seen = state.news.next.max(self.seen);
        out
    }

    /// When [`Session::tick`] is due.
    pub(crate) fn wakes_at(&self) -> Timestamp {
        self.looked + PERIOD
    }
}
