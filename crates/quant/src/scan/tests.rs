use domain::occ::Side;
use proptest::prelude::*;

use super::*;
use crate::black_scholes::{Contract, normal};

const RATE: f64 = 0.04;

/// A chain by the model, at one volatility, with a cent to each side of every price.
fn chain(spot: f64, volatility: f64, days: &[i64], step: f64, count: i32) -> Chain {
    let expirations = days.iter().map(|dte| {
        #[expect(clippy::cast_precision_loss, reason = "days")]
        let years = *dte as f64 / 365.0;
        let middle = (spot / step).round();
        let strikes: Vec<f64> =
            (-count..=count).map(|at| (middle + f64::from(at)) * step).filter(|strike| *strike > 0.0).collect();
        let side = |side: Side| {
            let mut quotes = Quotes::default();
            for strike in &strikes {
                let contract = Contract { side, spot, strike: *strike, years, rate: RATE, yields: 0.0 };
                let (price, greeks) = (contract.price(volatility).unwrap(), contract.greeks(volatility).unwrap());
                quotes.bid.push(Some((price - 0.01).max(0.0)));
                quotes.ask.push(Some(price + 0.01));
                quotes.iv.push(Some(volatility));
                quotes.delta.push(Some(greeks.delta));
                quotes.gamma.push(Some(greeks.gamma));
                quotes.theta.push(Some(greeks.theta));
                quotes.vega.push(Some(greeks.vega));
                quotes.open_interest.push(Some(500.0));
                quotes.volume.push(Some(20.0));
            }
            quotes
        };
        Expiration {
            dte: *dte,
            years,
            multiplier: 100.0,
            calls: side(Side::Call),
            puts: side(Side::Put),
            strikes,
            ..Expiration::default()
        }
    });
    Chain { spot, rate: RATE, expirations: expirations.collect() }
}

fn usual() -> Chain {
    chain(100.0, 0.30, &[7, 35, 44, 90], 1.0, 40)
}

#[track_caller]
fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

#[test]
fn a_put_has_the_figures_of_the_textbook() {
    let chain = usual();
    let mut request = Request::usual(Kind::CashSecuredPut);
    request.background.realised = Some(0.20);
    let found = scan(&chain, &request);
    let best = &found.candidates[0];
    let (put, figures) = (best.sold[0], &best.figures);
    let expiration = &chain.expirations[best.expiration];
    assert!((30..=45).contains(&expiration.dte) && (0.16..=0.30).contains(&-put.delta));
    let (strike, credit, years) = (put.strike, put.mid(), expiration.years);
    near(figures.credit, credit, 1e-12);
    near(figures.credit_at_worst, credit - 0.01, 1e-12);
    // $1.00, 0.10 and 0.0269 a contract, 0.00329 and 0.0000206 of the proceeds for what is sold.
    let fees = 1.0 + 0.10 + 0.0269 + 0.003_29 + 0.000_020_6 * credit * 100.0;
    near(figures.fees, fees, 1e-9);
    near(figures.max_profit, credit * 100.0 - fees, 1e-9);
    near(figures.max_loss.unwrap(), (strike - credit) * 100.0 + fees, 1e-9);
    let even = strike - credit + fees / 100.0;
    near(figures.break_evens[0], even, 1e-9);
    near(figures.cushion, 1.0 - even / 100.0, 1e-12);
    near(figures.otm, 1.0 - strike / 100.0, 1e-12);
    near(figures.collateral, (strike - credit) * 100.0, 1e-9);
    near(figures.on_collateral, (credit * 100.0 - fees) / ((strike - credit) * 100.0), 1e-12);
    near(figures.annualised, figures.on_collateral / years, 1e-12);
    let swing = 0.30 * years.sqrt();
    let down = |level: f64| normal(-((100.0 / level).ln() + (RATE - 0.045) * years) / swing);
    near(figures.pop, 1.0 - down(even), 1e-12);
    near(figures.p_itm, down(strike), 1e-12);
    assert!(figures.p_touch > figures.p_itm && figures.p_touch < 2.2 * figures.p_itm);
    near(figures.expected_move, 100.0 * swing, 1e-12);
    near(figures.moves, (100.0 - strike) / (100.0 * swing), 1e-12);
    near(figures.others.unwrap()[1], -100.0 * put.others.unwrap()[1], 1e-12);
    near(figures.delta, -100.0 * put.delta, 1e-12);
    // What is fair at the model's volatility earns its interest and loses its fees.
    near(figures.ev, credit * 100.0 * (1.0 - (RATE * years).exp()) - fees, 1e-6);
    assert!(figures.ev_realised.unwrap() > figures.ev);
}

