//! The figures of a strategy, each part of the answer in a function of its own.

use agents::words::money;
use chrono::{Days, NaiveDate};
use contract::analysis::strategy::{
    ExpectedMove, LegFigures, Margin, Mark, Odds, Returns, ScenarioRow, Scenarios, StrategyEvents, StrategyFees,
    StrategyGreeks,
};
use domain::{Error, Reason, occ::Side};
use quant::{
    Walk, expected_move, rules,
    strategy::{
        Collateral, Costs, Fees, InvalidStrategy, Method, Outcome, Shape, annualised, if_called, on_collateral,
    },
};

use super::{
    is_index,
    market::{Priced, Setting, quotes, side_name},
};
use crate::gather::{chain::Expiration, events::Events};

/// Where scenarios stand, in expected moves.
const MOVES: [f64; 7] = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0];
/// What is added to each volatility there.
const SHIFTS: [f64; 3] = [-0.05, 0.0, 0.05];
/// Legs that end within so many days are looked at for what they become.
const SOON: i64 = 7;

const EV_NOTE: &str = "If premiums are fair at this volatility, the expected value is near 0 by construction: what is left \
                       comes from the skew between strikes, from rounding and from the price asked or paid, before fees.";
const MARGIN_NOTE: &str = "An estimate by Regulation T and the usual minimums (uncovered: 20 % of the underlying, 15 % of a \
                           broad index, less the amount out of the money, at least 10 %, plus the premium; spreads: their \
                           width). The broker's own figure counts.";
const FEES_NOTE: &str = "TastyTrade's published rates: $1.00 a contract to open, $10 a leg at most, nothing to close, $0.10 \
                         clearing, regulatory fees of a few cents. An estimate.";
const INDEX_FEES_NOTE: &str = "TastyTrade's published rates: $1.00 a contract to open, nothing to close, $0.10 clearing, \
                               regulatory fees of a few cents. The exchange's proprietary fee on index options comes on top.";

/// To cents.
pub(super) fn cents(value: f64) -> f64 {
    // Adding zero makes of -0 what people write.
    (value * 100.0).round() / 100.0 + 0.0
}

/// To so many digits that greeks of single shares keep theirs.
fn fine(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}

/// A fraction as a percent with two decimals.
pub(super) fn percent(fraction: f64) -> f64 {
    cents(fraction * 100.0)
}

/// What could not be computed, for the caller.
pub(super) fn wrong(error: InvalidStrategy) -> Error {
    Error::new(Reason::UpstreamUnavailable, format!("The strategy cannot be computed with today's market: {error}."))
}

/// The legs.
pub(super) fn legs(setting: &Setting) -> Result<Vec<LegFigures>, Error> {
    let market = &setting.market;
    let figures = setting.legs.iter().map(|priced| {
        let leg = &priced.leg;
        let walk = Walk {
            spot: market.spot,
            years: leg.years,
            rate: market.rate,
            yields: market.yields,
            volatility: leg.volatility,
        };
        let single = quant::strategy::Strategy::new(
            vec![quant::strategy::Leg { quantity: 1.0, multiplier: 1.0, ..*leg }],
            None,
        )?;
        let inside = match leg.side {
            Side::Call => walk.above(leg.strike),
            Side::Put => walk.below(leg.strike),
        };
        Ok(LegFigures {
            symbol: priced.symbol.clone(),
            side: side_name(leg.side).to_owned(),
            strike: leg.strike,
            expiration: priced.date,
            dte: priced.dte,
            quantity: priced.count,
            price: leg.premium,
            price_source: if priced.is_given { "given" } else { "mid" }.to_owned(),
            bid: priced.bid,
            ask: priced.ask,
            iv: percent(leg.volatility),
            iv_source: priced.iv_source.to_owned(),
            delta: fine(single.position(market, setting.model)?.delta),
            p_itm: percent(inside?),
            p_touch: percent(walk.touch(leg.strike)?),
        })
    });
    figures.collect::<Result<Vec<_>, InvalidStrategy>>().map_err(wrong)
}

/// What the options bring at the bids of what is sold and the asks of what is bought.
pub(super) fn natural(setting: &Setting) -> Option<f64> {
    let each = setting.legs.iter().map(|priced| {
        let price = if priced.count < 0 { priced.bid.or(Some(0.0)) } else { priced.ask };
        Some(-priced.leg.units() * price?)
    });
    each.sum()
}

/// What closing the options would cost at the middle of their markets; negative where it would bring something.
fn cost_to_close(setting: &Setting) -> Option<f64> {
    setting.legs.iter().map(|priced| Some(-priced.leg.units() * priced.middle()?)).sum()
}

