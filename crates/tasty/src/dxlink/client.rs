//! One session: the handshake, the subscriptions, and the collections that wait for their events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::TimeDelta;
use domain::{Error, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    candle::{Assembly, normalised},
    collection::{Collected, Ended, Missing, TooMuch, Wanted},
    event::{Decoded, Event, Kind, decode},
    row::Row,
    wire::{self, BATCH, Frame, Subscription, TIMEOUT_SECONDS},
};

/// Frames in a session that may be unreadable before the session is.
const MAX_UNREADABLE: u32 = 16;

/// A session with more subscriptions than this takes no further collections.
const MAX_FEEDS: usize = 40_000;

/// Why a session is over. `Display` is for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The server does not accept the token: another one may help.
    #[error("token not accepted")]
    Unauthorized,
    /// The server ended the session with an error.
    #[error("refused")]
    Refused,
    /// The server closed the channel.
    #[error("channel closed")]
    ChannelClosed,
    /// The server has been silent for longer than it said it would.
    #[error("silent")]
    Silent,
    /// Too many frames that cannot be read.
    #[error("unreadable")]
    Unreadable,
    /// The socket closed or could not be opened.
    #[error("disconnected")]
    Disconnected,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Silent => Self::new(
                Reason::UpstreamTimeout,
                "TastyTrade's market data did not come in time. Try again in a minute.",
            ),
            Fault::Unreadable => Self::new(
                Reason::UpstreamInvalidResponse,
                "TastyTrade sent market data that TTAI cannot read. Try again; if it stays, report it to the operator.",
            ),
            Fault::Unauthorized | Fault::Refused | Fault::ChannelClosed | Fault::Disconnected => Self::new(
                Reason::UpstreamUnavailable,
                "The connection to TastyTrade's market data broke. Try again in a minute.",
            ),
        }
    }
}

/// Names a collection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(u64);

/// How far the handshake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// SETUP is sent; the server has not said what it knows of this side.
    Introduced,
    /// AUTH is sent.
    Authenticating,
    /// A channel is asked for.
    Authorized,
    /// The channel is open, its configuration not confirmed.
    Configuring,
    /// Subscriptions may go out.
    Open,
    /// Over.
    Failed(Fault),
}

type Key = (Kind, String);

/// What is known of one subscription.
#[derive(Debug)]
struct Feed {
    /// How many collections want it.
    users: u32,
    /// Whether the server was told.
    is_sent: bool,
    latest: Latest,
}

#[derive(Debug)]
enum Latest {
    Nothing,
    Event(Event),
    Candles { from: Timestamp, assembly: Assembly },
}

impl Feed {
    fn is_complete(&self) -> bool {
        match &self.latest {
            Latest::Nothing => false,
            Latest::Event(_) => true,
            Latest::Candles { assembly, .. } => assembly.is_complete(),
        }
    }

    fn begins_at(&self) -> Option<i64> {
        match &self.latest {
            Latest::Candles { from, .. } => Some(from.timestamp_millis()),
            Latest::Nothing | Latest::Event(_) => None,
        }
    }
}

#[derive(Debug)]
struct Collection {
    /// Each subscription, of candles with the moment from which on they are wanted.
    wanted: BTreeMap<Key, Option<Timestamp>>,
    outstanding: BTreeSet<Key>,
    deadline: Timestamp,
    /// How long a quiet ends it.
    quiet: Option<TimeDelta>,
    /// When something of it came last that was not there before.
    progressed_at: Option<Timestamp>,
}

impl Collection {
    /// When it ends by itself: at its deadline, or before where nothing comes any more. And why.
    fn ends_at(&self) -> (Timestamp, Ended) {
        let quiet = self.progressed_at.zip(self.quiet).map(|(at, quiet)| later(at, quiet));
        match quiet.filter(|quiet| *quiet < self.deadline) {
            Some(quiet) => (quiet, Ended::Quiet),
            None => (self.deadline, Ended::Deadline),
        }
    }
}

/// A session, from the moment at which its socket is open.
pub struct Client {
    token: String,
    phase: Phase,
    outgoing: VecDeque<String>,
    feeds: BTreeMap<Key, Feed>,
    collections: BTreeMap<CollectionId, Collection>,
    finished: Vec<(CollectionId, Collected)>,
    next_id: u64,
    /// The order of the fields of each kind: as asked for, until the server says another.
    announced: BTreeMap<Kind, Vec<String>>,
    /// Subscriptions that the server does not need to send any more.
    dropped: Vec<Key>,
    heard_at: Timestamp,
    sent_at: Timestamp,
    /// After so long this side says that it is there.
    keepalive: TimeDelta,
    unreadable: u32,
}

