//! What comes over the sockets: DXLink and the account streamer, whatever the server says and when.
//!
//! Input: one step a line. `+N` lets N seconds pass, `?` begins a collection of quotes, greeks and candles, `-` gives the last
//! one up, `x` breaks the socket; anything else is a frame. Held: every collection that is not given up ends exactly once,
//! with what is missing by name or complete; what is sent is JSON, never a token twice and never one before the server asked;
//! what was collected is stored and read back as it is.

#![no_main]

use std::time::Duration;

use chrono::TimeDelta;
use domain::{AccountNumber, Timestamp};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tasty::{
    account_streamer,
    dxlink::{CandleSeries, Client, Collected, CollectionId, Ended, Kind, Period, Unit, Wanted},
};
use ttai_fuzz::now;

fn wanted(from: Timestamp) -> Wanted {
    let series = CandleSeries {
        symbol: "AAPL".to_owned(),
        period: Period::of(1, Unit::Day),
        regular_hours: true,
        from: from - TimeDelta::days(30),
    };
    Wanted::events(&[Kind::Quote, Kind::Greeks, Kind::Summary], ["SPY", ".SPY261218C600"]).and_candles([series])
}

struct Session {
    client: Client,
    now: Timestamp,
    open: Vec<CollectionId>,
    tokens: usize,
}

impl Session {
    fn check(&mut self) {
        while let Some(frame) = self.client.next_frame() {
            let frame: Value = serde_json::from_str(&frame).expect("what is sent is JSON");
            self.tokens += usize::from(frame["type"] == "AUTH");
        }
        assert!(self.tokens <= 1, "the token is said once");
        for (id, collected) in self.client.take_finished() {
            let before = self.open.len();
            self.open.retain(|open| *open != id);
            assert_eq!(self.open.len() + 1, before, "each collection ends once");
            assert_eq!(collected.missing.is_empty(), collected.ended == Ended::Complete);
            for candles in collected.candles.values() {
                assert!(candles.candles.is_sorted_by(|one, other| one.index < other.index));
            }
            let stored = serde_json::to_string(&collected).expect("it can be written");
            assert_eq!(serde_json::from_str::<Collected>(&stored).expect("it can be read back"), collected);
        }
        assert!(self.client.fault().is_none() || self.open.is_empty());
    }

    fn step(&mut self, line: &str) {
        let seconds = line.strip_prefix('+').and_then(|number| number.parse::<u8>().ok());
        match (line, seconds) {
            (_, Some(seconds)) => {
                self.now += TimeDelta::seconds(seconds.into());
                self.client.tick(self.now);
                assert!(self.client.fault().is_some() || self.client.wakes_at() > self.now);
            }
            ("?", _) if self.open.len() < 8 => {
                let deadline = self.now + TimeDelta::seconds(5);
                let wanted = wanted(self.now);
                let wanted = if self.open.len() % 2 == 0 { wanted } else { wanted.until_quiet(Duration::from_secs(2)) };
                let id = self.client.collect(&wanted, deadline, self.now).expect("it is little");
                self.open.push(id);
            }
            ("-", _) => {
                if let Some(id) = self.open.pop() {
                    self.client.cancel(id, self.now);
                }
            }
            ("x", _) => self.client.disconnected(),
            (frame, _) => self.client.receive(frame, self.now),
        }
        self.check();
    }
}

fuzz_target!(|text: &str| {
    let mut session = Session { client: Client::new("token", now()), now: now(), open: Vec::new(), tokens: 0 };
    let account = AccountNumber::new("5WT00001").expect("a number");
    let mut follower = account_streamer::Client::new("token", &[account], now());
    for line in text.lines().take(200) {
        session.step(line);
        for heard in follower.receive(line, session.now) {
            assert!(!format!("{heard:?}").contains("5WT00001"), "account numbers do not show");
        }
    }
    session.step("+5");
    session.step("+200");
    assert!(session.open.is_empty(), "every collection ends at its deadline");
});
