//! What an order waits for before it is routed, and what cancels it: a time, and prices of anything that is listed.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::read::amount;
use crate::{
    market::{Instrument, Market, quote},
    wire::{decimal, moment},
};

/// The rules of an order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub route_after: Option<Timestamp>,
    pub routed_at: Option<Timestamp>,
    pub cancel_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub conditions: Vec<Condition>,
}

/// A price that routes or cancels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition {
    /// Else it cancels.
    pub routes: bool,
    pub instrument_type: String,
    pub symbol: String,
    /// The natural price, which is the worse side of the quote for a buyer, in place of the last trade.
    pub natural: bool,
    /// From the threshold up; else from it down.
    pub from_below: bool,
    #[serde(with = "crate::wire::decimal_there")]
    pub threshold: Decimal,
}

/// What the rules say at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wait,
    Route,
    Cancel,
}

impl Rules {
    /// Reads the object `rules`; `Err` names the field that is wrong.
    pub(crate) fn read(rules: &Value) -> Result<Option<Self>, (&'static str, &'static str)> {
        if !rules.is_object() {
            return Ok(None);
        }
        let at = |name: &'static str| match rules[name].as_str() {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| (name, "is not a valid date-time")),
        };
        let conditions = rules["conditions"].as_array().or_else(|| rules["order-conditions"].as_array());
        let conditions = conditions.map_or(&[][..], Vec::as_slice);
        let conditions = conditions.iter().map(condition).collect::<Option<Vec<_>>>();
        let conditions = conditions.ok_or(("conditions", "do not have valid values"))?;
        let rules = Self {
            route_after: at("route-after")?,
            routed_at: None,
            cancel_at: at("cancel-at")?,
            cancelled_at: None,
            conditions,
        };
        Ok(Some(rules).filter(|rules| *rules != Self::default()))
    }

    /// Whether the order is not to be routed at once.
    pub(crate) fn holds_back(&self) -> bool {
        self.route_after.is_some() || self.conditions.iter().any(|condition| condition.routes)
    }

    /// What they say now. An order is routed when its time has come and all its conditions hold; one condition cancels it.
    pub(crate) fn verdict(&self, market: &Market<'_>, now: Timestamp) -> Verdict {
        let holds = |condition: &&Condition| condition.holds(market, now);
        let cancels = self.conditions.iter().filter(|condition| !condition.routes).any(|condition| holds(&condition));
        if cancels || self.cancel_at.is_some_and(|at| now >= at) {
            return Verdict::Cancel;
        }
        let routes = self.conditions.iter().filter(|condition| condition.routes).all(|condition| holds(&condition));
        if routes && self.route_after.is_none_or(|at| now >= at) { Verdict::Route } else { Verdict::Wait }
    }

    /// The object that an order shows.
    pub(crate) fn item(&self) -> Value {
        let mut fields = Map::new();
        for (name, at) in [
            ("route-after", self.route_after),
            ("routed-at", self.routed_at),
            ("cancel-at", self.cancel_at),
            ("cancelled-at", self.cancelled_at),
        ] {
            if let Some(at) = at {
                fields.insert(name.to_owned(), json!(moment(at)));
            }
        }
        let conditions: Vec<Value> = self.conditions.iter().enumerate().map(|(id, one)| one.item(id)).collect();
        fields.insert("order-conditions".to_owned(), json!(conditions));
        Value::Object(fields)
    }
}

fn condition(value: &Value) -> Option<Condition> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let either = |name: &str, yes: &str, no: &str| match text(name) {
        word if word.eq_ignore_ascii_case(yes) => Some(true),
        word if word.eq_ignore_ascii_case(no) => Some(false),
        _ => None,
    };
    Instrument::find(text("instrument-type"), text("symbol"))?;
    Some(Condition {
        routes: either("action", "route", "cancel")?,
        instrument_type: text("instrument-type").to_owned(),
        symbol: text("symbol").to_owned(),
        natural: either("indicator", "nat", "last")?,
        from_below: either("comparator", "gte", "lte")?,
        threshold: amount(&value["threshold"])?,
    })
}

impl Condition {
    fn holds(&self, market: &Market<'_>, now: Timestamp) -> bool {
        let price = Instrument::find(&self.instrument_type, &self.symbol)
            .and_then(|instrument| quote::of_instrument(market, &instrument, now))
            .and_then(|item| {
                let side = if self.from_below { item.ask } else { item.bid };
                side.filter(|_| self.natural).unwrap_or(item.last).parse::<Decimal>().ok()
            });
        price.is_some_and(|price| if self.from_below { price >= self.threshold } else { price <= self.threshold })
    }

    fn item(&self, id: usize) -> Value {
        json!({
            "id": id + 1,
            "action": if self.routes { "route" } else { "cancel" },
            "symbol": self.symbol,
            "instrument-type": self.instrument_type,
            "indicator": if self.natural { "nat" } else { "last" },
            "comparator": if self.from_below { "gte" } else { "lte" },
            "threshold": decimal(self.threshold),
            "is-threshold-based-on-notional": false,
            "price-components": [],
        })
    }
}
