//! What candidates for selling options come to: for and against the best one, and what would change that.

use contract::analysis::{
    Summary,
    options::{ChartContext, OptionCandidate, OptionsAnalysis, StrategyName, TrendWord},
};

use crate::words::{count, money, percent, price};

/// From this rank on options count as dear in their own year, percent.
const DEAR: f64 = 30.0;
/// From this probability of profit on it speaks for a candidate, and below the other one against it, percent.
const LIKELY: f64 = 70.0;
const UNLIKELY: f64 = 65.0;
/// What sellers of puts usually ask for per year, percent.
const YEARLY: f64 = 10.0;
/// The part of a spread's width that is usually asked for, percent.
const THIRD: f64 = 100.0 / 3.0;
/// A market is tight below this spread of bid and ask, and wide above the other one, percent of the middle.
const TIGHT: f64 = 5.0;
const WIDE: f64 = 10.0;
/// The most sentences of a kind.
const MOST: usize = 5;

/// What is known beside the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
    /// What the chart says.
    pub chart: ChartContext,
    /// The level that counts for each candidate, in their order.
    pub levels: Vec<Option<f64>>,
}

/// The summary of an answer. Its own `summary` is not looked at.
pub fn summary(of: &OptionsAnalysis, around: &Around) -> Summary {
    match of.candidates.first() {
        Some(best) => Summary {
            headline: headline(of, best),
            case_for: case_for(of, best, around).into_iter().flatten().take(MOST).collect(),
            case_against: case_against(of, best, around).into_iter().flatten().take(MOST).collect(),
            would_change: would_change(of, best, around).into_iter().flatten().take(MOST).collect(),
        },
        None => none(of),
    }
}

/// A candidate in a few words: `170 put of 2026-12-18 (28 days)`.
pub fn named(candidate: &OptionCandidate) -> String {
    let strikes = |position: &str| -> Vec<String> {
        let legs = candidate.legs.iter().filter(|leg| leg.position == position);
        legs.map(|leg| format!("{} {}", price(leg.strike), leg.side)).collect()
    };
    let (short, long) = (strikes("short").join(" and "), strikes("long").join(" and "));
    let against = if long.is_empty() { String::new() } else { format!(" against {long}") };
    format!("{short}{against} of {} ({})", candidate.expiration, count(candidate.dte, "day"))
}

fn headline(of: &OptionsAnalysis, best: &OptionCandidate) -> String {
    let yields = match best.credit_of_width {
        Some(share) => format!("{} of the width", percent(share)),
        None => format!("{} per year on {}", percent(best.annualised_return), money(best.collateral)),
    };
    let passes = if of.passed == 1 { "passes" } else { "pass" };
    format!(
        "{} on {} {passes} the filters; the highest score ({:.0} of 100) has the {}: {} per share, {yields}, {} probability \
         of profit.",
        count(i64::try_from(of.passed).unwrap_or(i64::MAX), words(of.strategy)),
        of.symbol,
        best.score,
        named(best),
        money(best.credit),
        percent(best.pop),
    )
}

const fn words(strategy: StrategyName) -> &'static str {
    strategy.in_words()
}

