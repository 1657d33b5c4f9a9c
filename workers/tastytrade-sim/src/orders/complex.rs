//! Orders that hang together: one cancels the other, one triggers others.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Order, Status, fill, show};
use crate::{desk::Desk, state::State};

/// What the parts are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// The first that is filled cancels the others.
    #[serde(rename = "OCO")]
    Oco,
    /// The trigger, once filled, sets the others off.
    #[serde(rename = "OTO")]
    Oto,
    /// Both.
    #[serde(rename = "OTOCO")]
    Otoco,
}

impl Kind {
    /// Reads the wire's spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Oco, Self::Oto, Self::Otoco].into_iter().find(|kind| kind.as_str() == text)
    }

    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Oco => "OCO",
            Self::Oto => "OTO",
            Self::Otoco => "OTOCO",
        }
    }
}

/// Orders that hang together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ComplexOrder {
    pub id: u64,
    /// The account's number.
    pub account: String,
    pub kind: Kind,
    pub placed_at: Timestamp,
    pub trigger: Option<u64>,
    pub orders: Vec<u64>,
}

/// The object that REST gives.
pub(crate) fn item(state: &State, complex: &ComplexOrder) -> Value {
    let find = |id: u64| state.orders.iter().find(|order| order.id == id);
    let shown = |order: &Order| show::item(order, true);
    let parts: Vec<&Order> = complex.orders.iter().filter_map(|id| find(*id)).collect();
    let trigger = complex.trigger.and_then(find);
    let done = parts.iter().copied().chain(trigger).all(|order| order.status.is_terminal());
    let ended = parts.iter().copied().chain(trigger).filter_map(|order| order.terminal_at).max();
    let mut item = json!({
        "id": complex.id,
        "account-number": complex.account,
        "type": complex.kind.as_str(),
        "orders": parts.into_iter().map(shown).collect::<Vec<_>>(),
        "related-orders": [],
    });
    if let Some(trigger) = trigger {
        item["trigger-order"] = shown(trigger);
    }
    if let Some(at) = ended.filter(|_| done) {
        item["terminal-at"] = json!(crate::wire::moment(at));
    }
    item
}

fn of<'a>(state: &'a State, order: &Order) -> Option<&'a ComplexOrder> {
    let id = order.complex?;
    state.complex_orders.iter().find(|complex| complex.id == id)
}

fn set(desk: &mut Desk<'_>, ids: &[u64], status: Status, now: Timestamp) {
    for place in 0..desk.state.orders.len() {
        let wanted =
            desk.state.orders.get(place).is_some_and(|order| ids.contains(&order.id) && !order.status.is_terminal());
        if wanted {
            let how = |order: &mut Order| {
                if status.is_terminal() { order.end(status, now) } else { order.status = status }
            };
            fill::change(desk, place, how, now);
            if status == Status::Received {
                fill::look_at(desk, place, now);
            }
        }
    }
}

/// A part was filled: a trigger sets the others off, any other part cancels its siblings.
pub(crate) fn filled(desk: &mut Desk<'_>, order: &Order, now: Timestamp) {
    let Some(complex) = of(desk.state, order).cloned() else { return };
    if complex.trigger == Some(order.id) {
        set(desk, &complex.orders, Status::Received, now);
    } else if complex.kind != Kind::Oto {
        let siblings: Vec<u64> = complex.orders.iter().copied().filter(|id| *id != order.id).collect();
        set(desk, &siblings, Status::Cancelled, now);
    }
    tell(desk, &complex);
}

/// A part ended without a fill: without its trigger the rest has no purpose.
pub(crate) fn ended(desk: &mut Desk<'_>, order: &Order, now: Timestamp) {
    let Some(complex) = of(desk.state, order).cloned() else { return };
    if complex.trigger == Some(order.id) {
        set(desk, &complex.orders, Status::Cancelled, now);
    }
    tell(desk, &complex);
}

/// Tells the streams of a complex order.
pub(crate) fn tell(desk: &mut Desk<'_>, complex: &ComplexOrder) {
    if let Some(account) = crate::accounts::find(&complex.account) {
        let item = item(desk.state, complex);
        desk.tell(account.number, "ComplexOrder", &item);
    }
}
