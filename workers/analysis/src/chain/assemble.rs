//! The answer of `get_option_chain`, made of what was chosen and what is known of it.

use std::collections::BTreeMap;

use contract::market::{
    GreeksSource, Source,
    chain::{ChainExpiration, Columns, Form, OptionChain, OptionRow, SideColumns, StrikeRow, Wanted},
};
use domain::{Decimal, Timestamp, occ::Side};

use super::{
    Greeks, Key, Live, Pick, Tick,
    choose::{self, Listed},
    float,
};

/// More options than this come as columns.
const MOST_ROWS: usize = 240;
/// The largest part of an answer that columns may take, in bytes; the rest is for the text and the list of expirations.
const MOST_BYTES: usize = 95_000;
/// So many days are named in a note.
const NAMED: usize = 12;

/// An expiration with what is known of it, and the greeks that had to be computed.
pub(crate) struct Part<'a> {
    pub(crate) pick: Pick<'a>,
    pub(crate) live: Live,
    pub(crate) computed: BTreeMap<Key, Result<Greeks, String>>,
}

impl Part<'_> {
    /// The delta of an option, where it is known.
    fn delta(&self, key: Key) -> Option<f64> {
        let live = self.live.ticks.get(&key).and_then(|tick| tick.greeks);
        let computed = || self.computed.get(&key)?.as_ref().ok().copied();
        live.or_else(computed).map(|greeks| greeks.delta)
    }

    /// The greeks of an option with where they come from, or why there are none.
    pub(crate) fn greeks(&self, key: Key, tick: &Tick) -> Result<(Greeks, GreeksSource), String> {
        match (tick.greeks, self.computed.get(&key)) {
            (Some(greeks), _) => Ok((greeks, GreeksSource::Dxlink)),
            (None, Some(Ok(greeks))) => Ok((*greeks, GreeksSource::Computed)),
            (None, Some(Err(why))) => Err(why.clone()),
            (None, None) => Err("they did not come".to_owned()),
        }
    }
}

/// What goes into an answer beside its parts.
pub(crate) struct Frame<'a> {
    pub(crate) wanted: &'a Wanted,
    /// All that is listed; shown where no expiration was asked for.
    pub(crate) listed: &'a [Listed<'a>],
    /// The price of the symbol that was asked for.
    pub(crate) price: Option<Decimal>,
    pub(crate) missing: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) now: Timestamp,
}

/// The answer.
pub(crate) fn chain(frame: Frame<'_>, parts: &[Part<'_>]) -> OptionChain {
    let Frame { wanted, listed, price, mut missing, mut notes, now } = frame;
    let contracts: usize = parts.iter().map(|part| matching(part, wanted)).sum();
    if let Some((min, max)) = wanted.delta {
        let unknown = parts.iter().map(without_greeks).sum::<usize>();
        if unknown > 0 {
            missing.push(format!("{unknown} options without a delta are left out by min_delta and max_delta"));
        }
        if contracts == 0 {
            notes.push(format!("No option has a delta from {min} to {max}. Widen min_delta and max_delta."));
        }
    }
    let form = if wanted.form == Form::Rows && contracts <= MOST_ROWS { Form::Rows } else { Form::Columns };
    if form == Form::Columns && wanted.form == Form::Rows {
        notes.push(format!(
            "More than {MOST_ROWS} options come as columns. Narrow by expiration, strikes, delta or side."
        ));
    }
    let (mut expirations, mut left_out, mut bytes, mut kept) = (Vec::new(), Vec::new(), 0_usize, 0_usize);
    for part in parts {
        let mut left_out = || left_out.push(format!("{} ({} d)", part.pick.expiration.date, part.pick.dte));
        // What comes after the first that does not fit is not even made.
        if bytes > MOST_BYTES {
            left_out();
            continue;
        }
        let rows = strikes(part, wanted);
        let options = count(&rows);
        let mut expiration = expiration(part);
        match form {
            Form::Rows => expiration.strikes = rows,
            Form::Columns => {
                let columns = columns(part, &rows, wanted);
                bytes = bytes.saturating_add(serde_json::to_string(&columns).map_or(0, |text| text.len()));
                if bytes > MOST_BYTES {
                    left_out();
                    continue;
                }
                expiration.columns = Some(columns);
            }
        }
        kept = kept.saturating_add(options);
        expirations.push(expiration);
    }
    if !left_out.is_empty() {
        let (more, count) = (left_out.len().saturating_sub(NAMED), left_out.len());
        left_out.truncate(NAMED);
        let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(format!(
            "{count} expirations do not fit into an answer: {}{and_more}. They have been read: ask again now with \
             `expiration`, or `min_dte` and `max_dte`, and get them from the cache.",
            left_out.join(", ")
        ));
    }
    let is_cached = !parts.is_empty() && parts.iter().all(|part| part.live.source == Source::Cache);
    let streamed = parts.iter().any(|part| part.live.source == Source::Dxlink);
    let fresh = if streamed { Source::Dxlink } else { Source::Rest };
    let is_open = wanted.expirations == contract::market::chain::Expirations::Any;
    OptionChain {
        symbol: wanted.symbol.to_string(),
        underlying_price: price,
        expirations,
        available_expirations: if is_open { listed.iter().map(choose::shown).collect() } else { Vec::new() },
        format: form,
        contracts: kept,
        source: if is_cached { Source::Cache } else { fresh },
        as_of: parts.iter().map(|part| part.live.as_of).min().unwrap_or(now),
        missing,
        notes,
    }
}

