//! Strategies on a chain of five strikes, 90 to 110, with quotes of one volatility: by hand, and what is refused.

use std::collections::BTreeMap;

use contract::{
    analysis::strategy::{AnalyzeStrategyInput, StrategyAnalysis, Wanted},
    market::Source,
};
use domain::{Error, Symbol, occ::Side};
use quant::Contract;
use tasty::option_chain::Chain;

use super::{
    assemble::{Frame, analysis},
    place, text,
};
use crate::{
    chain::{
        Greeks, Live, Pick, Tick,
        assemble::Part,
        choose::{self, Listed},
        tests::{at, chain},
    },
    gather::{
        chain::{Quoted, columns},
        events::Events,
        metrics::Figures,
    },
};

const NOW: &str = "2026-11-20T21:00:00Z";
const RATE: f64 = 0.04;
const SPOT: f64 = 100.0;

fn shares() -> Chain {
    chain(&[
        ("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM"), ("2027-01-15", 56, "Regular", "PM")]),
        ("XYZ1", "XYZ", false, &[("2026-12-18", 28, "Regular", "PM")]),
    ])
}

fn index() -> Chain {
    chain(&[
        ("SPX", "SPX", true, &[("2026-12-18", 28, "Regular", "AM")]),
        ("SPXW", "SPX", true, &[("2026-12-18", 28, "Regular", "PM")]),
    ])
}

fn listed<'a>(chain: &'a Chain, symbol: &Symbol) -> Vec<Listed<'a>> {
    let day = at(NOW).date_naive();
    choose::listed(chain, symbol, day, day)
}

/// Quotes at a volatility of 30 %, two cents to each side.
fn live(pick: &Pick<'_>) -> Live {
    let years = f64::from(u32::try_from(pick.dte).unwrap()) / 365.0;
    let tick = |key: crate::chain::Key| {
        let strike = crate::chain::float(pick.expiration.strike(key.place).unwrap()).unwrap();
        let option = Contract { side: key.side(), spot: SPOT, strike, years, rate: RATE, yields: 0.0 };
        let (price, greeks) = (option.price(0.3).unwrap(), option.greeks(0.3).unwrap());
        let cents = |price: f64| Some(format!("{price:.4}").parse().unwrap());
        let quant::Greeks { delta, gamma, theta, vega, .. } = greeks;
        let greeks = Some(Greeks { delta, gamma, theta, vega, iv: 0.3 });
        Tick {
            bid: cents(price - 0.02),
            ask: cents(price + 0.02),
            greeks,
            open_interest: Some(500),
            source: Some(Source::Dxlink),
            ..Tick::default()
        }
    };
    let ticks = pick.contracts(&[Side::Call, Side::Put]).map(|(key, _, _)| (key, tick(key))).collect();
    Live { source: Source::Dxlink, as_of: at(NOW), ticks }
}

fn metrics() -> Figures {
    Figures {
        iv_index: Some(31.0),
        iv_rank: Some(44.0),
        iv_percentile: Some(60.0),
        iv_30_day: Some(30.0),
        hv_30_day: Some(25.0),
        iv_hv_30_day_difference: Some(5.0),
        terms: Vec::new(),
        beta: Some(1.1),
        sector: None,
        correlation_spy_3_month: None,
        liquidity_rating: Some(3.0),
        borrow_rate: None,
        dividend_yield: None,
        events: Events { earnings: None, ex_dividend: "2026-12-04".parse().ok(), dividend: Some(0.5) },
        source: Source::Rest,
        as_of: at(NOW),
    }
}

fn wanted(json: &str) -> Wanted {
    serde_json::from_str::<AnalyzeStrategyInput>(json).unwrap().check().unwrap()
}

fn analyzed_with(chain: &Chain, json: &str, metrics: Option<&Figures>) -> Result<StrategyAnalysis, Error> {
    let wanted = wanted(json);
    let listed = listed(chain, &wanted.symbol);
    let placed = place::place(&wanted, &listed)?;
    let parts = place::needed(&placed).into_iter().map(|(of, _)| {
        let places = (0..of.expiration.strikes.len()).collect();
        let pick = Pick { root: of.root, expiration: of.expiration, dte: of.dte, price: "100".parse().ok(), places };
        let live = live(&pick);
        Part { pick, live, computed: BTreeMap::new() }
    });
    let quoted = Quoted { parts: parts.collect(), price: "100".parse().ok(), notes: Vec::new() };
    let columns = columns(&wanted.symbol, &quoted, RATE, at(NOW));
    let today = at(NOW).date_naive();
    let id = "a".to_owned();
    let (wanted, placed, columns) = (&wanted, placed.as_slice(), &columns);
    analysis(Frame { id, wanted, placed, columns, rate: RATE, metrics, today, notes: Vec::new() })
}

