//! Portfolios worked out by hand: strategies and their marks, sums, stress, rolls, the text.

use chrono::NaiveDate;
use contract::{analysis::portfolio::Urgency, market::Source as MarketSource};
use quant::scan;
use serde_json::json;
use tasty::market_metrics;

use super::*;
use crate::gather::{
    chain::{Columns, Expiration},
    events::Events,
};

fn now() -> Timestamp {
    "2026-11-20T15:00:00Z".parse().unwrap()
}

fn today() -> NaiveDate {
    "2026-11-20".parse().unwrap()
}

/// A row: a symbol or an option such as `AAPL 28 P 240`, signed quantity, prices when opened and now, and the underlying's.
fn row(symbol: &str, quantity: f64, [opened, marked]: [f64; 2], spot: f64) -> PositionRow {
    let words: Vec<&str> = symbol.split(' ').collect();
    let option = match words.as_slice() {
        [_, days, kind, strike] => Some((days.parse::<i64>().unwrap(), *kind, strike.parse::<f64>().unwrap())),
        _ => None,
    };
    let units = quantity * if option.is_some() { 100.0 } else { 1.0 };
    let money = |value: f64| format!("{value:.2}").parse::<serde_json::Number>().unwrap();
    // A delta that is not that of any model, so that sums can be told from it.
    let (delta, theta, vega) = match option {
        Some((_, "C", _)) => (0.3, -0.05, 0.2),
        Some(_) => (-0.25, -0.04, 0.15),
        None => (1.0, 0.0, 0.0),
    };
    let day = option.map(|(days, ..)| today() + chrono::TimeDelta::days(days));
    serde_json::from_value(json!({
        "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "symbol": symbol, "description": symbol, "underlying_symbol": words[0],
        "instrument_type": if option.is_some() { "Equity Option" } else { "Equity" },
        "option_type": option.map(|(_, kind, _)| kind), "strike": option.map(|(.., strike)| money(strike)),
        "expiration": day, "dte": option.map(|(days, ..)| days),
        "quantity": money(quantity.abs()), "quantity_direction": if quantity < 0.0 { "Short" } else { "Long" },
        "multiplier": if option.is_some() { 100 } else { 1 },
        "average_open_price": money(opened), "close_price": money(marked), "mark_price": money(marked),
        "mark": money(units * marked), "unrealized_pnl": money(units * (marked - opened)), "unrealized_pnl_percent": null,
        "day_pnl": money(units * 0.01), "realized_day_gain": null, "percent_of_max_profit": null,
        "underlying_price": money(spot),
        "is_itm": option.map(|(_, kind, strike)| if kind == "C" { spot > strike } else { spot < strike }),
        "is_tested": option.map(|(_, kind, strike)| quantity < 0.0 && if kind == "C" { spot > strike } else { spot < strike }),
        "iv": option.map(|_| 30.0), "delta": delta, "gamma": option.map_or(0.0, |_| 0.01), "theta": theta, "vega": vega,
        "position_delta": units * delta, "position_gamma": units * option.map_or(0.0, |_| 0.01),
        "position_theta": units * theta, "position_vega": units * vega,
        "greeks_source": "dxlink", "greeks_as_of": now(), "opened_at": null, "as_of": now(),
    }))
    .unwrap()
}

fn figures(sector: Option<&str>, beta: Option<f64>) -> Figures {
    Figures {
        sector: sector.map(str::to_owned),
        iv_index: None,
        iv_rank: None,
        iv_percentile: None,
        iv_30_day: Some(30.0),
        hv_30_day: None,
        iv_hv_30_day_difference: None,
        terms: Vec::new(),
        beta,
        correlation_spy_3_month: Some(0.7),
        liquidity_rating: None,
        borrow_rate: None,
        dividend_yield: None,
        events: Events::default(),
        source: MarketSource::Rest,
        as_of: now(),
    }
}

fn balances(net_liq: &str) -> Vec<AccountBalance> {
    let row = json!({
        "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "name": "Income",
        "net_liquidating_value": net_liq.parse::<serde_json::Number>().unwrap(),
        "cash_balance": 1000, "derivative_buying_power": 60000, "used_derivative_buying_power": 40000, "as_of": now(),
    });
    vec![serde_json::from_value(row).unwrap()]
}

