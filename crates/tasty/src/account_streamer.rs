//! The account streamer, without the network: TastyTrade tells of orders, balances and positions as they change.
//!
//! It is a protocol of its own in JSON texts. Every message of this side carries the access token and a number; the server
//! acknowledges by that number. What it tells are whole objects in REST's shape, never differences, and nothing is told
//! again after a reconnect: whoever connects reads the state over REST afterwards.
//!
//! Reading is tolerant: a kind of notification that is not known, or that lacks what it needs, is [`Heard::Other`].

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, TimeDelta};
use domain::{AccountNumber, Decimal, Timestamp, portfolio::Direction};
use serde_json::{json, value::RawValue};

use crate::{
    fields::{Fields, Raw},
    request::USER_AGENT,
};

/// The longest text that is read, in bytes.
pub const MAX_FRAME: usize = 1024 * 1024;
/// Requests whose answer is still awaited; older ones are forgotten.
const MAX_AWAITED: usize = 64;
/// Seconds between two signs of life; the server takes two to sixty.
const HEARTBEAT_SECONDS: i64 = 20;

/// The first pause before another connection, and the longest, in milliseconds.
const FIRST_PAUSE_MS: u64 = 1_000;
const LONGEST_PAUSE_MS: u64 = 60_000;

/// How long to wait before connecting again, after so many connections in a row that failed or broke soon: twice as long
/// each time, up to a minute, and up to half of it less by chance, so that those who were cut off together do not come back
/// together. `random` holds 64 random bits.
pub fn pause(failures: u32, random: u64) -> Duration {
    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let most = doubled.min(LONGEST_PAUSE_MS);
    Duration::from_millis(most - random % (most / 2 + 1))
}

/// What can be subscribed to beside accounts, once an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The user's quote alerts.
    QuoteAlerts,
    /// TastyTrade's own watchlists.
    PublicWatchlists,
    /// Messages to the user.
    UserMessages,
}

impl Topic {
    const fn action(self) -> &'static str {
        match self {
            Self::QuoteAlerts => "quote-alerts-subscribe",
            Self::PublicWatchlists => "public-watchlists-subscribe",
            Self::UserMessages => "user-message-subscribe",
        }
    }
}

/// An order that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNews {
    /// The account.
    pub account_number: AccountNumber,
    /// The order's number.
    pub id: String,
    /// Its status as TastyTrade words it, for example `Filled`.
    pub status: String,
    /// The symbol of the underlying.
    pub underlying_symbol: Option<String>,
    /// Its limit in US dollars; negative for a debit.
    pub price: Option<Decimal>,
    /// Why it was rejected.
    pub reject_reason: Option<String>,
}

/// A balance that has changed, in US dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceNews {
    /// The account.
    pub account_number: AccountNumber,
    /// Cash.
    pub cash_balance: Option<Decimal>,
    /// What the account is worth.
    pub net_liquidating_value: Option<Decimal>,
    /// What may be spent on options.
    pub derivative_buying_power: Option<Decimal>,
}

/// A position that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionNews {
    /// The account.
    pub account_number: AccountNumber,
    /// The instrument.
    pub symbol: String,
    /// How much is held now, always positive.
    pub quantity: Decimal,
    /// In which direction.
    pub direction: Direction,
}

/// Something that the server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A request was accepted.
    Accepted {
        /// What was asked for, for example `connect`.
        action: String,
    },
    /// A request was refused.
    Refused {
        /// What was asked for.
        action: String,
        /// The server's word for why, for the log.
        message: String,
    },
    /// An order changed.
    Order(OrderNews),
    /// A balance changed.
    Balance(BalanceNews),
    /// A position changed.
    Position(PositionNews),
    /// Something else, by its kind.
    Other(String),
}

/// One connection, from the moment at which its socket is open.
pub struct Client {
    token: String,
    outgoing: VecDeque<String>,
    awaited: BTreeMap<u64, String>,
    next_id: u64,
    is_connected: bool,
    sent_at: Timestamp,
    heard_at: Timestamp,
}

impl std::fmt::Debug for Client {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client(connected: {}, {} awaited)", self.is_connected, self.awaited.len())
    }
}

impl Client {
    /// A connection that follows these accounts, with an access token.
    pub fn new(access_token: &str, accounts: &[AccountNumber], now: Timestamp) -> Self {
        let mut client = Self {
            token: format!("Bearer {access_token}"),
            outgoing: VecDeque::new(),
            awaited: BTreeMap::new(),
            next_id: 1,
            is_connected: false,
            sent_at: now,
            heard_at: now,
        };
        let numbers: Vec<_> = accounts.iter().map(AccountNumber::as_str).collect();
        client.ask("connect", Some(json!(numbers)), now);
        client
    }

    /// Uses a new access token from now on.
    pub fn set_token(&mut self, access_token: &str) {
        self.token = format!("Bearer {access_token}");
    }