fn case_for(of: &OptionsAnalysis, best: &OptionCandidate, around: &Around) -> Vec<Option<String>> {
    let volatility = of.iv_30_day.zip(of.hv_30_day);
    let has_room = best.strike_in_moves >= 1.0;
    vec![
        level(best, around).map(|level| {
            let (name, side) = if is_put_side(best) { ("Support", "above") } else { ("Resistance", "below") };
            format!("{name} at {} lies {side} the short strike.", price(level))
        }),
        with_trend(best, around, true),
        of.iv_rank
            .filter(|rank| *rank >= DEAR)
            .map(|rank| format!("IV rank is {}: options cost more than on most days of their year.", percent(rank))),
        volatility.filter(|(iv, hv)| iv > hv).map(|(iv, hv)| {
            format!(
                "30-day implied volatility ({}) is {:.1} points above the historical one ({}).",
                percent(iv),
                iv - hv,
                percent(hv)
            )
        }),
        (best.pop >= LIKELY).then(|| format!("The probability of profit is {}.", percent(best.pop))),
        has_room.then(|| {
            format!(
                "The nearer short strike is {} out of the money, {:.1} expected moves ({}) away.",
                percent(best.otm_percent),
                best.strike_in_moves,
                money(best.expected_move)
            )
        }),
        best.credit_of_width
            .filter(|share| *share >= THIRD)
            .map(|share| format!("The credit is {} of the width, a third or more.", percent(share))),
        (best.credit_of_width.is_none() && best.annualised_return >= YEARLY).then(|| {
            format!(
                "It returns {} per year on the collateral, {:.1} points over the risk-free rate.",
                percent(best.annualised_return),
                best.annualised_return - of.risk_free_rate
            )
        }),
        best.ev_at_hv.filter(|ev| *ev > 0.0).zip(of.hv_30_day).map(|(ev, hv)| {
            format!(
                "If the price moves at its 30-day volatility ({}), the expected profit is {}.",
                percent(hv),
                money(ev)
            )
        }),
        (best.spread_percent <= TIGHT)
            .then(|| format!("Bid and ask are {} of the middle apart.", percent(best.spread_percent))),
    ]
}

fn case_against(of: &OptionsAnalysis, best: &OptionCandidate, around: &Around) -> Vec<Option<String>> {
    let volatility = of.iv_30_day.zip(of.hv_30_day);
    let has = |flag: &str| best.flags.iter().any(|one| one == flag);
    vec![
        of.earnings_date.filter(|_| has("earnings")).map(|day| {
            format!("Earnings are expected on {day}, before expiration: a gap may pass the strike at once.")
        }),
        no_level(best, around),
        with_trend(best, around, false),
        best.max_loss.is_none().then(|| "The loss above the call has no limit.".to_owned()),
        best.max_loss.filter(|loss| best.width.is_some() && *loss > 4.0 * best.max_profit).map(|loss| {
            format!(
                "The most that it can lose is {}, {:.1} times what it can earn.",
                money(loss),
                loss / best.max_profit
            )
        }),
        of.iv_rank.filter(|rank| *rank < DEAR).map(|rank| {
            format!("IV rank is {}, under the {} that sellers usually look for.", percent(rank), percent(DEAR))
        }),
        volatility.filter(|(iv, hv)| iv <= hv).map(|(iv, hv)| {
            format!(
                "30-day implied volatility ({}) is not above the historical one ({}): the premium pays no more than the \
                 price has moved.",
                percent(iv),
                percent(hv)
            )
        }),
        (best.pop < UNLIKELY).then(|| format!("The probability of profit is only {}.", percent(best.pop))),
        (best.strike_in_moves < 1.0).then(|| {
            format!(
                "The nearer short strike is {} out of the money, inside one expected move ({}).",
                percent(best.otm_percent),
                money(best.expected_move)
            )
        }),
        best.credit_of_width
            .filter(|share| *share < THIRD)
            .map(|share| format!("The credit is {} of the width, less than a third.", percent(share))),
        (best.credit_of_width.is_none() && best.annualised_return < YEARLY).then(|| {
            format!("It returns {} per year, under the {} often asked for.", percent(best.annualised_return), percent(YEARLY))
        }),
        best.ev_at_hv.filter(|ev| *ev <= 0.0).zip(of.hv_30_day).map(|(ev, hv)| {
            format!("If the price moves at its 30-day volatility ({}), the expected profit is {}.", percent(hv), money(ev))
        }),
        best.past_losses.zip(best.past_periods).filter(|(losses, _)| *losses > 100.0 - best.pop).map(|(losses, periods)| {
            format!(
                "Of {periods} past periods of this length {} would have lost; the model says {}.",
                percent(losses),
                percent(100.0 - best.pop)
            )
        }),
        of.ex_dividend_date.filter(|_| has("early_assignment")).map(|day| {
            format!("The dividend (ex-day {day}) is more than the call's time value: early assignment is likely.")
        }),
        of.ex_dividend_date.filter(|_| has("ex_dividend") && !has("early_assignment") && has_short_call(best)).map(|day| {
            format!("The ex-dividend day {day} lies before expiration.")
        }),
        has("below_cost_basis").then(|| "The strike is below what the shares cost: a call would lock in a loss.".to_owned()),
        (best.spread_percent > WIDE)
            .then(|| format!("Bid and ask are {} of the middle apart.", percent(best.spread_percent))),
    ]
}

