//! One item of `/market-data`.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    Instrument, Kind, Listing, Market, activity,
    futures::{Contract, carry},
    hours,
    instrument::subject,
    noise::{stream, unit},
    options::OptionPrice,
};
use crate::{
    calendar::{self, Phase, Session},
    wire::{cents, decimal, number, rounded, zulu},
};

/// The item as it goes over the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct QuoteItem {
    pub symbol: String,
    pub instrument_type: &'static str,
    /// The last moment at which something could trade: outside the extended hours this is their end.
    pub updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid: Option<String>,
    pub bid_size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    pub ask_size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    pub mark: String,
    pub last: String,
    pub last_mkt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dividend_amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dividend_frequency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_high_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_low_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<String>,
    pub close_price_type: &'static str,
    pub prev_close: String,
    pub prev_close_price_type: &'static str,
    pub summary_date: String,
    pub prev_close_date: String,
    pub is_trading_halted: bool,
    pub halt_start_time: i64,
    pub halt_end_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year_low_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year_high_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_interest: Option<String>,
}

/// The last moment at which something could trade.
pub(crate) fn last_activity(now: Timestamp) -> Timestamp {
    now.min(calendar::current(now).close_at_ext)
}

/// The last trade, in cents. This is also the mark of shares and indexes.
pub(crate) fn last(market: &Market<'_>, listing: &Listing, now: Timestamp) -> Decimal {
    cents(market.price(listing, now))
}

/// The quote of a listed symbol. Before the opening bell the day has no open, high, low; before the closing bell no close.
pub(crate) fn of_listing(market: &Market<'_>, listing: &Listing, now: Timestamp) -> QuoteItem {
    let session = hours::current(listing, now);
    let before = hours::before(listing, &session);
    let last = last(market, listing, now);
    let prev_close = cents(market.close(listing, &before));
    let range = market.day_range(listing, &session, now);
    let (year_low, year_high) = year_range(market, listing, &session, last.min(prev_close), last.max(prev_close));
    let tradable = listing.kind != Kind::Index;
    let (bid, ask) = around(market, listing, now, last);
    let price = |value: f64| decimal(cents(value));
    let mut base = blank(listing.symbol.to_owned(), listing.instrument_type(), &session, &before, now);
    if listing.kind == Kind::Crypto {
        base.updated_at = zulu(now);
    }
    QuoteItem {
        bid: tradable.then(|| decimal(bid)),
        bid_size: size(market, listing, now, 1, tradable),
        ask: tradable.then(|| decimal(ask)),
        ask_size: size(market, listing, now, 2, tradable),
        mid: tradable.then(|| decimal((bid + ask) / Decimal::TWO)),
        mark: decimal(last),
        last: decimal(last),
        last_mkt: decimal(last),
        beta: tradable.then(|| number(listing.beta, 4)),
        dividend_amount: (listing.dividend > 0.0).then(|| number(listing.dividend, 2)),
        dividend_frequency: (listing.dividend > 0.0).then(|| "4.0".to_owned()),
        open: range.map(|range| price(range.open)),
        // A price that was set by hand after the bell is the last one, so it belongs to the range as well.
        day_high_price: range.map(|range| decimal(cents(range.high).max(last))),
        day_low_price: range.map(|range| decimal(cents(range.low).min(last))),
        close: (now >= session.close_at).then(|| price(market.close(listing, &session))),
        prev_close: decimal(prev_close),
        year_low_price: Some(decimal(year_low.min(range.map_or(last, |range| cents(range.low))))),
        year_high_price: Some(decimal(year_high.max(range.map_or(last, |range| cents(range.high))))),
        volume: tradable.then(|| number(market.volume(listing, &session, now), 0)),
        ..base
    }
}

/// The quote of anything; `None` where it is written on nothing that is listed. Whether it is listed itself is not asked.
pub(crate) fn of_instrument(market: &Market<'_>, instrument: &Instrument, now: Timestamp) -> Option<QuoteItem> {
    match instrument {
        Instrument::Listed(listing) => Some(of_listing(market, listing, now)),
        Instrument::Future(contract) => of_future(market, contract, now),
        Instrument::EquityOption(_) | Instrument::FutureOption(_) => of_any_option(market, instrument, now),
    }
}

/// What one unit is worth: the last trade of shares, the middle of bid and ask of options.
pub(crate) fn mark(market: &Market<'_>, instrument: &Instrument, now: Timestamp) -> Option<Decimal> {
    match instrument {
        Instrument::Listed(listing) => Some(last(market, listing, now)),
        Instrument::Future(contract) => Some(stepped(market.future_price(contract, now)?, contract.product.tick)),
        Instrument::EquityOption(_) | Instrument::FutureOption(_) => Some(option_price(market, instrument, now)?.mark),
    }
}