#[test]
fn calls_on_shares_count_what_those_cost() {
    let chain = usual();
    let mut request = Request::usual(Kind::CoveredCall);
    request.background.basis = Some(107.0);
    let found = scan(&chain, &request);
    assert!(!found.candidates.is_empty() && found.left_out.iter().any(|(filter, _)| *filter == Filter::Basis));
    for candidate in &found.candidates {
        let (call, figures) = (candidate.sold[0], &candidate.figures);
        let covered = figures.covered.unwrap();
        assert!(call.strike >= 107.0 && covered.basis == 107.0);
        near(covered.called, (call.strike - 107.0 + call.mid()) / 107.0, 1e-12);
        near(covered.unchanged, call.mid() / 100.0, 1e-12);
        near(figures.break_evens[0], 107.0 - call.mid() + figures.fees / 100.0, 1e-9);
        near(figures.max_profit, (call.strike - 107.0 + call.mid()) * 100.0 - figures.fees, 1e-9);
        assert_eq!(figures.collateral, 10_000.0);
    }
    request.filters.above_basis = false;
    assert!(scan(&chain, &request).candidates.iter().any(|candidate| candidate.sold[0].strike < 107.0));
}

#[test]
fn spreads_and_condors_lose_no_more_than_their_width() {
    let chain = chain(100.0, 0.30, &[35], 1.0, 40);
    for kind in [Kind::PutSpread, Kind::CallSpread, Kind::IronCondor] {
        let found = scan(&chain, &Request::usual(kind));
        assert!(!found.candidates.is_empty(), "{kind:?} {found:?}");
        for Candidate { sold, bought, figures, .. } in &found.candidates {
            let width = figures.width.unwrap();
            near(figures.max_loss.unwrap(), (width - figures.credit) * 100.0 + figures.fees, 1e-6);
            near(figures.max_profit, figures.credit * 100.0 - figures.fees, 1e-6);
            near(figures.collateral, (width - figures.credit) * 100.0, 1e-6);
            assert!(figures.credit_of_width.unwrap() >= 0.15);
            assert_eq!((sold.len(), figures.break_evens.len()), (bought.len(), sold.len()));
            let is_condor = kind == Kind::IronCondor;
            assert_eq!(sold.len(), if is_condor { 2 } else { 1 });
        }
    }
}

#[test]
fn a_strangle_has_no_limit_above() {
    let found = scan(&usual(), &Request::usual(Kind::Strangle));
    let best = &found.candidates[0];
    assert_eq!((best.sold[0].side, best.sold[1].side), (Side::Put, Side::Call));
    assert_eq!((best.figures.max_loss, best.figures.break_evens.len()), (None, 2));
    let collateral = best.figures.collateral;
    // A fifth of the price, less what it is out of the money, and no less than a tenth: with premiums.
    assert!((1000.0..=2300.0).contains(&collateral), "{collateral}");
}

