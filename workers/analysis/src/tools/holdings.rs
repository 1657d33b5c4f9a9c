//! What positions are worth, have gained and lean to: arithmetic of what was read. What cannot be known stays unknown.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::{
    account::positions::{MissingOfPosition, PositionGroup, PositionRow, PositionTotals},
    market::GreeksSource,
};
use domain::{
    Decimal, OccSymbol, Timestamp,
    occ::Side,
    portfolio::{Direction, Position},
};
use quant::Contract;
use tasty::{dxlink::Greeks, positions::Held};

use super::{amounts, new_york};
use crate::gather::events::Dividends;

/// A year of 365 days, in seconds.
const YEAR: f64 = 365.0 * 86_400.0;

/// What the market says about the positions.
#[derive(Debug, Default)]
pub(super) struct Market {
    /// Prices of underlyings.
    pub(super) prices: BTreeMap<String, Decimal>,
    /// Greeks from the stream, by the position's symbol.
    pub(super) greeks: BTreeMap<String, Greeks>,
    /// The risk-free rate per year, a fraction; where it is not known nothing is computed.
    pub(super) rate: Option<f64>,
    /// What underlyings pay, by symbol.
    pub(super) dividends: BTreeMap<String, Dividends>,
}

/// Greeks per unit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PerUnit {
    iv: Option<f64>,
    delta: Option<f64>,
    gamma: Option<f64>,
    theta: Option<f64>,
    vega: Option<f64>,
    source: GreeksSource,
    at: Option<Timestamp>,
}

/// Whether it is an option, on shares or on futures.
pub(super) fn is_option(position: &Position) -> bool {
    position.instrument_type.ends_with("Option")
}

/// Whether it is an option whose mark is zero. Out of the money its greeks are less than what a price is rounded by, and the
/// stream has none.
pub(super) fn is_worthless(position: &Position) -> bool {
    is_option(position) && position.mark_price.is_some_and(|price| price.0.is_zero())
}

/// The row of a position, without greeks.
pub(super) fn row(held: &Held, as_of: Timestamp, market: &Market) -> PositionRow {
    let position = &held.position;
    let option = OccSymbol::parse(&position.symbol).filter(|_| is_option(position));
    let expiration = option.as_ref().map(|option| option.expiration);
    let expiration = expiration.or_else(|| position.expires_at.map(new_york::day));
    let today = new_york::day(as_of);
    let units = units(position);
    let gain = |from: Option<Decimal>| -> Option<Decimal> {
        let per_unit = position.mark_price?.checked_sub(from?)?;
        let change = amounts::product(&[per_unit, units?])?;
        let is_short = position.quantity_direction == Direction::Short;
        Some(amounts::cents(Decimal(if is_short { -change.0 } else { change.0 })))
    };
    let opened = position.average_open_price.and_then(|price| amounts::product(&[price, units?]));
    let unrealized = gain(position.average_open_price);
    let realized = position.realized_day_gain;
    let mark = position.mark.or_else(|| amounts::product(&[position.mark_price?, units?]));
    let underlying_price = match is_option(position) {
        true => market.prices.get(&position.underlying_symbol).copied(),
        false => position.mark_price,
    };
    let is_itm = option.as_ref().zip(underlying_price).map(|(option, price)| match option.side {
        Side::Call => price > option.strike,
        Side::Put => price < option.strike,
    });
    let is_short = position.quantity_direction == Direction::Short;
    PositionRow {
        account: position.account_number.masked(),
        description: option.as_ref().map_or_else(|| position.symbol.clone(), ToString::to_string),
        option_type: option.as_ref().map(|option| letter(option.side).to_owned()),
        strike: option.as_ref().map(|option| option.strike),
        expiration,
        dte: expiration.map(|day| day.signed_duration_since(today).num_days()),
        symbol: position.symbol.clone(),
        underlying_symbol: position.underlying_symbol.clone(),
        instrument_type: position.instrument_type.clone(),
        quantity: position.quantity,
        quantity_direction: position.quantity_direction,
        multiplier: multiplier(position),
        average_open_price: position.average_open_price,
        close_price: position.close_price,
        mark_price: position.mark_price,
        mark: mark.map(|mark| position.quantity_direction.signed(mark)),
        unrealized_pnl: unrealized,
        unrealized_pnl_percent: unrealized.zip(opened).and_then(|(gain, opened)| gain.percent_of(opened)),
        day_pnl: gain(day_reference(held, today))
            .and_then(|change| amounts::sum([Some(change), Some(realized.unwrap_or(Decimal(0.into())))]))
            .map(amounts::cents),
        realized_day_gain: realized,
        percent_of_max_profit: match (is_option(position) && is_short, position.average_open_price) {
            (true, Some(credit)) => position
                .mark_price
                .and_then(|now| credit.checked_sub(now))
                .filter(|_| credit.0.is_sign_positive())
                .and_then(|kept| kept.percent_of(credit)),
            _ => None,
        },
        underlying_price,
        is_itm,
        is_tested: is_itm.map(|is_itm| is_itm && is_short),
        iv: None,
        delta: None,
        gamma: None,
        theta: None,
        vega: None,
        position_delta: None,
        position_gamma: None,
        position_theta: None,
        position_vega: None,
        greeks_source: None,
        greeks_as_of: None,
        opened_at: position.opened_at,
        as_of,
    }
}

