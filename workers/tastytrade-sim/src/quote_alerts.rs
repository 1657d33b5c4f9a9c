//! Quote alerts: what they are, and when they go off. Each goes off once, and is told on the account streamer to those who
//! asked for quote alerts there.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    market::{Instrument, Market, quote},
    wire::{decimal, moment, rounded},
};

/// The figure that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Field {
    Last,
    Bid,
    Ask,
    /// The implied volatility over thirty days, in percent.
    #[serde(rename = "IV")]
    Iv,
}

impl Field {
    /// Reads the wire's spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Last, Self::Bid, Self::Ask, Self::Iv].into_iter().find(|field| field.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Last => "Last",
            Self::Bid => "Bid",
            Self::Ask => "Ask",
            Self::Iv => "IV",
        }
    }
}

/// Which side of the threshold is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operator {
    #[serde(rename = ">")]
    Above,
    #[serde(rename = "<")]
    Below,
}

impl Operator {
    /// Reads the wire's spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            ">" => Some(Self::Above),
            "<" => Some(Self::Below),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::Below => "<",
        }
    }
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub id: u64,
    /// The user's name.
    pub user: String,
    pub user_external_id: String,
    pub instrument_type: String,
    pub symbol: String,
    /// The streamer's symbol.
    pub dx_symbol: String,
    pub field: Field,
    pub operator: Operator,
    #[serde(with = "crate::wire::decimal_there")]
    pub threshold: Decimal,
    /// In milliseconds since 1970, as the client sent it.
    pub expires_at: Option<i64>,
    pub created_at: Timestamp,
    pub triggered_at: Option<Timestamp>,
}

impl Alert {
    /// The name in the path.
    pub(crate) fn external_id(&self) -> String {
        format!("QA{:08}", self.id)
    }

    /// The object that REST and the account streamer give.
    pub(crate) fn item(&self) -> Value {
        let mut item = json!({
            "alert-external-id": self.external_id(),
            "user-external-id": self.user_external_id,
            "symbol": self.symbol,
            "instrument-type": self.instrument_type,
            "dx-symbol": self.dx_symbol,
            "field": self.field.as_str(),
            "operator": self.operator.as_str(),
            "threshold": decimal(self.threshold),
            "threshold-numeric": decimal(self.threshold),
            "expires-at": self.expires_at.unwrap_or(0),
            "created-at": moment(self.created_at),
            "provider": "SIMULATOR",
        });
        if let Some(at) = self.triggered_at {
            item["triggered-at"] = json!(moment(at));
            item["completed-at"] = json!(moment(at));
        }
        item
    }

    fn waits(&self, now: Timestamp) -> bool {
        self.triggered_at.is_none() && self.expires_at.is_none_or(|end| end <= 0 || now.timestamp_millis() < end)
    }

    fn goes_off(&self, market: &Market<'_>, now: Timestamp) -> bool {
        let Some(value) = Instrument::find(&self.instrument_type, &self.symbol)
            .and_then(|instrument| value(market, &instrument, self.field, now))
        else {
            return false;
        };
        match self.operator {
            Operator::Above => value > self.threshold,
            Operator::Below => value < self.threshold,
        }
    }
}

fn value(market: &Market<'_>, instrument: &Instrument, field: Field, now: Timestamp) -> Option<Decimal> {
    if field == Field::Iv {
        return Some(rounded(100.0 * market.implied_volatility(instrument.listing()?, now), 4));
    }
    let item = quote::of_instrument(market, instrument, now)?;
    match field {
        Field::Bid => item.bid?.parse().ok(),
        Field::Ask => item.ask?.parse().ok(),
        Field::Last | Field::Iv => item.last.parse().ok(),
    }
}

/// Whether any alert still waits.
pub(crate) fn any_waits(alerts: &[Alert], now: Timestamp) -> bool {
    alerts.iter().any(|alert| alert.waits(now))
}

/// Looks at all alerts that wait, and tells of those that go off.
pub(crate) fn look(desk: &mut Desk<'_>, now: Timestamp) {
    for place in 0..desk.state.quote_alerts.len() {
        let waits = desk.state.quote_alerts.get(place).filter(|alert| alert.waits(now));
        if !waits.is_some_and(|alert| alert.goes_off(&desk.state.market(), now)) {
            continue;
        }
        if let Some(alert) = desk.state.quote_alerts.get_mut(place) {
            alert.triggered_at = Some(now);
            let (item, user) = (alert.item(), alert.user.clone());
            desk.tell(&channel(&user), "QuoteAlert", &item);
        }
    }
}

/// What those follow who want to hear of a user's alerts.
pub(crate) fn channel(user: &str) -> String {
    format!("quote-alerts of {user}")
}