fn would_change(of: &OptionsAnalysis, best: &OptionCandidate, around: &Around) -> Vec<Option<String>> {
    let evens: Vec<String> = best.break_evens.iter().map(|even| price(*even)).collect();
    let turn = match (evens.as_slice(), is_put_side(best)) {
        ([], _) => None,
        ([even], true) => {
            Some(format!("Under {even} at expiration it loses ({} below now).", percent(best.cushion_percent)))
        }
        ([even], false) => {
            Some(format!("Over {even} at expiration it loses ({} above now).", percent(best.cushion_percent)))
        }
        ([low, .., high], _) => Some(format!("Under {low} or over {high} at expiration it loses.")),
    };
    let covered = best.strategy == "covered_call";
    let turn = if covered {
        evens.first().map(|even| format!("Under {even} at expiration shares and call together lose."))
    } else {
        turn
    };
    vec![
        turn,
        Some(format!("A touch of a short strike before the end has a probability of {}.", percent(best.p_touch))),
        level(best, around).map(|level| {
            let (way, name) = if is_put_side(best) { ("under", "support") } else { ("over", "resistance") };
            format!("A close {way} {} would break the {name}.", price(level))
        }),
        of.earnings_date
            .filter(|_| best.flags.iter().any(|flag| flag == "earnings"))
            .map(|day| format!("After the report of {day} implied volatility, and with it the credit, usually falls.")),
        of.iv_rank.map(|rank| {
            if rank < DEAR {
                format!("An IV rank over {} would pay more for the same risk.", percent(DEAR))
            } else {
                format!("A fall of IV rank under {} would pay less for the same risk.", percent(DEAR))
            }
        }),
    ]
}

fn none(of: &OptionsAnalysis) -> Summary {
    let what = words(of.strategy);
    let mut most: Vec<_> = of.left_out.iter().collect();
    most.sort_by_key(|one| std::cmp::Reverse(one.count));
    let named: Vec<String> = most.iter().take(3).map(|one| format!("{} ({})", one.filter, one.count)).collect();
    let because = if named.is_empty() {
        "No options were quoted.".to_owned()
    } else {
        format!("Left out by: {}.", named.join(", "))
    };
    let rank = of.iv_rank.map(|rank| format!("IV rank is {}.", percent(rank)));
    Summary {
        headline: format!("No {what} on {} passes the filters; {} were looked at.", of.symbol, of.considered),
        case_for: Vec::new(),
        case_against: [Some(because), rank].into_iter().flatten().collect(),
        would_change: vec![
            "Wider filters, another expiration, or a rise of implied volatility would let some through.".to_owned(),
        ],
    }
}

/// Whether a call is sold: its holder may want the dividend.
fn has_short_call(candidate: &OptionCandidate) -> bool {
    candidate.legs.iter().any(|leg| leg.position == "short" && leg.side == "call")
}

/// Whether a fall is what threatens it.
fn is_put_side(candidate: &OptionCandidate) -> bool {
    candidate.legs.iter().find(|leg| leg.position == "short").is_some_and(|leg| leg.side == "put")
}

