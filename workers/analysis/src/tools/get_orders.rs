//! `get_orders`: what works, what was filled, and what became of the rest.

use std::fmt::Write;

use contract::{
    Rendered,
    account::{
        Days, Source, days,
        orders::{GetOrdersInput, MAX_LIMIT, OrderLeg, OrderRow, OrdersOutput},
        paging, symbol,
    },
};
use domain::{Error, Symbol, Timestamp, portfolio::Account};
use tasty::{
    Noted, Page, Paged,
    orders::{self, Leg, MAX_PER_PAGE, Order, STATUSES, Wanted},
    symbol::Kind,
};

use super::{Asked, account, get_transactions::described, new_york, pages};
use crate::{upstream, zone::Zone};

/// Orders that have ended are looked for so many days back, unless days are named.
const BACK: u64 = 30;
/// So many lines stand in the text at most.
const LINES: usize = 40;
/// What stands for all orders that may still be filled.
const WORKING: &str = "working";

/// One page of the orders of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<GetOrdersInput>()?;
    let paging = paging(input.limit, input.page, MAX_LIMIT)?;
    let statuses = statuses(input.status.as_deref().unwrap_or_default())?;
    let underlying = underlying(input.symbol.as_deref())?;
    let days = when(&input, &statuses, app.now)?;
    let accounts = account::meant(app, user, input.account.as_deref()).await?;
    let several = accounts.len();
    let mut notes = Vec::new();
    let page = match days {
        Some(days) => {
            let plan = pages::plan(paging, several, MAX_PER_PAGE)?;
            let underlying = underlying.as_ref().map(|symbol| symbol.as_str().to_owned());
            let wanted = Wanted { from: Some(days.from), until: days.until, underlying, statuses, page: plan.page };
            let each = account::each(accounts, async |account| {
                upstream::ask(app, user, "orders", orders::history(&account.number, &wanted), orders::read).await
            });
            let (found, missing) = each.await.some()?;
            notes.extend(missing);
            pages::together(plan, found, row, |row| (row.received_at, row.id))
        }
        None => {
            let most = Page { size: MAX_PER_PAGE, number: 0 };
            let each = account::each(accounts, async |account| {
                let request = orders::live(&account.number, most);
                let read = |answer: &tasty::Answer| {
                    let Noted { value, notes } = orders::read(answer)?;
                    Ok(Noted { value: narrowed(value, &statuses, underlying.as_ref()), notes })
                };
                upstream::ask(app, user, "orders", request, read).await
            });
            let (found, missing) = each.await.some()?;
            notes.extend(missing);
            if found.iter().any(|(_, paged)| paged.total_pages.is_some_and(|pages| pages > 1)) {
                notes.push(format!(
                    "Only the newest {MAX_PER_PAGE} orders of today were looked at. Name days for the others."
                ));
            }
            let plan = pages::plan(paging, usize::MAX, u32::MAX)?;
            pages::together(plan, found, row, |row| (row.received_at, row.id))
        }
    };
    let output = OrdersOutput {
        orders: page.rows,
        start_date: days.map(|days| days.from),
        end_date: days.and_then(|days| days.until),
        page: paging.page,
        total_items: page.total_items,
        has_more: page.has_more,
        source: Source::Rest,
        as_of: app.now,
        notes,
    };
    Rendered::new(&output, text(&output, &Zone::of(app, user).await))
}

/// The days that are looked at; none: today's orders, and older ones that still work.
fn when(input: &GetOrdersInput, statuses: &[&str], now: Timestamp) -> Result<Option<Days>, Error> {
    let is_named = input.start_date.is_some() || input.end_date.is_some();
    let has_ended = statuses.iter().any(|status| !orders::is_working(status));
    if !is_named && !has_ended {
        return Ok(None);
    }
    days(input.start_date.as_deref(), input.end_date.as_deref(), BACK, new_york::day(now)).map(Some)
}

