//! What a single strategy comes to, as `analyze_strategy` sums it up.

use crate::Summary;
use crate::words::{count, money, percent, price};

/// A probability of profit from here on speaks for a strategy that takes a credit.
const LIKELY: f64 = 65.0;
/// A return on buying power per year from here on is worth a word.
const RETURN: f64 = 15.0;
/// IV rank from here on counts as rich.
const RICH: f64 = 30.0;
/// From so many days down gamma counts more than time.
const LATE: i64 = 21;
/// The market's spread on the whole, as a percent of the credit or debit, that counts as wide.
const WIDE: f64 = 10.0;

/// What is known of a strategy. Amounts are dollars of the whole, everything else is in percent; what is not known is
/// `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// For example `iron condor`.
    pub name: String,
    /// The underlying.
    pub symbol: String,
    /// Its price.
    pub spot: f64,
    /// Calendar days to the first expiration.
    pub dte: i64,
    /// What the options bring; negative is a debit.
    pub net_credit: f64,
    /// `None`: no limit.
    pub max_profit: Option<f64>,
    /// As a positive amount; `None`: no limit.
    pub max_loss: Option<f64>,
    /// The break-even that is nearest, and how far it is from the price in percent, positive above.
    pub nearest_break_even: Option<(f64, f64)>,
    /// One standard deviation until the first expiration, in dollars of the underlying.
    pub expected_move: f64,
    /// Probability of any profit at the first expiration.
    pub pop: f64,
    /// Probability that half of the largest profit is reached before.
    pub p50: Option<f64>,
    /// Expected profit at the implied volatility.
    pub ev: f64,
    /// Expected profit at the historical volatility.
    pub ev_historical: Option<f64>,
    /// The volatility at the money.
    pub iv: f64,
    /// The historical volatility.
    pub hv: Option<f64>,
    /// IV rank.
    pub iv_rank: Option<f64>,
    /// What it takes from a margin account.
    pub buying_power: Option<f64>,
    /// The largest profit on that, per year.
    pub annualized: Option<f64>,
    /// Dollars per calendar day.
    pub theta: f64,
    /// Dollars per point of volatility.
    pub vega: f64,
    /// What opening and closing cost.
    pub fees: Option<f64>,
    /// What is given up between the middle and the natural price.
    pub spread_cost: Option<f64>,
    /// Short strikes with their distance in expected moves, positive out of the money.
    pub short_strikes: Vec<(String, f64)>,
    /// A report of earnings before the last expiration, as people say the day.
    pub earnings: Option<String>,
    /// A day without dividend before the last expiration, where calls were sold.
    pub ex_dividend: Option<String>,
    /// Short legs with a high risk of assignment.
    pub assignment: Vec<String>,
}

/// Both sides of a strategy.
pub fn summary(facts: &Facts) -> Summary {
    Summary {
        headline: headline(facts),
        case_for: case_for(facts),
        case_against: case_against(facts),
        would_change: would_change(facts),
    }
}

fn headline(facts: &Facts) -> String {
    let Facts { name, symbol, dte, net_credit, pop, .. } = facts;
    let price = match *net_credit {
        credit if credit >= 0.005 => format!("brings in {}", money(credit)),
        debit if debit <= -0.005 => format!("costs {}", money(-debit)),
        _ => "costs nothing and brings nothing in".to_owned(),
    };
    let most = facts.max_profit.map_or("without limit".to_owned(), |most| format!("at most {}", money(most)));
    let least = facts.max_loss.map_or("without limit".to_owned(), |least| format!("at most {}", money(least)));
    let days = count(*dte, "day");
    let pop = percent(*pop);
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    format!(
        "{article} {name} on {symbol} over {days} {price}: profit {most}, loss {least}, with a {pop} probability of profit at \
         expiration."
    )
}

