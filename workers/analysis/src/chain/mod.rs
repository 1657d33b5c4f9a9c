//! Option chains between TastyTrade's answers and the tool's: which contracts are meant, what is known of each, which
//! greeks have to be computed, and how it is shown. Pure, so that it is tested without a platform.

pub(crate) mod assemble;
pub(crate) mod choose;
pub(crate) mod compute;
pub(crate) mod text;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::market::Source;
use domain::{Decimal, Timestamp, occ::Side};
use serde::{Deserialize, Serialize};
use tasty::option_chain::{Expiration, Root};

/// An expiration with the strikes that are wanted of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pick<'a> {
    pub(crate) root: &'a Root,
    pub(crate) expiration: &'a Expiration,
    /// Calendar days to it, today.
    pub(crate) dte: i64,
    /// The price of what it is written on.
    pub(crate) price: Option<Decimal>,
    /// Places in its list of strikes, ascending.
    pub(crate) places: Vec<usize>,
}

impl Pick<'_> {
    /// Every contract that there is.
    pub(crate) fn keys<'b>(&'b self, sides: &'b [Side]) -> impl Iterator<Item = Key> + 'b {
        let is_listed = |place: usize, side: Side| self.expiration.lists(place, side).then(|| Key::new(place, side));
        self.places.iter().flat_map(move |place| sides.iter().filter_map(move |side| is_listed(*place, *side)))
    }

    /// Place, side, TastyTrade's symbol and the streamer's of every contract that there is.
    pub(crate) fn contracts<'b>(
        &'b self,
        sides: &'b [Side],
    ) -> impl Iterator<Item = (Key, String, Option<String>)> + 'b {
        let of = |place: usize, side: Side| {
            let symbol = self.expiration.symbol(place, side)?;
            Some((Key::new(place, side), symbol, self.expiration.streamer(place, side)))
        };
        self.places.iter().flat_map(move |place| sides.iter().filter_map(move |side| of(*place, *side)))
    }
}

/// A contract of an expiration: the place of its strike, and whether it is a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) place: usize,
    pub(crate) is_call: bool,
}

impl Key {
    pub(crate) fn new(place: usize, side: Side) -> Self {
        Self { place, is_call: side == Side::Call }
    }

    pub(crate) fn side(self) -> Side {
        if self.is_call { Side::Call } else { Side::Put }
    }
}

/// Greeks of one option, per share; the volatility is a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Greeks {
    pub(crate) delta: f64,
    pub(crate) gamma: f64,
    pub(crate) theta: f64,
    pub(crate) vega: f64,
    pub(crate) iv: f64,
}

/// What is known of one option.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tick {
    pub(crate) bid: Option<Decimal>,
    pub(crate) ask: Option<Decimal>,
    pub(crate) last: Option<Decimal>,
    pub(crate) volume: Option<Decimal>,
    pub(crate) open_interest: Option<i64>,
    pub(crate) greeks: Option<Greeks>,
    /// Where bid and ask come from.
    pub(crate) source: Option<Source>,
}

/// What is known of an expiration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    pub(crate) source: Source,
    pub(crate) as_of: Timestamp,
    pub(crate) ticks: BTreeMap<Key, Tick>,
}

/// [`Live`] as the cache has it. Strikes stand there themselves: their places may be others after the next reading of the
/// chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    root: String,
    underlying: String,
    date: NaiveDate,
    scale: u32,
    pub(crate) as_of: Timestamp,
    rows: Vec<Row>,
}

/// Strike, whether it is a call; bid, ask, last, volume; open interest; delta, gamma, theta, vega, volatility.
type Row = (i64, bool, [Option<Decimal>; 4], Option<i64>, Option<[f64; 5]>);

impl Kept {
    /// What is kept of an expiration.
    pub(crate) fn of(pick: &Pick<'_>, live: &Live) -> Self {
        let row = |(key, tick): (&Key, &Tick)| -> Option<Row> {
            let Tick { bid, ask, last, volume, open_interest, greeks, .. } = tick.clone();
            let greeks = greeks.map(|of| [of.delta, of.gamma, of.theta, of.vega, of.iv]);
            let strike = *pick.expiration.strikes.get(key.place)?;
            Some((strike, key.is_call, [bid, ask, last, volume], open_interest, greeks))
        };
        Self {
            root: pick.root.root.clone(),
            underlying: pick.root.underlying.clone(),
            date: pick.expiration.date,
            scale: pick.expiration.scale,
            as_of: live.as_of,
            rows: live.ticks.iter().filter_map(row).collect(),
        }
    }

    /// Whether it is of that expiration.
    pub(crate) fn is_of(&self, pick: &Pick<'_>) -> bool {
        self.root == pick.root.root
            && self.underlying == pick.root.underlying
            && (self.date, self.scale) == (pick.expiration.date, pick.expiration.scale)
    }