fn count(rows: &[StrikeRow]) -> usize {
    rows.iter().map(|row| usize::from(row.call.is_some()).saturating_add(usize::from(row.put.is_some()))).sum()
}

/// How many options of a part are wanted.
fn matching(part: &Part<'_>, wanted: &Wanted) -> usize {
    let is_wanted = |key: &Key| match wanted.delta {
        None => true,
        Some((min, max)) => part.delta(*key).is_some_and(|delta| (min..=max).contains(&delta.abs())),
    };
    part.pick.keys(choose::sides(wanted.side)).filter(is_wanted).count()
}

fn without_greeks(part: &Part<'_>) -> usize {
    part.live.ticks.keys().filter(|key| part.delta(**key).is_none()).count()
}

fn expiration(part: &Part<'_>) -> ChainExpiration {
    let Pick { root, expiration, dte, price, .. } = &part.pick;
    ChainExpiration {
        expiration: expiration.date,
        dte: *dte,
        root: root.root.clone(),
        underlying: root.underlying.clone(),
        underlying_price: *price,
        kind: expiration.kind.clone(),
        settlement: expiration.settlement.clone(),
        standard: root.is_standard,
        multiplier: root.multiplier,
        deliverable: root.deliverable.clone(),
        source: part.live.source,
        as_of: part.live.as_of,
        strikes: Vec::new(),
        columns: None,
    }
}

fn strikes(part: &Part<'_>, wanted: &Wanted) -> Vec<StrikeRow> {
    let row = |place: &usize| {
        let one =
            |side: Side| choose::sides(wanted.side).contains(&side).then(|| option(part, *place, side, wanted))?;
        let (call, put) = (one(Side::Call), one(Side::Put));
        let strike = part.pick.expiration.strike(*place)?;
        (call.is_some() || put.is_some()).then_some(StrikeRow { strike, call, put })
    };
    part.pick.places.iter().filter_map(row).collect()
}

fn option(part: &Part<'_>, place: usize, side: Side, wanted: &Wanted) -> Option<OptionRow> {
    let symbol = part.pick.expiration.symbol(place, side)?;
    let key = Key::new(place, side);
    let tick = part.live.ticks.get(&key).cloned().unwrap_or_default();
    let greeks = part.greeks(key, &tick);
    if let Some((min, max)) = wanted.delta {
        let delta = greeks.as_ref().ok()?.0.delta.abs();
        if !(min..=max).contains(&delta) {
            return None;
        }
    }
    let (greeks, greeks_source, no_greeks) = match greeks {
        Ok((greeks, source)) => (Some(greeks), Some(source), None),
        Err(why) => (None, None, Some(why)),
    };
    let rounded = |digits: i32, of: fn(&Greeks) -> f64| greeks.as_ref().map(of).and_then(|value| round(value, digits));
    Some(OptionRow {
        symbol,
        bid: tick.bid,
        ask: tick.ask,
        last: tick.last,
        volume: tick.volume.map(|volume| volume.rounded(0)),
        open_interest: tick.open_interest,
        delta: rounded(4, |greeks| greeks.delta),
        gamma: rounded(6, |greeks| greeks.gamma),
        theta: rounded(4, |greeks| greeks.theta),
        vega: rounded(4, |greeks| greeks.vega),
        iv: rounded(2, |greeks| greeks.iv * 100.0),
        source: tick.source,
        greeks_source,
        no_greeks,
    })
}

/// A number with so many digits after the point, and never minus zero.
fn round(value: f64, digits: i32) -> Option<f64> {
    let unit = 10_f64.powi(digits);
    let rounded = (value * unit).round() / unit + 0.0;
    rounded.is_finite().then_some(rounded)
}