const fn letter(side: Side) -> &'static str {
    match side {
        Side::Call => "C",
        Side::Put => "P",
    }
}

/// Units of the underlying per contract; where TastyTrade says nothing, what it is for shares and their options.
fn multiplier(position: &Position) -> Option<Decimal> {
    position.multiplier.or(match position.instrument_type.as_str() {
        "Equity Option" => Some(Decimal(100.into())),
        "Equity" | "Cryptocurrency" => Some(Decimal(1.into())),
        _ => None,
    })
}

/// Quantity times multiplier.
fn units(position: &Position) -> Option<Decimal> {
    amounts::product(&[position.quantity, multiplier(position)?])
}

/// The price that the day's profit counts from.
fn day_reference(held: &Held, today: NaiveDate) -> Option<Decimal> {
    let position = &held.position;
    if position.opened_at.map(new_york::day) == Some(today) {
        return position.average_open_price;
    }
    held.day_reference.or(position.close_price)
}

/// Adds greeks to a row: live ones, else computed ones.
///
/// # Errors
///
/// Why there are none, for people.
pub(super) fn add_greeks(row: &mut PositionRow, held: &Held, market: &Market) -> Result<(), String> {
    let nothing = |delta| PerUnit {
        iv: None,
        delta: Some(delta),
        gamma: Some(0.0),
        theta: Some(0.0),
        vega: Some(0.0),
        source: GreeksSource::Computed,
        at: Some(row.as_of),
    };
    let per_unit = match market.greeks.get(&row.symbol).filter(|greeks| greeks.delta.is_some()) {
        Some(live) => PerUnit {
            iv: live.iv.map(|iv| iv * 100.0),
            delta: live.delta,
            gamma: live.gamma,
            theta: live.theta,
            vega: live.vega,
            source: GreeksSource::Dxlink,
            at: live.at,
        },
        None if is_worthless(&held.position) && row.is_itm == Some(false) => nothing(0.0),
        None if is_option(&held.position) => computed(row, held, market)?,
        None => nothing(1.0),
    };
    let units = units(&held.position).map(|units| number(held.position.quantity_direction.signed(units)));
    let of_position = |greek: Option<f64>| greek.zip(units).map(|(greek, units)| rounded(greek * units, 4));
    let shown = |greek: Option<f64>| greek.filter(|greek| greek.is_finite()).map(|greek| rounded(greek, 6));
    row.iv = shown(per_unit.iv).map(|iv| rounded(iv, 2));
    row.delta = shown(per_unit.delta);
    row.gamma = shown(per_unit.gamma);
    row.theta = shown(per_unit.theta);
    row.vega = shown(per_unit.vega);
    row.position_delta = of_position(row.delta);
    row.position_gamma = of_position(row.gamma);
    row.position_theta = of_position(row.theta);
    row.position_vega = of_position(row.vega);
    row.greeks_source = Some(per_unit.source);
    row.greeks_as_of = per_unit.at;
    Ok(())
}