impl std::fmt::Debug for Client {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?}, {} feeds, {} collections)", self.phase, self.feeds.len(), self.collections.len())
    }
}

impl Client {
    /// A session that begins now, with a token that a user was given for market data.
    pub fn new(token: impl Into<String>, now: Timestamp) -> Self {
        let fields = |kind: Kind| kind.fields().iter().map(|name| (*name).to_owned()).collect();
        Self {
            token: token.into(),
            phase: Phase::Introduced,
            outgoing: VecDeque::from([wire::setup()]),
            feeds: BTreeMap::new(),
            collections: BTreeMap::new(),
            finished: Vec::new(),
            next_id: 0,
            announced: Kind::ALL.into_iter().map(|kind| (kind, fields(kind))).collect(),
            dropped: Vec::new(),
            heard_at: now,
            sent_at: now,
            keepalive: TimeDelta::seconds(TIMEOUT_SECONDS / 2),
            unreadable: 0,
        }
    }

    /// Begins a collection. What is already known of its subscriptions is in it at once.
    pub fn collect(&mut self, wanted: &Wanted, deadline: Timestamp, now: Timestamp) -> Result<CollectionId, TooMuch> {
        wanted.check()?;
        if self.feeds.len() > MAX_FEEDS {
            return Err(TooMuch::Subscriptions);
        }
        let id = CollectionId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        let mut collection = Collection {
            wanted: BTreeMap::new(),
            outstanding: BTreeSet::new(),
            deadline,
            quiet: wanted.quiet(),
            progressed_at: None,
        };
        for key in wanted.keys() {
            collection.wanted.insert(key, None);
        }
        for series in wanted.series() {
            // The same series twice: from the earlier moment on.
            let from = collection.wanted.entry((Kind::Candle, series.name())).or_insert(Some(series.from));
            *from = (*from).min(Some(series.from));
        }
        for (key, from) in &collection.wanted {
            if !self.subscribe(key, *from) {
                collection.outstanding.insert(key.clone());
            }
        }
        let is_whole = collection.outstanding.is_empty();
        collection.progressed_at = (collection.outstanding.len() < collection.wanted.len()).then_some(now);
        self.collections.insert(id, collection);
        if let Phase::Failed(fault) = self.phase {
            self.finish(id, Ended::Broken(fault));
        } else if is_whole {
            self.finish(id, Ended::Complete);
        }
        self.flush(now);
        Ok(id)
    }

    /// Gives a collection up: nobody waits for it any more.
    pub fn cancel(&mut self, id: CollectionId, now: Timestamp) {
        if let Some(collection) = self.collections.remove(&id) {
            self.release(&collection);
        }
        self.flush(now);
    }

    /// Counts one more user of a subscription; whether all of it is there already.
    fn subscribe(&mut self, key: &Key, from: Option<Timestamp>) -> bool {
        let feed = self.feeds.entry(key.clone()).or_insert_with(|| Feed {
            users: 0,
            is_sent: false,
            latest: match from {
                Some(from) => Latest::Candles { from, assembly: Assembly::default() },
                None => Latest::Nothing,
            },
        });
        feed.users = feed.users.saturating_add(1);
        if let (Latest::Candles { from: known, assembly }, Some(from)) = (&mut feed.latest, from)
            && from < *known
        {
            // What is known begins too late: the server is asked for the longer series.
            *known = from;
            *assembly = Assembly::default();
            if std::mem::take(&mut feed.is_sent) {
                self.dropped.push(key.clone());
            }
        }
        feed.is_complete()
    }

    /// A text frame has come.
    pub fn receive(&mut self, text: &str, now: Timestamp) {
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        self.heard_at = now;
        match wire::read(text) {
            Some(frame) => self.take(frame, now),
            None => self.could_not_read(),
        }
        self.flush(now);
    }

    fn could_not_read(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
        if self.unreadable > MAX_UNREADABLE {
            self.fail(Fault::Unreadable);
        }
    }