/// Probabilities and expected value at a volatility.
pub(super) fn odds(setting: &Setting, volatility: f64, basis: &str) -> Result<(Odds, Outcome), InvalidStrategy> {
    let Setting { strategy, market, model, .. } = setting;
    let outcome = strategy.outcome(market, volatility, *model)?;
    let target = outcome.max_profit.filter(|most| *most > 0.0).map(|most| most / 2.0);
    let p50 = target.and_then(|target| strategy.probability_of_reaching(market, volatility, target).ok());
    let odds = Odds {
        volatility: percent(volatility),
        basis: basis.to_owned(),
        pop: percent(outcome.pop),
        p50: p50.map(percent),
        ev: cents(outcome.ev),
        ev_note: EV_NOTE.to_owned(),
    };
    Ok((odds, outcome))
}

/// Greeks of the whole.
pub(super) fn greeks(setting: &Setting) -> Result<StrategyGreeks, InvalidStrategy> {
    let position = setting.strategy.position(&setting.market, setting.model)?;
    Ok(StrategyGreeks {
        delta: fine(position.delta),
        gamma: fine(position.gamma),
        theta: fine(position.theta),
        vega: fine(position.vega),
        rho: fine(position.rho),
    })
}

/// The money that is tied up. Futures have exchange margins of their own.
pub(super) fn margin(setting: &Setting) -> Result<(Margin, Option<Collateral>), InvalidStrategy> {
    if setting.legs.iter().any(|leg| leg.is_future) {
        let note = "Options on futures have margins of their exchange (SPAN), which are not estimated here.".to_owned();
        return Ok((Margin { buying_power: None, requirement: None, cash_secured: None, note }, None));
    }
    let is_index = setting.legs.iter().all(|leg| is_index(&leg.root));
    let collateral = match is_index {
        true => setting.strategy.collateral_of_index(&setting.market)?,
        false => setting.strategy.collateral(&setting.market)?,
    };
    let of = collateral.requirement;
    let margin = Margin {
        buying_power: Some(cents(collateral.buying_power)),
        requirement: Some(cents(of.shares + of.spreads + of.uncovered)),
        cash_secured: collateral.cash.map(cents),
        note: MARGIN_NOTE.to_owned(),
    };
    Ok((margin, Some(collateral)))
}

/// Commissions and fees.
pub(super) fn fees(setting: &Setting) -> StrategyFees {
    if setting.legs.iter().any(|leg| leg.is_future) {
        let note = "Fees of options on futures depend on the exchange and are not estimated here.".to_owned();
        return StrategyFees { open: None, close: None, note };
    }
    let is_index = setting.legs.iter().all(|leg| is_index(&leg.root));
    let (fees, note) = if is_index { (Fees::INDEX, INDEX_FEES_NOTE) } else { (Fees::EQUITY, FEES_NOTE) };
    let Costs { open, close } = setting.strategy.costs(&fees);
    StrategyFees { open: Some(cents(open)), close: Some(cents(close)), note: note.to_owned() }
}

/// Returns before fees.
pub(super) fn returns(setting: &Setting, outcome: &Outcome, collateral: Option<&Collateral>) -> Returns {
    let years = setting.strategy.first_expiration().unwrap_or(0.0);
    let on = |base: Option<f64>| {
        let profit = outcome.max_profit.filter(|most| *most > 0.0)?;
        on_collateral(profit, base?).ok()
    };
    let on_power = on(collateral.map(|of| of.buying_power));
    let on_cash = on(collateral.and_then(|of| of.cash));
    let yearly = |fraction: Option<f64>| fraction.and_then(|of| annualised(of, years).ok()).map(percent);
    let covered = match (setting.strategy.shape(), setting.legs.as_slice()) {
        (Shape::CoveredCall, [call]) => {
            let shares = setting.strategy.shares();
            // Per share that the calls cover, so that a half-covered holding is not flattered.
            let credit = -call.leg.units() * call.leg.premium / shares.quantity;
            if_called(setting.market.spot, shares.price, call.leg.strike, credit).ok()
        }
        _ => None,
    };
    Returns {
        on_buying_power: on_power.map(percent),
        on_buying_power_annualized: yearly(on_power),
        on_cash: on_cash.map(percent),
        on_cash_annualized: yearly(on_cash),
        static_return: covered.map(|of| percent(of.unchanged)),
        if_called: covered.map(|of| percent(of.called)),
        if_called_annualized: yearly(covered.map(|of| of.called)),
    }
}