/// By Black, Scholes and Merton from the mark: European exercise, dividends as a continuous yield.
fn computed(row: &PositionRow, held: &Held, market: &Market) -> Result<PerUnit, String> {
    let option = OccSymbol::parse(&row.symbol).filter(|_| held.position.instrument_type == "Equity Option");
    let option = option.ok_or("greeks of options on futures are not computed here")?;
    let price = row.mark_price.ok_or("its mark is not known")?;
    let spot = row.underlying_price.ok_or("the price of its underlying is not known")?;
    let end = held.position.expires_at.ok_or("the moment of its expiration is not known")?;
    let rate = market.rate.ok_or("the risk-free rate is not known")?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of any option's life fit a double exactly")]
    let seconds = end.signed_duration_since(row.as_of).num_seconds().max(0) as f64;
    let contract = Contract {
        side: option.side,
        spot: number(spot),
        strike: number(option.strike),
        years: seconds / YEAR,
        rate,
        yields: dividend_yield(row, market).unwrap_or(0.0),
    };
    let iv = contract.implied_volatility(number(price)).map_err(|error| error.to_string())?;
    let greeks = contract.greeks(iv).map_err(|error| error.to_string())?;
    Ok(PerUnit {
        iv: Some(iv * 100.0),
        delta: Some(greeks.delta),
        gamma: Some(greeks.gamma),
        theta: Some(greeks.theta),
        vega: Some(greeks.vega),
        source: GreeksSource::Computed,
        at: Some(row.as_of),
    })
}

/// The continuous yield of an option's underlying until its end, where it is known.
fn dividend_yield(row: &PositionRow, market: &Market) -> Option<f64> {
    market.dividends.get(&row.underlying_symbol)?.yield_until(row.expiration?)
}

/// With what the greeks of options were computed, where some were.
pub(super) fn how_computed(rows: &[PositionRow], market: &Market) -> Option<String> {
    let is_computed = |row: &&PositionRow| {
        row.option_type.is_some() && row.iv.is_some() && row.greeks_source == Some(GreeksSource::Computed)
    };
    let computed: Vec<&PositionRow> = rows.iter().filter(is_computed).collect();
    let percent = |value: f64| rounded(value * 100.0, 2);
    let mut yields: Vec<String> = computed
        .iter()
        .map(|row| match dividend_yield(row, market) {
            Some(yields) => format!("{} {} %", row.underlying_symbol, percent(yields)),
            None => format!("{} not known, none taken", row.underlying_symbol),
        })
        .collect();
    yields.sort();
    yields.dedup();
    (!computed.is_empty()).then(|| {
        format!(
            "The greeks of {} options were computed here from their marks, for European exercise, with a rate of {} % and \
             dividend yields until expiration by TastyTrade's metrics: {}.",
            computed.len(),
            market.rate.map_or(0.0, percent),
            yields.join(", ")
        )
    })
}

/// For greeks, which are doubles anyway.
fn number(decimal: Decimal) -> f64 {
    decimal.to_string().parse().unwrap_or(f64::NAN)
}

/// Rounded to so many decimals, for answers.
pub(crate) fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    let rounded = (value * scale).round() / scale;
    // There is no negative nothing.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// What of the profit of a row is not known, and why.
pub(super) fn missing(row: &PositionRow) -> Option<MissingOfPosition> {
    let reason = if row.mark_price.is_none() {
        "TastyTrade sent no mark"
    } else if row.average_open_price.is_none() {
        "TastyTrade sent no average price"
    } else if row.multiplier.is_none() {
        "TastyTrade sent no multiplier"
    } else {
        return None;
    };
    Some(MissingOfPosition {
        symbol: row.symbol.clone(),
        what: "profit and loss".to_owned(),
        reason: reason.to_owned(),
    })
}

/// The order of positions within an account: by underlying, what does not expire first, then by day and strike.
pub(super) fn sort(rows: &mut [PositionRow]) {
    rows.sort_by(|one, other| {
        let key = |row: &PositionRow| (row.underlying_symbol.clone(), row.expiration, row.strike, row.symbol.clone());
        key(one).cmp(&key(other))
    });
}