/// The stages that are asked for, in TastyTrade's words.
fn statuses(words: &[String]) -> Result<Vec<&'static str>, Error> {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
    };
    let mut found: Vec<&'static str> = Vec::new();
    for word in words.iter().map(|word| letters(word)).filter(|word| !word.is_empty()) {
        let word = if word == "canceled" { "cancelled" } else { word.as_str() };
        let meant = STATUSES.into_iter().filter(|status| match word {
            WORKING | "open" => orders::is_working(status),
            _ => letters(status) == word,
        });
        let before = found.len();
        found.extend(meant);
        if found.len() == before {
            return Err(Error::invalid_argument(
                "status",
                format!(
                    "`status` names a stage that there is not. Send {WORKING}, or some of: {}.",
                    STATUSES.join(", ")
                ),
            ));
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn underlying(text: Option<&str>) -> Result<Option<Symbol>, Error> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let symbol = symbol("symbol", text)?;
    match Kind::of(&symbol) {
        Kind::EquityOption | Kind::FutureOption => Err(Error::invalid_argument(
            "symbol",
            "`symbol` is an option. Orders are found by their underlying: send that, for example AAPL.",
        )),
        _ => Ok(Some(symbol)),
    }
}

/// What of today's orders is wanted, which TastyTrade does not choose by itself.
fn narrowed(mut all: Paged<Order>, statuses: &[&str], underlying: Option<&Symbol>) -> Paged<Order> {
    all.items.retain(|order| {
        let has_status = |status: &String| statuses.iter().any(|wanted| wanted.eq_ignore_ascii_case(status));
        let is_on = |wanted: &Symbol| {
            order.underlying_symbol.as_deref().is_some_and(|symbol| symbol.eq_ignore_ascii_case(wanted.as_str()))
        };
        (statuses.is_empty() || order.status.as_ref().is_some_and(has_status)) && underlying.is_none_or(is_on)
    });
    if all.total_pages.unwrap_or(1) <= 1 {
        all.total_items = u64::try_from(all.items.len()).ok();
    }
    all
}

fn row(account: &Account, order: Order) -> OrderRow {
    OrderRow {
        id: order.id,
        account: account.number.masked(),
        is_working: order.status.as_deref().is_some_and(orders::is_working),
        status: order.status,
        order_type: order.kind,
        time_in_force: order.time_in_force,
        gtc_date: order.gtc_date,
        underlying_symbol: order.underlying_symbol,
        price: order.price,
        price_effect: order.price_effect,
        stop_trigger: order.stop_trigger,
        legs: order.legs.into_iter().map(leg).collect(),
        reject_reason: order.reject_reason,
        received_at: order.received_at,
        updated_at: order.updated_at,
        terminal_at: order.terminal_at,
    }
}

fn leg(leg: Leg) -> OrderLeg {
    OrderLeg {
        description: described(&leg.symbol),
        filled_quantity: leg.filled(),
        average_fill_price: leg.average_fill_price(),
        symbol: leg.symbol,
        instrument_type: leg.instrument_type,
        action: leg.action,
        quantity: leg.quantity,
    }
}

fn text(output: &OrdersOutput, zone: &Zone) -> String {
    let place = pages::place(output.orders.len(), output.page, output.total_items, output.has_more);
    let what = match (output.start_date, output.end_date) {
        (None, _) => "Today's orders and those that still work".to_owned(),
        (Some(from), Some(until)) => format!("Orders {from} to {until}"),
        (Some(from), None) => format!("Orders {from} to now"),
    };
    let mut text = format!(
        "{what}, newest first: {place}. Prices per unit; {}, {}.",
        output.source.in_words(),
        zone.shown(output.as_of)
    );
    if output.orders.is_empty() {
        text.push_str("\nNone. Ask for other days with `start_date`, or for another `status`.");
    }
    for order in output.orders.iter().take(LINES) {
        let _ = write!(text, "\n{}", line(order, zone));
    }
    if output.orders.len() > LINES {
        let _ = write!(text, "\nand {} more in `orders`.", output.orders.len() - LINES);
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn line(order: &OrderRow, zone: &Zone) -> String {
    let mut line = format!("#{} {}", order.id, order.account);
    let _ = write!(line, " {}", order.status.as_deref().unwrap_or("stage not known"));
    for word in [&order.order_type, &order.time_in_force].into_iter().flatten() {
        let _ = write!(line, " {word}");
    }
    if let Some(price) = order.price {
        let _ = write!(line, " {}", price.rounded(4));
        if let Some(effect) = order.price_effect.as_deref().filter(|effect| *effect != "None") {
            let _ = write!(line, " {}", effect.to_lowercase());
        }
    }
    if let Some(stop) = order.stop_trigger {
        let _ = write!(line, " stop {}", stop.rounded(4));
    }
    let mut separator = ": ";
    for leg in &order.legs {
        let quantity = leg.quantity.map(|quantity| quantity.rounded(4).to_string()).unwrap_or_default();
        let _ = write!(line, "{separator}{} {quantity} {}", leg.action.as_deref().unwrap_or("?"), leg.description);
        match (leg.average_fill_price, leg.filled_quantity) {
            (Some(price), filled) if filled == leg.quantity => {
                let _ = write!(line, " filled @ {}", price.rounded(4));
            }
            (Some(price), Some(filled)) => {
                let _ = write!(line, " {} filled @ {}", filled.rounded(4), price.rounded(4));
            }
            _ => {}
        }
        separator = "; ";
    }
    if let Some(at) = order.received_at {
        let _ = write!(line, " ({})", zone.shown(at));
    }
    if let Some(reason) = &order.reject_reason {
        let short: String = reason.chars().take(120).collect();
        let _ = write!(line, ", rejected: \"{short}\"");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(value: serde_json::Value) -> GetOrdersInput {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn stages_are_read_in_any_spelling() {
        let read = |words: &[&str]| statuses(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["filled", "CANCELED", " in_flight"]).unwrap(), ["Cancelled", "Filled", "In Flight"]);
        assert_eq!(read(&["working"]).unwrap().len(), 7);
        assert_eq!(read(&["working", "Live"]).unwrap().len(), 7);
        assert_eq!(read(&[]).unwrap(), Vec::<&str>::new());
        assert_eq!(read(&["done"]).unwrap_err().details["argument"], "status");
    }

    #[test]
    fn days_are_looked_at_where_they_are_named_or_needed() {
        let now = "2026-11-20T15:00:00Z".parse().unwrap();
        let from = |value: serde_json::Value| {
            let input = input(value);
            let statuses = statuses(input.status.as_deref().unwrap_or_default()).unwrap();
            when(&input, &statuses, now).unwrap().map(|days| days.from.to_string())
        };
        assert_eq!(from(serde_json::json!({})), None);
        assert_eq!(from(serde_json::json!({"status": ["working"]})), None);
        assert_eq!(from(serde_json::json!({"status": ["Live", "Filled"]})).as_deref(), Some("2026-10-21"));
        assert_eq!(from(serde_json::json!({"start_date": "2026-11-01"})).as_deref(), Some("2026-11-01"));
    }

    #[test]
    fn an_option_is_no_underlying() {
        assert_eq!(underlying(Some("aapl")).unwrap().unwrap().as_str(), "AAPL");
        assert_eq!(underlying(Some(" ")).unwrap(), None);
        assert_eq!(underlying(Some("AAPL  261218C00255000")).unwrap_err().details["argument"], "symbol");
    }

    #[test]
    fn todays_orders_are_narrowed_here() {
        let order = |id, status: &str, underlying: &str| Order {
            id,
            status: Some(status.to_owned()),
            kind: None,
            time_in_force: None,
            gtc_date: None,
            price: None,
            price_effect: None,
            stop_trigger: None,
            size: None,
            underlying_symbol: Some(underlying.to_owned()),
            received_at: None,
            updated_at: None,
            terminal_at: None,
            reject_reason: None,
            legs: Vec::new(),
        };
        let all = Paged {
            items: vec![order(1, "Live", "AAPL"), order(2, "Filled", "AAPL"), order(3, "Live", "SPY")],
            total_items: Some(3),
            total_pages: Some(1),
        };
        let aapl = Symbol::parse("AAPL").unwrap();
        let ids =
            |paged: Paged<Order>| (paged.items.iter().map(|order| order.id).collect::<Vec<_>>(), paged.total_items);
        assert_eq!(ids(narrowed(all.clone(), &[], None)), (vec![1, 2, 3], Some(3)));
        assert_eq!(ids(narrowed(all, &["Live"], Some(&aapl))), (vec![1], Some(1)));
    }

    #[test]
    fn a_line_says_what_is_ordered_and_what_came_of_it() {
        let order: OrderRow = serde_json::from_value(serde_json::json!({
            "id": 12, "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "status": "Filled", "is_working": false,
            "order_type": "Limit", "time_in_force": "Day", "price": 1.25, "price_effect": "Credit",
            "received_at": "2026-11-18T15:00:00Z",
            "legs": [
                {"symbol": "SPY   261218P00500000", "description": "SPY 18 Dec 26 500 P", "action": "Sell to Open",
                 "quantity": 2, "filled_quantity": 2, "average_fill_price": 3.1},
                {"symbol": "SPY   261218P00490000", "description": "SPY 18 Dec 26 490 P", "action": "Buy to Open",
                 "quantity": 2, "filled_quantity": 1, "average_fill_price": 1.85},
            ],
        }))
        .unwrap();
        assert_eq!(
            line(&order, &Zone::Exchange),
            "#12 \u{2022}\u{2022}\u{2022}\u{2022}0042 Filled Limit Day 1.25 credit: Sell to Open 2 SPY 18 Dec 26 500 P \
             filled @ 3.1; Buy to Open 2 SPY 18 Dec 26 490 P 1 filled @ 1.85 (Wed 18 Nov 10:00 ET)"
        );
    }
}
