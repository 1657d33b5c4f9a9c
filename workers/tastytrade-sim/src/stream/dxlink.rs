//! A DXLink session as the server has it: strict about the order of the handshake, one or many channels, data in either
//! form, a snapshot first and what changes afterwards.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;
use domain::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Out,
    events::{self, Row},
};
use crate::{oauth::quote_token, rest::DELAY, state::State, users};

/// What it says of itself.
const VERSION: &str = "1.0-1.2.3-20260601";
/// A longer text closes the socket.
const LONGEST: usize = 64 * 1024;
/// Either side may be silent for so long.
const TIMEOUT: TimeDelta = TimeDelta::seconds(60);
/// How long the server takes to find out that it does not know who this is. Who says its token before is thrown out.
const THINKING: TimeDelta = TimeDelta::milliseconds(40);
/// The shortest time between two updates.
const FASTEST: TimeDelta = TimeDelta::milliseconds(250);
/// Events in one frame.
const IN_FRAME: usize = 100;
/// First values that are computed before others get their turn.
const AT_ONCE: usize = 300;
/// What leaves the server at most for one connection.
const MOST_SUBSCRIPTIONS: usize = 100_000;

/// How far the handshake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has come.
    New,
    /// SETUP has come; the server says at that moment what it knows.
    Thinking(Timestamp),
    /// The server has asked who this is.
    Asked,
    /// The token was good. Whether the data are late.
    Authorized { delayed: bool },
    /// Over.
    Closed,
}

#[derive(Debug, Default)]
struct Channel {
    is_compact: bool,
    period: Option<TimeDelta>,
    /// The fields that the client wants, by kind.
    wanted: BTreeMap<String, Vec<String>>,
    /// The kinds whose fields were announced.
    announced: BTreeSet<String>,
    subscriptions: BTreeMap<(String, String), Subscription>,
    /// Subscriptions whose first value is due.
    fresh: VecDeque<(String, String)>,
    /// Where the next update goes on.
    cursor: Option<(String, String)>,
    updated: Option<Timestamp>,
}

#[derive(Debug)]
struct Subscription {
    from: Option<i64>,
    /// What was sent last.
    last: Option<Row>,
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    refuses: bool,
    phase: Phase,
    channels: BTreeMap<u64, Channel>,
    heard: Timestamp,
    sent: Timestamp,
    /// After so long without a text of its own the server shows that it is there.
    keepalive: TimeDelta,
}

fn error(word: &str, message: &str) -> Vec<Out> {
    let text = json!({ "type": "ERROR", "channel": 0, "error": word, "message": message }).to_string();
    vec![Out::Text(text), Out::Close(1000, "ended")]
}

fn text(value: &Value) -> Out {
    Out::Text(value.to_string())
}

impl Session {
    /// A socket that has just been opened; one that `refuses` accepts no token.
    pub(crate) fn new(refuses: bool, wall: Timestamp) -> Self {
        Self { refuses, phase: Phase::New, channels: BTreeMap::new(), heard: wall, sent: wall, keepalive: TIMEOUT / 2 }
    }

    /// A text has come.
    pub(crate) fn receive(&mut self, message: &str, state: &State, wall: Timestamp) -> Vec<Out> {
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        if message.len() > LONGEST {
            self.phase = Phase::Closed;
            return vec![Out::Close(1009, "the message is too long")];
        }
        self.heard = wall;
        let out = match serde_json::from_str::<Value>(message) {
            Ok(message) if message["type"].is_string() && message["channel"].is_u64() => {
                self.take(&message, state, wall)
            }
            _ => error("INVALID_MESSAGE", "the message cannot be read"),
        };
        self.sending(out, wall)
    }

    /// Time has passed: what the server thought about, what has changed, signs of life.
    pub(crate) fn tick(&mut self, state: &State, wall: Timestamp) -> Vec<Out> {
        let out = match self.phase {
            Phase::Closed => Vec::new(),
            _ if wall - self.heard >= TIMEOUT => error("TIMEOUT", "nothing has come for too long"),
            Phase::Thinking(until) if wall >= until => {
                self.phase = Phase::Asked;
                vec![text(&json!({ "type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED" }))]
            }
            Phase::Authorized { delayed } => self.updates(state, delayed, wall),
            Phase::New | Phase::Thinking(_) | Phase::Asked => Vec::new(),
        };
        let quiet = out.is_empty() && self.phase != Phase::Closed && wall - self.sent >= self.keepalive;
        let out = if quiet { vec![text(&json!({ "type": "KEEPALIVE", "channel": 0 }))] } else { out };
        self.sending(out, wall)
    }

