//! Strategies worked out by hand, and what has to hold for any.

use domain::occ::Side::{self, Call, Put};
use proptest::prelude::*;

use super::Strategy;
use super::*;

const MARKET: Market = Market { spot: 100.0, rate: 0.04, yields: 0.01 };

fn leg(side: Side, strike: f64, quantity: f64, premium: f64) -> Leg {
    Leg { side, strike, years: 45.0 / 365.0, quantity, premium, multiplier: 100.0, volatility: 0.3 }
}

fn of(legs: &[Leg]) -> Strategy {
    Strategy::new(legs.to_vec(), None).unwrap()
}

fn condor() -> Strategy {
    of(&[
        leg(Put, 90.0, -1.0, 1.20),
        leg(Put, 85.0, 1.0, 0.50),
        leg(Call, 110.0, -1.0, 1.30),
        leg(Call, 117.0, 1.0, 0.40),
    ])
}

#[track_caller]
fn near(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

#[test]
fn an_iron_condor_by_hand() {
    let payoff = condor().payoff().unwrap();
    near(condor().net_credit(), 160.0, 1e-10);
    near(payoff.max_profit().unwrap(), 160.0, 1e-10);
    // The wider side: 7.00 less 1.60.
    near(payoff.max_loss().unwrap(), -540.0, 1e-10);
    let ends = payoff.break_evens();
    assert_eq!(ends.len(), 2);
    near(ends[0], 88.40, 1e-10);
    near(ends[1], 111.60, 1e-10);
    assert_eq!(payoff.profitable(), vec![(ends[0], Some(ends[1]))]);
    for (price, profit) in [(0.0, -340.0), (87.0, -140.0), (100.0, 160.0), (114.0, -240.0), (500.0, -540.0)] {
        near(payoff.profit(price).unwrap(), profit, 1e-9);
    }
}

#[test]
fn limits_that_there_are_and_limits_that_there_are_not() {
    type Case = (&'static str, Strategy, Option<f64>, Option<f64>, &'static [f64]);
    let cases: [Case; 7] = [
        ("short put", of(&[leg(Put, 95.0, -1.0, 1.45)]), Some(145.0), Some(-9355.0), &[93.55]),
        ("long put", of(&[leg(Put, 95.0, 1.0, 1.45)]), Some(9355.0), Some(-145.0), &[93.55]),
        ("short call", of(&[leg(Call, 105.0, -2.0, 1.0)]), Some(200.0), None, &[106.0]),
        ("long call", of(&[leg(Call, 105.0, 2.0, 1.0)]), None, Some(-200.0), &[106.0]),
        // One bought at 100 for 3, two sold at 105 for 1.4: costs 0.20, and falls without end.
        ("ratio", of(&[leg(Call, 100.0, 1.0, 3.0), leg(Call, 105.0, -2.0, 1.4)]), Some(480.0), None, &[100.2, 109.8]),
        // The credit is the width: nothing can be lost, and nothing is won above.
        ("free", of(&[leg(Call, 100.0, -1.0, 6.0), leg(Call, 105.0, 1.0, 1.0)]), Some(500.0), Some(0.0), &[105.0]),
        ("hopeless", of(&[leg(Call, 100.0, 1.0, 6.0), leg(Call, 105.0, -1.0, 0.5)]), Some(-50.0), Some(-550.0), &[]),
    ];
    for (name, strategy, most, least, ends) in cases {
        let payoff = strategy.payoff().unwrap();
        let close = |got: Option<f64>, expected: Option<f64>| match (got, expected) {
            (Some(got), Some(expected)) => (got - expected).abs() < 1e-9,
            (got, expected) => got == expected,
        };
        assert!(close(payoff.max_profit(), most), "{name}: {:?}", payoff.max_profit());
        assert!(close(payoff.max_loss(), least), "{name}: {:?}", payoff.max_loss());
        let found = payoff.break_evens();
        assert_eq!(found.len(), ends.len(), "{name}: {found:?}");
        found.iter().zip(ends).for_each(|(got, expected)| near(*got, *expected, 1e-9));
    }
}

#[test]
fn what_cannot_be_computed_with_is_named() {
    let good = leg(Put, 95.0, -1.0, 1.45);
    let shares = |quantity, price| Some(Shares { quantity, price });
    for (bad, shares, why) in [
        (vec![], None, InvalidStrategy::Empty),
        (vec![], shares(0.0, 10.0), InvalidStrategy::Empty),
        (vec![good, Leg { quantity: 0.0, ..good }], None, InvalidStrategy::Quantity { index: 1 }),
        (vec![Leg { quantity: f64::NAN, ..good }], None, InvalidStrategy::Quantity { index: 0 }),
        (vec![Leg { premium: -0.01, ..good }], None, InvalidStrategy::Premium { index: 0 }),
        (vec![Leg { premium: f64::INFINITY, ..good }], None, InvalidStrategy::Premium { index: 0 }),
        (vec![Leg { multiplier: 0.0, ..good }], None, InvalidStrategy::Multiplier { index: 0 }),
        (vec![Leg { strike: 0.0, ..good }], None, InvalidStrategy::Leg { index: 0, why: Invalid::Strike }),
        (vec![Leg { strike: 1e300, ..good }], None, InvalidStrategy::Leg { index: 0, why: Invalid::Strike }),
        (vec![Leg { years: -1.0, ..good }], None, InvalidStrategy::Leg { index: 0, why: Invalid::Years }),
        (vec![Leg { volatility: f64::NAN, ..good }], None, InvalidStrategy::Leg { index: 0, why: Invalid::Volatility }),
        (vec![good], shares(f64::NAN, 10.0), InvalidStrategy::Shares),
        (vec![good], shares(100.0, -10.0), InvalidStrategy::Shares),
    ] {
        assert_eq!(Strategy::new(bad.clone(), shares), Err(why), "{bad:?}");
    }
    assert_eq!(of(&[good]).with_cash(f64::NAN), Err(InvalidStrategy::Cash));
    let calendar = of(&[good, Leg { years: 0.5, quantity: 1.0, ..good }]);
    assert_eq!(calendar.payoff(), Err(InvalidStrategy::SeveralExpirations));
    let after = |ahead| calendar.profit_after(&MARKET, 100.0, ahead, 0.0, Model::European);
    assert_eq!(after(0.2), Err(InvalidStrategy::Beyond));
    assert_eq!(after(-0.1), Err(InvalidStrategy::Beyond));
    assert_eq!(after(f64::NAN), Err(InvalidStrategy::Beyond));
    let nothing = Market { spot: f64::NAN, ..MARKET };
    assert_eq!(condor().outcome(&nothing, 0.3, Model::European), Err(InvalidStrategy::Market(Invalid::Spot)));
    assert_eq!(condor().outcome(&MARKET, -0.3, Model::European), Err(InvalidStrategy::Market(Invalid::Volatility)));
    let only_shares = Strategy::new(vec![], shares(100.0, 90.0)).unwrap();
    assert_eq!(only_shares.outcome(&MARKET, 0.3, Model::European), Err(InvalidStrategy::NoExpiration));
    near(only_shares.payoff().unwrap().break_evens()[0], 90.0, 1e-12);
}

#[test]
fn a_calendar_is_worth_most_at_its_strike() {
    // Without a yield, which would make a European call that is kept lose without end far above its strike.
    let market = Market { yields: 0.0, ..MARKET };
    let near_leg = Leg { years: 30.0 / 365.0, ..leg(Call, 100.0, -1.0, 3.6) };
    let calendar = of(&[near_leg, Leg { years: 60.0 / 365.0, quantity: 1.0, premium: 5.1, ..near_leg }]);
    let outcome = calendar.outcome(&market, 0.3, Model::European).unwrap();
    assert_eq!(outcome.method, Method::Sampled);
    near(outcome.net_credit, -150.0, 1e-9);
    let at = |price| calendar.profit_after(&market, price, 30.0 / 365.0, 0.0, Model::European).unwrap();
    near(outcome.max_profit.unwrap(), at(100.0), 1e-9);
    // The debit is all that can be lost.
    near(outcome.max_loss.unwrap(), -150.0, 0.01);
    assert_eq!(outcome.break_evens.len(), 2);
    outcome.break_evens.iter().for_each(|price| near(at(*price), 0.0, 1e-6));
    let inside = Terminal::new(&market, 0.3, 30.0 / 365.0).unwrap();
    near(outcome.pop, inside.between(outcome.break_evens[0], Some(outcome.break_evens[1])), 1e-9);
    assert!(outcome.ev.abs() < 30.0, "{}", outcome.ev);
}

#[test]
fn sampling_agrees_with_the_exact_way() {
    // A leg that lives on and holds next to nothing turns the exact way into the sampled one.
    let legs: Vec<Leg> = condor().legs().to_vec();
    let later = Leg { years: 0.5, strike: 500.0, premium: 0.0, ..leg(Call, 500.0, 1.0, 0.0) };
    let sampled = of(&[legs, vec![later]].concat()).outcome(&MARKET, 0.3, Model::European).unwrap();
    let exact = condor().outcome(&MARKET, 0.3, Model::European).unwrap();
    assert_eq!((exact.method, sampled.method), (Method::Exact, Method::Sampled));
    near(sampled.pop, exact.pop, 1e-6);
    near(sampled.ev, exact.ev, 1e-3);
    sampled.break_evens.iter().zip(&exact.break_evens).for_each(|(one, other)| near(*one, *other, 1e-6));
}

#[test]
fn the_right_to_exercise_early_is_worth_something() {
    let long = of(&[leg(Put, 120.0, 1.0, 20.0)]);
    let european = long.position(&MARKET, Model::European).unwrap();
    let american = long.position(&MARKET, Model::American).unwrap();
    assert!(american.value > european.value + 1.0, "{} {}", american.value, european.value);
    assert!(american.value >= 2000.0 && american.delta < european.delta);
    // At the end they are the same, and shortly before nearly so.
    let end = |model| long.profit_after(&MARKET, 104.0, 45.0 / 365.0, 0.0, model).unwrap();
    near(end(Model::American), end(Model::European), 0.0);
    near(long.profit_after(&MARKET, 104.0, 44.99 / 365.0, 0.0, Model::American).unwrap(), end(Model::American), 1.0);
    // A call that is kept never loses more than its price.
    let near_leg = Leg { years: 30.0 / 365.0, ..leg(Call, 100.0, -1.0, 3.6) };
    let calendar = of(&[near_leg, Leg { years: 60.0 / 365.0, quantity: 1.0, premium: 5.1, ..near_leg }]);
    let outcome = calendar.outcome(&MARKET, 0.3, Model::American).unwrap();
    near(outcome.max_loss.unwrap(), -150.0, 0.01);
}

#[test]
fn collateral_by_hand() {
    // The broker's own example: a put at 45 sold for 0.50 with the stock at 47.50 requires 750 and takes 700.
    let market = Market { spot: 47.5, ..MARKET };
    let put = of(&[leg(Put, 45.0, -1.0, 0.50)]).collateral(&market).unwrap();
    near(put.requirement.uncovered, 750.0, 1e-9);
    near(put.buying_power, 700.0, 1e-9);
    near(put.cash.unwrap(), 4450.0, 1e-9);
    // Far out, a tenth of the strike counts; very cheap, the floor.
    let far = of(&[leg(Put, 30.0, -1.0, 0.10)]).collateral(&market).unwrap();
    near(far.requirement.uncovered, 310.0, 1e-9);
    let cheap = of(&[leg(Put, 4.0, -1.0, 0.05)]).collateral(&Market { spot: 5.0, ..MARKET }).unwrap();
    near(cheap.requirement.uncovered, 250.0, 1e-9);
    // Of a broad index 15 % are asked for: 7.125 - 2.50 + 0.50, against 4.50 + 0.50.
    let index = of(&[leg(Put, 45.0, -1.0, 0.50)]).collateral_of_index(&market).unwrap();
    near(index.requirement.uncovered, 512.5, 1e-9);
    // A vertical: width less credit, in both kinds of account.
    let vertical = of(&[leg(Put, 95.0, -1.0, 1.45), leg(Put, 90.0, 1.0, 0.62)]).collateral(&MARKET).unwrap();
    near(vertical.buying_power, 417.0, 1e-9);
    near(vertical.cash.unwrap(), 417.0, 1e-9);
    // The wider wing of a condor.
    let condor = condor().collateral(&MARKET).unwrap();
    near(condor.requirement.spreads, 700.0, 1e-9);
    near(condor.buying_power, 540.0, 1e-9);
    // A strangle: the put requires 20 - 10 + 0.84, the call 20 - 10 + 0.97; the call's and the put's premium.
    let strangle = of(&[leg(Put, 90.0, -1.0, 0.84), leg(Call, 110.0, -1.0, 0.97)]).collateral(&MARKET).unwrap();
    near(strangle.requirement.uncovered, 1097.0 + 84.0, 1e-9);
    near(strangle.buying_power, 1000.0, 1e-9);
    assert_eq!(strangle.cash, None);
    // A covered call: half of the shares less the credit, or all of them.
    let shares = Some(Shares { quantity: 100.0, price: 100.0 });
    let covered = Strategy::new(vec![leg(Call, 105.0, -1.0, 1.60)], shares).unwrap().collateral(&MARKET).unwrap();
    near(covered.buying_power, 4840.0, 1e-9);
    near(covered.cash.unwrap(), 9840.0, 1e-9);
    // A debit is what it costs, and so is a butterfly.
    let long = of(&[leg(Call, 102.0, 1.0, 3.2)]).collateral(&MARKET).unwrap();
    near(long.buying_power, 320.0, 1e-9);
    let fly = [leg(Call, 95.0, 1.0, 7.0), leg(Call, 100.0, -2.0, 3.9), leg(Call, 105.0, 1.0, 1.8)];
    near(of(&fly).collateral(&MARKET).unwrap().buying_power, 100.0, 1e-9);
    // A calendar is covered by the later option; the other way round it is not.
    let short = leg(Put, 95.0, -1.0, 1.45);
    let later = Leg { years: 0.5, quantity: 1.0, premium: 4.0, ..short };
    near(of(&[short, later]).collateral(&MARKET).unwrap().buying_power, 255.0, 1e-9);
    let sooner = Leg { years: 0.01, premium: 0.1, ..later };
    let open = of(&[short, sooner]).collateral(&MARKET).unwrap();
    near(open.requirement.uncovered, 1645.0, 1e-9);
    near(open.cash.unwrap(), 9500.0 - 145.0 + 10.0, 1e-9);
}

#[test]
fn fees_by_hand() {
    // Four legs of one contract: 4 * (1.00 + 0.10 + 0.0269), and 0.00329 + 0.0000206 * 100 * premium for the two sold.
    let costs = condor().costs(&Fees::EQUITY);
    near(costs.open, 4.0 * 1.1269 + 2.0 * 0.003_29 + 0.002_06 * 2.5, 1e-12);
    near(costs.close, 4.0 * 0.1269 + 2.0 * 0.003_29 + 0.002_06 * 0.9, 1e-12);
    let many = of(&[leg(Put, 95.0, -20.0, 1.0)]);
    let either = 20.0 * 0.1269 + 20.0 * (0.003_29 + 0.002_06);
    near(many.costs(&Fees::EQUITY).open, 10.0 + either, 1e-12);
    near(many.costs(&Fees::INDEX).open, 20.0 + either, 1e-12);
}

#[test]
fn returns_by_hand() {
    near(on_collateral(145.0, 9355.0).unwrap(), 0.015_499_732_763_228_22, 1e-15);
    near(annualised(0.0155, 45.0 / 365.0).unwrap(), 0.125_722_222_222_222_2, 1e-12);
    let call = if_called(100.0, 90.0, 105.0, 1.6).unwrap();
    near(call.unchanged, 0.016, 1e-15);
    near(call.called, 16.6 / 90.0, 1e-15);
    assert_eq!(on_collateral(1.0, 0.0), Err(InvalidReturn::Base));
    assert_eq!(on_collateral(f64::NAN, 1.0), Err(InvalidReturn::Bounds));
    assert_eq!(annualised(1.0, 0.0), Err(InvalidReturn::NoTime));
}

#[test]
fn half_of_the_profit_is_reached_more_often_than_all_of_it() {
    let put = of(&[leg(Put, 92.0, -1.0, 1.2)]);
    let outcome = put.outcome(&MARKET, 0.3, Model::European).unwrap();
    let reach = |share: f64| put.probability_of_reaching(&MARKET, 0.3, 120.0 * share).unwrap();
    assert!(reach(0.5) > reach(0.9), "{} {}", reach(0.5), reach(0.9));
    assert!(reach(0.5) > outcome.pop && reach(0.5) < 1.0, "{} {}", reach(0.5), outcome.pop);
    // At any profit it is at least the probability of ending with one.
    assert!(reach(0.001) > outcome.pop - 0.03);
    assert_eq!(put.probability_of_reaching(&MARKET, 0.3, 121.0), Ok(0.0));
    assert_eq!(put.probability_of_reaching(&MARKET, 0.3, -200.0), Ok(1.0));
    assert_eq!(put.probability_of_reaching(&MARKET, 0.3, f64::NAN), Err(InvalidStrategy::Cash));
}

prop_compose! {
    fn market()(spot in 5.0..2000.0_f64, rate in -0.02..0.1_f64, yields in 0.0..0.08_f64) -> Market {
        Market { spot, rate, yields }
    }
}

prop_compose! {
    /// Legs as ratios of the spot, so that strikes are near it.
    fn parts()(parts in prop::collection::vec(
        (any::<bool>(), 0.6..1.5_f64, prop_oneof![-3_i32..=-1, 1_i32..=3], 0.0..0.15_f64, 0.08..1.2_f64), 1..6,
    )) -> Vec<(bool, f64, i32, f64, f64)> { parts }
}

fn build(market: &Market, parts: &[(bool, f64, i32, f64, f64)], years: f64, shares: i32) -> Strategy {
    let legs = parts.iter().map(|(is_call, ratio, quantity, premium, volatility)| Leg {
        side: if *is_call { Call } else { Put },
        strike: market.spot * ratio,
        years,
        quantity: f64::from(*quantity),
        premium: market.spot * premium,
        multiplier: 100.0,
        volatility: *volatility,
    });
    let shares = Shares { quantity: f64::from(shares), price: market.spot };
    Strategy::new(legs.collect(), Some(shares)).unwrap()
}

proptest! {
    #[test]
    fn a_scenario_at_expiration_is_the_payoff(
        market in market(), parts in parts(), days in 1..900_i32, shares in -200..200_i32, ratio in 0.01..4.0_f64,
        shift in -0.5..0.5_f64,
    ) {
        let years = f64::from(days) / 365.0;
        let strategy = build(&market, &parts, years, shares);
        let price = market.spot * ratio;
        let payoff = strategy.payoff().unwrap();
        let scale = strategy.scale(price);
        let end = strategy.profit_after(&market, price, years, shift, Model::European).unwrap();
        prop_assert!((end - payoff.profit(price).unwrap()).abs() <= 1e-12 * scale);
        // And it moves there without a jump.
        let before = strategy.profit_after(&market, price, years * (1.0 - 1e-7), 0.0, Model::European).unwrap();
        prop_assert!((before - end).abs() <= 1e-3 * scale);
    }

    #[test]
    fn limits_bound_the_curve_and_break_evens_are_zeros(
        market in market(), parts in parts(), shares in -200..200_i32, ratios in prop::collection::vec(0.0..5.0_f64, 20),
    ) {
        let strategy = build(&market, &parts, 0.2, shares);
        let payoff = strategy.payoff().unwrap();
        for ratio in ratios {
            let price = market.spot * ratio;
            let profit = payoff.profit(price).unwrap();
            let slack = 1e-11 * strategy.scale(price);
            prop_assert!(payoff.max_profit().is_none_or(|most| profit <= most + slack));
            prop_assert!(payoff.max_loss().is_none_or(|least| profit >= least - slack));
            let is_inside = payoff.profitable().into_iter().any(|(low, high)| price > low && high.is_none_or(|high| price < high));
            prop_assert!(is_inside == (profit > 0.0) || profit.abs() <= slack);
        }
        for price in payoff.break_evens() {
            prop_assert!(payoff.profit(price).unwrap().abs() <= 1e-11 * strategy.scale(price), "{price}");
        }
        let ends = payoff.break_evens();
        prop_assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn probabilities_are_probabilities(
        market in market(), parts in parts(), days in 0..900_i32, shares in -200..200_i32, volatility in 0.0..2.0_f64,
    ) {
        let years = f64::from(days) / 365.0;
        let strategy = build(&market, &parts, years, shares);
        let outcome = strategy.outcome(&market, volatility, Model::European).unwrap();
        prop_assert!((0.0..=1.0).contains(&outcome.pop));
        // What wins for one loses for the other: together they are everything but a break-even.
        let others: Vec<Leg> = strategy.legs().iter().map(|leg| Leg { quantity: -leg.quantity, ..*leg }).collect();
        let other = Shares { quantity: -strategy.shares().quantity, ..strategy.shares() };
        let other = Strategy::new(others, Some(other)).unwrap().outcome(&market, volatility, Model::European).unwrap();
        prop_assert!(outcome.pop + other.pop <= 1.0 + 1e-12);
        prop_assert!((outcome.ev + other.ev).abs() <= 1e-11 * strategy.scale(market.spot));
    }

    #[test]
    fn fair_premiums_have_no_expected_value(
        market in market(), parts in parts(), days in 1..400_i32, volatility in 0.08..1.0_f64,
    ) {
        let years = f64::from(days) / 365.0;
        let terminal = Terminal::new(&market, volatility, years).unwrap();
        let bare = build(&market, &parts, years, 0);
        let fair = bare.legs().iter().map(|leg| Leg {
            premium: terminal.expected(leg.side, leg.strike).unwrap(), ..*leg
        });
        let strategy = Strategy::new(fair.collect(), None).unwrap();
        let outcome = strategy.outcome(&market, volatility, Model::European).unwrap();
        prop_assert!(outcome.ev.abs() <= 1e-12 * strategy.scale(market.spot), "{}", outcome.ev);
    }

    #[test]
    fn greeks_of_the_whole_are_slopes(market in market(), parts in parts(), days in 5..400_i32, shares in -200..200_i32) {
        let years = f64::from(days) / 365.0;
        let strategy = build(&market, &parts, years, shares);
        let position = strategy.position(&market, Model::European).unwrap();
        let at = |price: f64, shift: f64| {
            strategy.profit_after(&market, price, 0.0, shift, Model::European).unwrap()
        };
        let scale = strategy.scale(market.spot) / market.spot;
        let step = 1e-4 * market.spot;
        let delta = (at(market.spot + step, 0.0) - at(market.spot - step, 0.0)) / (2.0 * step);
        prop_assert!((position.delta - delta).abs() <= 1e-4 * scale, "{} {delta}", position.delta);
        let vega = (at(market.spot, 1e-4) - at(market.spot, -1e-4)) / 0.02;
        prop_assert!((position.vega - vega).abs() <= 1e-5 * scale * market.spot, "{} {vega}", position.vega);
        prop_assert!((position.profit - at(market.spot, 0.0)).abs() <= 1e-9 * scale * market.spot);
    }

    #[test]
    fn a_loss_is_never_more_than_the_cash_that_secures_it(market in market(), parts in parts()) {
        let strategy = build(&market, &parts, 0.2, 0);
        let collateral = strategy.collateral(&market).unwrap();
        let payoff = strategy.payoff().unwrap();
        match (collateral.cash, payoff.max_loss()) {
            (Some(cash), Some(least)) => prop_assert!((cash - (-least).max(0.0)).abs() <= 1e-9 * strategy.scale(market.spot)),
            (cash, least) => prop_assert!(cash.is_none() && least.is_none()),
        }
        prop_assert!(collateral.buying_power >= 0.0 && collateral.buying_power.is_finite());
    }

    #[test]
    fn no_input_gives_what_is_no_number(
        spot: f64, rate: f64, yields: f64, strike: f64, years: f64, quantity: f64, premium: f64, multiplier: f64,
        volatility: f64, shares: f64, at: f64, ahead: f64, shift: f64, is_call: bool,
    ) {
        let market = Market { spot, rate, yields };
        let side = if is_call { Call } else { Put };
        let leg = Leg { side, strike, years, quantity, premium, multiplier, volatility };
        if let Ok(strategy) = Strategy::new(vec![leg], Some(Shares { quantity: shares, price: premium })) {
            if let Ok(outcome) = strategy.outcome(&market, volatility, Model::European) {
                let numbers = [Some(outcome.pop), Some(outcome.ev), Some(outcome.net_credit), outcome.max_profit, outcome.max_loss];
                prop_assert!(numbers.into_iter().flatten().chain(outcome.break_evens).all(f64::is_finite));
            }
            if let Ok(position) = strategy.position(&market, Model::European) {
                prop_assert!(position.value.is_finite() && position.vega.is_finite());
            }
            if let Ok(profit) = strategy.profit_after(&market, at, ahead, shift, Model::European) {
                prop_assert!(profit.is_finite());
            }
            if let Ok(collateral) = strategy.collateral(&market) {
                prop_assert!(collateral.buying_power.is_finite() && collateral.cash.is_none_or(f64::is_finite));
            }
            if let Ok(found) = strategy.probability_of_reaching(&market, volatility, at) {
                prop_assert!((0.0..=1.0).contains(&found));
            }
        }
    }

    /// The same with numbers that are odd but in bounds, which arbitrary doubles seldom are.
    #[test]
    fn nor_do_extremes(
        spot in prop::sample::select(vec![1e-12, 1e-3, 1.0, 1e6, 1e12]), rate in -100.0..100.0_f64,
        years in prop::sample::select(vec![0.0, 1e-9, 1e-6, 1.0, 200.0]), ratio in prop::sample::select(vec![1e-6, 1.0, 1e6]),
        volatility in prop::sample::select(vec![0.0, 1e-12, 0.3, 100.0]), quantity in prop::sample::select(vec![-1e9, -1.0, 1.0]),
    ) {
        let market = Market { spot, rate, yields: 0.0 };
        let leg = Leg { side: Put, strike: (spot * ratio).min(1e12), years, quantity, premium: spot, multiplier: 100.0, volatility };
        let later = Leg { side: Call, years: years + 1e-3, quantity: -quantity, ..leg };
        for legs in [vec![leg], vec![leg, later]] {
            let Ok(strategy) = Strategy::new(legs, None) else { continue };
            if let Ok(outcome) = strategy.outcome(&market, volatility, Model::European) {
                let numbers = [Some(outcome.pop), Some(outcome.ev), outcome.max_profit, outcome.max_loss];
                prop_assert!(numbers.into_iter().flatten().chain(outcome.break_evens).all(f64::is_finite));
            }
            if let Ok(found) = strategy.probability_of_reaching(&market, volatility, 1.0) {
                prop_assert!((0.0..=1.0).contains(&found));
            }
        }
    }
}
