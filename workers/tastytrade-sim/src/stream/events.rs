//! Market data as DXLink events: values by field, the last ones known and the candles of a time.

use chrono::Days;
use domain::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    calendar,
    market::{
        Instrument, Kind, Market, activity,
        candles::{Candle, Interval},
        events,
        options::RISK_FREE,
        quote,
    },
    wire::rounded,
};

/// The flags of the first and the last event of a snapshot.
const BEGIN: i64 = 0x04;
const END: i64 = 0x08;
/// There is no candle at this place.
const REMOVE: i64 = 0x02;
/// What a number is where there is none.
const NONE: &str = "NaN";
/// An option that is worth less has no greeks, as far out of the money it never gets any.
const LEAST_VALUE: f64 = 0.005;

/// One event: its values by field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row(Vec<(&'static str, Value)>);

impl Row {
    /// The value of a field; of one that the event does not have the sign for none.
    pub(super) fn value(&self, name: &str) -> Value {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or_else(|| json!(NONE), |(_, value)| value.clone())
    }

    /// The event as an object with these fields.
    pub(super) fn object(&self, kind: &str, fields: &[String]) -> Value {
        let mut object = Map::new();
        object.insert("eventType".to_owned(), json!(kind));
        object.extend(fields.iter().map(|name| (name.clone(), self.value(name))));
        Value::Object(object)
    }

    /// Whether it says anything else than that time has passed.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let of_time = |name: &str| {
            matches!(name, "eventFlags" | "bidTime" | "askTime" | "sequence")
                || (matches!(name, "time" | "index") && !self.0.iter().any(|(name, _)| *name == "vwap"))
        };
        let told = |row: &Self| row.0.iter().filter(|(name, _)| !of_time(name)).cloned().collect::<Vec<_>>();
        told(self) != told(other)
    }
}

/// The fields of a kind, in the order in which they are sent if nobody asks for another; `None` for a kind that there is
/// not.
pub(super) fn fields(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Quote" => &[
            "eventSymbol",
            "eventTime",
            "sequence",
            "timeNanoPart",
            "bidTime",
            "bidExchangeCode",
            "askTime",
            "askExchangeCode",
            "bidPrice",
            "askPrice",
            "bidSize",
            "askSize",
        ],
        "Trade" | "TradeETH" => &[
            "eventSymbol",
            "eventTime",
            "time",
            "timeNanoPart",
            "sequence",
            "exchangeCode",
            "dayId",
            "tickDirection",
            "extendedTradingHours",
            "price",
            "change",
            "size",
            "dayVolume",
            "dayTurnover",
        ],
        "Summary" => &[
            "eventSymbol",
            "eventTime",
            "dayId",
            "dayClosePriceType",
            "prevDayId",
            "prevDayClosePriceType",
            "openInterest",
            "dayOpenPrice",
            "dayHighPrice",
            "dayLowPrice",
            "dayClosePrice",
            "prevDayClosePrice",
            "prevDayVolume",
        ],
        "Profile" => &[
            "eventSymbol",
            "eventTime",
            "description",
            "shortSaleRestriction",
            "tradingStatus",
            "haltStartTime",
            "haltEndTime",
            "exDividendDayId",
            "statusReason",
            "high52WeekPrice",
            "low52WeekPrice",
            "beta",
            "shares",
            "highLimitPrice",
            "lowLimitPrice",
            "earningsPerShare",
            "exDividendAmount",
            "dividendFrequency",
            "freeFloat",
        ],
        "Greeks" => &[
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "sequence",
            "price",
            "volatility",
            "delta",
            "gamma",
            "theta",
            "rho",
            "vega",
        ],
        "Candle" => &[
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "sequence",
            "count",
            "volume",
            "vwap",
            "bidVolume",
            "askVolume",
            "impVolatility",
            "openInterest",
            "open",
            "high",
            "low",
            "close",
        ],
        "TimeAndSale" => &[
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "timeNanoPart",
            "sequence",
            "exchangeCode",
            "price",
            "size",
            "bidPrice",
            "askPrice",
            "exchangeSaleConditions",
            "tradeThroughExempt",
            "aggressorSide",
            "spreadLeg",
            "extendedTradingHours",
            "validTick",
            "type",
            "buyer",
            "seller",
        ],
        "TheoPrice" => &[
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "sequence",
            "price",
            "underlyingPrice",
            "delta",
            "gamma",
            "dividend",
            "interest",
        ],
        "Underlying" => &[
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "sequence",
            "volatility",
            "frontVolatility",
            "backVolatility",
            "callVolume",
            "putVolume",
            "optionVolume",
            "putCallRatio",
        ],
        _ => return None,
    })
}