/// The positions of each account, underlying and day of expiration together, in the order of the rows.
pub(super) fn groups(rows: &[PositionRow]) -> Vec<PositionGroup> {
    let same = |one: &PositionRow, other: &PositionRow| {
        one.account == other.account
            && one.underlying_symbol == other.underlying_symbol
            && one.expiration == other.expiration
    };
    rows.chunk_by(same).filter_map(group).collect()
}

fn group(rows: &[PositionRow]) -> Option<PositionGroup> {
    let first = rows.first()?;
    let mark = amounts::sum(rows.iter().map(|row| row.mark));
    let credit = amounts::sum(rows.iter().map(credit)).map(amounts::cents);
    let is_sold = rows.iter().all(|row| row.option_type.is_some())
        && rows.iter().any(|row| row.quantity_direction == Direction::Short);
    let is_credit = credit.is_some_and(|credit| credit.0.is_sign_positive() && !credit.0.is_zero());
    // What closing costs is what is owed now.
    let kept = credit.zip(mark).and_then(|(credit, mark)| amounts::sum([Some(credit), Some(mark)]));
    Some(PositionGroup {
        account: first.account.clone(),
        underlying_symbol: first.underlying_symbol.clone(),
        expiration: first.expiration,
        legs: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        mark: mark.map(amounts::cents),
        unrealized_pnl: amounts::sum(rows.iter().map(|row| row.unrealized_pnl)),
        day_pnl: amounts::sum(rows.iter().map(|row| row.day_pnl)),
        percent_of_max_profit: kept
            .zip(credit)
            .filter(|_| is_sold && is_credit)
            .and_then(|(kept, credit)| kept.percent_of(credit)),
        credit,
        delta: sum(rows.iter().map(|row| row.position_delta)),
        theta: sum(rows.iter().map(|row| row.position_theta)),
        vega: sum(rows.iter().map(|row| row.position_vega)),
        gamma: sum(rows.iter().map(|row| row.position_gamma)),
    })
}

/// What was received for a position when it was opened; what was paid is negative.
fn credit(row: &PositionRow) -> Option<Decimal> {
    let paid = amounts::product(&[row.average_open_price?, row.quantity, row.multiplier?])?;
    Some(Decimal(-row.quantity_direction.signed(paid).0))
}

/// All positions together.
pub(crate) fn totals(rows: &[PositionRow]) -> PositionTotals {
    PositionTotals {
        positions: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        mark: amounts::sum(rows.iter().map(|row| row.mark)).map(amounts::cents),
        unrealized_pnl: amounts::sum(rows.iter().map(|row| row.unrealized_pnl)),
        day_pnl: amounts::sum(rows.iter().map(|row| row.day_pnl)),
        theta: sum(rows.iter().map(|row| row.position_theta)),
        vega: sum(rows.iter().map(|row| row.position_vega)),
    }
}

/// The sum; `None` if one part is not known.
pub(super) fn sum(parts: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let sum = parts.into_iter().try_fold(0.0, |sum, part| Some(sum + part?));
    sum.filter(|sum: &f64| sum.is_finite()).map(|sum| rounded(sum, 4))
}

#[cfg(test)]
pub(super) mod tests {
    use domain::AccountNumber;
    use proptest::prelude::*;

    use super::*;

    pub(in crate::tools) fn now() -> Timestamp {
        "2026-11-20T15:00:00Z".parse().unwrap()
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A position by symbol, signed quantity, and the prices when opened, at the previous close and now.
    pub(in crate::tools) fn held(symbol: &str, quantity: i64, prices: [&str; 3]) -> Held {
        let option = OccSymbol::parse(symbol);
        let [opened, closed, marked] = prices.map(decimal);
        Held {
            position: Position {
                account_number: AccountNumber::new("5WX00042").unwrap(),
                symbol: symbol.to_owned(),
                underlying_symbol: option.as_ref().map_or(symbol, |option| option.root.as_str()).to_owned(),
                instrument_type: if option.is_some() { "Equity Option" } else { "Equity" }.to_owned(),
                quantity: Decimal(quantity.abs().into()),
                quantity_direction: if quantity < 0 { Direction::Short } else { Direction::Long },
                average_open_price: Some(opened),
                close_price: Some(closed),
                mark: None,
                mark_price: Some(marked),
                realized_day_gain: None,
                multiplier: Some(Decimal(if option.is_some() { 100 } else { 1 }.into())),
                expires_at: option.map(|option| option.expiration.and_hms_opt(21, 0, 0).unwrap().and_utc()),
                opened_at: Some("2026-11-02T15:00:00Z".parse().unwrap()),
            },
            streamer_symbol: None,
            day_reference: None,
        }
    }

    fn market() -> Market {
        Market { prices: BTreeMap::from([("AAPL".to_owned(), decimal("240"))]), rate: Some(0.04), ..Market::default() }
    }

    fn texts(amounts: [Option<Decimal>; 5]) -> String {
        let shown = amounts.map(|amount| amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string()));
        shown.join(" ")
    }

