//! The kinds of events, what is asked for of each, and what they are read to.

use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::{candle::CandleEvent, row::Row};

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Best bid and ask.
    Quote,
    /// The last trade of the regular session, and the day's volume.
    Trade,
    /// The day's prices, and open interest.
    Summary,
    /// Greeks and implied volatility of an option.
    Greeks,
    /// Open, high, low, close and volume of a stretch of time.
    Candle,
    /// What an instrument is.
    Profile,
    /// A theoretical price of an option.
    TheoPrice,
    /// Volatilities and volumes of all options on an underlying.
    Underlying,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Quote,
        Self::Trade,
        Self::Summary,
        Self::Greeks,
        Self::Candle,
        Self::Profile,
        Self::TheoPrice,
        Self::Underlying,
    ];

    /// The name in frames.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quote => "Quote",
            Self::Trade => "Trade",
            Self::Summary => "Summary",
            Self::Greeks => "Greeks",
            Self::Candle => "Candle",
            Self::Profile => "Profile",
            Self::TheoPrice => "TheoPrice",
            Self::Underlying => "Underlying",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The fields that are asked for.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Quote => &["eventSymbol", "bidTime", "askTime", "bidPrice", "askPrice", "bidSize", "askSize"],
            Self::Trade => {
                &["eventSymbol", "time", "price", "change", "size", "dayVolume", "dayTurnover", "extendedTradingHours"]
            }
            Self::Summary => &[
                "eventSymbol",
                "dayId",
                "openInterest",
                "dayOpenPrice",
                "dayHighPrice",
                "dayLowPrice",
                "dayClosePrice",
                "prevDayClosePrice",
                "prevDayVolume",
            ],
            Self::Greeks => &["eventSymbol", "time", "price", "volatility", "delta", "gamma", "theta", "rho", "vega"],
            Self::Candle => &[
                "eventSymbol",
                "eventFlags",
                "index",
                "time",
                "count",
                "volume",
                "vwap",
                "impVolatility",
                "openInterest",
                "open",
                "high",
                "low",
                "close",
            ],
            Self::Profile => &[
                "eventSymbol",
                "description",
                "shortSaleRestriction",
                "tradingStatus",
                "statusReason",
                "high52WeekPrice",
                "low52WeekPrice",
                "beta",
                "shares",
                "earningsPerShare",
                "exDividendAmount",
                "dividendFrequency",
            ],
            Self::TheoPrice => {
                &["eventSymbol", "time", "price", "underlyingPrice", "delta", "gamma", "dividend", "interest"]
            }
            Self::Underlying => &[
                "eventSymbol",
                "time",
                "volatility",
                "frontVolatility",
                "backVolatility",
                "callVolume",
                "putVolume",
                "putCallRatio",
            ],
        }
    }
}

/// Best bid and ask, in US dollars per unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Shares or contracts bid.
    pub bid_size: Option<Decimal>,
    /// Shares or contracts offered.
    pub ask_size: Option<Decimal>,
    /// When the later of the two sides last changed.
    pub at: Option<Timestamp>,
}

/// The last trade, in US dollars per unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Its price.
    pub price: Option<Decimal>,
    /// Its difference to the previous close.
    pub change: Option<Decimal>,
    /// Its size.
    pub size: Option<Decimal>,
    /// Shares or contracts traded today.
    pub day_volume: Option<Decimal>,
    /// US dollars traded today.
    pub day_turnover: Option<Decimal>,
    /// Whether it was outside of the regular session.
    pub is_extended: Option<bool>,
    /// When it was.
    pub at: Option<Timestamp>,
}

/// The day's prices in US dollars per unit, and open interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Days since 1970-01-01.
    pub day_id: Option<i64>,
    /// Open contracts.
    pub open_interest: Option<i64>,
    /// First price of the day.
    pub open: Option<Decimal>,
    /// Highest price of the day.
    pub high: Option<Decimal>,
    /// Lowest price of the day.
    pub low: Option<Decimal>,
    /// Today's close; absent before it.
    pub close: Option<Decimal>,
    /// The previous session's close.
    pub prev_close: Option<Decimal>,
    /// Shares or contracts traded in the previous session.
    pub prev_volume: Option<Decimal>,
}

/// Greeks per unit of the underlying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Greeks {
    /// The price that they are computed from, in US dollars.
    pub price: Option<Decimal>,
    /// Implied volatility per year, a fraction.
    pub iv: Option<f64>,
    /// Change of the price per dollar of the underlying.
    pub delta: Option<f64>,
    /// Change of delta per dollar of the underlying.
    pub gamma: Option<f64>,
    /// Change of the price per day, in US dollars.
    pub theta: Option<f64>,
    /// Change of the price per percent of the interest rate, in US dollars.
    pub rho: Option<f64>,
    /// Change of the price per percent of implied volatility, in US dollars.
    pub vega: Option<f64>,
    /// When they were computed.
    pub at: Option<Timestamp>,
}

/// What an instrument is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub description: Option<String>,
    /// `ACTIVE`, `INACTIVE` or `UNDEFINED`.
    pub short_sale_restriction: Option<String>,
    /// `ACTIVE`, `HALTED` or `UNDEFINED`.
    pub trading_status: Option<String>,
    /// Why it was halted.
    pub status_reason: Option<String>,
    /// Highest price of 52 weeks, in US dollars.
    pub high_52_week: Option<Decimal>,
    /// Lowest price of 52 weeks, in US dollars.
    pub low_52_week: Option<Decimal>,
    /// Beta to the S&P 500.
    pub beta: Option<f64>,
    /// Shares outstanding.
    pub shares: Option<Decimal>,
    /// Earnings per share, in US dollars.
    pub earnings_per_share: Option<Decimal>,
    /// The last dividend per share, in US dollars.
    pub dividend: Option<Decimal>,
    /// Dividends per year.
    pub dividends_per_year: Option<f64>,
}