fn columns(part: &Part<'_>, rows: &[StrikeRow], wanted: &Wanted) -> Columns {
    let side = |side: Side, of: fn(&StrikeRow) -> Option<&OptionRow>| {
        choose::sides(wanted.side)
            .contains(&side)
            .then(|| SideColumns { symbol_pattern: part.pick.expiration.pattern(side), ..side_columns(rows, of) })
    };
    Columns {
        strike: rows.iter().map(|row| row.strike).collect(),
        call: side(Side::Call, |row| row.call.as_ref()),
        put: side(Side::Put, |row| row.put.as_ref()),
    }
}

fn side_columns(rows: &[StrikeRow], of: fn(&StrikeRow) -> Option<&OptionRow>) -> SideColumns {
    let mut columns = SideColumns::default();
    for (place, row) in rows.iter().enumerate() {
        let option = of(row);
        columns.bid.push(option.and_then(|option| option.bid));
        columns.ask.push(option.and_then(|option| option.ask));
        columns.last.push(option.and_then(|option| option.last));
        columns.volume.push(option.and_then(|option| option.volume));
        columns.open_interest.push(option.and_then(|option| option.open_interest));
        columns.delta.push(option.and_then(|option| option.delta));
        columns.gamma.push(option.and_then(|option| option.gamma));
        columns.theta.push(option.and_then(|option| option.theta));
        columns.vega.push(option.and_then(|option| option.vega));
        columns.iv.push(option.and_then(|option| option.iv));
        if option.is_some_and(|option| option.greeks_source == Some(GreeksSource::Computed)) {
            columns.computed.push(place);
        }
    }
    columns
}

