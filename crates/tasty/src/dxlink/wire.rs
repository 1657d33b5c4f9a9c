//! Frames: the ones that are sent, and the reading of the ones that come.

use std::collections::BTreeMap;

use serde_json::{json, value::RawValue};

use super::{
    event::Kind,
    row::{Row, scalar},
};
use crate::fields::Raw;

/// The longest text that is read, in bytes. A server cuts its data into frames that are far shorter.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;
/// The channel that all data come through; a client's channels are odd.
pub(super) const CHANNEL: u64 = 1;
/// How long either side may be silent, in seconds, as far as this side has a say.
pub(super) const TIMEOUT_SECONDS: i64 = 60;
/// Subscriptions in one frame: a server closes the connection on a frame that is too long for it.
pub(super) const BATCH: usize = 500;
/// Seconds between two updates of a symbol.
const AGGREGATION_SECONDS: f64 = 0.1;
/// Fields of one kind of event, as far as they are believed.
const MAX_FIELDS: usize = 64;

/// The first frame.
pub(super) fn setup() -> String {
    let version = concat!("0.1-TTAI/", env!("CARGO_PKG_VERSION"));
    json!({
        "type": "SETUP", "channel": 0, "version": version,
        "keepaliveTimeout": TIMEOUT_SECONDS, "acceptKeepaliveTimeout": TIMEOUT_SECONDS,
    })
    .to_string()
}

/// Who this is.
pub(super) fn auth(token: &str) -> String {
    json!({ "type": "AUTH", "channel": 0, "token": token }).to_string()
}

/// Asks for the channel.
pub(super) fn channel_request() -> String {
    json!({
        "type": "CHANNEL_REQUEST", "channel": CHANNEL, "service": "FEED", "parameters": { "contract": "AUTO" },
    })
    .to_string()
}

/// Says what is to come through the channel, and how it is to be written.
pub(super) fn feed_setup() -> String {
    let fields: BTreeMap<_, _> = Kind::ALL.into_iter().map(|kind| (kind.name(), kind.fields())).collect();
    json!({
        "type": "FEED_SETUP", "channel": CHANNEL, "acceptAggregationPeriod": AGGREGATION_SECONDS,
        "acceptDataFormat": "COMPACT", "acceptEventFields": fields,
    })
    .to_string()
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) kind: Kind,
    pub(super) symbol: String,
    /// From when on, in Unix milliseconds: for candles.
    pub(super) from: Option<i64>,
}

/// Subscribes (`add`) or unsubscribes (`remove`).
pub(super) fn subscribe(verb: &str, subscriptions: &[Subscription]) -> String {
    let entries: Vec<_> = subscriptions
        .iter()
        .map(|one| match one.from {
            Some(from) => json!({ "type": one.kind.name(), "symbol": one.symbol, "fromTime": from }),
            None => json!({ "type": one.kind.name(), "symbol": one.symbol }),
        })
        .collect();
    json!({ "type": "FEED_SUBSCRIPTION", "channel": CHANNEL, verb: entries }).to_string()
}

/// A sign of life.
pub(super) fn keepalive() -> String {
    json!({ "type": "KEEPALIVE", "channel": 0 }).to_string()
}

/// A frame that was read.
pub(super) enum Frame<'a> {
    Setup {
        /// Seconds after which the server takes silence of this side for its end.
        keepalive: Option<i64>,
    },
    AuthState {
        authorized: bool,
    },
    ChannelOpened,
    ChannelClosed,
    FeedConfig {
        /// The order of the fields, of the kinds for which the frame says it.
        fields: Vec<(Kind, Vec<String>)>,
    },
    FeedData(Vec<&'a RawValue>),
    Error {
        /// Whether it is about who this is.
        unauthorized: bool,
    },
    /// A sign of life, another channel's, or one that is not known.
    Other,
}

