//! The orders of an account: those of today, `GET /accounts/{number}/orders/live`, and those of other days,
//! `GET /accounts/{number}/orders`.

use chrono::NaiveDate;
use domain::{AccountNumber, Decimal, Timestamp};

use crate::{
    Answer, Error, Noted, Request,
    fields::Fields,
    response::{Page, Paged},
};

/// The most that one request may ask for.
pub const MAX_PER_PAGE: u32 = 200;

/// The stages of an order.
pub const STATUSES: [&str; 13] = [
    "Received",
    "Routed",
    "In Flight",
    "Live",
    "Cancel Requested",
    "Replace Requested",
    "Contingent",
    "Filled",
    "Cancelled",
    "Expired",
    "Rejected",
    "Removed",
    "Partially Removed",
];

/// Whether an order of this stage may still be filled.
pub fn is_working(status: &str) -> bool {
    STATUSES.iter().take(7).any(|known| known.eq_ignore_ascii_case(status))
}

/// Which orders are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, included.
    pub until: Option<NaiveDate>,
    /// On this underlying alone.
    pub underlying: Option<String>,
    /// In these stages alone.
    pub statuses: Vec<&'static str>,
    /// Which page, in which size.
    pub page: Page,
}

/// One order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its id.
    pub id: i64,
    /// Its stage, one of [`STATUSES`].
    pub status: Option<String>,
    /// For example `Limit`, `Market`, `Stop Limit`.
    pub kind: Option<String>,
    /// For example `Day`, `GTC`.
    pub time_in_force: Option<String>,
    /// The last day of an order that is good till one.
    pub gtc_date: Option<NaiveDate>,
    /// The limit, in US dollars per unit, never negative.
    pub price: Option<Decimal>,
    /// `Credit` if the price is received, `Debit` if it is paid.
    pub price_effect: Option<String>,
    /// The price that sets off a stop order, in US dollars per unit.
    pub stop_trigger: Option<Decimal>,
    /// How many, of orders with one size for all legs.
    pub size: Option<Decimal>,
    /// What its instruments derive from.
    pub underlying_symbol: Option<String>,
    /// When TastyTrade received it.
    pub received_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it ended.
    pub terminal_at: Option<Timestamp>,
    /// Why it was rejected.
    pub reject_reason: Option<String>,
    /// What it trades.
    pub legs: Vec<Leg>,
}

/// One leg of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The instrument; the OCC form for options.
    pub symbol: String,
    /// For example `Equity Option`.
    pub instrument_type: Option<String>,
    /// For example `Sell to Open`.
    pub action: Option<String>,
    /// Shares or contracts.
    pub quantity: Option<Decimal>,
    /// How many of them are not filled.
    pub remaining_quantity: Option<Decimal>,
    /// What was filled: quantity and price per unit.
    pub fills: Vec<(Decimal, Decimal)>,
}

impl Leg {
    /// How many were filled.
    pub fn filled(&self) -> Option<Decimal> {
        let sum = |sum: rust_decimal::Decimal, (quantity, _): &(Decimal, Decimal)| sum.checked_add(quantity.0);
        self.fills.iter().try_fold(rust_decimal::Decimal::ZERO, sum).map(Decimal)
    }

    /// The average price of what was filled, in US dollars per unit; absent where nothing was.
    pub fn average_fill_price(&self) -> Option<Decimal> {
        let paid = |sum: rust_decimal::Decimal, (quantity, price): &(Decimal, Decimal)| {
            sum.checked_add(quantity.0.checked_mul(price.0)?)
        };
        let total = self.fills.iter().try_fold(rust_decimal::Decimal::ZERO, paid)?;
        total.checked_div(self.filled()?.0).map(|price| Decimal(price.round_dp(6).normalize()))
    }
}

/// Asks for the orders of today in every stage, and older ones that still work.
pub fn live(account: &AccountNumber, page: Page) -> Request {
    let query = serde_urlencoded::to_string(page.pairs()).unwrap_or_default();
    Request::get(format!("/accounts/{}/orders/live?{query}", account.as_str()))
}

/// Asks for orders of any day, newest first.
pub fn history(account: &AccountNumber, wanted: &Wanted) -> Request {
    let mut pairs = wanted.page.pairs();
    pairs.push(("sort", "Desc".to_owned()));
    pairs.extend(wanted.from.map(|day| ("start-date", day.to_string())));
    pairs.extend(wanted.until.map(|day| ("end-date", day.to_string())));
    pairs.extend(wanted.underlying.clone().map(|symbol| ("underlying-symbol", symbol)));
    pairs.extend(wanted.statuses.iter().map(|status| ("status[]", (*status).to_owned())));
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    Request::get(format!("/accounts/{}/orders?{query}", account.as_str()))
}

/// Reads one page of either. An order without an id or with a leg without a symbol is an error.
pub fn read(answer: &Answer) -> Result<Noted<Paged<Order>>, Error> {
    answer.page(one)
}