    /// Subscribes to something else; the server refuses it before an account is connected.
    pub fn subscribe(&mut self, topic: Topic, now: Timestamp) {
        self.ask(topic.action(), None, now);
    }

    fn ask(&mut self, action: &str, value: Option<serde_json::Value>, now: Timestamp) {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        let mut message = json!({ "action": action, "auth-token": self.token, "request-id": id, "source": USER_AGENT });
        if let (Some(value), Some(fields)) = (value, message.as_object_mut()) {
            fields.insert("value".to_owned(), value);
        }
        self.outgoing.push_back(message.to_string());
        self.awaited.insert(id, action.to_owned());
        while self.awaited.len() > MAX_AWAITED {
            self.awaited.pop_first();
        }
        self.sent_at = now;
    }

    /// The next message to send.
    pub fn next_frame(&mut self) -> Option<String> {
        self.outgoing.pop_front()
    }

    /// A text has come; what it says. One text may say several things, and one that cannot be read says nothing.
    pub fn receive(&mut self, text: &str, now: Timestamp) -> Vec<Heard> {
        self.heard_at = now;
        if text.len() > MAX_FRAME {
            return Vec::new();
        }
        let Ok(raw) = serde_json::from_str::<Raw<'_>>(text) else { return Vec::new() };
        match raw.get("results").map(|results| serde_json::from_str::<Vec<Raw<'_>>>(results.get())) {
            Some(Ok(results)) => results.into_iter().filter_map(|raw| self.one(raw)).collect(),
            _ => self.one(raw).into_iter().collect(),
        }
    }

    fn one(&mut self, raw: Raw<'_>) -> Option<Heard> {
        let data = raw.get("data").copied();
        let mut message = Fields::new("message".to_owned(), raw);
        if let Some(kind) = message.text("type") {
            return Some(data.and_then(|data| notification(&kind, data)).unwrap_or(Heard::Other(kind)));
        }
        let awaited = message.text("request-id").and_then(|id| self.awaited.remove(&id.parse::<u64>().ok()?));
        let action = message.text("action").or(awaited)?;
        if message.text("status").is_some_and(|status| status == "ok") {
            self.is_connected |= action == "connect";
            return (action != "heartbeat").then_some(Heard::Accepted { action });
        }
        let message = message.text("message").unwrap_or_default().chars().take(200).collect();
        Some(Heard::Refused { action, message })
    }

    /// The time has come that [`Client::wakes_at`] named, or any other.
    pub fn tick(&mut self, now: Timestamp) {
        if now >= after(self.sent_at, HEARTBEAT_SECONDS) {
            self.ask("heartbeat", None, now);
        }
    }

    /// When [`Client::tick`] wants to be called.
    pub fn wakes_at(&self) -> Timestamp {
        after(self.sent_at, HEARTBEAT_SECONDS)
    }

    /// Whether the accounts are followed.
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether the server has answered no sign of life for so long that the connection counts as broken.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        now >= after(self.heard_at, HEARTBEAT_SECONDS.saturating_mul(3))
    }
}

fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment.checked_add_signed(TimeDelta::seconds(seconds)).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC)
}