    /// When [`Session::tick`] is due.
    pub(crate) fn wakes_at(&self) -> Timestamp {
        let usual = (self.heard + TIMEOUT).min(self.sent + self.keepalive);
        let of_channel = |channel: &Channel| {
            if !channel.fresh.is_empty() {
                return Some(self.heard);
            }
            let subscribed = !channel.subscriptions.is_empty();
            subscribed.then(|| channel.updated.map_or(self.heard, |at| at + channel.period.unwrap_or(FASTEST)))
        };
        match self.phase {
            Phase::Thinking(until) => until,
            Phase::Authorized { .. } => self.channels.values().filter_map(of_channel).fold(usual, Timestamp::min),
            Phase::New | Phase::Asked | Phase::Closed => usual,
        }
    }

    fn sending(&mut self, out: Vec<Out>, wall: Timestamp) -> Vec<Out> {
        if !out.is_empty() {
            self.sent = wall;
        }
        if out.iter().any(|one| matches!(one, Out::Close(..))) {
            self.phase = Phase::Closed;
        }
        out
    }

    fn take(&mut self, message: &Value, state: &State, wall: Timestamp) -> Vec<Out> {
        let kind = message["type"].as_str().unwrap_or_default();
        match (kind, self.phase) {
            ("KEEPALIVE", _) => Vec::new(),
            ("SETUP", Phase::New) => self.set_up(message, wall),
            ("AUTH", Phase::Asked) => self.authorize(message, wall),
            ("AUTH", Phase::Thinking(_)) if state.lenient_handshake => self.authorize(message, wall),
            ("CHANNEL_REQUEST", Phase::Authorized { .. }) => self.open(message),
            ("CHANNEL_CANCEL", Phase::Authorized { .. }) => self.cancel(message),
            ("FEED_SETUP", Phase::Authorized { .. }) => self.feed_setup(message),
            ("FEED_SUBSCRIPTION", Phase::Authorized { delayed }) => self.subscribe(message, state, delayed, wall),
            ("SETUP" | "AUTH" | "CHANNEL_REQUEST" | "CHANNEL_CANCEL" | "FEED_SETUP" | "FEED_SUBSCRIPTION", _) => {
                let message = "com.dxfeed.mdd.dxlink.auth.AuthException: Session not found: api";
                error("UNAUTHORIZED", message)
            }
            _ => error("UNSUPPORTED_PROTOCOL", "the message is of no known type"),
        }
    }

    fn set_up(&mut self, message: &Value, wall: Timestamp) -> Vec<Out> {
        let theirs = message["acceptKeepaliveTimeout"].as_i64().unwrap_or(60).clamp(2, 60);
        self.keepalive = TimeDelta::seconds(theirs) / 2;
        self.phase = Phase::Thinking(wall + THINKING);
        let seconds = TIMEOUT.num_seconds();
        vec![text(&json!({
            "type": "SETUP", "channel": 0, "version": VERSION,
            "keepaliveTimeout": seconds, "acceptKeepaliveTimeout": seconds,
        }))]
    }

    fn authorize(&mut self, message: &Value, wall: Timestamp) -> Vec<Out> {
        let token = message["token"].as_str().unwrap_or_default();
        let user = quote_token::user(token, wall).filter(|_| !self.refuses).and_then(|name| users::by_name(&name));
        let Some(user) = user else {
            let mut out = vec![text(&json!({ "type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED" }))];
            out.extend(error("UNAUTHORIZED", "the token is not accepted"));
            return out;
        };
        self.phase = Phase::Authorized { delayed: user.delayed };
        let id = user.external_id.unwrap_or(user.customer_id);
        vec![text(&json!({ "type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED", "userId": id }))]
    }