    #[test]
    fn profit_and_loss() {
        // The value, the profit since opened, its percent, the day's profit, and the percent of the most.
        for (symbol, quantity, prices, expected) in [
            ("AAPL", 100, ["200.00", "239", "240.50"], "24050.00 4050.00 20.25 150.00 -"),
            ("AAPL", -100, ["200.00", "239", "240.50"], "-24050.00 -4050.00 -20.25 -150.00 -"),
            ("AAPL  261218C00255000", -2, ["3.10", "1.30", "1.24"], "-248.00 372.00 60.00 12.00 60.00"),
            ("AAPL  261218P00250000", -1, ["4.00", "9.00", "12.00"], "-1200.00 -800.00 -200.00 -300.00 -200.00"),
            ("AAPL  261218C00255000", 2, ["3.10", "1.30", "1.24"], "248.00 -372.00 -60.00 -12.00 -"),
            ("AAPL  261218C00255000", -2, ["0", "1.30", "1.24"], "-248.00 -248.00 - 12.00 -"),
        ] {
            let row = row(&held(symbol, quantity, prices), now(), &market());
            let got =
                [row.mark, row.unrealized_pnl, row.unrealized_pnl_percent, row.day_pnl, row.percent_of_max_profit];
            assert_eq!(texts(got), expected, "{quantity} {symbol}");
            assert_eq!(missing(&row), None);
        }
    }

    #[test]
    fn the_days_profit_counts_from_where_the_day_began() {
        let day = |change: &dyn Fn(&mut Held)| {
            let mut held = held("AAPL  261218C00255000", -2, ["3.10", "1.30", "1.24"]);
            change(&mut held);
            row(&held, now(), &market()).day_pnl.map(|gain| gain.to_string())
        };
        assert_eq!(day(&|_| {}).as_deref(), Some("12.00"));
        assert_eq!(day(&|held| held.day_reference = Some(decimal("1.34"))).as_deref(), Some("20.00"));
        assert_eq!(day(&|held| held.position.opened_at = Some(now())).as_deref(), Some("372.00"));
        assert_eq!(day(&|held| held.position.realized_day_gain = Some(decimal("-5.5"))).as_deref(), Some("6.50"));
        assert_eq!(day(&|held| held.position.close_price = None), None);
        assert_eq!(day(&|held| held.position.mark_price = None), None);
    }

    #[test]
    fn an_option_knows_its_strike_and_its_days() {
        for (symbol, quantity, itm, tested) in [
            ("AAPL  261218C00235000", -1, true, true),
            ("AAPL  261218C00240000", -1, false, false),
            ("AAPL  261218P00245000", -1, true, true),
            ("AAPL  261218P00245000", 1, true, false),
            ("AAPL  261218P00235000", -1, false, false),
        ] {
            let row = row(&held(symbol, quantity, ["1", "1", "1"]), now(), &market());
            assert_eq!((row.is_itm, row.is_tested), (Some(itm), Some(tested)), "{symbol}");
            assert_eq!((row.dte, row.expiration.unwrap().to_string().as_str()), (Some(28), "2026-12-18"));
        }
        // Late in the evening in New York it is tomorrow elsewhere.
        let late = "2026-12-18T02:30:00Z".parse().unwrap();
        assert_eq!(row(&held("AAPL  261218P00235000", -1, ["1", "1", "1"]), late, &market()).dte, Some(1));
        let share = row(&held("AAPL", 1, ["1", "1", "1"]), now(), &market());
        assert_eq!((share.dte, share.is_itm, share.option_type), (None, None, None));
        let unknown = row(&held("AAPL  261218P00235000", -1, ["1", "1", "1"]), now(), &Market::default());
        assert_eq!((unknown.is_itm, unknown.is_tested), (None, None));
    }