/// The analysis of these rows at a net liquidating value of 100,000 with SPY at 500 and VIX at 18.
fn analysed(rows: &[PositionRow], metrics: &BTreeMap<String, Figures>) -> (PortfolioAnalysis, Vec<Strategy>) {
    let balances = balances("100000.00");
    let ends = rows.iter().filter_map(|row| Some((row.symbol.as_str(), row.expiration?)));
    let ends = ends.map(|(symbol, day)| (symbol, day.and_hms_opt(21, 0, 0).unwrap().and_utc()));
    let read = Read {
        rows,
        ends: ends.collect(),
        balances: &balances,
        metrics,
        spy: Some(500.0),
        vix: Some(18.0),
        rate: 0.04,
        now: now(),
        today: today(),
        source: Source::Rest,
        as_of: Some(now()),
    };
    analysis(&read)
}

fn known(names: &[&str]) -> BTreeMap<String, Figures> {
    names.iter().map(|name| ((*name).to_owned(), figures(Some("Technology"), Some(1.5)))).collect()
}

fn codes(rows: &[PositionRow], metrics: &BTreeMap<String, Figures>) -> Vec<(String, Vec<(Why, Urgency)>)> {
    let (output, _) = analysed(rows, metrics);
    let of = |one: &Attention| one.reasons.iter().map(|reason| (reason.code, reason.urgency)).collect();
    output.attention.iter().map(|one| (one.strategy.clone(), of(one))).collect()
}

#[test]
fn sums_by_hand() {
    let mut metrics = known(&["A", "B"]);
    metrics.insert("C".to_owned(), figures(None, None));
    let rows = [
        row("A", 100.0, [40.0, 50.0], 50.0),
        row("A 30 C 55", -1.0, [1.0, 0.8], 50.0),
        row("B 30 P 90", -2.0, [2.0, 1.5], 100.0),
        row("C", 10.0, [20.0, 20.0], 20.0),
    ];
    let (output, strategies) = analysed(&rows, &metrics);
    // A: (100 - 30) * 1.5 * 50 / 500; B: 50 * 1.5 * 100 / 500; C has no beta.
    let deltas: Vec<_> = output.underlyings.iter().map(|row| (row.symbol.as_str(), row.beta_weighted_delta)).collect();
    assert_eq!(deltas, [("A", Some(10.5)), ("B", Some(15.0)), ("C", None)]);
    assert_eq!(output.greeks.beta_weighted_delta, Some(25.5));
    // 25.5 dollars per dollar of SPY.
    assert_eq!(output.greeks.beta_weighted_delta_percent, Some(0.0255));
    // A: -1 * 0.15^2 of gamma; B: -2 * 0.3^2.
    assert_eq!(output.greeks.beta_weighted_gamma, Some(rounded(-0.0225 - 0.18, 4)));
    assert_eq!((output.greeks.theta, output.greeks.theta_percent), (Some(13.0), Some(0.013)));
    assert_eq!((output.greeks.vega, output.greeks.source.as_str()), (Some(-50.0), "dxlink"));
    assert_eq!(output.missing, ["beta-weighted delta of C: its beta is not known; it is not in the sum"]);
    assert_eq!(output.worth.unrealized_pnl, Some(1000.0 + 20.0 + 100.0));
    assert_eq!(
        (output.worth.used_buying_power_percent, output.worth.usual_buying_power_percent),
        (Some(40.0), Some(30.0))
    );
    // Half of the shares less the call's mark; the naked puts by 20 % of 100 less 10 out of the money, and their marks: the
    // same as 10 % of the strike and more.
    assert_eq!(output.underlyings[0].buying_power, Some(2500.0 - 80.0));
    let puts = 2.0 * 100.0 * (0.2 * 100.0 - 10.0);
    assert_eq!(output.underlyings[1].buying_power, Some(puts));
    assert_eq!(output.underlyings[1].percent_of_net_liq, Some(2.0));
    let sectors: Vec<_> = output.sectors.iter().map(|row| (row.sector.as_str(), row.buying_power)).collect();
    assert_eq!(sectors, [("Technology", 2420.0 + puts), ("funds and others", 100.0)]);
    let names: Vec<_> = output.strategies.iter().map(|row| row.strategy.as_str()).collect();
    assert_eq!(names, ["covered call", "short put", "shares"]);
    let covered = &output.strategies[0];
    // Shares from 40 to 55 and the credit; all of the shares less the credit.
    assert_eq!((covered.max_profit, covered.max_loss), (Some(1600.0), Some(-3900.0)));
    assert_eq!((covered.credit, covered.percent_of_max_profit), (Some(100.0), Some(20.0)));
    assert_eq!((covered.unrealized_pnl, covered.delta, covered.quantity), (Some(1020.0), Some(70.0), 1.0));
    assert_eq!(strategies.len(), 3);
    assert_eq!(output.disclaimer, DISCLAIMER);
}