    fn take(&mut self, frame: Frame<'_>, now: Timestamp) {
        match (frame, self.phase) {
            (Frame::Setup { keepalive }, _) => {
                let seconds = keepalive.unwrap_or(TIMEOUT_SECONDS).min(TIMEOUT_SECONDS);
                self.keepalive = TimeDelta::milliseconds(seconds.saturating_mul(500));
            }
            (Frame::AuthState { authorized: false }, Phase::Introduced) => {
                let auth = wire::auth(&self.token);
                self.send(auth, now);
                self.phase = Phase::Authenticating;
            }
            (Frame::AuthState { authorized: true }, Phase::Introduced | Phase::Authenticating) => {
                self.send(wire::channel_request(), now);
                self.phase = Phase::Authorized;
            }
            (Frame::AuthState { authorized: false }, _) => self.fail(Fault::Unauthorized),
            (Frame::ChannelOpened, Phase::Authorized) => {
                self.send(wire::feed_setup(), now);
                self.phase = Phase::Configuring;
            }
            (Frame::FeedConfig { fields }, Phase::Configuring | Phase::Open) => {
                self.announced.extend(fields);
                self.phase = Phase::Open;
            }
            (Frame::FeedData(data), Phase::Open) => self.take_data(&data, now),
            (Frame::ChannelClosed, _) => self.fail(Fault::ChannelClosed),
            (Frame::Error { unauthorized: true }, _) => self.fail(Fault::Unauthorized),
            (Frame::Error { unauthorized: false }, _) => self.fail(Fault::Refused),
            // What comes before its time, twice or for somebody else says nothing.
            (
                Frame::AuthState { .. }
                | Frame::ChannelOpened
                | Frame::FeedConfig { .. }
                | Frame::FeedData(_)
                | Frame::Other,
                _,
            ) => {}
        }
    }

    fn take_data(&mut self, data: &[&serde_json::value::RawValue], now: Timestamp) {
        let announced = std::mem::take(&mut self.announced);
        let is_readable = wire::rows(data, &announced, |kind, row| self.take_row(kind, row, now));
        self.announced = announced;
        if !is_readable {
            self.could_not_read();
        }
    }

    fn take_row(&mut self, kind: Kind, row: Row<'_>, now: Timestamp) {
        let Some(symbol) = row.symbol() else { return };
        let symbol = if kind == Kind::Candle { normalised(&symbol) } else { symbol };
        let key = (kind, symbol);
        let Some(feed) = self.feeds.get_mut(&key) else { return };
        let was_complete = feed.is_complete();
        match (decode(kind, row), &mut feed.latest) {
            (Some(Decoded::Candle(event)), Latest::Candles { assembly, .. }) => assembly.take(event),
            (Some(Decoded::Event(event)), Latest::Nothing | Latest::Event(_)) => feed.latest = Latest::Event(event),
            _ => return,
        }
        if was_complete {
            return;
        }
        let is_complete = feed.is_complete();
        let mut whole = Vec::new();
        for (id, collection) in &mut self.collections {
            let concerns = if is_complete {
                collection.outstanding.remove(&key)
            } else {
                // One more of many candles.
                collection.outstanding.contains(&key)
            };
            if concerns {
                collection.progressed_at = Some(now);
            }
            if concerns && collection.outstanding.is_empty() {
                whole.push(*id);
            }
        }
        for id in whole {
            self.finish(id, Ended::Complete);
        }
    }

    /// The time has come that [`Client::wakes_at`] named, or any other.
    pub fn tick(&mut self, now: Timestamp) {
        let late = |(id, collection): (&CollectionId, &Collection)| {
            let (at, ended) = collection.ends_at();
            (at <= now).then_some((*id, ended))
        };
        let late: Vec<_> = self.collections.iter().filter_map(late).collect();
        for (id, ended) in late {
            self.finish(id, ended);
        }
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        if now >= later(self.heard_at, TimeDelta::seconds(TIMEOUT_SECONDS)) {
            self.fail(Fault::Silent);
        } else if now >= later(self.sent_at, self.keepalive) {
            self.send(wire::keepalive(), now);
        }
        self.flush(now);
    }

    /// When [`Client::tick`] wants to be called, if nothing comes before.
    pub fn wakes_at(&self) -> Timestamp {
        let deadlines = self.collections.values().map(|collection| collection.ends_at().0);
        let silence = later(self.heard_at, TimeDelta::seconds(TIMEOUT_SECONDS));
        deadlines.fold(silence.min(later(self.sent_at, self.keepalive)), Timestamp::min)
    }