/// What could not be had of the parts, in plain words.
pub(crate) fn lacking(parts: &[Part<'_>]) -> Vec<String> {
    let ticks = || parts.iter().flat_map(|part| part.live.ticks.values());
    let total = ticks().count();
    let lacks = |what: &str, is_lacking: &dyn Fn(&Tick) -> bool| {
        let count = ticks().filter(|tick| is_lacking(tick)).count();
        (count > 0).then(|| format!("{what} of {count} of {total} options did not come"))
    };
    let without: usize = parts.iter().map(without_greeks).sum();
    let why = parts.iter().flat_map(|part| part.computed.values()).filter_map(|got| got.as_ref().err());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    why.for_each(|why| *reasons.entry(why).or_default() += 1);
    let reasons: Vec<_> = reasons.iter().map(|(why, count)| format!("{why}: {count}")).collect();
    let greeks = (without > 0).then(|| {
        let because = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        format!("greeks of {without} of {total} options are not known{because}")
    });
    [
        lacks("bid and ask", &|tick| tick.source.is_none()),
        greeks,
        lacks("open interest", &|tick| tick.open_interest.is_none()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How many greeks were computed here.
pub(crate) fn computed(parts: &[Part<'_>]) -> usize {
    parts.iter().flat_map(|part| part.computed.values()).filter(|got| got.is_ok()).count()
}

/// The row whose strike is the nearest to a price.
pub(crate) fn nearest<T>(rows: &[T], strike: impl Fn(&T) -> Decimal, price: Option<Decimal>) -> Option<&T> {
    let price = float(price?)?;
    let away = |row: &T| float(strike(row)).map_or(f64::INFINITY, |strike| (strike - price).abs());
    rows.iter().min_by(|one, other| away(one).total_cmp(&away(other)))
}

#[cfg(test)]
mod tests {
    use contract::market::chain::GetOptionChainInput;

    use super::{
        super::{
            choose::listed,
            tests::{at, chain as read_chain, pick},
        },
        *,
    };

    fn part(pick: Pick<'_>) -> Part<'_> {
        let tick = |key: Key| {
            let sign = if key.is_call { 1.0 } else { -1.0 };
            #[expect(clippy::cast_precision_loss, reason = "a handful of strikes")]
            let delta = sign * (0.9 - 0.2 * key.place as f64);
            let greeks = Greeks { delta, gamma: 0.012_345_67, theta: -0.05, vega: 0.1, iv: 0.271_84 };
            Tick {
                bid: Some("1.10".parse().unwrap()),
                ask: Some("1.20".parse().unwrap()),
                last: None,
                volume: Some("12.0".parse().unwrap()),
                open_interest: Some(7),
                greeks: (key.place != 4).then_some(greeks),
                source: Some(Source::Dxlink),
            }
        };
        let sides = [Side::Call, Side::Put];
        let ticks = pick.contracts(&sides).map(|(key, _, _)| (key, tick(key))).collect();
        let live = Live { source: Source::Dxlink, as_of: at("2026-11-20T15:30:00Z"), ticks };
        let computed = BTreeMap::from([
            (
                Key { place: 4, is_call: true },
                Ok(Greeks { delta: 0.08, gamma: 0.001, theta: -0.01, vega: 0.02, iv: 0.3 }),
            ),
            (Key { place: 4, is_call: false }, Err("there is no bid".to_owned())),
        ]);
        Part { pick, live, computed }
    }

    fn answer(json: &str) -> OptionChain {
        let now = at("2026-11-20T15:30:01Z");
        let chain = read_chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let wanted = serde_json::from_str::<GetOptionChainInput>(json).unwrap().check().unwrap();
        let listed = listed(&chain, &wanted.symbol, now.date_naive(), now.date_naive());
        let parts = [part(pick(&chain, "100.5"))];
        let missing = lacking(&parts);
        let frame = Frame {
            wanted: &wanted,
            listed: &listed,
            price: Some("100.5".parse().unwrap()),
            missing,
            notes: Vec::new(),
            now,
        };
        super::chain(frame, &parts)
    }

    #[test]
    fn a_row_has_every_field_and_says_where_it_comes_from() {
        let chain = answer(r#"{"symbol":"XYZ"}"#);
        assert_eq!((chain.contracts, chain.available_expirations.len(), chain.format), (10, 1, Form::Rows));
        let rows = &chain.expirations[0].strikes;
        assert_eq!(
            serde_json::to_string(&rows[1].call).unwrap(),
            concat!(
                r#"{"symbol":"XYZ   261218C00095000","bid":1.10,"ask":1.20,"last":null,"volume":12,"open_interest":7,"#,
                r#""delta":0.7,"gamma":0.012346,"theta":-0.05,"vega":0.1,"iv":27.18,"source":"dxlink","greeks_source":"dxlink"}"#
            )
        );
        let last = &rows[4];
        assert_eq!(last.call.as_ref().unwrap().greeks_source, Some(GreeksSource::Computed));
        let put = last.put.as_ref().unwrap();
        assert_eq!((put.delta, put.no_greeks.as_deref()), (None, Some("there is no bid")));
        assert_eq!(chain.missing, ["greeks of 1 of 10 options are not known (there is no bid: 1)"]);
        assert_eq!((chain.source, chain.as_of), (Source::Dxlink, at("2026-11-20T15:30:00Z")));
    }

    #[test]
    fn deltas_and_sides_narrow() {
        let chain = answer(r#"{"symbol":"XYZ","expiration":"2026-12-18","min_delta":0.25,"max_delta":0.55}"#);
        assert!(chain.available_expirations.is_empty());
        let strikes: Vec<_> = chain.expirations[0].strikes.iter().map(|row| row.strike.to_string()).collect();
        assert_eq!((strikes.join(" "), chain.contracts), ("100 105".to_owned(), 4));
        assert!(chain.missing.iter().any(|line| line.starts_with("1 options without a delta")), "{:?}", chain.missing);
        let puts = answer(r#"{"symbol":"XYZ","side":"put"}"#);
        assert!(puts.expirations[0].strikes.iter().all(|row| row.call.is_none() && row.put.is_some()));
        let none = answer(r#"{"symbol":"XYZ","min_delta":0.99}"#);
        assert_eq!(none.contracts, 0);
        assert!(none.notes.iter().any(|note| note.contains("No option has a delta from 0.99 to 1")));
    }

    #[test]
    fn columns_say_the_same() {
        let rows = answer(r#"{"symbol":"XYZ"}"#);
        let columnar = answer(r#"{"symbol":"XYZ","format":"columns"}"#);
        let columns = columnar.expirations[0].columns.as_ref().unwrap();
        assert!(columnar.expirations[0].strikes.is_empty());
        let (call, put) = (columns.call.as_ref().unwrap(), columns.put.as_ref().unwrap());
        assert_eq!(call.symbol_pattern.as_deref(), Some("XYZ   261218C{strike*1000 on 8 digits}"));
        assert_eq!((call.computed.as_slice(), put.computed.as_slice()), ([4].as_slice(), [].as_slice()));
        for (place, row) in rows.expirations[0].strikes.iter().enumerate() {
            let (of_call, of_put) = (row.call.as_ref().unwrap(), row.put.as_ref().unwrap());
            assert_eq!(
                (columns.strike[place], call.bid[place], put.delta[place]),
                (row.strike, of_call.bid, of_put.delta)
            );
        }
    }

    #[test]
    fn numbers_are_rounded() {
        for (value, digits, rounded) in [
            (0.123_45, 4, Some(0.1235)),
            (-0.000_01, 4, Some(0.0)),
            (27.184, 2, Some(27.18)),
            (f64::INFINITY, 2, None),
            (f64::NAN, 2, None),
        ] {
            assert_eq!(round(value, digits), rounded);
            assert!(round(value, digits).is_none_or(|value| !value.is_sign_negative() || value < 0.0));
        }
    }
}