    /// What is wanted of an expiration, if all of it is here.
    pub(crate) fn serves(&self, pick: &Pick<'_>, sides: &[Side]) -> Option<Live> {
        if !self.is_of(pick) {
            return None;
        }
        let rows: BTreeMap<(i64, bool), &Row> = self.rows.iter().map(|row| ((row.0, row.1), row)).collect();
        let tick = |key: Key| {
            let strike = *pick.expiration.strikes.get(key.place)?;
            let (_, _, [bid, ask, last, volume], open_interest, greeks) = rows.get(&(strike, key.is_call)).copied()?;
            let greeks = greeks.map(|[delta, gamma, theta, vega, iv]| Greeks { delta, gamma, theta, vega, iv });
            let (bid, ask, last, volume) = (*bid, *ask, *last, *volume);
            let tick =
                Tick { bid, ask, last, volume, open_interest: *open_interest, greeks, source: Some(Source::Cache) };
            Some((key, tick))
        };
        let ticks = pick.keys(sides).map(tick).collect::<Option<_>>()?;
        Some(Live { source: Source::Cache, as_of: self.as_of, ticks })
    }
}

/// A decimal for computing with; what is shown keeps its digits.
pub(crate) fn float(decimal: Decimal) -> Option<f64> {
    f64::try_from(decimal.0).ok().filter(|value| value.is_finite())
}

#[cfg(test)]
pub(crate) mod tests {
    use tasty::{Answer, option_chain::Chain};

    use super::*;

    pub(crate) fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    /// Day, days to it, kind, settlement.
    type Ends<'a> = (&'a str, i64, &'a str, &'a str);

    /// A chain as it was read on 20 November 2026, by root, underlying and whether it is standard. The strikes are 90, 95 to
    /// 110.
    pub(crate) fn chain(roots: &[(&str, &str, bool, &[Ends<'_>])]) -> Chain {
        let expiration = |root: &str, (date, dte, kind, settlement): &Ends<'_>| {
            let day: NaiveDate = date.parse().unwrap();
            let day = day.format("%y%m%d");
            let strikes: Vec<String> = [90, 95, 100, 105, 110]
                .into_iter()
                .map(|strike| {
                    format!(
                        r#"{{"strike-price":"{strike}.0","call":"{root:<6}{day}C{strike:0>5}000","call-streamer-symbol":".{root}{day}C{strike}","put":"{root:<6}{day}P{strike:0>5}000","put-streamer-symbol":".{root}{day}P{strike}"}}"#
                    )
                })
                .collect();
            format!(
                r#"{{"expiration-date":"{date}","days-to-expiration":{dte},"expiration-type":"{kind}","settlement-type":"{settlement}","strikes":[{}]}}"#,
                strikes.join(",")
            )
        };
        let items: Vec<String> = roots
            .iter()
            .map(|(root, underlying, is_standard, expirations)| {
                let expirations: Vec<_> = expirations.iter().map(|of| expiration(root, of)).collect();
                let (kind, shares) = if *is_standard { ("Standard", 100) } else { ("Non-standard", 110) };
                format!(
                    r#"{{"root-symbol":"{root}","underlying-symbol":"{underlying}","option-chain-type":"{kind}","shares-per-contract":{shares},"deliverables":[{{"description":"{shares} shares of {underlying}"}}],"expirations":[{}]}}"#,
                    expirations.join(",")
                )
            })
            .collect();
        let now = at("2026-11-20T15:30:00Z");
        let body = format!(r#"{{"data":{{"items":[{}]}}}}"#, items.join(","));
        let read = tasty::option_chain::read(&Answer::new(200, None, body, now), now).unwrap();
        assert_eq!(read.notes, [""; 0]);
        read.value
    }

    pub(crate) fn pick<'a>(chain: &'a Chain, price: &str) -> Pick<'a> {
        let root = &chain.roots[0];
        let expiration = &root.expirations[0];
        let price = Some(price.parse().unwrap());
        Pick { root, expiration, dte: expiration.dte, price, places: (0..expiration.strikes.len()).collect() }
    }

    #[test]
    fn what_is_kept_serves_what_it_covers() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let mut pick = pick(&chain, "100");
        let both = [Side::Call, Side::Put];
        let greeks = Greeks { delta: 0.5, gamma: 0.02, theta: -0.05, vega: 0.1, iv: 0.25 };
        let tick = Tick {
            bid: Some("1.10".parse().unwrap()),
            ask: None,
            last: Some("1.2".parse().unwrap()),
            volume: Some("17".parse().unwrap()),
            open_interest: Some(400),
            greeks: Some(greeks),
            source: Some(Source::Dxlink),
        };
        pick.places = vec![1, 2, 3];
        let ticks = pick.contracts(&both).map(|(key, _, _)| (key, tick.clone())).collect();
        let live = Live { source: Source::Dxlink, as_of: at("2026-11-20T15:30:00Z"), ticks };
        let kept = Kept::of(&pick, &live);
        let kept: Kept = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        let served = kept.serves(&pick, &both).unwrap();
        assert_eq!((served.source, served.ticks.len()), (Source::Cache, 6));
        let cached = Tick { source: Some(Source::Cache), ..tick };
        assert!(served.ticks.values().all(|tick| *tick == cached));
        pick.places = vec![2];
        assert_eq!(kept.serves(&pick, &[Side::Put]).unwrap().ticks.len(), 1);
        pick.places = vec![2, 4];
        assert_eq!(kept.serves(&pick, &both), None);
    }
}