/// How far the underlying is expected to move until the first expiration.
pub(super) fn expected(setting: &Setting, first: &Expiration) -> Result<ExpectedMove, InvalidStrategy> {
    let spot = setting.market.spot;
    let by_volatility = expected_move::by_volatility(spot, setting.volatility, first.quotes.years)
        .map_err(|_| InvalidStrategy::Market(quant::Invalid::Overflow))?;
    let strikes = &first.quotes.strikes;
    let middle = |side: Side, at: usize| {
        let of = quotes(first, side);
        let (bid, ask) = (of.bid.get(at).copied().flatten()?, of.ask.get(at).copied().flatten()?);
        (bid > 0.0 && ask >= bid).then_some((bid + ask) / 2.0)
    };
    let nearest =
        strikes.iter().enumerate().min_by(|one, other| (one.1 - spot).abs().total_cmp(&(other.1 - spot).abs()));
    let at = nearest.map(|(at, _)| at);
    // So many strikes out on both sides.
    let pair = |out: usize| {
        let at = at?;
        Some((middle(Side::Call, at.checked_add(out)?)?, middle(Side::Put, at.checked_sub(out)?)?))
    };
    let (straddle, near, far) = (pair(0), pair(1), pair(2));
    let of = |way: fn(f64, f64) -> Result<f64, expected_move::NoMove>| {
        straddle.and_then(|(call, put)| way(call, put).ok()).map(cents)
    };
    let weighted = straddle.zip(near).zip(far);
    Ok(ExpectedMove {
        by_volatility: cents(by_volatility),
        percent: percent(by_volatility / spot),
        straddle: of(expected_move::straddle),
        straddle_85: of(expected_move::scaled_straddle),
        weighted: weighted.and_then(|((at, near), far)| expected_move::weighted(at, near, far).ok()).map(cents),
    })
}

/// Profit on a grid of prices, days and volatilities. At the one end of all legs volatility means nothing any more.
pub(super) fn scenarios(setting: &Setting, outcome: &Outcome, expected: f64) -> Result<Scenarios, InvalidStrategy> {
    let Setting { strategy, market, model, .. } = setting;
    let end = strategy.first_expiration().ok_or(InvalidStrategy::NoExpiration)?;
    let prices: Vec<f64> = MOVES.iter().map(|moves| cents((market.spot + moves * expected).max(0.01))).collect();
    let mut rows = Vec::new();
    for (ahead, is_end) in [(0.0, false), (end / 2.0, false), (end, true)] {
        let shifts: &[f64] = if is_end && outcome.method == Method::Exact { &[0.0] } else { &SHIFTS };
        let cells = strategy.scenarios(market, &prices, shifts, &[ahead], *model)?;
        for (shift, cells) in shifts.iter().zip(cells.chunks(prices.len())) {
            rows.push(ScenarioRow {
                days: cents(ahead * 365.0),
                volatility_change: percent(*shift),
                profit: cells.iter().map(|cell| cents(cell.profit)).collect(),
            });
        }
    }
    Ok(Scenarios { prices, moves: MOVES.to_vec(), rows })
}

/// The usual rules of management, each with its evidence.
pub(super) fn management(
    setting: &Setting,
    outcome: &Outcome,
    expected: f64,
    events: Option<&Events>,
    today: NaiveDate,
) -> Vec<Mark> {
    let mut marks = credit_marks(setting, outcome);
    let dte = setting.legs.iter().map(|leg| leg.dte).min().unwrap_or(0);
    let days = rules::days_left(dte);
    let first = setting.legs.iter().map(|leg| leg.date).min();
    let due = first.and_then(|date| date.checked_sub_days(Days::new(days.limit.unsigned_abs())));
    if outcome.net_credit > 0.0 {
        let when = due.filter(|due| *due > today).map(|due| format!(", from {due} on")).unwrap_or_default();
        let evidence = format!("{dte} days to expiration; the mark is {} days{when}", days.limit);
        marks.push(mark("days_left", days.is_reached, evidence));
    }
    for priced in setting.legs.iter().filter(|priced| priced.count < 0) {
        marks.extend(short_marks(setting, priced, expected, events, today));
    }
    let ending: Vec<rules::EndingLeg> = setting
        .legs
        .iter()
        .filter(|leg| leg.dte == dte)
        .map(|leg| rules::EndingLeg { side: leg.leg.side, strike: leg.leg.strike, is_sold: leg.count < 0 })
        .collect();
    if dte <= SOON
        && let Ok(found) = rules::expiring(&ending, setting.market.spot, dte)
    {
        let between = if found.is_between { "; the price lies between a sold and a bought strike" } else { "" };
        let evidence = format!(
            "{dte} days to expiration: {} sold and {} bought legs in the money, the nearest strike {} % away{between}",
            found.sold_in_the_money,
            found.bought_in_the_money,
            percent(found.nearest)
        );
        marks.push(mark("expiring", found.is_between || found.sold_in_the_money > 0, evidence));
    }
    marks
}