    fn open(&mut self, message: &Value) -> Vec<Out> {
        let number = message["channel"].as_u64().unwrap_or(0);
        if number.is_multiple_of(2) || self.channels.contains_key(&number) {
            return error("BAD_ACTION", "the channel cannot be opened");
        }
        if message["service"] != "FEED" {
            return error("BAD_ACTION", "there is no such service");
        }
        self.channels.insert(number, Channel::default());
        let contract = message["parameters"]["contract"].as_str().unwrap_or("AUTO");
        vec![text(&json!({
            "type": "CHANNEL_OPENED", "channel": number, "service": "FEED",
            "parameters": { "contract": contract, "subFormat": "LIST" },
        }))]
    }

    fn cancel(&mut self, message: &Value) -> Vec<Out> {
        let number = message["channel"].as_u64().unwrap_or(0);
        if self.channels.remove(&number).is_none() {
            return error("BAD_ACTION", "the channel is not open");
        }
        vec![text(&json!({ "type": "CHANNEL_CLOSED", "channel": number }))]
    }

    fn feed_setup(&mut self, message: &Value) -> Vec<Out> {
        let number = message["channel"].as_u64().unwrap_or(0);
        let Some(channel) = self.channels.get_mut(&number) else {
            return error("BAD_ACTION", "the channel is not open");
        };
        channel.is_compact = message["acceptDataFormat"] == "COMPACT";
        let period = message["acceptAggregationPeriod"].as_f64().filter(|seconds| (0.0..=60.0).contains(seconds));
        channel.period = Some(period.map_or(FASTEST, seconds).max(FASTEST));
        let fields = message["acceptEventFields"].as_object().cloned().unwrap_or_default();
        channel.wanted = fields.into_iter().filter_map(|(kind, fields)| Some((kind, names(&fields)?))).collect();
        channel.announced.clear();
        vec![text(&channel.config(number, None))]
    }

    fn subscribe(&mut self, message: &Value, state: &State, delayed: bool, wall: Timestamp) -> Vec<Out> {
        let number = message["channel"].as_u64().unwrap_or(0);
        let Some(channel) = self.channels.get_mut(&number) else {
            return error("BAD_ACTION", "the channel is not open");
        };
        if message["reset"] == true {
            channel.subscriptions.clear();
            channel.fresh.clear();
        }
        for one in list(&message["remove"]) {
            if let Some((key, _)) = named(one) {
                channel.subscriptions.remove(&key);
            }
        }
        let mut kinds = BTreeSet::new();
        for one in list(&message["add"]) {
            let Some((key, from)) = named(one) else { return error("INVALID_MESSAGE", "a subscription is none") };
            if events::fields(&key.0).is_none() {
                continue;
            }
            if channel.subscriptions.len() >= MOST_SUBSCRIPTIONS {
                return error("BAD_ACTION", "too many subscriptions");
            }
            kinds.insert(key.0.clone());
            let known = channel.subscriptions.get(&key).is_some_and(|known| known.from == from);
            if !known {
                channel.subscriptions.insert(key.clone(), Subscription { from, last: None });
                channel.fresh.push_back(key);
            }
        }
        let mut out = Vec::new();
        kinds.retain(|kind| channel.announced.insert(kind.clone()));
        if channel.is_compact && !kinds.is_empty() {
            out.push(text(&channel.config(number, Some(&kinds))));
        }
        channel.updated = channel.updated.or(Some(wall));
        let seen = seen(state, delayed, wall);
        out.extend(channel.first_values(number, state, seen));
        out
    }

    fn updates(&mut self, state: &State, delayed: bool, wall: Timestamp) -> Vec<Out> {
        let seen = seen(state, delayed, wall);
        let mut out = Vec::new();
        for (number, channel) in &mut self.channels {
            out.extend(channel.first_values(*number, state, seen));
            let period = channel.period.unwrap_or(FASTEST);
            if channel.fresh.is_empty() && channel.updated.is_some_and(|at| wall - at >= period) {
                channel.updated = Some(wall);
                out.extend(channel.changes(*number, state, seen));
            }
        }
        out
    }
}

/// The market's time as the user sees it.
fn seen(state: &State, delayed: bool, wall: Timestamp) -> Timestamp {
    let now = state.clock.now(wall);
    if delayed { now - DELAY } else { now }
}