fn one(item: &mut Fields<'_>) -> Result<Order, Error> {
    let mut order = Order {
        id: item.required("id", Fields::whole)?,
        status: item.text("status"),
        kind: item.text("order-type"),
        time_in_force: item.text("time-in-force"),
        gtc_date: item.day("gtc-date"),
        price: item.decimal("price").map(|price| Decimal(price.0.abs())),
        price_effect: item.text("price-effect"),
        stop_trigger: item.decimal("stop-trigger"),
        size: item.decimal("size"),
        underlying_symbol: item.text("underlying-symbol"),
        received_at: item.moment("received-at"),
        updated_at: item.moment("updated-at"),
        terminal_at: item.moment("terminal-at"),
        reject_reason: item.text("reject-reason"),
        legs: Vec::new(),
    };
    for mut leg in item.list("legs") {
        let mut fills = Vec::new();
        for mut fill in leg.list("fills") {
            // A fill without its quantity or price says nothing; the rest of the order does.
            fills.extend(fill.decimal("quantity").zip(fill.decimal("fill-price")));
            item.notes.append(&mut fill.notes);
        }
        order.legs.push(Leg {
            symbol: leg.required("symbol", Fields::text)?,
            instrument_type: leg.text("instrument-type"),
            action: leg.text("action"),
            quantity: leg.decimal("quantity"),
            remaining_quantity: leg.decimal("remaining-quantity"),
            fills,
        });
        item.notes.append(&mut leg.notes);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn requests() {
        let account = AccountNumber::new("5WT00001").unwrap();
        assert_eq!(
            live(&account, Page { size: 10, number: 0 }).path_and_query,
            "/accounts/5WT00001/orders/live?per-page=10&page-offset=0"
        );
        let wanted = Wanted {
            from: Some("2026-11-01".parse().unwrap()),
            until: Some("2026-11-20".parse().unwrap()),
            underlying: Some("BRK/B".to_owned()),
            statuses: vec!["Filled", "In Flight"],
            page: Page { size: 10, number: 1 },
        };
        assert_eq!(
            history(&account, &wanted).path_and_query,
            "/accounts/5WT00001/orders?per-page=10&page-offset=1&sort=Desc&start-date=2026-11-01&end-date=2026-11-20\
             &underlying-symbol=BRK%2FB&status%5B%5D=Filled&status%5B%5D=In+Flight"
        );
        assert!(is_working("live") && is_working("Contingent") && !is_working("Filled") && !is_working(""));
    }

    #[test]
    fn orders_are_read() {
        let body = r#"{"data":{"items":[{"id":1,"time-in-force":"GTC","order-type":"Limit","size":2,"price":"-1.25",
            "price-effect":"Credit","underlying-symbol":"AAPL","status":"Filled",
            "received-at":"2026-11-18T15:00:00.000+00:00","updated-at":1688584052750,"legs":[
              {"instrument-type":"Equity Option","symbol":"AAPL  261218C00255000","quantity":"2","remaining-quantity":0,
               "action":"Sell to Open","fills":[{"quantity":1,"fill-price":"1.25"},{"quantity":1,"fill-price":"1.30"},
               {"quantity":{},"fill-price":"1"}]}]},
            {"id":"2","status":"Live","legs":[]}]}}"#;
        let Noted { value: page, notes } = read(&answer(200, body)).unwrap();
        assert_eq!(notes, ["data.items[0].legs[0].fills[2].quantity: not a number"]);
        assert_eq!(page.total_items, None);
        let [filled, live] = page.items.try_into().unwrap();
        assert_eq!(filled.price.unwrap().to_string(), "1.25");
        assert_eq!(filled.price_effect.as_deref(), Some("Credit"));
        assert_eq!(filled.updated_at.unwrap().timestamp_millis(), 1_688_584_052_750);
        let leg = &filled.legs[0];
        assert_eq!(leg.filled().unwrap().to_string(), "2");
        assert_eq!(leg.average_fill_price().unwrap().to_string(), "1.275");
        assert_eq!((live.id, live.legs.len(), live.price), (2, 0, None));
    }

    #[test]
    fn what_was_not_filled_has_no_price() {
        let leg = Leg {
            symbol: "A".to_owned(),
            instrument_type: None,
            action: None,
            quantity: None,
            remaining_quantity: None,
            fills: Vec::new(),
        };
        assert_eq!((leg.filled(), leg.average_fill_price()), (Some(Decimal(0.into())), None));
    }

    #[test]
    fn a_leg_without_a_symbol_is_an_error() {
        let got = read(&answer(200, r#"{"data":{"items":[{"id":1,"legs":[{}]}]}}"#));
        assert_eq!(got.err(), Some(Error::invalid("data.items[0].legs[0].symbol", "missing")));
    }
}