fn mark(rule: &str, reached: bool, evidence: String) -> Mark {
    Mark { rule: rule.to_owned(), reached, evidence }
}

fn credit_marks(setting: &Setting, outcome: &Outcome) -> Vec<Mark> {
    let credit = outcome.net_credit;
    let target = match setting.strategy.shape() {
        Shape::ShortStraddle | Shape::IronFly => rules::Target::Quarter,
        _ => rules::Target::Half,
    };
    let cost = cost_to_close(setting);
    // Without a market the marks are shown as prices alone.
    let (Ok(profit), Ok(loss)) = (
        rules::profit_taking(target, credit, cost.unwrap_or(credit).max(0.0)),
        rules::loss_multiple(credit, cost.unwrap_or(credit).max(0.0)),
    ) else {
        return Vec::new();
    };
    let stands = cost.map(|cost| format!("; closing costs {} now", money(cost.max(0.0)))).unwrap_or_default();
    let earned = format!(
        "{:.0} % of the credit of {} is earned when closing costs {}{stands}",
        profit.target * 100.0,
        money(credit),
        money(profit.close_at)
    );
    let lost = format!(
        "a loss of {:.0} times the credit is reached when closing costs {}",
        loss.limit,
        money(credit * (1.0 + loss.limit))
    );
    vec![mark("profit_target", profit.is_reached, earned), mark("loss_limit", loss.is_reached, lost)]
}

fn short_marks(
    setting: &Setting,
    priced: &Priced,
    expected: f64,
    events: Option<&Events>,
    today: NaiveDate,
) -> Vec<Mark> {
    let (leg, spot) = (&priced.leg, setting.market.spot);
    let mut marks = Vec::new();
    if let Ok(tested) = rules::tested(leg.side, leg.strike, spot, Some(expected)) {
        let side = if tested.distance >= 0.0 { "out of" } else { "in" };
        let moves = tested.in_moves.map(|moves| format!(", {:.2} expected moves", moves.abs())).unwrap_or_default();
        let evidence = format!("{}: {} % {side} the money{moves}", priced.name(), percent(tested.distance.abs()));
        marks.push(mark("tested", tested.is_tested, evidence));
    }
    if setting.model == quant::strategy::Model::European && is_index(&priced.root) {
        return marks;
    }
    if let Some(found) = assignment(setting, priced, events, today) {
        let dividend = if found.reasons.contains(&rules::Reason::Dividend) {
            "; less time value than the dividend before its end"
        } else {
            ""
        };
        let evidence = format!(
            "{}: risk of early assignment {}, exercise worth {}, time value {}{dividend}",
            priced.name(),
            risk_name(found.risk),
            money(found.intrinsic),
            money(found.extrinsic)
        );
        marks.push(mark("assignment", found.risk == rules::Risk::High, evidence));
    }
    marks
}

/// The risk that a sold leg is assigned before its end.
pub(super) fn assignment(
    setting: &Setting,
    priced: &Priced,
    events: Option<&Events>,
    today: NaiveDate,
) -> Option<rules::Assignment> {
    let short = rules::Short {
        side: priced.leg.side,
        strike: priced.leg.strike,
        price: priced.middle().unwrap_or(priced.leg.premium),
        days: priced.dte,
    };
    let dividend = events.and_then(|events| {
        let days = events.ex_dividend?.signed_duration_since(today).num_days();
        Some(rules::Dividend { amount: events.dividend?, days })
    });
    rules::assignment(&short, setting.market.spot, dividend).ok()
}

fn risk_name(risk: rules::Risk) -> &'static str {
    match risk {
        rules::Risk::Low => "low",
        rules::Risk::Medium => "medium",
        rules::Risk::High => "high",
    }
}

/// Earnings and dividend, and whether they fall into the life of the last leg.
pub(super) fn events(setting: &Setting, events: Option<&Events>) -> StrategyEvents {
    let (Some(events), Some(last)) = (events, setting.legs.iter().map(|leg| leg.date).max()) else {
        return StrategyEvents::default();
    };
    StrategyEvents {
        earnings_date: events.earnings.as_ref().map(|of| of.date),
        earnings_within: Some(events.earnings_until(last).is_some()),
        ex_dividend_date: events.ex_dividend,
        ex_dividend_within: Some(events.ex_dividend_until(last).is_some()),
        dividend: events.dividend,
    }
}