#[test]
fn what_is_left_out_is_counted_once() {
    let mut chain = usual();
    chain.expirations[1].has_earnings = true;
    chain.expirations[2].puts.bid[30] = None;
    let mut request = Request::usual(Kind::CashSecuredPut);
    request.filters.without_earnings = true;
    let found = scan(&chain, &request);
    let count = |filter: Filter| found.left_out.iter().find(|(of, _)| *of == filter).map_or(0, |(_, count)| *count);
    assert_eq!((count(Filter::Days), count(Filter::Earnings)), (2 * 81, 81));
    let rest: usize = found.left_out.iter().map(|(_, count)| count).sum::<usize>() - 3 * 81;
    assert_eq!((rest + found.passed, found.considered), (81, 81));
    assert!(count(Filter::NoMarket) >= 1 && count(Filter::OutOfTheMoney) >= 40 && count(Filter::Delta) > 10);
    request.filters.least_open_interest = 501.0;
    let found = scan(&chain, &request);
    assert_eq!((found.candidates.len(), found.passed), (0, 0));
    assert!(found.left_out.iter().any(|(filter, _)| *filter == Filter::OpenInterest));
}

#[test]
fn parts_say_what_moves_a_score() {
    let chain = usual();
    let mut request = Request::usual(Kind::CashSecuredPut);
    request.most = 1;
    let plain = scan(&chain, &request).candidates.remove(0);
    let aspects: Vec<_> = plain.parts.iter().map(|part| part.aspect).collect();
    let known = [Aspect::Return, Aspect::Probability, Aspect::Liquidity, Aspect::Cushion, Aspect::Events];
    assert_eq!(aspects, known);
    let part = |request: &Request, aspect: Aspect| {
        let best = scan(&chain, request).candidates.remove(0);
        best.parts.into_iter().find(|part| part.aspect == aspect)
    };
    request.background.iv_rank = Some(35.0);
    assert_eq!(part(&request, Aspect::Volatility).unwrap().value, 0.5);
    request.background.supports = vec![98.0, 60.0];
    request.background.trend = Some(Trend::Up);
    let chart = part(&request, Aspect::Chart).unwrap();
    assert_eq!((chart.value, chart.level), (1.0, Some(98.0)));
    request.background.supports = vec![60.0];
    request.background.trend = Some(Trend::Down);
    let chart = part(&request, Aspect::Chart).unwrap();
    assert_eq!((chart.value, chart.level), (0.0, None));
    let weights: f64 = plain.parts.iter().map(|part| part.weight).sum();
    let sum: f64 = plain.parts.iter().map(|part| part.weight * part.value).sum();
    near(plain.score, 100.0 * sum / weights, 1e-12);
}

#[test]
fn the_past_is_a_second_opinion() {
    let chain = usual();
    let mut request = Request::usual(Kind::CashSecuredPut);
    // A price that falls by a percent a day: every put ends in the money.
    request.background.closes = (0..250).map(|day| 100.0 * 0.99_f64.powi(day)).collect();
    let history = scan(&chain, &request).candidates[0].history.unwrap();
    assert_eq!((history.losses, history.periods + history.days), (1.0, 250));
    assert!(history.mean < 0.0);
    request.background.closes.truncate(80);
    assert_eq!(scan(&chain, &request).candidates[0].history, None);
}

#[test]
fn shares_that_cost_little_were_not_lost_on_in_the_past_either() {
    let chain = usual();
    let mut request = Request::usual(Kind::CoveredCall);
    request.background.closes = (0..250).map(|day| 100.0 * 0.999_f64.powi(day)).collect();
    let losses = |basis: f64| {
        let mut request = request.clone();
        request.background.basis = Some(basis);
        let best = scan(&chain, &request).candidates[0].clone();
        (best.history.unwrap().losses, best.figures.pop)
    };
    // The price fell by some percent in each period: less than what shares at half the price have gained.
    let (lost, pop) = losses(50.0);
    assert!(lost == 0.0 && pop > 0.99, "{lost} {pop}");
    assert_eq!(losses(chain.spot).0, 1.0);
}