fn notification(kind: &str, data: &RawValue) -> Option<Heard> {
    let raw: Raw<'_> = serde_json::from_str(data.get()).ok()?;
    let mut data = Fields::new("data".to_owned(), raw);
    let account_number = data.account_number("account-number")?;
    Some(match kind {
        "Order" => Heard::Order(OrderNews {
            account_number,
            id: data.text("id")?,
            status: data.text("status")?,
            underlying_symbol: data.text("underlying-symbol"),
            price: data.signed("price"),
            reject_reason: data.text("reject-reason"),
        }),
        "AccountBalance" => Heard::Balance(BalanceNews {
            account_number,
            cash_balance: data.signed("cash-balance"),
            net_liquidating_value: data.signed("net-liquidating-value"),
            derivative_buying_power: data.signed("derivative-buying-power"),
        }),
        "CurrentPosition" => Heard::Position(PositionNews {
            account_number,
            symbol: data.text("symbol")?,
            quantity: Decimal(data.decimal("quantity")?.0.abs()),
            direction: Direction::parse(&data.text("quantity-direction")?)?,
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T15:00:00Z".parse().unwrap()
    }

    fn connected() -> Client {
        let account = AccountNumber::new("5WT00001").unwrap();
        Client::new("abc", &[account], now())
    }

    fn sent(client: &mut Client) -> Vec<serde_json::Value> {
        std::iter::from_fn(|| client.next_frame()).map(|frame| serde_json::from_str(&frame).unwrap()).collect()
    }

    #[test]
    fn it_connects_and_says_that_it_is_there() {
        let mut client = connected();
        let first = sent(&mut client);
        let expected = json!([{ "action": "connect", "value": ["5WT00001"], "auth-token": "Bearer abc", "request-id": 1,
            "source": USER_AGENT }]);
        assert_eq!(json!(first), expected);
        let ok =
            r#"{"status":"ok","action":"connect","web-socket-session-id":"1","value":["5WT00001"],"request-id":1}"#;
        assert_eq!(client.receive(ok, now()), [Heard::Accepted { action: "connect".to_owned() }]);
        assert!(client.is_connected());
        client.subscribe(Topic::QuoteAlerts, now());
        client.tick(now());
        client.set_token("def");
        let later = client.wakes_at();
        client.tick(later);
        let actions: Vec<_> = sent(&mut client)
            .iter()
            .map(|message| {
                format!("{} {}", message["action"].as_str().unwrap(), message["auth-token"].as_str().unwrap())
            })
            .collect();
        assert_eq!(actions, ["quote-alerts-subscribe Bearer abc", "heartbeat Bearer def"]);
        let beat = r#"{"status":"ok","action":"heartbeat","request-id":3}"#;
        assert_eq!(client.receive(beat, later), []);
        assert!(!client.is_silent(later + TimeDelta::seconds(59)) && client.is_silent(later + TimeDelta::seconds(60)));
        assert!(!format!("{client:?}").contains("def"));
    }

    #[test]
    fn pauses_grow_and_differ() {
        for (failures, random, millis) in [
            (0, 0, 1_000),
            (1, 0, 1_000),
            (1, 500, 500),
            (1, 501, 1_000),
            (2, 0, 2_000),
            (6, 0, 32_000),
            (7, 0, 60_000),
            (u32::MAX, 30_000, 30_000),
        ] {
            assert_eq!(pause(failures, random), Duration::from_millis(millis), "{failures} {random}");
        }
    }

    #[test]
    fn a_refusal_names_what_was_asked() {
        let mut client = connected();
        for (text, action, message) in [
            (
                r#"{"status":"error","message":"connect-not-completed","request-id":"1"}"#,
                "connect",
                "connect-not-completed",
            ),
            (r#"{"status":"error","action":"heartbeat","request-id":9}"#, "heartbeat", ""),
        ] {
            let expected = Heard::Refused { action: action.to_owned(), message: message.to_owned() };
            assert_eq!(client.receive(text, now()), [expected], "{text}");
        }
        assert!(!client.is_connected());
    }

    #[test]
    fn notifications_are_read_leniently() {
        let mut client = connected();
        let account_number = AccountNumber::new("5WT00001").unwrap();
        let order = r#"{"type":"Order","data":{"id":27,"account-number":"5WT00001","status":"Filled","underlying-symbol":"AAPL",
            "price":"1.25","price-effect":"Debit","legs":[]},"timestamp":1688595114405}"#;
        assert_eq!(
            client.receive(order, now()),
            [Heard::Order(OrderNews {
                account_number: account_number.clone(),
                id: "27".to_owned(),
                status: "Filled".to_owned(),
                underlying_symbol: Some("AAPL".to_owned()),
                price: Some("-1.25".parse().unwrap()),
                reject_reason: None,
            })]
        );
        let several = r#"{"results":[
            {"type":"AccountBalance","data":{"account-number":"5WT00001","cash-balance":"5.5","cash-balance-effect":"Debit"}},
            {"type":"CurrentPosition","data":{"account-number":"5WT00001","symbol":"AAPL","quantity":"3","quantity-direction":"Short"}},
            {"type":"CurrentPosition","data":{"account-number":"5WT00001","symbol":"AAPL"}},
            {"type":"QuoteAlert","data":{"symbol":"AAPL"}},
            {"type":"TradingStatus"}, 7, {}]}"#;
        // One part that is no object makes all of it unreadable as a list, and it has no kind of its own.
        assert_eq!(client.receive(several, now()), []);
        let heard = client.receive(&several.replace("7, ", ""), now());
        assert_eq!(
            heard,
            [
                Heard::Balance(BalanceNews {
                    account_number: account_number.clone(),
                    cash_balance: Some("-5.5".parse().unwrap()),
                    net_liquidating_value: None,
                    derivative_buying_power: None,
                }),
                Heard::Position(PositionNews {
                    account_number,
                    symbol: "AAPL".to_owned(),
                    quantity: "3".parse().unwrap(),
                    direction: Direction::Short,
                }),
                Heard::Other("CurrentPosition".to_owned()),
                Heard::Other("QuoteAlert".to_owned()),
                Heard::Other("TradingStatus".to_owned()),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_not(text in ".{0,200}", kind in "Order|AccountBalance|CurrentPosition|X", data in ".{0,40}") {
            let mut client = connected();
            client.receive(&text, now());
            client.receive(&format!(r#"{{"type":"{kind}","data":{data}}}"#), now());
            client.receive(&format!(r#"{{"type":"{kind}","data":{{"account-number":"5WT00001","quantity":{data}}}}}"#), now());
        }
    }
}
