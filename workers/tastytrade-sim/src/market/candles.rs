//! Candles: open, high, low, close and volume of any interval, from the same prices that quotes are made of.
//!
//! Things trade in regular hours (coins always), so there are candles of these hours only. A candle's time is the start of
//! its interval; intervals below a day begin at multiples of their length in UTC, days and longer ones at midnight UTC of
//! their first day.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::Timestamp;

use super::{
    Instrument, Market,
    activity::trades,
    futures, hours,
    instrument::subject,
    price::{DayRange, Path},
};
use crate::calendar::Session;

/// How long a candle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interval {
    /// So many seconds, less than a day.
    Seconds(u32),
    /// So many days.
    Days(u32),
    /// So many weeks, from Mondays.
    Weeks(u32),
    /// So many months.
    Months(u32),
}

impl Interval {
    /// Reads `30s`, `5m`, `1h`, `d`, `1d`, `2w`, `mo`, `1y`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at_checked(digits)?;
        let count: u32 = if count.is_empty() { 1 } else { count.parse().ok()? };
        let seconds = |each: u32| count.checked_mul(each).filter(|all| (1..86_400).contains(all)).map(Self::Seconds);
        let good = |interval: Self| (1..=1000).contains(&count).then_some(interval);
        match unit {
            "s" => seconds(1),
            "m" => seconds(60),
            "h" if count == 24 => Some(Self::Days(1)),
            "h" => seconds(3600),
            "d" => good(Self::Days(count)),
            "w" => good(Self::Weeks(count)),
            "mo" => good(Self::Months(count)),
            "y" => good(Self::Months(count * 12)),
            _ => None,
        }
    }

    /// The first day of the interval of days that holds a day.
    fn first_day(self, date: NaiveDate) -> NaiveDate {
        let since = |first: NaiveDate, length: i64| {
            let days = date.signed_duration_since(first).num_days();
            date - Days::new(days.rem_euclid(length).cast_unsigned())
        };
        match self {
            Self::Seconds(_) => date,
            Self::Days(count) => since(NaiveDate::default(), i64::from(count)),
            // 5 January 1970 was a Monday.
            Self::Weeks(count) => since(NaiveDate::default() + Days::new(4), i64::from(count) * 7),
            Self::Months(count) => {
                let months = date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0);
                let first = months - months.rem_euclid(i32::try_from(count).unwrap_or(1).max(1));
                let month = u32::try_from(first.rem_euclid(12)).unwrap_or(0) + 1;
                NaiveDate::from_ymd_opt(first.div_euclid(12), month, 1).unwrap_or(date)
            }
        }
    }
}

/// One candle. Prices in dollars or points, not rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candle {
    pub time: Timestamp,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    /// Zero for an index.
    pub volume: f64,
    /// The volume's average price.
    pub vwap: f64,
    /// How many trades.
    pub count: u64,
    /// A fraction per year at the end of the candle, where there are options.
    pub volatility: Option<f64>,
    /// Of an option, on the candle's last day.
    pub open_interest: Option<f64>,
}

/// The most candles that are given: the newest.
pub(crate) const MOST: usize = 10_000;

impl Market<'_> {
    /// The candles of the intervals that touch the time between two moments, oldest first, at most [`MOST`]. The last one
    /// ends at `to`. Nothing is known before 2020.
    pub(crate) fn candles(
        &self,
        instrument: &Instrument,
        interval: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<Candle> {
        let Some(listing) = instrument.listing() else { return Vec::new() };
        let mut source = Source { market: *self, instrument, path: self.path(listing) };
        let to = instrument.expires_at().map_or(to, |end| end.min(to));
        let mut found: Vec<Candle> = Vec::new();
        let mut date = hours::current(listing, to).date;
        let oldest = interval.first_day(from.date_naive()).max(crate::calendar::ymd(2020, 1, 6));
        // From the newest day back, so that the bound cuts off the oldest.
        while date >= oldest && found.len() <= MOST {
            if let Some(session) = hours::of_day(listing, date) {
                match interval {
                    Interval::Seconds(length) => {
                        let mut of_day = source.within(&session, length, from, to);
                        of_day.reverse();
                        found.append(&mut of_day);
                    }
                    Interval::Days(_) | Interval::Weeks(_) | Interval::Months(_) => {
                        let time = midnight(interval.first_day(date));
                        if let Some(candle) = source.slice(&session, session.open_at, session.close_at.min(to), time) {
                            match found.last_mut().filter(|later| later.time == time) {
                                Some(later) => *later = join(&candle, later),
                                None => found.push(candle),
                            }
                        }
                    }
                }
            }
            let Some(day) = date.pred_opt() else { break };
            date = day;
        }
        found.truncate(MOST);
        found.reverse();
        found
    }
}