/// The last event that is known; nothing for what is not listed or has no such events.
pub(super) fn latest(market: &Market<'_>, kind: &str, symbol: &str, seen: Timestamp) -> Option<Row> {
    let instrument = Instrument::of_streamer_symbol(symbol)?;
    if !market.lists(&instrument, seen) {
        return None;
    }
    let of = Of { market, instrument: &instrument, symbol, seen };
    match kind {
        "Quote" => of.quote(),
        "Trade" => of.trade(),
        // Nobody trades options before the bell or after it.
        "TradeETH" if of.is_extended() && !instrument.is_option() => of.trade(),
        "TimeAndSale" => of.time_and_sale(),
        "Summary" => of.summary(),
        "Profile" => of.profile(),
        "Greeks" => of.greeks(),
        "TheoPrice" => of.theo_price(),
        "Underlying" => of.underlying(),
        _ => None,
    }
}

/// What an event is made of.
struct Of<'a> {
    market: &'a Market<'a>,
    instrument: &'a Instrument,
    symbol: &'a str,
    seen: Timestamp,
}

/// A decimal as the wire has it for REST, turned into a number with the same digits.
fn text(value: Option<&str>) -> Value {
    value.and_then(|text| text.parse::<f64>().ok()).map_or_else(|| json!(NONE), |value| json!(value))
}

fn figure(value: f64, places: u32) -> Value {
    text(Some(&rounded(value, places).to_string()))
}

fn day_id(date: &str) -> Value {
    date.parse::<chrono::NaiveDate>()
        .map_or_else(|_| json!(0), |day| json!(day.signed_duration_since(chrono::NaiveDate::default()).num_days()))
}

/// Where an event of a moment stands: its second in the upper half of 64 bits.
fn index(at: Timestamp) -> i64 {
    at.timestamp() << 32
}