#[test]
fn stress_prices_everything_anew() {
    let rows = [row("A", 100.0, [40.0, 50.0], 50.0), row("C", -10.0, [20.0, 20.0], 20.0)];
    let mut metrics = known(&["A"]);
    metrics.insert("C".to_owned(), figures(None, None));
    let (output, _) = analysed(&rows, &metrics);
    let stress = output.stress.unwrap();
    // Down 20 % by a beta of 1.5 and of 1: shares do not know volatility.
    assert_eq!(stress.change.len(), 3);
    for row in &stress.change {
        assert_eq!(row[0], -0.3 * 50.0 * 100.0 + 0.2 * 20.0 * 10.0);
        assert_eq!((row.len(), row[3]), (7, 0.0));
    }
    assert_eq!(stress.worst_percent, Some(-1.46));
    // A short put loses more than its delta says, and what it loses is bound by its strike.
    let (output, _) = analysed(&[row("A 30 P 50", -1.0, [2.0, 2.0], 50.0)], &known(&["A"]));
    let stress = output.stress.unwrap();
    let unchanged = &stress.change[1];
    assert!(unchanged[0] < unchanged[1] && unchanged[1] < unchanged[2] && unchanged[3] == 0.0 && unchanged[4] > 0.0);
    assert!((-1500.0..-1100.0).contains(&unchanged[0]), "{unchanged:?}");
    assert!(stress.change[2][3] < 0.0 && stress.change[0][3] > 0.0);
}

#[test]
fn marks_of_management() {
    use Urgency::*;
    use Why::*;
    let plain = known(&["A"]);
    let mut events = plain.clone();
    if let Some(figures) = events.get_mut("A") {
        figures.events = Events {
            earnings: Some(market_metrics::Earnings {
                date: "2026-11-24".parse().unwrap(),
                time_of_day: Some("AMC".to_owned()),
                is_estimated: false,
            }),
            ex_dividend: Some("2026-12-04".parse().unwrap()),
            dividend: Some(0.5),
        };
    }
    for (rows, metrics, expected) in [
        (vec![row("A 40 P 90", -1.0, [2.0, 1.0], 100.0)], &plain, vec![("short put", vec![(ProfitTarget, Medium)])]),
        (vec![row("A 40 P 90", -1.0, [2.0, 1.1], 100.0)], &plain, vec![]),
        (vec![row("A 21 P 90", -1.0, [2.0, 1.9], 100.0)], &plain, vec![("short put", vec![(Days21, Medium)])]),
        (vec![row("A 22 P 90", -1.0, [2.0, 1.9], 100.0)], &plain, vec![]),
        (vec![row("A 21 P 90", 1.0, [2.0, 1.9], 100.0)], &plain, vec![]),
        (vec![row("A 40 P 105", -1.0, [7.0, 8.0], 100.0)], &plain, vec![("short put", vec![(Tested, High)])]),
        (
            vec![row("A 40 P 105", -1.0, [2.0, 6.5], 100.0)],
            &plain,
            vec![("short put", vec![(LossLimit, High), (Tested, High)])],
        ),
        (
            vec![row("A 40 P 120", -1.0, [18.0, 20.05], 100.0)],
            &plain,
            vec![("short put", vec![(Tested, High), (AssignmentRisk, High)])],
        ),
        (
            vec![row("A 5 P 95", -1.0, [1.0, 0.6], 100.0), row("A 5 P 90", 1.0, [0.4, 0.2], 100.0)],
            &plain,
            vec![("put credit spread", vec![(Expiring, Medium)])],
        ),
        (
            vec![row("A 1 P 95", -1.0, [2.0, 3.2], 92.0), row("A 1 P 90", 1.0, [0.5, 0.2], 92.0)],
            &plain,
            vec![("put credit spread", vec![(Tested, High), (AssignmentRisk, High), (Expiring, High)])],
        ),
        (vec![row("A 7 C 110", 1.0, [2.0, 1.0], 100.0)], &plain, vec![("long call", vec![(Expiring, Medium)])]),
        (
            vec![row("A 30 P 100", -1.0, [4.0, 2.9], 100.0), row("A 30 C 100", -1.0, [4.0, 3.0], 100.0)],
            &plain,
            // A quarter is enough of a straddle; at the strike neither is tested beyond it.
            vec![("short straddle", vec![(Tested, High), (Tested, High), (ProfitTarget, Medium)])],
        ),
        (
            vec![row("A", 100.0, [90.0, 100.0], 100.0), row("A 30 C 98", -1.0, [3.0, 2.4], 100.0)],
            &events,
            // 0.40 of time value against a dividend of 0.50.
            vec![("covered call", vec![(Tested, High), (AssignmentRisk, High), (Earnings, Medium), (ExDividend, Low)])],
        ),
        (vec![row("A", 100.0, [90.0, 100.0], 100.0)], &events, vec![("shares", vec![(Earnings, Low)])]),
    ] {
        let found = codes(&rows, metrics);
        let found: Vec<_> = found.iter().map(|(name, reasons)| (name.as_str(), reasons.clone())).collect();
        assert_eq!(found, expected, "{:?}", rows.iter().map(|row| &row.symbol).collect::<Vec<_>>());
    }
}