/// A theoretical price of an option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TheoPrice {
    /// The price, in US dollars.
    pub price: Option<Decimal>,
    /// The underlying's price that it was computed from.
    pub underlying_price: Option<Decimal>,
    /// Its delta.
    pub delta: Option<f64>,
    /// Its gamma.
    pub gamma: Option<f64>,
    /// Implied dividend return, a fraction.
    pub dividend: Option<f64>,
    /// Implied interest return, a fraction.
    pub interest: Option<f64>,
    /// When it was computed.
    pub at: Option<Timestamp>,
}

/// All options on an underlying together. Volatilities are fractions per year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Underlying {
    /// The 30-day implied volatility.
    pub iv: Option<f64>,
    /// That of the front month.
    pub front_iv: Option<f64>,
    /// That of the back month.
    pub back_iv: Option<f64>,
    /// Calls traded today.
    pub call_volume: Option<Decimal>,
    /// Puts traded today.
    pub put_volume: Option<Decimal>,
    /// Puts per call.
    pub put_call_ratio: Option<f64>,
    /// When it was computed.
    pub at: Option<Timestamp>,
}

/// An event that was read. Candles are put together from several and are not among them.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Best bid and ask.
    Quote(Quote),
    /// The last trade.
    Trade(Trade),
    /// The day.
    Summary(Summary),
    /// Greeks.
    Greeks(Greeks),
    /// The instrument.
    Profile(Profile),
    /// A theoretical price.
    TheoPrice(TheoPrice),
    /// All options on it.
    Underlying(Underlying),
}

/// What a row was read to.
pub(super) enum Decoded {
    /// The whole of what is known.
    Event(Event),
    /// One candle of many.
    Candle(CandleEvent),
}

/// Reads a row; nothing where it says nothing: greeks that are not computed, and a candle without its place.
pub(super) fn decode(kind: Kind, row: Row<'_>) -> Option<Decoded> {
    Some(Decoded::Event(match kind {
        Kind::Candle => return CandleEvent::read(row).map(Decoded::Candle),
        Kind::Quote => Event::Quote(Quote {
            bid: row.decimal("bidPrice"),
            ask: row.decimal("askPrice"),
            bid_size: row.decimal("bidSize"),
            ask_size: row.decimal("askSize"),
            at: row.moment("bidTime").max(row.moment("askTime")),
        }),
        Kind::Trade => Event::Trade(Trade {
            price: row.decimal("price"),
            change: row.decimal("change"),
            size: row.decimal("size"),
            day_volume: row.decimal("dayVolume"),
            day_turnover: row.decimal("dayTurnover"),
            is_extended: row.truth("extendedTradingHours"),
            at: row.moment("time"),
        }),
        Kind::Summary => Event::Summary(Summary {
            day_id: row.whole("dayId"),
            open_interest: row.whole("openInterest"),
            open: row.decimal("dayOpenPrice"),
            high: row.decimal("dayHighPrice"),
            low: row.decimal("dayLowPrice"),
            close: row.decimal("dayClosePrice"),
            prev_close: row.decimal("prevDayClosePrice"),
            prev_volume: row.decimal("prevDayVolume"),
        }),
        Kind::Greeks => Event::Greeks(greeks(row)?),
        Kind::Profile => Event::Profile(Profile {
            description: row.text("description"),
            short_sale_restriction: row.text("shortSaleRestriction"),
            trading_status: row.text("tradingStatus"),
            status_reason: row.text("statusReason"),
            high_52_week: row.decimal("high52WeekPrice"),
            low_52_week: row.decimal("low52WeekPrice"),
            beta: row.double("beta"),
            shares: row.decimal("shares"),
            earnings_per_share: row.decimal("earningsPerShare"),
            dividend: row.decimal("exDividendAmount"),
            dividends_per_year: row.double("dividendFrequency"),
        }),
        Kind::TheoPrice => Event::TheoPrice(TheoPrice {
            price: row.decimal("price"),
            underlying_price: row.decimal("underlyingPrice"),
            delta: row.double("delta"),
            gamma: row.double("gamma"),
            dividend: row.double("dividend"),
            interest: row.double("interest"),
            at: row.moment("time"),
        }),
        Kind::Underlying => Event::Underlying(Underlying {
            iv: row.double("volatility"),
            front_iv: row.double("frontVolatility"),
            back_iv: row.double("backVolatility"),
            call_volume: row.decimal("callVolume"),
            put_volume: row.decimal("putVolume"),
            put_call_ratio: row.double("putCallRatio"),
            at: row.moment("time"),
        }),
    }))
}

fn greeks(row: Row<'_>) -> Option<Greeks> {
    let greeks = Greeks {
        price: row.decimal("price"),
        iv: row.double("volatility"),
        delta: row.double("delta"),
        gamma: row.double("gamma"),
        theta: row.double("theta"),
        rho: row.double("rho"),
        vega: row.double("vega"),
        at: row.moment("time"),
    };
    let says_something = greeks.delta.is_some() || greeks.iv.is_some();
    says_something.then_some(greeks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_name_and_asks_for_its_symbol_first() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            assert_eq!(kind.fields().first(), Some(&"eventSymbol"));
        }
        assert_eq!(Kind::named("TimeAndSale"), None);
    }
}