/// The level of the chart that counts for the best candidate.
fn level(best: &OptionCandidate, around: &Around) -> Option<f64> {
    // Of two short strikes only one has it, and the sentence would not say which.
    around
        .levels
        .first()
        .copied()
        .flatten()
        .filter(|_| best.legs.iter().filter(|leg| leg.position == "short").count() == 1)
}

fn no_level(best: &OptionCandidate, around: &Around) -> Option<String> {
    let (levels, name, side) = if is_put_side(best) {
        (&around.chart.supports, "support", "above")
    } else {
        (&around.chart.resistances, "resistance", "below")
    };
    let has_one_short = best.legs.iter().filter(|leg| leg.position == "short").count() == 1;
    let is_bare = has_one_short && !levels.is_empty() && level(best, around).is_none();
    is_bare.then(|| format!("No {name} of the chart lies {side} the short strike on the way to it."))
}

/// What the trend says, if it is in favour as asked.
fn with_trend(best: &OptionCandidate, around: &Around, in_favour: bool) -> Option<String> {
    let trend = around.chart.trend?;
    let favours = match (best.strategy.as_str(), trend) {
        ("csp" | "put_spread", TrendWord::Up)
        | ("call_spread", TrendWord::Down)
        | ("iron_condor" | "strangle" | "covered_call", TrendWord::Sideways) => Some(true),
        ("csp" | "put_spread" | "covered_call", TrendWord::Down)
        | ("call_spread", TrendWord::Up)
        | ("iron_condor" | "strangle", _) => Some(false),
        _ => None,
    };
    (favours == Some(in_favour)).then(|| format!("The chart's trend is {}.", trend.in_words()))
}