#[test]
fn what_presses_most_comes_first_and_is_counted() {
    let rows = [
        row("A 40 P 90", -1.0, [2.0, 0.5], 100.0),
        row("B 40 P 105", -1.0, [7.0, 8.0], 100.0),
        row("C 40 P 80", -1.0, [2.0, 1.9], 100.0),
    ];
    let (output, _) = analysed(&rows, &known(&["A", "B", "C"]));
    let order: Vec<_> = output.attention.iter().map(|one| (one.underlying.as_str(), one.urgency)).collect();
    assert_eq!(order, [("B", Urgency::High), ("A", Urgency::Medium)]);
    assert!(output.summary.headline.starts_with("2 of 3 strategies reached a mark, 1 of them one that presses today"));
    assert!(output.summary.case_for.contains(&"Marks reached: 1 at the profit target.".to_owned()));
    assert!(output.summary.case_against.contains(&"Marks reached: 1 tested.".to_owned()));
    assert!(output.attention[0].reasons[0].fact.starts_with("The strike 105 is 5.0 % in the money at 100, "));
}

#[test]
fn what_is_not_known_is_null_and_says_why() {
    let mut unknown = row("A 30 P 90", -1.0, [2.0, 1.0], 100.0);
    unknown.underlying_price = None;
    unknown.position_delta = None;
    unknown.is_tested = None;
    let future: PositionRow = PositionRow {
        instrument_type: "Future Option".to_owned(),
        underlying_symbol: "/ESZ6".to_owned(),
        strike: None,
        option_type: None,
        ..row("E 30 P 90", -1.0, [2.0, 1.0], 100.0)
    };
    let (output, _) = analysed(&[future, unknown], &known(&["A"]));
    assert_eq!(output.greeks.beta_weighted_delta, None);
    assert_eq!((output.strategies[0].strategy.as_str(), output.strategies[0].max_loss), ("future option", None));
    assert_eq!((output.strategies[1].is_tested, output.strategies[1].delta), (None, None));
    assert!(output.stress.is_none());
    for what in ["beta-weighted delta of A: the delta", "buying power of /ESZ6", "stress of A: its price is not known"]
    {
        assert!(output.missing.iter().any(|line| line.starts_with(what)), "{what}: {:?}", output.missing);
    }
    let (empty, _) = analysed(&[], &BTreeMap::new());
    assert_eq!(empty.summary.headline, "There are no open positions.");
    assert!(empty.missing.is_empty() && empty.attention.is_empty() && empty.stress.is_none());
    assert_eq!(empty.greeks.beta_weighted_delta, Some(0.0));
}

/// An expiration with puts and calls at these strikes, each quoted around a price.
fn quoted(date: &str, strikes: &[f64], prices: &[f64]) -> Expiration {
    let quotes = scan::Quotes {
        bid: prices.iter().map(|price| Some(price - 0.05)).collect(),
        ask: prices.iter().map(|price| Some(price + 0.05)).collect(),
        iv: prices.iter().map(|_| Some(0.3)).collect(),
        ..scan::Quotes::default()
    };
    let date: NaiveDate = date.parse().unwrap();
    let dte = date.signed_duration_since(today()).num_days();
    Expiration {
        date,
        root: "A".to_owned(),
        underlying: "A".to_owned(),
        price: 100.0,
        is_monthly: true,
        is_morning: false,
        is_standard: true,
        quotes: scan::Expiration {
            dte,
            years: dte as f64 / 365.0,
            yields: 0.0,
            multiplier: 100.0,
            strikes: strikes.to_vec(),
            calls: quotes.clone(),
            puts: quotes,
            ..scan::Expiration::default()
        },
        call_symbols: Vec::new(),
        put_symbols: Vec::new(),
        computed: 0,
        as_of: now(),
    }
}