/// Reads a frame; nothing if it is none.
pub(super) fn read(text: &str) -> Option<Frame<'_>> {
    if text.len() > MAX_FRAME {
        return None;
    }
    let raw: Raw<'_> = serde_json::from_str(text).ok()?;
    let word = |name: &str| raw.get(name).and_then(|value| scalar(value));
    let kind = word("type")?;
    let channel: u64 = word("channel").and_then(|text| text.parse().ok()).unwrap_or(0);
    let ours = channel == CHANNEL;
    Some(match kind.as_ref() {
        "SETUP" => Frame::Setup { keepalive: word("acceptKeepaliveTimeout").and_then(|text| seconds(&text)) },
        "AUTH_STATE" => Frame::AuthState { authorized: word("state")? == "AUTHORIZED" },
        "CHANNEL_OPENED" if ours => Frame::ChannelOpened,
        "CHANNEL_CLOSED" if ours => Frame::ChannelClosed,
        "FEED_CONFIG" if ours => {
            Frame::FeedConfig { fields: raw.get("eventFields").map(|raw| fields(raw)).unwrap_or_default() }
        }
        "FEED_DATA" if ours => Frame::FeedData(serde_json::from_str(raw.get("data")?.get()).ok()?),
        "ERROR" => Frame::Error { unauthorized: word("error").is_some_and(|error| error == "UNAUTHORIZED") },
        _ => Frame::Other,
    })
}

/// Whole seconds of a number that may have decimals; a server that says less than one is not believed.
fn seconds(text: &str) -> Option<i64> {
    let seconds = text.split('.').next()?.parse::<i64>().ok()?;
    (seconds >= 1).then_some(seconds)
}

fn fields(raw: &RawValue) -> Vec<(Kind, Vec<String>)> {
    let all: BTreeMap<String, Vec<String>> = serde_json::from_str(raw.get()).unwrap_or_default();
    all.into_iter()
        .filter_map(|(name, fields)| Some((Kind::named(&name)?, fields)))
        .filter(|(_, fields)| (1..=MAX_FIELDS).contains(&fields.len()))
        .collect()
}

/// Goes through the rows of a data frame in either form: `["Quote", [flat values], "Trade", [...]]`, in the announced order,
/// or objects with names. False if a part of it cannot be read: a kind without a whole number of rows.
pub(super) fn rows(
    data: &[&RawValue],
    announced: &BTreeMap<Kind, Vec<String>>,
    mut see: impl FnMut(Kind, Row<'_>),
) -> bool {
    let mut readable = true;
    let mut kind: Option<Option<Kind>> = None;
    for part in data {
        let text = part.get();
        match text.as_bytes().first() {
            Some(b'"') => kind = scalar(part).map(|name| Kind::named(&name)),
            Some(b'[') => {
                readable &= match kind.take() {
                    Some(Some(kind)) => compact(kind, text, announced, &mut see),
                    // A kind that was not asked for.
                    Some(None) => true,
                    None => false,
                }
            }
            Some(b'{') => readable &= full(text, &mut see),
            _ => readable = false,
        }
    }
    readable
}

fn compact(
    kind: Kind,
    text: &str,
    announced: &BTreeMap<Kind, Vec<String>>,
    see: &mut impl FnMut(Kind, Row<'_>),
) -> bool {
    let Some(names) = announced.get(&kind).filter(|names| !names.is_empty()) else { return false };
    let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text) else { return false };
    let rows = values.chunks_exact(names.len());
    if !rows.remainder().is_empty() {
        return false;
    }
    rows.for_each(|values| see(kind, Row::new(names, values)));
    true
}

fn full(text: &str, see: &mut impl FnMut(Kind, Row<'_>)) -> bool {
    let Ok(raw) = serde_json::from_str::<Raw<'_>>(text) else { return false };
    let Some(name) = raw.get("eventType").and_then(|value| scalar(value)) else { return false };
    let Some(kind) = Kind::named(&name) else { return true };
    let (names, values): (Vec<String>, Vec<&RawValue>) = raw.into_iter().unzip();
    see(kind, Row::new(&names, &values));
    true
}