/// Bid, ask and mark of an option.
pub(crate) fn option_price(market: &Market<'_>, instrument: &Instrument, at: Timestamp) -> Option<OptionPrice> {
    let model = market.model_of(instrument, at)?;
    match instrument {
        Instrument::EquityOption(option) => Some(model.price(option.right, option.strike())),
        Instrument::FutureOption(option) => Some(model.price(option.right, option.strike())),
        Instrument::Listed(_) | Instrument::Future(_) => None,
    }
}

fn of_any_option(market: &Market<'_>, option: &Instrument, now: Timestamp) -> Option<QuoteItem> {
    let session = calendar::current(now);
    let before = calendar::session_before(session.date);
    let at = |moment: Timestamp| Some(option_price(market, option, moment)?.mark);
    let price = option_price(market, option, now)?;
    let prev_close = at(before.close_at)?;
    let trades: Vec<Decimal> = activity::trades(&session, now).into_iter().filter_map(at).collect();
    let last = trades.last().copied().unwrap_or(prev_close);
    let symbol = option.symbol();
    let subject = subject(option, &symbol)?;
    let own = stream(market.seed ^ 5, &symbol);
    let size =
        |place: i64| number(1.0 + (unit(own, last_activity(now).timestamp() / 60 * 2 + place) * 60.0).floor(), 0);
    Some(QuoteItem {
        bid: Some(decimal(price.bid)),
        bid_size: size(0),
        ask: Some(decimal(price.ask)),
        ask_size: size(1),
        mid: Some(decimal(price.mark)),
        mark: decimal(price.mark),
        last: decimal(last),
        last_mkt: decimal(last),
        open: trades.first().copied().map(decimal),
        day_high_price: trades.iter().max().copied().map(decimal),
        day_low_price: trades.iter().min().copied().map(decimal),
        close: (now >= session.close_at).then(|| decimal(last)),
        prev_close: decimal(prev_close),
        volume: Some(number(market.option_volume(subject, &session, now), 0)),
        open_interest: Some(number(market.open_interest(subject, &session), 0)),
        ..blank(symbol.clone(), option.instrument_type(), &session, &before, now)
    })
}

fn of_future(market: &Market<'_>, contract: &Contract, now: Timestamp) -> Option<QuoteItem> {
    let index = contract.index()?;
    let session = calendar::current(now);
    let before = calendar::session_before(session.date);
    let factor = carry(contract, index, now);
    let step = contract.product.tick;
    let price = |value: f64| stepped(value * factor, step);
    let last = price(market.price(index, now));
    let prev_close = stepped(market.close(index, &before) * carry(contract, index, before.close_at), step);
    let range = market.day_range(index, &session, now);
    let (year_low, year_high) = year_range(market, index, &session, last.min(prev_close), last.max(prev_close));
    let tick = rounded(step, 2);
    let symbol = contract.to_string();
    let own = stream(market.seed ^ 5, &symbol);
    let size = |place: i64| number(4.0 + (unit(own, last_activity(now).timestamp() * 2 + place) * 40.0).floor(), 0);
    let high = range.map(|range| price(range.high).max(last));
    let low = range.map(|range| price(range.low).min(last));
    Some(QuoteItem {
        bid: Some(decimal(last - tick)),
        bid_size: size(0),
        ask: Some(decimal(last)),
        ask_size: size(1),
        mid: Some(decimal(last - tick / Decimal::TWO)),
        mark: decimal(last),
        last: decimal(last),
        last_mkt: decimal(last),
        open: range.map(|range| decimal(price(range.open))),
        day_high_price: high.map(decimal),
        day_low_price: low.map(decimal),
        close: (now >= session.close_at).then(|| decimal(price(market.close(index, &session)))),
        prev_close: decimal(prev_close),
        year_low_price: Some(decimal(low.map_or(year_low, |low| year_low.min(low)))),
        year_high_price: Some(decimal(high.map_or(year_high, |high| year_high.max(high)))),
        volume: Some(number(market.volume_of(&Instrument::Future(*contract), now), 0)),
        open_interest: Some(number((contract.product.volume * 1400.0).round(), 0)),
        ..blank(symbol, "Future", &session, &before, now)
    })
}

/// The nearest multiple of a step.
fn stepped(value: f64, step: f64) -> Decimal {
    cents((value / step).round() * step)
}

fn blank(
    symbol: String,
    instrument_type: &'static str,
    session: &Session,
    before: &Session,
    now: Timestamp,
) -> QuoteItem {
    let closed = now >= session.close_at;
    QuoteItem {
        symbol,
        instrument_type,
        updated_at: zulu(last_activity(now)),
        bid: None,
        bid_size: "0.0".to_owned(),
        ask: None,
        ask_size: "0.0".to_owned(),
        mid: None,
        mark: String::new(),
        last: String::new(),
        last_mkt: String::new(),
        beta: None,
        dividend_amount: None,
        dividend_frequency: None,
        open: None,
        day_high_price: None,
        day_low_price: None,
        close: None,
        close_price_type: if closed { "Final" } else { "Unknown" },
        prev_close: String::new(),
        prev_close_price_type: "Final",
        summary_date: session.date.to_string(),
        prev_close_date: before.date.to_string(),
        is_trading_halted: false,
        halt_start_time: -1,
        halt_end_time: -1,
        year_low_price: None,
        year_high_price: None,
        volume: None,
        open_interest: None,
    }
}