fn case_for(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    let is_credit = facts.net_credit > 0.0;
    if is_credit && facts.pop >= LIKELY {
        lines.push(format!(
            "The probability of profit is {}, above the usual {}.",
            percent(facts.pop),
            percent(LIKELY)
        ));
    }
    if let Some(p50) = facts.p50.filter(|p50| *p50 > facts.pop) {
        lines.push(format!(
            "Half of the largest profit is reached before expiration with {} probability.",
            percent(p50)
        ));
    }
    if let Some(annualized) = facts.annualized.filter(|annualized| *annualized >= RETURN) {
        lines.push(format!("The largest profit is {} a year on the buying power it takes.", percent(annualized)));
    }
    if let Some(hv) = facts.hv.filter(|hv| (facts.vega < 0.0) == (facts.iv > *hv) && facts.iv != *hv) {
        let (which, side) = if facts.vega < 0.0 { ("above", "sold") } else { ("below", "bought") };
        lines.push(format!(
            "Volatility is {side} at {}, {which} the {} of the last 30 days.",
            percent(facts.iv),
            percent(hv)
        ));
    }
    if let Some(rank) = facts.iv_rank.filter(|rank| facts.vega < 0.0 && *rank >= RICH) {
        lines.push(format!("IV rank is {}, so that premium is rich for this underlying.", percent(rank)));
    }
    if facts.theta > 0.005 {
        lines.push(format!("Time pays {} a day now.", money(facts.theta)));
    }
    if !facts.short_strikes.is_empty() && facts.short_strikes.iter().all(|(_, moves)| *moves >= 1.0) {
        lines.push(format!("All short strikes lie outside of the expected move of {}.", money(facts.expected_move)));
    }
    if let Some(ev) = facts.ev_historical.filter(|ev| *ev > 0.005) {
        lines.push(format!("If the underlying moves as in the last 30 days, the expected profit is {}.", money(ev)));
    }
    // Where all that can be lost is asked for as margin, a bought option is what limits it.
    if let Some((loss, asked)) = facts.max_loss.zip(facts.buying_power)
        && is_credit
        && loss <= asked + 0.01
    {
        lines.push(format!("The loss is limited to {} by what is bought.", money(loss)));
    }
    lines
}

fn case_against(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    match (facts.max_profit, facts.max_loss) {
        (_, None) => lines.push("The loss has no limit.".to_owned()),
        (Some(most), Some(least)) if most > 0.0 && least > most => {
            let times = least / most;
            lines.push(format!("The largest loss is {times:.1} times the largest profit."));
        }
        (Some(most), _) if most <= 0.0 => lines.push("It loses at every price at expiration.".to_owned()),
        _ => {}
    }
    if facts.pop < 50.0 {
        lines.push(format!("The probability of profit is {}, less than even.", percent(facts.pop)));
    }
    for (strike, moves) in facts.short_strikes.iter().filter(|(_, moves)| *moves < 1.0) {
        lines.push(match *moves {
            moves if moves <= 0.0 => format!("The {strike} is in the money."),
            moves => format!("The {strike} lies {moves:.2} expected moves away, inside of one."),
        });
    }
    if let Some(hv) = facts.hv.filter(|hv| (facts.vega < 0.0) != (facts.iv > *hv) && facts.iv != *hv) {
        let (which, side) = if facts.vega < 0.0 { ("below", "sold") } else { ("above", "bought") };
        lines.push(format!(
            "Volatility is {side} at {}, {which} the {} of the last 30 days.",
            percent(facts.iv),
            percent(hv)
        ));
    }
    if let Some(rank) = facts.iv_rank.filter(|rank| facts.vega < 0.0 && *rank < RICH) {
        lines.push(format!("IV rank is {}, low for selling premium.", percent(rank)));
    }
    if let Some(day) = &facts.earnings {
        lines.push(format!("Earnings are expected on {day}, before the last expiration: the price may jump."));
    }
    if let Some(day) = &facts.ex_dividend {
        lines
            .push(format!("The shares trade ex dividend on {day}: a short call in the money may be exercised before."));
    }
    for leg in &facts.assignment {
        lines.push(format!("The {leg} may be assigned any day."));
    }
    if facts.theta < -0.005 {
        lines.push(format!("Time costs {} a day now.", money(-facts.theta)));
    }
    if let Some(cost) = facts.spread_cost.filter(|cost| *cost > WIDE / 100.0 * facts.net_credit.abs() && *cost >= 1.0) {
        lines.push(format!(
            "Between the middle and the natural price lie {}, and the same again on the way out.",
            money(cost)
        ));
    }
    if let Some(fees) = facts.fees.filter(|fees| facts.net_credit > 0.0 && *fees > 0.05 * facts.net_credit) {
        lines.push(format!(
            "Fees of {} in and out take {} of the credit.",
            money(fees),
            percent(fees / facts.net_credit * 100.0)
        ));
    }
    if facts.net_credit > 0.0 && facts.dte <= LATE {
        lines.push(format!("With {} left gamma is high: small moves change the result much.", count(facts.dte, "day")));
    }
    lines
}