    fn with_greeks(held: &Held, market: &Market) -> Result<PositionRow, String> {
        let mut row = row(held, now(), market);
        add_greeks(&mut row, held, market).map(|()| row)
    }

    #[test]
    fn live_greeks_are_those_of_the_position() {
        let symbol = "AAPL  261218C00255000";
        let live = Greeks {
            price: None,
            iv: Some(0.2512),
            delta: Some(0.22),
            gamma: Some(0.015),
            theta: Some(-0.045),
            rho: None,
            vega: Some(0.1),
            at: Some(now()),
        };
        let market = Market { greeks: BTreeMap::from([(symbol.to_owned(), live)]), ..market() };
        let row = with_greeks(&held(symbol, -2, ["3.10", "1.30", "1.24"]), &market).unwrap();
        assert_eq!((row.iv, row.delta, row.greeks_source), (Some(25.12), Some(0.22), Some(GreeksSource::Dxlink)));
        let of_position = [row.position_delta, row.position_gamma, row.position_theta, row.position_vega];
        assert_eq!(of_position, [Some(-44.0), Some(-3.0), Some(9.0), Some(-20.0)]);
        let share = with_greeks(&held("AAPL", -100, ["200", "239", "240"]), &market).unwrap();
        assert_eq!((share.position_delta, share.position_theta, share.iv), (Some(-100.0), Some(0.0), None));
    }

    #[test]
    fn greeks_are_computed_from_the_mark_or_there_is_a_reason() {
        let symbol = "AAPL  261218C00240000";
        // The price of that call at 25 %.
        let years = 28.25 / 365.0;
        let contract = Contract { side: Side::Call, spot: 240.0, strike: 240.0, years, rate: 0.04, yields: 0.0 };
        let price = format!("{:.4}", contract.price(0.25).unwrap());
        let row = with_greeks(&held(symbol, -1, ["9", "9", &price]), &market()).unwrap();
        assert!((row.iv.unwrap() - 25.0).abs() < 0.02, "{:?}", row.iv);
        assert!((row.delta.unwrap() - contract.greeks(0.25).unwrap().delta).abs() < 1e-4);
        assert_eq!(row.greeks_source, Some(GreeksSource::Computed));
        assert!(row.position_theta.unwrap() > 0.0);
        let pays = |yields| Dividends { yields: Some(yields), ex_dividend: "2026-12-01".parse().ok() };
        let paying = Market { dividends: BTreeMap::from([("AAPL".to_owned(), pays(0.06))]), ..market() };
        let dearer = with_greeks(&held(symbol, -1, ["9", "9", &price]), &paying).unwrap();
        assert!(
            dearer.iv.unwrap() > 26.0,
            "what is paid out makes the same price mean more volatility: {:?}",
            dearer.iv
        );
        let note = how_computed(std::slice::from_ref(&dearer), &paying).unwrap();
        assert!(note.contains("with a rate of 4 %") && note.ends_with("AAPL 5.83 %."), "{note}");
        assert!(how_computed(&[row], &market()).unwrap().ends_with("AAPL not known, none taken."));
        let gone = with_greeks(&held("AAPL  261120C00260000", -1, ["9", "9", "0"]), &market()).unwrap();
        assert_eq!(
            (gone.delta, gone.position_theta, gone.greeks_source),
            (Some(0.0), Some(0.0), Some(GreeksSource::Computed))
        );
        let odd = with_greeks(&held("AAPL  261120C00220000", -1, ["9", "9", "0"]), &market());
        assert_eq!(odd.unwrap_err(), "the price is not a positive number");
        for (change, reason) in [
            (
                &(|held: &mut Held, _: &mut Market| held.position.mark_price = None) as &dyn Fn(&mut Held, &mut Market),
                "its mark is not known",
            ),
            (&|_, market| market.prices.clear(), "the price of its underlying is not known"),
            (&|_, market| market.rate = None, "the risk-free rate is not known"),
            (&|held, _| held.position.expires_at = None, "the moment of its expiration is not known"),
            (&|held, _| held.position.expires_at = Some(now()), "there is no time left"),
            (
                &|held, _| held.position.instrument_type = "Future Option".to_owned(),
                "greeks of options on futures are not computed here",
            ),
        ] {
            let (mut held, mut market) = (held(symbol, -1, ["9", "9", &price]), market());
            change(&mut held, &mut market);
            assert_eq!(with_greeks(&held, &market).unwrap_err(), reason);
        }
    }

