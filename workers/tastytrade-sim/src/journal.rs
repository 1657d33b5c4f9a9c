//! What was called: the last requests and counts by path pattern. In memory only.
//!
//! A client that gives up while its call hangs is noted, where the runtime hears of it: when the connection to the runtime's
//! own socket is reset. wrangler's proxy waits for the answer in its client's place, and a connection that is only closed
//! counts as half open; such a request is in flight until it is answered.

use std::collections::{BTreeMap, VecDeque};

use domain::Timestamp;
use serde_json::{Value, json};

use crate::wire::moment;

/// How many requests are remembered.
const KEPT: usize = 200;

#[derive(Debug)]
struct Entry {
    id: u64,
    method: String,
    path: String,
    started: Timestamp,
    answered: Option<(u16, Timestamp)>,
    abandoned: Option<Timestamp>,
}

/// The requests.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    counts: BTreeMap<String, u64>,
    next: u64,
}

impl Journal {
    /// One without entries that goes on counting, so that a request from before cannot be taken for a later one.
    pub(crate) fn emptied(&self) -> Self {
        Self { next: self.next, ..Self::default() }
    }

    /// A request has come; the number is for [`Journal::finished`].
    pub(crate) fn started(&mut self, method: &str, path: &str, pattern: &str, wall: Timestamp) -> u64 {
        self.next += 1;
        *self.counts.entry(pattern.to_owned()).or_default() += 1;
        self.entries.push_back(Entry {
            id: self.next,
            method: method.to_owned(),
            path: path.to_owned(),
            started: wall,
            answered: None,
            abandoned: None,
        });
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
        self.next
    }

    /// The request was answered.
    pub(crate) fn finished(&mut self, id: u64, status: u16, wall: Timestamp) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id) {
            entry.answered = Some((status, wall));
        }
    }

    /// Whoever made the request went away before it was answered.
    pub(crate) fn abandoned(&mut self, id: u64, wall: Timestamp) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id) {
            entry.abandoned = Some(wall);
        }
    }

    /// How many requests wait for their answer.
    pub(crate) fn in_flight(&self) -> usize {
        self.entries.iter().filter(|entry| entry.answered.is_none() && entry.abandoned.is_none()).count()
    }

    /// How many requests came, by path pattern.
    pub(crate) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// The requests, oldest first.
    pub(crate) fn list(&self) -> Vec<Value> {
        let line = |entry: &Entry| {
            let status = entry.answered.map(|(status, _)| status);
            let took = entry.answered.map(|(_, at)| (at - entry.started).num_milliseconds());
            json!({
                "id": entry.id, "method": entry.method, "path": entry.path, "status": status,
                "started": moment(entry.started), "took_ms": took, "abandoned": entry.abandoned.map(moment),
            })
        };
        self.entries.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_flight_until_it_is_answered() {
        let start: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let mut journal = Journal::default();
        let first = journal.started("GET", "/a", "/a", start);
        journal.started("GET", "/a", "/a", start);
        journal.finished(first, 200, start + chrono::TimeDelta::milliseconds(5));
        assert_eq!(journal.in_flight(), 1);
        let list = journal.list();
        assert_eq!((&list[0]["status"], &list[0]["took_ms"]), (&json!(200), &json!(5)));
        assert_eq!(list[1]["status"], Value::Null);
        journal.abandoned(first + 1, start + chrono::TimeDelta::seconds(2));
        assert_eq!((journal.in_flight(), &journal.list()[1]["status"]), (0, &Value::Null));
        assert!(journal.list()[1]["abandoned"].is_string() && list[1]["abandoned"].is_null());
        for _ in 0..500 {
            journal.started("GET", "/b", "/b", start);
        }
        assert_eq!((journal.list().len(), journal.counts()["/b"]), (KEPT, 500));
    }
}
