//! What happened in an account, `GET /accounts/{number}/transactions`.

use chrono::NaiveDate;
use domain::{AccountNumber, Decimal, Timestamp};

use crate::{
    Answer, Error, Noted, Request,
    fields::Fields,
    response::{Page, Paged},
};

/// The most that one request may ask for.
pub const MAX_PER_PAGE: u32 = 2000;

/// Which transactions are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, included.
    pub until: Option<NaiveDate>,
    /// Of this instrument alone; the OCC form for options.
    pub symbol: Option<String>,
    /// Of everything that derives from this alone.
    pub underlying: Option<String>,
    /// Of these types alone: `Trade`, `Receive Deliver`, `Money Movement`.
    pub types: Vec<&'static str>,
    /// Which page, in which size.
    pub page: Page,
}

/// One transaction. Amounts are in US dollars; what was paid is negative.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Its id, which grows with time.
    pub id: i64,
    /// `Trade`, `Receive Deliver` or `Money Movement`.
    pub kind: Option<String>,
    /// For example `Sell to Open`, `Expiration`, `Assignment`, `Dividend`, `Deposit`.
    pub sub_kind: Option<String>,
    /// What it was, in words, some of which may be a stranger's.
    pub description: Option<String>,
    /// When it was.
    pub executed_at: Option<Timestamp>,
    /// The trading day that it belongs to.
    pub date: Option<NaiveDate>,
    /// The instrument.
    pub symbol: Option<String>,
    /// What the instrument derives from.
    pub underlying_symbol: Option<String>,
    /// For example `Equity Option`.
    pub instrument_type: Option<String>,
    /// For example `Buy to Close`.
    pub action: Option<String>,
    /// Shares or contracts.
    pub quantity: Option<Decimal>,
    /// Price per unit.
    pub price: Option<Decimal>,
    /// What it was worth, before fees.
    pub value: Option<Decimal>,
    /// What it changed the cash by: value and fees.
    pub net_value: Option<Decimal>,
    /// Commission and all fees together.
    pub fees: Option<Decimal>,
    /// The order that it comes of.
    pub order_id: Option<i64>,
}

/// Asks for the transactions of an account, newest first.
pub fn request(account: &AccountNumber, wanted: &Wanted) -> Request {
    let mut pairs = wanted.page.pairs();
    pairs.push(("sort", "Desc".to_owned()));
    pairs.extend(wanted.from.map(|day| ("start-date", day.to_string())));
    pairs.extend(wanted.until.map(|day| ("end-date", day.to_string())));
    pairs.extend(wanted.symbol.clone().map(|symbol| ("symbol", symbol)));
    pairs.extend(wanted.underlying.clone().map(|symbol| ("underlying-symbol", symbol)));
    pairs.extend(wanted.types.iter().map(|kind| ("types[]", (*kind).to_owned())));
    // Pairs of texts always encode.
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    Request::get(format!("/accounts/{}/transactions?{query}", account.as_str()))
}

/// Reads one page. A transaction without an id is an error, since one that is left out would be missing from every sum.
pub fn read(answer: &Answer) -> Result<Noted<Paged<Transaction>>, Error> {
    answer.page(one)
}

const FEES: [&str; 5] =
    ["commission", "clearing-fees", "regulatory-fees", "proprietary-index-option-fees", "other-charge"];

fn one(item: &mut Fields<'_>) -> Result<Transaction, Error> {
    let fees: Vec<Decimal> = FEES.iter().filter_map(|name| item.signed(name)).collect();
    let sum = fees.iter().try_fold(rust_decimal::Decimal::ZERO, |sum, fee| sum.checked_add(fee.0));
    Ok(Transaction {
        id: item.required("id", Fields::whole)?,
        kind: item.text("transaction-type"),
        sub_kind: item.text("transaction-sub-type"),
        description: item.text("description"),
        executed_at: item.moment("executed-at"),
        date: item.day("transaction-date"),
        symbol: item.text("symbol"),
        underlying_symbol: item.text("underlying-symbol"),
        instrument_type: item.text("instrument-type"),
        action: item.text("action"),
        quantity: item.decimal("quantity"),
        price: item.decimal("price"),
        value: item.signed("value"),
        net_value: item.signed("net-value"),
        fees: if fees.is_empty() { None } else { sum.map(Decimal) },
        order_id: item.whole("order-id"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn what_is_wanted_is_in_the_query() {
        let account = AccountNumber::new("5WT00001").unwrap();
        let wanted = Wanted {
            from: Some("2026-11-01".parse().unwrap()),
            symbol: Some("AAPL  261218C00255000".to_owned()),
            types: vec!["Trade", "Receive Deliver"],
            page: Page { size: 50, number: 2 },
            ..Wanted::default()
        };
        assert_eq!(
            request(&account, &wanted).path_and_query,
            "/accounts/5WT00001/transactions?per-page=50&page-offset=2&sort=Desc&start-date=2026-11-01\
             &symbol=AAPL++261218C00255000&types%5B%5D=Trade&types%5B%5D=Receive+Deliver"
        );
    }

    #[test]
    fn transactions_are_read_with_their_signs() {
        let body = r#"{"data":{"items":[
            {"id":252640963,"transaction-type":"Trade","transaction-sub-type":"Buy to Close","description":"Bought 2",
             "executed-at":"2026-11-18T15:00:00.000+00:00","transaction-date":"2026-11-18","symbol":"AAPL  261218C00255000",
             "underlying-symbol":"AAPL","instrument-type":"Equity Option","action":"Buy to Close","quantity":"2.0",
             "price":"1.2","value":"240.0","value-effect":"Debit","net-value":"240.28","net-value-effect":"Debit",
             "commission":"0.0","commission-effect":"None","clearing-fees":"0.2","clearing-fees-effect":"Debit",
             "regulatory-fees":"0.08","regulatory-fees-effect":"Debit","order-id":77},
            {"id":"252640964","transaction-type":"Money Movement","transaction-sub-type":"Dividend",
             "description":"PAY\u202EME","value":"27.74","value-effect":"Credit","net-value":"0.0",
             "net-value-effect":"None"}
            ]},"pagination":{"per-page":250,"page-offset":0,"total-items":1622,"total-pages":7}}"#;
        let page = read(&answer(200, body)).unwrap().value;
        assert_eq!((page.total_items, page.total_pages), (Some(1622), Some(7)));
        let [trade, dividend] = page.items.try_into().unwrap();
        let text = |amount: Option<Decimal>| amount.map(|amount| amount.to_string());
        assert_eq!(text(trade.value).as_deref(), Some("-240.0"));
        assert_eq!(text(trade.net_value).as_deref(), Some("-240.28"));
        assert_eq!(text(trade.fees).as_deref(), Some("-0.28"));
        assert_eq!((dividend.id, text(dividend.value).as_deref()), (252_640_964, Some("27.74")));
        assert_eq!((text(dividend.net_value).as_deref(), dividend.fees), (Some("0.0"), None));
        assert_eq!(dividend.description.as_deref(), Some("PAYME"));
    }

    #[test]
    fn one_without_an_id_is_an_error() {
        let got = read(&answer(200, r#"{"data":{"items":[{"value":"1"}]}}"#));
        assert_eq!(got.err(), Some(Error::invalid("data.items[0].id", "missing")));
    }
}