proptest! {
    #[test]
    fn candidates_keep_their_promises(
        spot in 5.0..3000.0_f64, volatility in 0.08..1.5_f64, dte in 20..70_i64, kind in 0..6_usize,
        rank in 0.0..100.0_f64, open in 0.0..1000.0_f64,
    ) {
        let kinds = [
            Kind::CashSecuredPut, Kind::CoveredCall, Kind::PutSpread, Kind::CallSpread, Kind::IronCondor, Kind::Strangle,
        ];
        let chain = chain(spot, volatility, &[dte, dte + 7], spot / 50.0, 30);
        let mut request = Request::usual(kinds[kind]);
        request.background.iv_rank = Some(rank);
        request.filters.least_open_interest = open;
        request.filters.days = (0, 100);
        let found = scan(&chain, &request);
        prop_assert!(found.candidates.len() <= request.most && found.candidates.len() <= found.passed);
        prop_assert!(found.candidates.is_empty() || open <= 500.0);
        prop_assert!(found.candidates.is_sorted_by(|one, other| one.score >= other.score));
        for Candidate { sold, bought, figures, score, parts, .. } in &found.candidates {
            prop_assert!((0.0..=100.0).contains(score));
            prop_assert!(parts.iter().all(|part| (0.0..=1.0).contains(&part.value) && part.weight > 0.0));
            for quote in sold {
                let (least, most) = request.filters.delta;
                prop_assert!((least..=most).contains(&quote.delta.abs()) && quote.bid > 0.0);
            }
            for share in [figures.pop, figures.p_itm, figures.p_touch] {
                prop_assert!((0.0..=1.0).contains(&share));
            }
            prop_assert!(figures.p_touch >= figures.p_itm - 1e-9, "{} {}", figures.p_touch, figures.p_itm);
            prop_assert!(figures.credit >= 0.10 - 1e-9 && figures.credit_at_worst <= figures.credit);
            prop_assert!(figures.collateral > 0.0 && figures.fees > 0.0);
            prop_assert!(figures.max_profit <= figures.credit * 100.0 || kinds[kind] == Kind::CoveredCall);
            prop_assert!(bought.len() == sold.len() || bought.is_empty());
        }
    }

    #[test]
    fn nothing_panics_and_nothing_is_no_number(
        spot: f64, rate: f64, years: f64, yields: f64, multiplier: f64, dte: i64, kind in 0..6_usize,
        strikes in proptest::collection::vec(proptest::num::f64::ANY, 0..12),
        columns in proptest::collection::vec(proptest::option::of(proptest::num::f64::ANY), 0..12),
        level: f64, rank: f64, realised: f64, basis: f64,
    ) {
        let kinds = [
            Kind::CashSecuredPut, Kind::CoveredCall, Kind::PutSpread, Kind::CallSpread, Kind::IronCondor, Kind::Strangle,
        ];
        let quotes = Quotes {
            bid: columns.clone(), ask: columns.clone(), iv: columns.clone(), delta: columns.clone(), gamma: columns.clone(),
            theta: columns.clone(), vega: columns.clone(), open_interest: columns.clone(), volume: columns,
        };
        let expiration = Expiration {
            dte, years, yields, multiplier, strikes, calls: quotes.clone(), puts: quotes, ..Expiration::default()
        };
        let chain = Chain { spot, rate, expirations: vec![expiration] };
        let mut request = Request::usual(kinds[kind]);
        let anything = Filters {
            days: (i64::MIN, i64::MAX), delta: (0.0, 1.0), long_delta: (0.0, 1.0), least_open_interest: 0.0,
            widest_spread: f64::MAX, least_credit: 0.0, least_credit_of_width: 0.0, ..request.filters
        };
        request.filters = anything;
        request.background = Background {
            iv_rank: Some(rank), realised: Some(realised), closes: vec![level; 200], supports: vec![level],
            resistances: vec![level], trend: None, basis: Some(basis),
        };
        for candidate in scan(&chain, &request).candidates {
            prop_assert!(candidate.score.is_finite() && candidate.figures.pop.is_finite());
            prop_assert!(candidate.figures.annualised.is_finite() && candidate.figures.ev.is_finite());
        }
    }
}