fn would_change(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((even, away)) = facts.nearest_break_even {
        let side = if away < 0.0 { "below" } else { "above" };
        lines.push(format!(
            "The nearest break-even at expiration is {}, {} {side} the price of {}.",
            price(even),
            percent(away.abs()),
            price(facts.spot)
        ));
    }
    if facts.vega.abs() >= 0.5 {
        let verb = if facts.vega < 0.0 { "costs" } else { "brings" };
        lines.push(format!("A rise of implied volatility by one point {verb} {} now.", money(facts.vega.abs())));
    }
    if facts.net_credit > 0.0 && facts.dte > LATE {
        lines.push(format!("In {} it reaches 21 days to expiration.", count(facts.dte - LATE, "day")));
    }
    if let Some(day) = &facts.earnings {
        lines.push(format!("An expiration before {day} would leave earnings out."));
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::is_advice;

    fn condor() -> Facts {
        Facts {
            name: "iron condor".to_owned(),
            symbol: "XYZ".to_owned(),
            spot: 100.0,
            dte: 45,
            net_credit: 160.0,
            max_profit: Some(160.0),
            max_loss: Some(540.0),
            nearest_break_even: Some((111.6, 11.6)),
            expected_move: 10.5,
            pop: 71.2,
            p50: Some(82.0),
            ev: -3.0,
            ev_historical: Some(21.5),
            iv: 30.0,
            hv: Some(24.0),
            iv_rank: Some(42.0),
            buying_power: Some(540.0),
            annualized: Some(240.0),
            theta: 3.2,
            vega: -12.0,
            fees: Some(5.1),
            spread_cost: Some(20.0),
            short_strikes: vec![("90 put".to_owned(), 0.95), ("110 call".to_owned(), 1.02)],
            earnings: Some("3 Dec".to_owned()),
            ex_dividend: None,
            assignment: vec![],
        }
    }

    #[test]
    fn both_sides_with_their_numbers() {
        let summary = summary(&condor());
        assert_eq!(
            summary.headline,
            "An iron condor on XYZ over 45 days brings in $160.00: profit at most $160.00, loss at most $540.00, with a 71.2 % \
             probability of profit at expiration."
        );
        let has = |lines: &[String], text: &str| lines.iter().any(|line| line.contains(text));
        for text in [
            "71.2 %, above the usual 65.0 %",
            "82.0 % probability",
            "above the 24.0 %",
            "IV rank is 42.0 %",
            "$3.20 a day",
        ] {
            assert!(has(&summary.case_for, text), "{text}: {:?}", summary.case_for);
        }
        for text in [
            "3.4 times",
            "90 put lies 0.95 expected moves",
            "Earnings are expected on 3 Dec",
            "natural price lie $20.00",
        ] {
            assert!(has(&summary.case_against, text), "{text}: {:?}", summary.case_against);
        }
        for text in ["111.6", "costs $12.00 now", "In 24 days", "leave earnings out"] {
            assert!(has(&summary.would_change, text), "{text}: {:?}", summary.would_change);
        }
        assert!(!has(&summary.case_for, "outside of the expected move"));
    }

    #[test]
    fn what_is_bought_is_seen_the_other_way_round() {
        let call = Facts {
            name: "long call".to_owned(),
            net_credit: -320.0,
            max_profit: None,
            max_loss: Some(320.0),
            pop: 30.5,
            p50: None,
            theta: -4.0,
            vega: 9.0,
            short_strikes: vec![],
            annualized: None,
            ..condor()
        };
        let summary = summary(&call);
        assert!(summary.headline.starts_with("A long call on XYZ over 45 days costs $320.00: profit without limit"));
        let against = summary.case_against.join(" ");
        for text in ["30.5 %, less than even", "bought at 30.0 %, above the 24.0 %", "Time costs $4.00"] {
            assert!(against.contains(text), "{text}: {against}");
        }
    }

    proptest! {
        /// Whatever the facts are, the summary has no advice and no number that is none.
        #[test]
        fn no_facts_make_advice(
            figures in prop::collection::vec(-1e6..1e6_f64, 16), dte in 0..900_i64, known in any::<[bool; 9]>(),
        ) {
            let mut next = figures.into_iter();
            let mut figure = || next.next().unwrap_or_default();
            let facts = Facts {
                dte,
                net_credit: figure(),
                max_profit: known[0].then(&mut figure),
                max_loss: known[1].then(&mut figure),
                nearest_break_even: known[2].then(|| (figure().abs(), figure())),
                pop: figure().abs() % 100.0,
                p50: known[3].then(|| figure().abs() % 100.0),
                ev_historical: known[4].then(&mut figure),
                hv: known[5].then(|| figure().abs()),
                iv_rank: known[6].then(|| figure().abs() % 100.0),
                annualized: known[7].then(&mut figure),
                theta: figure(),
                vega: figure(),
                spread_cost: known[8].then(&mut figure),
                assignment: vec!["90 put".to_owned()],
                ..condor()
            };
            let summary = summary(&facts);
            prop_assert!(!is_advice(&summary), "{summary:?}");
            let text = format!("{summary:?}");
            prop_assert!(!summary.headline.is_empty() && !text.contains("NaN"));
        }
    }
}