/// Bid and ask: whole cents around the last trade, wider before and after the regular session, never crossed or locked.
fn around(market: &Market<'_>, listing: &Listing, now: Timestamp, last: Decimal) -> (Decimal, Decimal) {
    let moment = last_activity(now).timestamp();
    let stream = stream(market.seed, listing.symbol);
    let open = listing.kind == Kind::Crypto || calendar::phase(now) == Phase::Open;
    let wide = if open { 1.0 } else { 4.0 };
    let ticks = |place| wide * (unit(stream, moment * 4 + place) * (1.0 + listing.base.min(3000.0) / 150.0)).floor();
    let below = ticks(0);
    let above = if below + ticks(1) < 1.0 { 1.0 } else { ticks(1) };
    let bid = (last - cents(below / 100.0)).max(Decimal::new(1, 2)).min(last);
    (bid, last + cents(above / 100.0))
}

fn size(market: &Market<'_>, listing: &Listing, now: Timestamp, place: i64, tradable: bool) -> String {
    if !tradable {
        return "0.0".to_owned();
    }
    let stream = stream(market.seed ^ 1, listing.symbol);
    number(1.0 + (unit(stream, last_activity(now).timestamp() * 4 + place) * 9.0).floor(), 0)
}

/// The extremes of a year's closing prices, widened to what is passed in.
fn year_range(
    market: &Market<'_>,
    listing: &Listing,
    session: &Session,
    low: Decimal,
    high: Decimal,
) -> (Decimal, Decimal) {
    let before = hours::before(listing, session);
    market
        .usual_closes(listing, &before, 252)
        .into_iter()
        .map(cents)
        .fold((low, high), |(low, high), close| (low.min(close), high.max(close)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::market::listing::{self, LISTINGS};

    fn quote(symbol: &str, now: &str) -> QuoteItem {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        of_listing(&market, listing::find(symbol).unwrap(), now.parse().unwrap())
    }

    #[test]
    fn what_a_quote_has_depends_on_the_hour() {
        let pre = quote("AAPL", "2026-11-20T14:00:00Z");
        assert_eq!((&pre.open, &pre.close, pre.volume.as_deref()), (&None, &None, Some("0.0")));
        assert_eq!((pre.summary_date.as_str(), pre.prev_close_date.as_str()), ("2026-11-20", "2026-11-19"));
        let open = quote("AAPL", "2026-11-20T15:00:00Z");
        assert!(open.open.is_some() && open.close.is_none());
        let night = quote("AAPL", "2026-11-20T06:37:00Z");
        assert_eq!(night.close, Some(night.last.clone()));
        assert_eq!(night.updated_at, "2026-11-20T01:00:00.000Z");
        assert_eq!(night.summary_date, "2026-11-19");
        assert_eq!(pre.prev_close, night.last, "the night's last price is the morning's previous close");
        let index = quote("SPX", "2026-11-20T15:00:00Z");
        assert_eq!((index.bid, index.ask, index.instrument_type), (None, None, "Index"));
    }

    proptest::proptest! {
        #[test]
        fn figures_of_a_quote_agree(symbol in 0..LISTINGS.len(), seconds in 0..2_000_000_i64) {
            let now: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
            let none = BTreeMap::new();
            let market = Market { seed: 3, overrides: &none };
            let item = of_listing(&market, &LISTINGS[symbol], now + chrono::TimeDelta::seconds(seconds));
            let read = |text: &str| text.parse::<Decimal>().unwrap();
            if item.bid.is_none() {
                proptest::prop_assert_eq!(LISTINGS[symbol].kind, Kind::Index);
                return Ok(());
            }
            let (bid, ask, last) = (read(&item.bid.unwrap()), read(&item.ask.unwrap()), read(&item.last));
            proptest::prop_assert!(bid <= last && last <= ask && bid < ask);
            proptest::prop_assert_eq!(read(&item.mid.unwrap()) * Decimal::TWO, bid + ask);
            if let (Some(open), Some(high), Some(low)) = (item.open, item.day_high_price, item.day_low_price) {
                let (open, high, low) = (read(&open), read(&high), read(&low));
                proptest::prop_assert!(low <= open && open <= high && low <= last && last <= high);
                proptest::prop_assert!(read(&item.year_low_price.unwrap()) <= low);
                proptest::prop_assert!(read(&item.year_high_price.unwrap()) >= high);
            }
        }
    }
}