    #[test]
    fn what_expires_together_is_one_group() {
        let mut rows: Vec<_> = [
            held("AAPL  261218P00220000", -2, ["5.00", "3", "2.00"]),
            held("AAPL  261218P00210000", 2, ["3.00", "2", "1.00"]),
            held("AAPL  270115P00210000", 1, ["3.00", "2", "1.00"]),
            held("AAPL", 100, ["200", "239", "240"]),
        ]
        .iter()
        .map(|held| row(held, now(), &market()))
        .collect();
        sort(&mut rows);
        let groups = groups(&rows);
        let days: Vec<_> =
            groups.iter().map(|group| (group.expiration.map(|day| day.to_string()), group.legs)).collect();
        assert_eq!(days, [(None, 1), (Some("2026-12-18".to_owned()), 2), (Some("2027-01-15".to_owned()), 1)]);
        let [shares, spread, put] = groups.try_into().unwrap();
        assert_eq!(spread.credit.unwrap().to_string(), "400.00");
        assert_eq!(spread.percent_of_max_profit.unwrap().to_string(), "50.00");
        assert_eq!((spread.mark, spread.unrealized_pnl), (Some(decimal("-200.00")), Some(decimal("200.00"))));
        assert_eq!((put.credit, put.percent_of_max_profit), (Some(decimal("-300.00")), None));
        assert_eq!((shares.percent_of_max_profit, shares.delta), (None, None));
        let totals = totals(&rows);
        assert_eq!((totals.positions, totals.mark), (4, Some(decimal("23900.00"))));
    }

    proptest! {
        #[test]
        fn profit_is_what_it_is_worth_less_what_was_paid(
            quantity in -500_i64..500,
            cents in proptest::array::uniform3(1_i64..100_000),
            is_option: bool,
        ) {
            prop_assume!(quantity != 0);
            let symbol = if is_option { "AAPL  261218P00220000" } else { "AAPL" };
            let prices = cents.map(|cents| rust_decimal::Decimal::new(cents, 2).to_string());
            let held = held(symbol, quantity, [&prices[0], &prices[1], &prices[2]]);
            let row = row(&held, now(), &market());
            let credit = credit(&row).unwrap();
            prop_assert_eq!(row.unrealized_pnl.unwrap().0, row.mark.unwrap().0 + credit.0);
            // Profit and the percent of the most never disagree on the sign.
            if let Some(percent) = row.percent_of_max_profit {
                prop_assert_eq!(percent, row.unrealized_pnl_percent.unwrap());
                prop_assert!(percent.0 <= rust_decimal::Decimal::ONE_HUNDRED);
            }
            let group = group(std::slice::from_ref(&row)).unwrap();
            prop_assert_eq!(group.unrealized_pnl, row.unrealized_pnl);
            prop_assert_eq!(group.percent_of_max_profit, row.percent_of_max_profit);
        }

        #[test]
        fn nothing_panics(
            prices in proptest::array::uniform3(proptest::option::of("[0-9]{1,28}")),
            quantity in "[0-9]{1,28}",
            multiplier in proptest::option::of("-?[0-9]{1,28}"),
        ) {
            let read = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
            let mut held = held("AAPL  261218P00220000", -1, ["1", "1", "1"]);
            held.position.quantity = quantity.parse().unwrap();
            held.position.average_open_price = read(&prices[0]);
            held.position.close_price = read(&prices[1]);
            held.position.mark_price = read(&prices[2]);
            held.position.multiplier = read(&multiplier);
            let market = market();
            let mut row = row(&held, now(), &market);
            let _ = add_greeks(&mut row, &held, &market);
            let _ = (groups(std::slice::from_ref(&row)), totals(&[row]));
        }
    }
}