#[expect(clippy::cast_possible_truncation, reason = "at most a minute")]
fn seconds(seconds: f64) -> TimeDelta {
    TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

fn names(fields: &Value) -> Option<Vec<String>> {
    let names: Vec<String> = fields.as_array()?.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    (!names.is_empty()).then_some(names)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Kind and symbol of a subscription, and from when on.
fn named(one: &Value) -> Option<((String, String), Option<i64>)> {
    let key = (one["type"].as_str()?.to_owned(), one["symbol"].as_str()?.to_owned());
    let from = one["fromTime"].as_i64();
    Some((key, from))
}

impl Channel {
    fn config(&self, number: u64, kinds: Option<&BTreeSet<String>>) -> Value {
        let mut config = json!({
            "type": "FEED_CONFIG", "channel": number,
            "aggregationPeriod": self.period.unwrap_or(FASTEST).num_milliseconds() as f64 / 1000.0,
            "dataFormat": if self.is_compact { "COMPACT" } else { "FULL" },
        });
        if let (Some(kinds), Some(fields)) = (kinds, config.as_object_mut()) {
            let by_kind: Map<String, Value> =
                kinds.iter().map(|kind| (kind.clone(), json!(self.fields_of(kind)))).collect();
            fields.insert("eventFields".to_owned(), Value::Object(by_kind));
        }
        config
    }

    /// The fields that are sent of a kind: exactly those that were asked for, else all of them.
    fn fields_of(&self, kind: &str) -> Vec<String> {
        let all = || events::fields(kind).unwrap_or_default().iter().map(|name| (*name).to_owned()).collect();
        self.wanted.get(kind).cloned().unwrap_or_else(all)
    }

    /// The first values of subscriptions that wait for them, a bounded number at a time.
    fn first_values(&mut self, number: u64, state: &State, seen: Timestamp) -> Vec<Out> {
        let market = state.market();
        let mut rows: Vec<(String, Row)> = Vec::new();
        for _ in 0..AT_ONCE {
            let Some(key) = self.fresh.pop_front() else { break };
            let Some(subscription) = self.subscriptions.get_mut(&key) else { continue };
            if key.0 == "Candle" {
                let snapshot = events::candles(&market, &key.1, subscription.from, seen);
                subscription.last = snapshot.first().cloned();
                rows.extend(snapshot.into_iter().map(|row| (key.0.clone(), row)));
            } else if let Some(row) = events::latest(&market, &key.0, &key.1, seen) {
                subscription.last = Some(row.clone());
                rows.push((key.0, row));
            }
        }
        self.frames(number, rows)
    }

    /// What has changed since it was sent last, a bounded number of subscriptions at a time.
    fn changes(&mut self, number: u64, state: &State, seen: Timestamp) -> Vec<Out> {
        let market = state.market();
        let after = self.cursor.take();
        let mut rows = Vec::new();
        let mut looked_at = 0;
        for (key, subscription) in &mut self.subscriptions {
            if after.as_ref().is_some_and(|after| key <= after) {
                continue;
            }
            if looked_at >= AT_ONCE {
                break;
            }
            looked_at += 1;
            self.cursor = Some(key.clone());
            let row = if key.0 == "Candle" {
                events::current_candle(&market, &key.1, seen)
            } else {
                events::latest(&market, &key.0, &key.1, seen)
            };
            if let Some(row) = row
                && subscription.last.as_ref().is_none_or(|last| last.differs(&row))
            {
                subscription.last = Some(row.clone());
                rows.push((key.0.clone(), row));
            }
        }
        if looked_at < AT_ONCE {
            self.cursor = None;
        }
        self.frames(number, rows)
    }

    /// Frames of at most so many events, each of one kind, since there are clients that read only the first.
    fn frames(&self, number: u64, rows: Vec<(String, Row)>) -> Vec<Out> {
        let mut by_kind: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for (kind, row) in rows {
            by_kind.entry(kind).or_default().push(row);
        }
        let mut out = Vec::new();
        for (kind, rows) in by_kind {
            let fields = self.fields_of(&kind);
            for rows in rows.chunks(IN_FRAME) {
                let data = if self.is_compact {
                    let values: Vec<Value> =
                        rows.iter().flat_map(|row| fields.iter().map(|name| row.value(name))).collect();
                    json!([kind, values])
                } else {
                    json!(rows.iter().map(|row| row.object(&kind, &fields)).collect::<Vec<_>>())
                };
                out.push(text(&json!({ "type": "FEED_DATA", "channel": number, "data": data })));
            }
        }
        out
    }
}