    /// The socket closed, or could not be opened.
    pub fn disconnected(&mut self) {
        self.fail(Fault::Disconnected);
    }

    /// Why the session is over, if it is.
    pub fn fault(&self) -> Option<Fault> {
        match self.phase {
            Phase::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// Whether no collection is under way.
    pub fn is_idle(&self) -> bool {
        self.collections.is_empty()
    }

    /// The next frame to send.
    pub fn next_frame(&mut self) -> Option<String> {
        self.outgoing.pop_front()
    }

    /// The collections that are over, each once.
    pub fn take_finished(&mut self) -> Vec<(CollectionId, Collected)> {
        std::mem::take(&mut self.finished)
    }

    fn send(&mut self, frame: String, now: Timestamp) {
        self.outgoing.push_back(frame);
        self.sent_at = now;
    }

    fn fail(&mut self, fault: Fault) {
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        self.phase = Phase::Failed(fault);
        let all: Vec<_> = self.collections.keys().copied().collect();
        for id in all {
            self.finish(id, Ended::Broken(fault));
        }
        self.outgoing.clear();
    }

    /// Sends the subscriptions that the server does not know of, and takes back those that nobody wants.
    fn flush(&mut self, now: Timestamp) {
        if self.phase != Phase::Open {
            return;
        }
        let dropped = std::mem::take(&mut self.dropped);
        let unsubscribed: Vec<_> =
            dropped.into_iter().map(|(kind, symbol)| Subscription { kind, symbol, from: None }).collect();
        let mut added = Vec::new();
        for ((kind, symbol), feed) in &mut self.feeds {
            if !std::mem::replace(&mut feed.is_sent, true) {
                added.push(Subscription { kind: *kind, symbol: symbol.clone(), from: feed.begins_at() });
            }
        }
        for (verb, subscriptions) in [("remove", unsubscribed), ("add", added)] {
            for batch in subscriptions.chunks(BATCH) {
                let frame = wire::subscribe(verb, batch);
                self.send(frame, now);
            }
        }
    }

    fn finish(&mut self, id: CollectionId, ended: Ended) {
        let Some(collection) = self.collections.remove(&id) else { return };
        let mut collected = Collected::nothing(ended);
        for (key, from) in &collection.wanted {
            let Some(feed) = self.feeds.get(key) else { continue };
            add(&mut collected, key, feed, *from);
            if collection.outstanding.contains(key) {
                collected.missing.push(Missing { kind: key.0, symbol: key.1.clone() });
            }
        }
        self.release(&collection);
        self.finished.push((id, collected));
    }

    /// Forgets the subscriptions of a collection that nobody else wants.
    fn release(&mut self, collection: &Collection) {
        for key in collection.wanted.keys() {
            let Some(feed) = self.feeds.get_mut(key) else { continue };
            feed.users = feed.users.saturating_sub(1);
            if feed.users > 0 {
                continue;
            }
            if let Some(feed) = self.feeds.remove(key)
                && feed.is_sent
            {
                self.dropped.push(key.clone());
            }
        }
    }
}

fn later(moment: Timestamp, by: TimeDelta) -> Timestamp {
    moment.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC)
}

fn add(collected: &mut Collected, key: &Key, feed: &Feed, from: Option<Timestamp>) {
    let symbol = key.1.clone();
    match &feed.latest {
        Latest::Nothing => {}
        Latest::Candles { assembly, from: known } => {
            drop(collected.candles.insert(symbol, assembly.candles(from.unwrap_or(*known))));
        }
        Latest::Event(event) => match event.clone() {
            Event::Quote(quote) => drop(collected.quotes.insert(symbol, quote)),
            Event::Trade(trade) => drop(collected.trades.insert(symbol, trade)),
            Event::Summary(summary) => drop(collected.summaries.insert(symbol, summary)),
            Event::Greeks(greeks) => drop(collected.greeks.insert(symbol, greeks)),
            Event::Profile(profile) => drop(collected.profiles.insert(symbol, profile)),
            Event::TheoPrice(price) => drop(collected.theo_prices.insert(symbol, price)),
            Event::Underlying(underlying) => drop(collected.underlyings.insert(symbol, underlying)),
        },
    }
}