impl Of<'_> {
    /// Symbol and time, which all events have.
    fn row(&self, values: Vec<(&'static str, Value)>) -> Row {
        let mut row = vec![("eventSymbol", json!(self.symbol)), ("eventTime", json!(0))];
        row.extend(values);
        Row(row)
    }

    fn indexed(&self, values: Vec<(&'static str, Value)>) -> Row {
        let at = quote::last_activity(self.seen);
        let mut all = vec![
            ("eventFlags", json!(0)),
            ("index", json!(index(at))),
            ("time", json!(at.timestamp_millis())),
            ("sequence", json!(0)),
        ];
        all.extend(values);
        self.row(all)
    }

    fn quote(&self) -> Option<Row> {
        let item = quote::of_instrument(self.market, self.instrument, self.seen)?;
        let (bid, ask) = (item.bid?, item.ask?);
        let at = json!(quote::last_activity(self.seen).timestamp() * 1000);
        Some(self.row(vec![
            ("sequence", json!(0)),
            ("timeNanoPart", json!(0)),
            ("bidTime", at.clone()),
            ("bidExchangeCode", json!("Q")),
            ("askTime", at),
            ("askExchangeCode", json!("Q")),
            ("bidPrice", text(Some(&bid))),
            ("askPrice", text(Some(&ask))),
            ("bidSize", text(Some(&item.bid_size))),
            ("askSize", text(Some(&item.ask_size))),
        ]))
    }

    fn is_extended(&self) -> bool {
        matches!(calendar::phase(self.seen), calendar::Phase::PreMarket | calendar::Phase::Extended)
    }

    /// The last trade, with the quote it met.
    fn time_and_sale(&self) -> Option<Row> {
        let item = quote::of_instrument(self.market, self.instrument, self.seen)?;
        let at =
            if self.instrument.is_option() { activity::last_trade(self.seen) } else { quote::last_activity(self.seen) };
        let (last, ask): (f64, f64) = (item.last.parse().ok()?, item.ask.as_deref()?.parse().ok()?);
        Some(self.row(vec![
            ("eventFlags", json!(0)),
            ("index", json!(index(at))),
            ("time", json!(at.timestamp_millis())),
            ("timeNanoPart", json!(0)),
            ("sequence", json!(0)),
            ("exchangeCode", json!("Q")),
            ("price", text(Some(&item.last))),
            ("size", json!(1)),
            ("bidPrice", text(item.bid.as_deref())),
            ("askPrice", text(item.ask.as_deref())),
            ("exchangeSaleConditions", json!("@")),
            ("tradeThroughExempt", json!("0")),
            ("aggressorSide", json!(if last >= ask { "BUY" } else { "SELL" })),
            ("spreadLeg", json!(false)),
            ("extendedTradingHours", json!(self.is_extended() && !self.instrument.is_option())),
            ("validTick", json!(true)),
            ("type", json!("NEW")),
            ("buyer", Value::Null),
            ("seller", Value::Null),
        ]))
    }

    fn trade(&self) -> Option<Row> {
        let item = quote::of_instrument(self.market, self.instrument, self.seen)?;
        let at =
            if self.instrument.is_option() { activity::last_trade(self.seen) } else { quote::last_activity(self.seen) };
        let (last, before): (f64, f64) = (item.last.parse().ok()?, item.prev_close.parse().ok()?);
        let volume: f64 = item.volume.as_deref().unwrap_or("0").parse().ok()?;
        let direction = if last >= before { "UP" } else { "DOWN" };
        let extended = self.is_extended();
        Some(self.row(vec![
            ("time", json!(at.timestamp_millis())),
            ("timeNanoPart", json!(0)),
            ("sequence", json!(0)),
            ("exchangeCode", json!("Q")),
            ("dayId", day_id(&item.summary_date)),
            ("tickDirection", json!(direction)),
            ("extendedTradingHours", json!(extended && !self.instrument.is_option())),
            ("price", text(Some(&item.last))),
            ("change", figure(last - before, 4)),
            ("size", json!(1)),
            ("dayVolume", figure(volume, 0)),
            ("dayTurnover", figure(volume * last * self.instrument.multiplier(), 2)),
        ]))
    }

    fn summary(&self) -> Option<Row> {
        let item = quote::of_instrument(self.market, self.instrument, self.seen)?;
        let interest = item.open_interest.as_deref().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        Some(self.row(vec![
            ("dayId", day_id(&item.summary_date)),
            ("dayClosePriceType", json!(if item.close.is_some() { "FINAL" } else { "REGULAR" })),
            ("prevDayId", day_id(&item.prev_close_date)),
            ("prevDayClosePriceType", json!("FINAL")),
            ("openInterest", json!(rounded(interest, 0).mantissa())),
            ("dayOpenPrice", text(item.open.as_deref())),
            ("dayHighPrice", text(item.day_high_price.as_deref())),
            ("dayLowPrice", text(item.day_low_price.as_deref())),
            ("dayClosePrice", text(item.close.as_deref())),
            ("prevDayClosePrice", text(Some(&item.prev_close))),
            ("prevDayVolume", json!(NONE)),
        ]))
    }

    fn profile(&self) -> Option<Row> {
        let listing = self.instrument.listing()?;
        let item = quote::of_instrument(self.market, self.instrument, self.seen)?;
        let is_share = matches!(listing.kind, Kind::Stock | Kind::Fund) && !self.instrument.is_option();
        let today = calendar::local_date(self.seen);
        let last = events::dividends(listing, today - Days::new(200), today).last().copied();
        let ex_dividend = last.map_or_else(|| json!(0), |day| day_id(&day.to_string()));
        let own = |value: Value| if is_share { value } else { json!(NONE) };
        let description =
            if self.instrument.is_option() { self.instrument.symbol() } else { listing.description.into() };
        Some(self.row(vec![
            ("description", json!(description)),
            ("shortSaleRestriction", json!("INACTIVE")),
            ("tradingStatus", json!("ACTIVE")),
            ("haltStartTime", json!(0)),
            ("haltEndTime", json!(0)),
            ("exDividendDayId", own(ex_dividend)),
            ("statusReason", Value::Null),
            ("high52WeekPrice", text(item.year_high_price.as_deref())),
            ("low52WeekPrice", text(item.year_low_price.as_deref())),
            ("beta", own(figure(listing.beta, 4))),
            ("shares", own(figure(listing.market_cap as f64 / listing.base, 0))),
            ("highLimitPrice", json!(NONE)),
            ("lowLimitPrice", json!(NONE)),
            ("earningsPerShare", own(figure(listing.base / listing.price_earnings.max(1.0), 2))),
            ("exDividendAmount", own(figure(listing.dividend, 4))),
            ("dividendFrequency", own(json!(if listing.dividend > 0.0 { 4 } else { 0 }))),
            ("freeFloat", json!(NONE)),
        ]))
    }

    fn greeks(&self) -> Option<Row> {
        let greeks = self.market.greeks(self.instrument, self.seen).filter(|greeks| greeks.price >= LEAST_VALUE)?;
        Some(self.indexed(vec![
            ("price", figure(greeks.price, 6)),
            ("volatility", figure(greeks.volatility, 6)),
            ("delta", figure(greeks.delta, 6)),
            ("gamma", figure(greeks.gamma, 8)),
            ("theta", figure(greeks.theta, 6)),
            ("rho", figure(greeks.rho, 6)),
            ("vega", figure(greeks.vega, 6)),
        ]))
    }

    fn theo_price(&self) -> Option<Row> {
        let greeks = self.market.greeks(self.instrument, self.seen).filter(|greeks| greeks.price >= LEAST_VALUE)?;
        Some(self.indexed(vec![
            ("price", figure(greeks.price, 6)),
            ("underlyingPrice", figure(self.market.price(self.instrument.listing()?, self.seen), 4)),
            ("delta", figure(greeks.delta, 6)),
            ("gamma", figure(greeks.gamma, 8)),
            ("dividend", json!(0.0)),
            ("interest", json!(RISK_FREE)),
        ]))
    }

    fn underlying(&self) -> Option<Row> {
        let Instrument::Listed(listing) = self.instrument else { return None };
        let volatility = self.market.implied_volatility(listing, self.seen);
        let traded = self.market.volume_of(self.instrument, self.seen);
        let (calls, puts) = ((traded * 0.02).floor(), (traded * 0.017).floor());
        Some(self.indexed(vec![
            ("volatility", figure(volatility, 6)),
            ("frontVolatility", figure(volatility * 0.99, 6)),
            ("backVolatility", figure(volatility * 1.01, 6)),
            ("callVolume", figure(calls, 0)),
            ("putVolume", figure(puts, 0)),
            ("optionVolume", figure(calls + puts, 0)),
            ("putCallRatio", figure(if calls > 0.0 { puts / calls } else { 0.0 }, 4)),
        ]))
    }
}

/// A candle symbol, taken apart.
struct Series {
    instrument: Instrument,
    interval: Interval,
    /// The symbol as the server writes it.
    name: String,
}

impl Series {
    fn parse(symbol: &str) -> Option<Self> {
        let (base, rest) = symbol.split_once('{')?;
        let mut attributes: Vec<&str> = rest.strip_suffix('}')?.split(',').collect();
        let period = attributes.iter().find_map(|attribute| attribute.strip_prefix('='))?;
        let interval = Interval::parse(period)?;
        let short = period.strip_prefix('1').filter(|unit| unit.starts_with(|c: char| c.is_ascii_alphabetic()));
        let period = format!("={}", short.unwrap_or(period));
        attributes.retain(|attribute| !attribute.starts_with('='));
        attributes.push(&period);
        attributes.sort_unstable();
        let name = format!("{base}{{{}}}", attributes.join(","));
        Some(Self { instrument: Instrument::of_streamer_symbol(base)?, interval, name })
    }

    fn row(&self, candle: &Candle, flags: i64) -> Row {
        // Options on cheap shares move by fractions of a cent.
        let places = if self.instrument.is_option() { 4 } else { 2 };
        let price = |value: f64| figure(value, places);
        let optional = |value: Option<f64>, places| value.map_or_else(|| json!(NONE), |value| figure(value, places));
        self.event(
            flags,
            candle.time,
            vec![
                ("count", json!(candle.count)),
                ("volume", figure(candle.volume, 0)),
                ("vwap", price(candle.vwap)),
                ("bidVolume", figure((candle.volume * 0.49).floor(), 0)),
                ("askVolume", figure((candle.volume * 0.51).floor(), 0)),
                ("impVolatility", optional(candle.volatility, 6)),
                ("openInterest", optional(candle.open_interest, 0)),
                ("open", price(candle.open)),
                ("high", price(candle.high)),
                ("low", price(candle.low)),
                ("close", price(candle.close)),
            ],
        )
    }

    /// An event without a candle: its numbers are none.
    fn end(&self, flags: i64, at: Timestamp) -> Row {
        self.event(flags, at, vec![("count", json!(0))])
    }

    fn event(&self, flags: i64, at: Timestamp, values: Vec<(&'static str, Value)>) -> Row {
        let mut row = vec![
            ("eventSymbol", json!(self.name)),
            ("eventTime", json!(0)),
            ("eventFlags", json!(flags)),
            ("index", json!(index(at))),
            ("time", json!(at.timestamp_millis())),
            ("sequence", json!(0)),
        ];
        row.extend(values);
        Row(row)
    }
}

/// Whether it is listed, or was when it ended: what was traded until then is still told.
fn was_listed(market: &Market<'_>, instrument: &Instrument, seen: Timestamp) -> bool {
    let last = instrument.expires_at().map_or(seen, |end| end.min(seen));
    // A future is gone with its last moment.
    matches!(instrument, Instrument::Future(_)) || market.lists(instrument, last)
}

/// The snapshot of a series from a moment on, in Unix milliseconds: the newest candle first, and an event without a candle
/// at the end. Nothing for a series that there is not.
pub(super) fn candles(market: &Market<'_>, symbol: &str, from: Option<i64>, seen: Timestamp) -> Vec<Row> {
    let series = Series::parse(symbol).filter(|series| was_listed(market, &series.instrument, seen));
    let Some(series) = series else { return Vec::new() };
    let from = Timestamp::from_timestamp_millis(from.unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut candles = market.candles(&series.instrument, series.interval, from, seen);
    candles.retain(|candle| candle.time >= from);
    let begin = |place: usize| if place == 0 { BEGIN } else { 0 };
    // The oldest candle ends the snapshot where it lies at its very beginning, else an event without one does.
    let end = |candle: &Candle| if candle.time == from { END } else { 0 };
    let newest_first = candles.iter().rev().enumerate();
    let mut rows: Vec<Row> =
        newest_first.map(|(place, candle)| series.row(candle, begin(place) | end(candle))).collect();
    if candles.first().is_none_or(|oldest| oldest.time > from) {
        rows.push(series.end(begin(rows.len()) | END | REMOVE, from));
    }
    rows
}

/// The candle of the moment.
pub(super) fn current_candle(market: &Market<'_>, symbol: &str, seen: Timestamp) -> Option<Row> {
    let series = Series::parse(symbol)?;
    let candles = market.candles(&series.instrument, series.interval, seen, seen);
    Some(series.row(candles.last()?, 0))
}