fn chain(expirations: Vec<Expiration>) -> Columns {
    Columns {
        symbol: domain::Symbol::parse("A").unwrap(),
        price: Some(100.0),
        expirations,
        source: MarketSource::Dxlink,
        as_of: now(),
        missing: Vec::new(),
        notes: Vec::new(),
    }
}

#[test]
fn rolls_are_for_a_net_credit() {
    let of = |rows: &[PositionRow], chain: &Columns| {
        let (_, strategies) = analysed(rows, &known(&["A"]));
        let [strategy] = strategies.as_slice() else { panic!("one strategy") };
        (rolls::is_wanted(strategy), rolls::found(strategy, chain, 0.04))
    };
    let later = chain(vec![
        quoted("2026-12-18", &[100.0, 105.0], &[9.0, 12.0]),
        quoted("2027-01-15", &[95.0, 100.0, 105.0, 110.0], &[4.0, 6.5, 10.0, 14.0]),
    ]);
    // It ends on the 30th of December; what is a little later, or before, is no next cycle.
    let tested = row("A 40 P 105", -1.0, [7.0, 8.0], 100.0);
    let (is_wanted, found) = of(std::slice::from_ref(&tested), &later);
    assert!(is_wanted);
    let shown: Vec<_> = found.iter().map(|roll| (roll.strikes[0], roll.net_credit, roll.break_even)).collect();
    // 10 less 8; a lower strike would cost. The break-even is 105 less 7 and less 2.
    assert_eq!(shown, [(105.0, 2.0, Some(96.0))]);
    assert!(found[0].pop.is_some_and(|pop| (50.0..80.0).contains(&pop)));
    let cheap = PositionRow { mark_price: "3.50".parse().ok(), ..tested };
    let (_, found) = of(&[cheap], &later);
    let strikes: Vec<_> = found.iter().map(|roll| (roll.strikes[0], roll.net_credit)).collect();
    assert_eq!(strikes, [(105.0, 6.5), (95.0, 0.5)], "at the same strike, and as far away as a credit goes");
    // A strangle goes to the same strikes.
    let strangle = [row("A 20 P 95", -2.0, [2.0, 1.5], 100.0), row("A 20 C 105", -2.0, [2.0, 1.0], 100.0)];
    let (is_wanted, found) = of(&strangle, &later);
    assert!(is_wanted);
    let shown: Vec<_> = found.iter().map(|roll| (roll.strikes.clone(), roll.net_credit, roll.dte)).collect();
    assert_eq!(shown, [(vec![95.0, 105.0], 11.5, 56)]);
    assert!(!of(&[row("A 40 P 90", -1.0, [2.0, 0.5], 100.0)], &later).0, "a winner is not rolled");
}

#[test]
fn the_text_is_short_whatever_is_held() {
    let names: Vec<String> = (0..40).map(|number| format!("N{number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<PositionRow> = names
        .iter()
        .flat_map(|name| {
            [
                row(&format!("{name} 3 P 105"), -2.0, [2.0, 6.5], 100.0),
                row(&format!("{name} 40 P 80"), -1.0, [2.0, 1.9], 100.0),
            ]
        })
        .collect();
    let (mut output, _) = analysed(&rows, &known(&all));
    output.missing = vec!["something: a reason".to_owned(); 20];
    let written = text(&output, &crate::zone::Zone::Exchange);
    assert!(written.len() <= 4_000, "{}", written.len());
    for part in [
        "Portfolio of \u{2022}\u{2022}\u{2022}\u{2022}0042, from TastyTrade, Fri 20 Nov 10:00 ET. Net liq $100,000.",
        "[HIGH] \u{2022}\u{2022}\u{2022}\u{2022}0042 short put (-2 N0 3 P 105): ",
        " more in `attention`.",
        " more in `underlyings`.",
        " more in `missing`.",
        "If SPY moved at once by -20 -10 -5 +0 +5 +10 +20 %:",
        DISCLAIMER,
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let (empty, _) = analysed(&[], &BTreeMap::new());
    assert!(text(&empty, &crate::zone::Zone::Exchange).contains("There are no open positions."));
}
