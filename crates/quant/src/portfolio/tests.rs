//! Small portfolios worked out by hand, and what has to hold for any.

use domain::occ::Side;
use proptest::prelude::*;

use super::*;
use crate::strategy::{Leg, Shares, Strategy};

fn shares(name: &str, spot: f64, quantity: f64, beta: Option<f64>) -> Entry {
    let strategy = Strategy::new(vec![], Some(Shares { quantity, price: spot })).unwrap();
    let market = Market { spot, rate: 0.04, yields: 0.0 };
    Entry { name: name.to_owned(), market, beta, strategy, model: Model::European }
}

fn put(name: &str, spot: f64, beta: Option<f64>) -> Entry {
    let leg = Leg {
        side: Side::Put,
        strike: spot * 0.95,
        years: 30.0 / 365.0,
        quantity: -2.0,
        premium: spot * 0.02,
        multiplier: 100.0,
        volatility: 0.3,
    };
    Entry { strategy: Strategy::new(vec![leg], None).unwrap(), ..shares(name, spot, 1.0, beta) }
}

#[test]
fn delta_weighted_by_beta() {
    let entries =
        [shares("A", 50.0, 100.0, Some(1.2)), shares("B", 200.0, -10.0, Some(0.5)), shares("C", 10.0, 7.0, None)];
    let found = exposure(&entries, 500.0).unwrap();
    // 100 * 1.2 * 50 / 500 - 10 * 0.5 * 200 / 500 = 12 - 2
    assert!((found.beta_weighted_delta - 10.0).abs() < 1e-12);
    assert_eq!(found.without_beta, vec!["C".to_owned()]);
    assert_eq!(found.by_underlying.len(), 2);
    // (5000 - 2000 + 70) / 100
    assert!((found.delta_percent - 30.7).abs() < 1e-12);
    assert_eq!((found.theta, found.vega), (0.0, 0.0));
    assert_eq!(exposure(&entries, 0.0), Err(InvalidPortfolio::Index));
    let odd = [shares("A", 50.0, 100.0, Some(f64::NAN))];
    assert_eq!(exposure(&odd, 500.0), Err(InvalidPortfolio::Bounds));
    let sound = shares("A", 1.0, 1.0, None);
    let broken = [Entry { market: Market { spot: f64::INFINITY, ..sound.market }, ..sound }];
    assert!(matches!(exposure(&broken, 500.0), Err(InvalidPortfolio::Entry { name, .. }) if name == "A"));
}

#[test]
fn short_puts_earn_theta_and_lose_with_volatility() {
    let found = exposure(&[put("A", 100.0, Some(1.0))], 100.0).unwrap();
    assert!(found.theta > 0.0 && found.vega < 0.0 && found.beta_weighted_delta > 0.0);
}

#[test]
fn concentration_by_name() {
    let found = concentration(&[("A", 100.0), ("B", 300.0), ("A", 250.0)], 1000.0).unwrap();
    assert_eq!(
        found.iter().map(|one| (one.name.as_str(), one.amount)).collect::<Vec<_>>(),
        vec![("A", 350.0), ("B", 300.0)]
    );
    assert!((found[0].share - 0.35).abs() < 1e-15);
    // (350^2 + 300^2) / 650^2
    assert!((herfindahl(&found).unwrap() - 0.502_958_579_881_656_8).abs() < 1e-12);
    assert_eq!(herfindahl(&[]), None);
    assert_eq!(portion(1.0, 0.0), Err(InvalidPortfolio::Base));
    assert_eq!(portion(f64::NAN, 1.0), Err(InvalidPortfolio::Bounds));
}

#[test]
fn correlation_of_returns() {
    let closes: Vec<f64> = (0..40).map(|day| 100.0 + 3.0 * (f64::from(day) * 0.7).sin() + f64::from(day)).collect();
    let returns = log_returns(&closes).unwrap();
    assert_eq!(returns.len(), 39);
    assert!((returns[0] - (closes[1] / closes[0]).ln()).abs() < 1e-14);
    let against: Vec<f64> = returns.iter().map(|one| 0.002 - 2.0 * one).collect();
    assert!((correlation(&returns, &returns).unwrap() - 1.0).abs() < 1e-12);
    assert!((correlation(&returns, &against).unwrap() + 1.0).abs() < 1e-12);
    assert_eq!(correlation(&returns, &returns[1..]), Err(NoCorrelation::Lengths));
    assert_eq!(correlation(&returns[..5], &returns[..5]), Err(NoCorrelation::TooFew));
    assert_eq!(correlation(&returns, &[0.01; 39]), Err(NoCorrelation::Flat));
    assert_eq!(correlation(&returns, &[f64::NAN; 39]), Err(NoCorrelation::Bounds));
    assert_eq!(log_returns(&[1.0, 0.0]), Err(NoCorrelation::Bounds));
    let all = correlations(&[returns, against, vec![0.0; 39]]);
    assert!(all[0][1].is_some_and(|found| found < -0.999) && all[0][2].is_none() && all[2][2].is_none());
}

#[test]
fn stress_by_hand() {
    let entries = [shares("A", 50.0, 100.0, Some(1.5)), shares("B", 200.0, -10.0, None)];
    let cells = stress(&entries, &[-0.1, 0.0, 0.2], &[0.0, 0.1], Move::ByBeta).unwrap();
    assert_eq!(cells.len(), 6);
    // 100 shares of 50 lose 15 %, 10 short ones of 200 gain 10 %.
    assert!((cells[0].change - (-750.0 + 200.0)).abs() < 1e-9);
    assert_eq!(cells[1].change, 0.0);
    let alike = stress(&entries, &[-0.1], &[0.0], Move::Alike).unwrap();
    assert!((alike[0].change - (-500.0 + 200.0)).abs() < 1e-9);
    assert_eq!(stress(&entries, &[-1.1], &[0.0], Move::Alike), Err(InvalidPortfolio::Bounds));
    assert_eq!(stress(&entries, &[f64::NAN], &[0.0], Move::Alike), Err(InvalidPortfolio::Bounds));
    // Beyond nothing is nothing: a beta of 3 and half of the market.
    let steep = [shares("A", 50.0, 100.0, Some(3.0))];
    assert!((stress(&steep, &[-0.5], &[0.0], Move::ByBeta).unwrap()[0].change + 5000.0).abs() < 1e-9);
}

proptest! {
    /// Full revaluation of a small move is what the greeks say, and the parts make up the whole.
    #[test]
    fn small_moves_agree_with_greeks(spots in prop::collection::vec(10.0..500.0_f64, 1..4), up in -1e-4..1e-4_f64) {
        let entries: Vec<Entry> = spots.iter().map(|spot| put("A", *spot, Some(1.0))).collect();
        let greeks = exposure(&entries, 100.0).unwrap();
        let cell = &stress(&entries, &[up], &[0.0], Move::Alike).unwrap()[0];
        let scale: f64 = spots.iter().map(|spot| spot * 200.0).sum();
        prop_assert!((cell.change - greeks.delta_percent * up * 100.0).abs() <= 1e-6 * scale);
        prop_assert!((cell.by_underlying.iter().sum::<f64>() - cell.change).abs() <= 1e-9 * scale);
    }

    #[test]
    fn correlations_lie_between_minus_one_and_one(
        pairs in prop::collection::vec((-0.2..0.2_f64, -0.2..0.2_f64), 10..60),
    ) {
        let (one, other): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        if let Ok(found) = correlation(&one, &other) {
            prop_assert!((-1.0..=1.0).contains(&found));
            prop_assert!((found - correlation(&other, &one).unwrap()).abs() <= 1e-12);
        }
    }
}