fn analyzed(json: &str) -> StrategyAnalysis {
    analyzed_with(&shares(), json, Some(&metrics())).unwrap()
}

fn rule<'a>(of: &'a StrategyAnalysis, name: &str) -> Vec<(bool, &'a str)> {
    of.management.iter().filter(|mark| mark.rule == name).map(|mark| (mark.reached, mark.evidence.as_str())).collect()
}

/// Sold at 1.45 and bought at 0.62: 0.83 a share of a width of 5.00.
const SPREAD: &str = r#"{"legs":[{"symbol":"XYZ 261218P95","action":"sell","price":1.45},
                                 {"symbol":"XYZ 261218P90","action":"buy","price":0.62}]}"#;

#[test]
fn a_spread_by_hand() {
    let of = analyzed(SPREAD);
    assert_eq!((of.strategy.as_str(), of.symbol.as_str(), of.dte), ("bull put spread", "XYZ", 28));
    assert_eq!((of.net_credit, of.max_profit, of.max_loss), (83.0, Some(83.0), Some(417.0)));
    assert_eq!((of.break_evens[0].price, of.break_evens[0].percent), (94.17, -5.83));
    assert_eq!(
        (of.margin.buying_power, of.margin.cash_secured, of.margin.requirement),
        (Some(417.0), Some(417.0), Some(500.0))
    );
    // 83 of 417, and 365 of 28 times that.
    assert_eq!((of.returns.on_buying_power, of.returns.on_buying_power_annualized), (Some(19.9), Some(259.46)));
    // Two contracts at 1.00 + 0.10 + 0.0269, one sale of 0.00329 + 0.0000206 * 145.
    assert_eq!((of.fees.open, of.fees.close), (Some(2.26), Some(0.26)));
    // 100 * 0.3 * sqrt(28 / 365)
    assert_eq!((of.expected_move.by_volatility, of.expected_move.percent), (8.31, 8.31));
    let odds = &of.odds;
    assert_eq!(odds.volatility, 30.0);
    let walk = quant::Walk { spot: 100.0, years: 28.0 / 365.0, rate: RATE, yields: 0.0, volatility: 0.3 };
    assert!((odds.pop - 100.0 * walk.above(94.17).unwrap()).abs() < 0.02, "{}", odds.pop);
    assert!(odds.p50.is_some_and(|p50| p50 > odds.pop));
    let at_historical = of.odds_at_historical_volatility.as_ref().unwrap();
    assert!(at_historical.volatility == 25.0 && at_historical.pop > odds.pop && at_historical.ev > odds.ev);
    assert!(of.greeks.delta > 0.0 && of.greeks.theta > 0.0 && of.greeks.vega < 0.0);
    assert_eq!((of.exercise.as_str(), of.iv_rank, of.missing.len()), ("american", Some(44.0), 0));
    let last = of.scenarios.rows.last().unwrap();
    assert_eq!(of.scenarios.rows.len(), 7);
    assert_eq!((last.days, last.volatility_change), (28.0, 0.0));
    // At 83.37 and 91.69 below, and everything from 95 on.
    assert_eq!((last.profit[0], last.profit[3], last.profit[6]), (-417.0, 83.0, 83.0));
    assert!(
        rule(&of, "profit_target")[0].1.contains("50 % of the credit of $83.00 is earned when closing costs $41.50")
    );
    assert!(rule(&of, "days_left")[0].1.contains("28 days to expiration; the mark is 21 days, from 2026-11-27 on"));
    assert!(!rule(&of, "tested")[0].0);
    assert!(rule(&of, "assignment")[0].1.contains("95 put: risk of early assignment low"));
    assert_eq!((of.events.ex_dividend_within, of.events.earnings_within), (Some(true), Some(false)));
    let text = text::text(&of, &crate::zone::Zone::Exchange);
    for part in [
        "bull put spread on XYZ at 100, 2026-12-18 (28 DTE)",
        "Net credit $83.00",
        "break-even 94.17 (-5.8 %)",
        "not investment advice",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
}

#[test]
fn a_covered_call_and_its_dividend() {
    // Shares at 90, the 95 call in the money at 6.50: of its price 5.00 are exercise.
    let of = analyzed(
        r#"{"symbol":"XYZ","shares":100,"share_price":90,
            "legs":[{"side":"call","strike":95,"expiration":"2026-12-18","action":"sell","price":6.5}]}"#,
    );
    assert_eq!((of.strategy.as_str(), of.max_profit, of.max_loss), ("covered call", Some(1150.0), Some(8350.0)));
    assert_eq!(of.break_evens[0].price, 83.5);
    // (95 - 90 + 6.50) / 90
    assert_eq!((of.returns.static_return, of.returns.if_called), (Some(6.5), Some(12.78)));
    assert!(rule(&of, "tested")[0].0);
    assert!(of.summary.case_against.iter().any(|line| line.contains("ex dividend on 4 Dec")), "{:?}", of.summary);
    // Half of the shares less the credit.
    assert_eq!(of.margin.buying_power, Some(5000.0 - 650.0));
}