fn midnight(date: NaiveDate) -> Timestamp {
    date.and_time(NaiveTime::MIN).and_utc()
}

fn join(early: &Candle, late: &Candle) -> Candle {
    let volume = early.volume + late.volume;
    let vwap = if volume > 0.0 { (early.vwap * early.volume + late.vwap * late.volume) / volume } else { late.vwap };
    Candle {
        open: early.open,
        high: early.high.max(late.high),
        low: early.low.min(late.low),
        volume,
        vwap,
        count: early.count + late.count,
        ..*late
    }
}

struct Source<'a> {
    market: Market<'a>,
    instrument: &'a Instrument,
    path: Path,
}

impl Source<'_> {
    /// The candles of a session whose time is at or after `from`'s interval, oldest first.
    fn within(&mut self, session: &Session, length: u32, from: Timestamp, to: Timestamp) -> Vec<Candle> {
        let step = i64::from(length);
        let end = session.close_at.min(to);
        let first = from.max(session.open_at).timestamp().div_euclid(step);
        (first..)
            .map(|place| place * step)
            .map_while(|second| DateTime::<Utc>::from_timestamp(second, 0))
            .take_while(|start| *start < end)
            .filter_map(|start| {
                let (a, b) = (start.max(session.open_at), (start + TimeDelta::seconds(step)).min(end));
                self.slice(session, a, b, start)
            })
            .collect()
    }

    /// What happened between two moments of a session.
    fn slice(&mut self, session: &Session, a: Timestamp, b: Timestamp, time: Timestamp) -> Option<Candle> {
        if b <= a {
            return None;
        }
        if self.instrument.is_option() {
            return self.option_slice(session, a, b, time);
        }
        let (market, listing) = (self.market, self.instrument.listing()?);
        let range = market.range_on(&mut self.path, listing, session, a, b);
        let close = market.price_on(&mut self.path, listing, session, b);
        let (factor, volume) = match self.instrument {
            Instrument::Future(contract) => {
                let of = |at| (market.volume_of_fund(session, at) * contract.product.volume * 1000.0).floor();
                (futures::carry(contract, listing, session.open_at), of(b) - of(a))
            }
            _ => (1.0, market.volume(listing, session, b) - market.volume(listing, session, a)),
        };
        let DayRange { open, high, low } = range;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a double saturates")]
        let count = (volume / 120.0).ceil() as u64;
        Some(Candle {
            time,
            open: open * factor,
            high: high * factor,
            low: low * factor,
            close: close * factor,
            volume: volume.max(0.0),
            vwap: (open + high + low + close) / 4.0 * factor,
            count,
            volatility: (listing.chain != super::listing::Cycle::None).then(|| market.implied_volatility(listing, b)),
            open_interest: None,
        })
    }

    fn option_slice(&mut self, session: &Session, a: Timestamp, b: Timestamp, time: Timestamp) -> Option<Candle> {
        let market = self.market;
        let moments: Vec<Timestamp> =
            trades(session, b).into_iter().filter(|at| *at >= a && (*at < b || *at == session.close_at)).collect();
        let (first, last) = (*moments.first()?, *moments.last()?);
        let prices: Vec<f64> =
            moments.iter().filter_map(|at| market.greeks(self.instrument, *at)).map(|greeks| greeks.price).collect();
        let symbol = self.instrument.symbol();
        let subject = subject(self.instrument, &symbol)?;
        let volume = market.option_volume(subject, session, last)
            - market.option_volume(subject, session, first - TimeDelta::milliseconds(1));
        #[expect(clippy::cast_precision_loss, reason = "at most some thirty")]
        let vwap = prices.iter().sum::<f64>() / prices.len().max(1) as f64;
        Some(Candle {
            time,
            open: *prices.first()?,
            high: prices.iter().copied().fold(0.0, f64::max),
            low: prices.iter().copied().fold(f64::INFINITY, f64::min),
            close: *prices.last()?,
            volume,
            vwap,
            count: moments.len() as u64,
            volatility: market.greeks(self.instrument, last).map(|greeks| greeks.volatility),
            open_interest: Some(market.open_interest(subject, session)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::market::quote;

    const THINGS: [(&str, &str); 7] = [
        ("Equity", "NVDA"),
        ("Equity", "SPY"),
        ("Index", "VIX"),
        ("Future", "/ESZ6"),
        ("Cryptocurrency", "BTC/USD"),
        ("Equity Option", "SPY   261218P00650000"),
        ("Future Option", "./ESZ6 EW4X6 261127P6500"),
    ];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn intervals_read() {
        for (text, expected) in [
            ("5m", Some(Interval::Seconds(300))),
            ("h", Some(Interval::Seconds(3600))),
            ("1d", Some(Interval::Days(1))),
            ("mo", Some(Interval::Months(1))),
            ("1y", Some(Interval::Months(12))),
            ("0d", None),
            ("x", None),
            ("99999999999d", None),
            ("ä", None),
        ] {
            assert_eq!(Interval::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn small_candles_add_up_to_the_days_and_the_days_to_the_quotes() {
        let none = BTreeMap::new();
        let market = Market { seed: 20_260_102, overrides: &none };
        let now = at("2026-11-18T18:20:00Z");
        for (kind, symbol) in THINGS {
            let thing = Instrument::find(kind, symbol).unwrap();
            let of = |interval| market.candles(&thing, interval, at("2026-11-18T00:00:00Z"), now);
            let day = of(Interval::Days(1));
            assert_eq!(day.len(), 1, "{symbol}");
            for length in [60, 300, 1800, 7200] {
                let all = of(Interval::Seconds(length));
                let whole = all.iter().copied().reduce(|early, late| join(&early, &late)).unwrap();
                let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * b.abs().max(1.0);
                assert!(near(whole.open, day[0].open) && near(whole.close, day[0].close), "{symbol} {length}");
                assert!(near(whole.high, day[0].high) && near(whole.low, day[0].low), "{symbol} {length}");
                assert!(near(whole.volume, day[0].volume), "{symbol} {length}: {} {}", whole.volume, day[0].volume);
                assert!(all.windows(2).all(|pair| pair[0].time < pair[1].time));
            }
            let quote = quote::of_instrument(&market, &thing, now).unwrap();
            let read = |text: &Option<String>| text.as_ref().unwrap().parse::<f64>().unwrap();
            let step = if kind == "Future" { 0.13 } else { 0.03 };
            assert!((read(&quote.day_high_price) - day[0].high).abs() < step, "{symbol}: {quote:?} {:?}", day[0]);
            assert!((read(&quote.day_low_price) - day[0].low).abs() < step, "{symbol}");
            assert!((read(&quote.open) - day[0].open).abs() < step, "{symbol}");
            assert!((quote.last.parse::<f64>().unwrap() - day[0].close).abs() < step, "{symbol}");
            if let Some(volume) = &quote.volume {
                assert!((volume.parse::<f64>().unwrap() - day[0].volume).abs() < 1.0, "{symbol}");
            }
        }
    }

    #[test]
    fn there_are_as_many_days_as_sessions() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let spy = Instrument::find("Equity", "SPY").unwrap();
        let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T23:00:00Z"));
        let days = market.candles(&spy, Interval::Days(1), from, to);
        assert_eq!(days.len(), 251);
        assert_eq!(market.candles(&spy, Interval::Months(1), from, to).len(), 12);
        let weeks = market.candles(&spy, Interval::Weeks(1), at("2026-11-02T00:00:00Z"), to);
        assert_eq!(weeks[0].time, at("2026-11-02T00:00:00Z"));
        let holiday =
            market.candles(&spy, Interval::Seconds(60), at("2026-11-26T00:00:00Z"), at("2026-11-27T00:00:00Z"));
        assert!(holiday.is_empty());
        let half =
            market.candles(&spy, Interval::Seconds(3600), at("2026-11-27T00:00:00Z"), at("2026-11-28T00:00:00Z"));
        assert_eq!(half.len(), 4);
        let coin = Instrument::find("Cryptocurrency", "BTC/USD").unwrap();
        let weekend = market.candles(&coin, Interval::Days(1), at("2026-11-21T00:00:00Z"), at("2026-11-23T00:00:00Z"));
        assert!(weekend.len() >= 2);
        assert!(market.candles(&spy, Interval::Seconds(60), at("1999-01-01T00:00:00Z"), to).len() == MOST);
    }
}