/// What a part of a score comes from, in figures. `of` needs its metrics and events, not its candidates.
pub fn reason(
    part: &str,
    candidate: &OptionCandidate,
    level: Option<f64>,
    of: &OptionsAnalysis,
    chart: &ChartContext,
) -> String {
    match part {
        "return" => match candidate.credit_of_width {
            Some(share) => format!("credit {} of the width", percent(share)),
            None => {
                format!("{} per year, risk-free {}", percent(candidate.annualised_return), percent(of.risk_free_rate))
            }
        },
        "probability" => format!("probability of profit {}", percent(candidate.pop)),
        "edge" => match (candidate.ev_at_hv, of.hv_30_day) {
            (Some(ev), Some(hv)) => format!("expected profit {} at a volatility of {}", money(ev), percent(hv)),
            _ => "historical volatility is not known".to_owned(),
        },
        "liquidity" => {
            let open = candidate.open_interest.map_or_else(|| "not known".to_owned(), |open| format!("{open:.0}"));
            format!("bid to ask {}, open interest {open}", percent(candidate.spread_percent))
        }
        "cushion" => format!("short strike {:.2} expected moves away", candidate.strike_in_moves),
        "volatility" => {
            of.iv_rank.map_or_else(|| "IV rank is not known".to_owned(), |rank| format!("IV rank {}", percent(rank)))
        }
        "events" => {
            let has = |flag: &str| candidate.flags.iter().any(|one| one == flag);
            match (of.earnings_date.filter(|_| has("earnings")), of.ex_dividend_date.filter(|_| has("ex_dividend"))) {
                (Some(day), _) => format!("earnings on {day} before expiration"),
                (None, Some(day)) => format!("ex-dividend on {day} before expiration"),
                (None, None) => "no earnings and no ex-dividend day before expiration that is known".to_owned(),
            }
        }
        "chart" => {
            let name = if is_put_side(candidate) { "support" } else { "resistance" };
            let at = level.map(|level| format!("{name} at {} on the way", price(level)));
            let trend = chart.trend.map(|trend| format!("trend {}", trend.in_words()));
            let parts: Vec<String> =
                [at.or_else(|| Some("no level on the way".to_owned())), trend].into_iter().flatten().collect();
            parts.join(", ")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use contract::analysis::options::{CandidateLeg, LeftOut, ScanFilters};
    use contract::market::Source;
    use proptest::prelude::*;

    use super::*;
    use crate::is_advice;

    fn leg(position: &str, side: &str, strike: f64) -> CandidateLeg {
        CandidateLeg {
            position: position.to_owned(),
            symbol: None,
            side: side.to_owned(),
            strike,
            bid: 2.05,
            ask: 2.15,
            delta: -0.24,
            iv: 31.0,
            open_interest: Some(800.0),
            volume: None,
        }
    }

    fn candidate() -> OptionCandidate {
        OptionCandidate {
            strategy: "csp".to_owned(),
            expiration: "2026-12-18".parse().unwrap(),
            dte: 28,
            legs: vec![leg("short", "put", 170.0)],
            credit: 2.1,
            credit_at_worst: 2.05,
            fees: 1.13,
            max_profit: 208.87,
            max_loss: Some(16_791.13),
            break_evens: vec![167.91],
            cushion_percent: 6.2,
            otm_percent: 5.0,
            expected_move: 15.4,
            strike_in_moves: 0.58,
            width: None,
            credit_of_width: None,
            collateral: 16_790.0,
            buying_power: 3000.0,
            return_on_collateral: 1.24,
            annualised_return: 16.2,
            cost_basis: None,
            if_called_return: None,
            if_called_annualised: None,
            pop: 78.4,
            p_itm: 22.9,
            p_touch: 44.1,
            volatility: 31.0,
            ev: -1.6,
            ev_at_hv: Some(61.0),
            delta: 24.0,
            gamma: Some(-1.9),
            theta: Some(8.4),
            vega: Some(-15.0),
            theta_of_collateral: Some(0.05),
            spread_percent: 4.8,
            open_interest: Some(800.0),
            past_losses: Some(12.0),
            past_mean: Some(40.0),
            past_periods: Some(230),
            flags: vec![],
            score: 61.3,
            parts: vec![],
        }
    }

    fn analysis(candidates: Vec<OptionCandidate>) -> OptionsAnalysis {
        OptionsAnalysis {
            analysis_id: String::new(),
            symbol: "AAPL".to_owned(),
            strategy: StrategyName::Csp,
            underlying_price: Some(179.0),
            iv_rank: Some(42.7),
            iv_percentile: Some(50.0),
            iv_30_day: Some(31.0),
            hv_30_day: Some(22.1),
            risk_free_rate: 4.0,
            earnings_date: Some("2026-12-03".parse().unwrap()),
            earnings_time: None,
            ex_dividend_date: Some("2026-12-04".parse().unwrap()),
            dividend: Some(0.26),
            holding: None,
            expirations: vec![],
            passed: candidates.len(),
            candidates,
            considered: 81,
            left_out: vec![
                LeftOut { filter: "spread".to_owned(), count: 3 },
                LeftOut { filter: "delta".to_owned(), count: 70 },
            ],
            filters: ScanFilters::default(),
            summary: Summary::default(),
            missing: vec![],
            notes: vec![],
            source: Source::Dxlink,
            as_of: "2026-11-20T15:30:00Z".parse().unwrap(),
            disclaimer: String::new(),
        }
    }

    #[test]
    fn both_sides_are_stated_with_their_figures() {
        let chart = ChartContext { supports: vec![172.0], resistances: vec![], trend: Some(TrendWord::Up) };
        let around = Around { chart, levels: vec![Some(172.0)] };
        let mut best = candidate();
        best.flags.push("earnings".to_owned());
        let got = summary(&analysis(vec![best]), &around);
        assert_eq!(
            got.headline,
            "1 cash-secured put on AAPL passes the filters; the highest score (61 of 100) has the 170 put of 2026-12-18 (28 days): \
             $2.10 per share, 16.2 % per year on $16,790, 78.4 % probability of profit."
        );
        assert!(got.case_for.iter().any(|line| line.starts_with("IV rank is 42.7 %")), "{got:?}");
        assert!(got.case_for.iter().any(|line| line.contains("8.9 points above")), "{got:?}");
        assert!(got.case_for.iter().any(|line| line == "Support at 172 lies above the short strike."), "{got:?}");
        assert!(got.case_against[0].contains("2026-12-03"), "{got:?}");
        assert!(got.case_against.iter().any(|line| line.contains("inside one expected move ($15.40)")), "{got:?}");
        assert_eq!(got.would_change[0], "Under 167.91 at expiration it loses (6.2 % below now).");
        assert!(got.would_change.iter().any(|line| line == "A close under 172 would break the support."));
    }

    #[test]
    fn without_candidates_it_says_what_left_them_out() {
        let got = summary(&analysis(vec![]), &Around::default());
        assert_eq!(got.headline, "No cash-secured put on AAPL passes the filters; 81 were looked at.");
        assert_eq!(got.case_against[0], "Left out by: delta (70), spread (3).");
    }

    #[test]
    fn reasons_have_the_figures() {
        let (of, best, chart) = (analysis(vec![]), candidate(), ChartContext::default());
        for (part, text) in [
            ("return", "16.2 % per year, risk-free 4.0 %"),
            ("probability", "probability of profit 78.4 %"),
            ("edge", "expected profit $61.00 at a volatility of 22.1 %"),
            ("liquidity", "bid to ask 4.8 %, open interest 800"),
            ("cushion", "short strike 0.58 expected moves away"),
            ("volatility", "IV rank 42.7 %"),
            ("events", "no earnings and no ex-dividend day before expiration that is known"),
            ("chart", "support at 172 on the way"),
        ] {
            assert_eq!(reason(part, &best, Some(172.0), &of, &chart), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_is_advice(
            pop in 0.0..100.0_f64, moves in 0.0..3.0_f64, annual in 0.0..90.0_f64, rank in 0.0..100.0_f64, hv in 5.0..90.0_f64,
            share in proptest::option::of(5.0..60.0_f64), ev in -90.0..90.0_f64, spread in 0.0..30.0_f64, kind in 0..6_usize,
            trend in 0..4_usize, flags in proptest::collection::vec(0..4_usize, 0..4), has_limit: bool,
        ) {
            let kinds = ["csp", "covered_call", "put_spread", "call_spread", "iron_condor", "strangle"];
            let names = ["earnings", "ex_dividend", "early_assignment", "below_cost_basis"];
            let best = OptionCandidate {
                strategy: kinds[kind].to_owned(), pop, strike_in_moves: moves, annualised_return: annual,
                credit_of_width: share, ev_at_hv: Some(ev), spread_percent: spread,
                flags: flags.into_iter().map(|flag| names[flag].to_owned()).collect(),
                max_loss: has_limit.then_some(2000.0),
                legs: if kind > 3 { vec![leg("short", "put", 170.0), leg("short", "call", 190.0)] } else { candidate().legs },
                break_evens: if kind > 3 { vec![160.0, 195.0] } else { vec![167.9] },
                ..candidate()
            };
            let trends = [None, Some(TrendWord::Up), Some(TrendWord::Down), Some(TrendWord::Sideways)];
            let chart = ChartContext { supports: vec![100.0], resistances: vec![300.0], trend: trends[trend] };
            let of = OptionsAnalysis { iv_rank: Some(rank), hv_30_day: Some(hv), ..analysis(vec![best]) };
            let got = summary(&of, &Around { chart, levels: vec![None] });
            prop_assert!(!is_advice(&got), "{got:?}");
            prop_assert!(!got.would_change.is_empty());
            prop_assert!(got.case_for.len() + got.case_against.len() > 0);
            let all: String = [got.case_for, got.case_against, got.would_change].concat().concat();
            prop_assert!(!all.contains("NaN") && !all.contains("inf"));
        }
    }
}