#[test]
fn prices_of_the_market_and_no_limit() {
    let of = analyzed(
        r#"{"symbol":"XYZ","legs":[{"side":"put","strike":90,"expiration":"2026-12-18","action":"sell"},
            {"side":"call","strike":110,"expiration":"2026-12-18","action":"sell","quantity":1}]}"#,
    );
    assert_eq!(
        (of.strategy.as_str(), of.max_loss, of.unlimited.clone()),
        ("short strangle", None, vec!["loss".to_owned()])
    );
    assert_eq!(of.margin.cash_secured, None);
    // Two cents on each leg.
    assert!((of.net_credit - of.natural_credit.unwrap() - 4.0).abs() < 1e-9);
    assert!(of.legs.iter().all(|leg| leg.price_source == "mid" && leg.iv == 30.0 && leg.p_touch > leg.p_itm));
    // Premiums of the model at its own volatility.
    assert!(of.odds.ev.abs() < 0.5, "{}", of.odds.ev);
    assert_eq!(rule(&of, "tested").len(), 2);
}

#[test]
fn two_expirations_are_sampled_at_the_first() {
    let of = analyzed(
        r#"{"symbol":"XYZ","legs":[{"side":"call","strike":100,"expiration":"2026-12-18","action":"sell"},
            {"side":"call","strike":100,"expiration":"2027-01-15","action":"buy"}]}"#,
    );
    assert_eq!((of.strategy.as_str(), of.dte, of.break_evens.len()), ("calendar spread", 28, 2));
    assert_eq!(of.scenarios.rows.len(), 9);
    assert!(of.max_profit.unwrap() > 0.0 && of.notes.iter().any(|note| note.contains("expire at different times")));
    assert!((of.max_loss.unwrap() + of.net_credit).abs() < 1.0);
}

#[test]
fn an_index_is_settled_in_cash() {
    let json = r#"{"symbol":"SPX","legs":[{"side":"put","strike":95,"expiration":"2026-12-18","action":"sell"}]}"#;
    let of = analyzed_with(&index(), json, None).unwrap();
    assert_eq!(of.exercise, "european");
    // Of the two roots the one of the afternoon.
    assert!(of.legs[0].symbol.starts_with("SPXW"), "{}", of.legs[0].symbol);
    assert!(rule(&of, "assignment").is_empty() && of.fees.note.contains("proprietary"));
    assert!(of.missing.iter().any(|why| why.contains("no metrics")) && of.odds_at_historical_volatility.is_none());
}

#[test]
fn what_is_not_listed_is_answered_with_what_is() {
    let (shares, index) = (shares(), index());
    for (chain, json, argument, message) in [
        (
            &index,
            r#"{"symbol":"SPX","shares":100,"legs":[{"symbol":"SPXW 261218C105","action":"sell"}]}"#,
            "shares",
            "SPX is an index, of which there are no shares.",
        ),
        (
            &shares,
            r#"{"symbol":"XYZ","legs":[{"side":"put","strike":97,"expiration":"2026-12-18","action":"sell"}]}"#,
            "legs[0].strike",
            "XYZ has no strike of 97 on 2026-12-18. The nearest: 90, 95, 100, 105.",
        ),
        (
            &shares,
            r#"{"symbol":"XYZ","legs":[{"side":"put","strike":95,"expiration":"2026-12-17","action":"sell"}]}"#,
            "legs[0].expiration",
            "XYZ has no options that expire on 2026-12-17. The nearest days: 2026-12-18, 2027-01-15.",
        ),
        (
            &shares,
            r#"{"symbol":"XYZ","legs":[{"symbol":"XYZ1 261218P95","action":"sell"}]}"#,
            "legs[0].symbol",
            "XYZ1 are adjusted options, which deliver 110 shares of XYZ.",
        ),
        (
            &index,
            r#"{"symbol":"SPX","legs":[{"symbol":"SPX9 261218P95","action":"sell"}]}"#,
            "legs[0].symbol",
            "Options of the root SPX9 are not listed on SPX.",
        ),
    ] {
        let error = analyzed_with(chain, json, None).unwrap_err();
        assert!(error.message.contains(message), "{}", error.message);
        assert_eq!(error.details["argument"], argument);
    }
}
