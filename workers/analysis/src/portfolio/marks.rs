//! Which marks of management a strategy has reached, each with its evidence.

use agents::words::{count, money, percent, price};
use contract::analysis::portfolio::{Reason, Urgency, Why};
use quant::{
    expected_move,
    portfolio::Shape,
    rules::{self, Dividend, EndingLeg, Risk, Short, Target},
};

use super::{
    Read, rounded,
    strategies::{Contract, Held, Strategy},
};

/// Days within which an expiration or a report of earnings is near.
const WEEK: i64 = 7;

/// What is known when a strategy is judged.
struct Case<'a> {
    read: &'a Read<'a>,
    strategy: &'a Strategy,
    /// The underlying's price.
    spot: Option<f64>,
}

/// Adds the reasons to look at a strategy, and how much of its credit has been earned.
pub(super) fn judge(read: &Read<'_>, strategy: &mut Strategy, spot: Option<f64>) {
    let case = Case { read, strategy, spot };
    let (percent, mut reasons) = case.earned();
    reasons.extend(case.tested());
    reasons.extend(case.assignment());
    reasons.extend(case.time());
    reasons.extend(case.events());
    reasons.sort_by_key(|reason| reason.urgency);
    strategy.row.percent_of_max_profit = percent;
    strategy.reasons = reasons;
}

fn reason(code: Why, urgency: Urgency, fact: String) -> Reason {
    Reason { code, urgency, fact }
}

/// Whether it was opened to earn a credit.
fn is_sold(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::CoveredCall
            | Shape::ShortPut
            | Shape::ShortCall
            | Shape::PutCreditSpread
            | Shape::CallCreditSpread
            | Shape::IronCondor
            | Shape::IronButterfly
            | Shape::ShortStrangle
            | Shape::ShortStraddle
    )
}

impl Case<'_> {
    fn sold(&self) -> impl Iterator<Item = (&Held, Contract)> {
        let sold = self.strategy.parts.iter().filter(|part| part.quantity < 0.0);
        sold.filter_map(|part| Some((part, part.option?)))
    }

    /// The part of the credit that is earned in percent, and whether a mark of profit or loss is reached.
    fn earned(&self) -> (Option<f64>, Vec<Reason>) {
        let options = || self.strategy.parts.iter().filter(|part| part.option.is_some());
        let credit = super::sum(options().map(Held::credit)).filter(|_| is_sold(self.strategy.shape));
        let cost = super::sum(options().map(Held::cost));
        let Some((credit, cost)) = credit.zip(cost) else { return (None, Vec::new()) };
        let target = match self.strategy.shape {
            Shape::IronButterfly | Shape::ShortStraddle => Target::Quarter,
            _ => Target::Half,
        };
        let (Ok(taking), Ok(loss)) = (rules::profit_taking(target, credit, cost), rules::loss_multiple(credit, cost))
        else {
            return (None, Vec::new());
        };
        let mut reasons = Vec::new();
        if taking.is_reached {
            let fact = format!(
                "{} of the credit of {} is earned, closing costs {}; the mark is {}.",
                percent(taking.captured * 100.0),
                money(credit),
                money(cost),
                percent(taking.target * 100.0)
            );
            reasons.push(reason(Why::ProfitTarget, Urgency::Medium, fact));
        }
        if loss.is_reached {
            let fact = format!(
                "The loss of {} is {:.1} times the credit of {}; the mark is {:.0} times.",
                money(cost - credit),
                loss.multiple,
                money(credit),
                loss.limit
            );
            reasons.push(reason(Why::LossLimit, Urgency::High, fact));
        }
        (Some(rounded(taking.captured * 100.0, 2)), reasons)
    }

    fn tested(&self) -> Vec<Reason> {
        let Some(spot) = self.spot else { return Vec::new() };
        let tested = self.sold().filter_map(|(_, option)| {
            #[expect(clippy::cast_precision_loss, reason = "days of any option's life fit a double exactly")]
            let years = option.dte.max(1) as f64 / 365.0;
            let expected = option.volatility.and_then(|iv| expected_move::by_volatility(spot, iv, years).ok());
            let found = rules::tested(option.side, option.strike, spot, expected).ok()?;
            found.is_tested.then(|| {
                let mut fact = format!(
                    "The strike {} is {} in the money at {}",
                    price(option.strike),
                    percent(-found.distance * 100.0),
                    price(spot)
                );
                if let Some(moves) = found.in_moves {
                    fact.push_str(&format!(", {:.1} expected moves", -moves));
                }
                reason(Why::Tested, Urgency::High, format!("{fact}."))
            })
        });
        tested.collect()
    }

    /// The next dividend with its days.
    fn dividend(&self) -> Option<Dividend> {
        let events = &self.read.metrics(&self.strategy.row.underlying)?.events;
        let days = events.ex_dividend?.signed_duration_since(self.read.today).num_days();
        Some(Dividend { amount: events.dividend?, days })
    }

    fn assignment(&self) -> Vec<Reason> {
        let Some(spot) = self.spot else { return Vec::new() };
        let dividend = self.dividend();
        let mut reasons = Vec::new();
        for (part, option) in self.sold() {
            let Some(mark) = part.mark else { continue };
            let short = Short { side: option.side, strike: option.strike, price: mark, days: option.dte };
            let Ok(found) = rules::assignment(&short, spot, dividend) else { continue };
            if found.risk == Risk::High {
                let why: Vec<String> = found.reasons.iter().map(|why| in_words(*why, &short, dividend)).collect();
                let fact = format!(
                    "The strike {} is in the money with {} of time value a share: {}.",
                    price(option.strike),
                    money(found.extrinsic),
                    why.join(", ")
                );
                reasons.push(reason(Why::AssignmentRisk, Urgency::High, fact));
            }
        }
        reasons
    }

    fn time(&self) -> Option<Reason> {
        let days = self.strategy.row.dte?;
        let spot = self.spot;
        if !self.strategy.parts.iter().any(|part| part.option.is_some()) {
            return None;
        }
        if days <= WEEK {
            return Some(self.expiring(days, spot));
        }
        let left = rules::days_left(days);
        (is_sold(self.strategy.shape) && left.is_reached).then(|| {
            let fact = format!("{} to expiration; the mark is {}.", count(days, "day"), left.limit);
            reason(Why::Days21, Urgency::Medium, fact)
        })
    }

    fn expiring(&self, days: i64, spot: Option<f64>) -> Reason {
        let ending = self.strategy.parts.iter().filter_map(|part| {
            let option = part.option.filter(|option| option.dte == days)?;
            Some(EndingLeg { side: option.side, strike: option.strike, is_sold: part.quantity < 0.0 })
        });
        let legs: Vec<EndingLeg> = ending.collect();
        let mut fact =
            if days == 0 { "It expires today".to_owned() } else { format!("It expires in {}", count(days, "day")) };
        let mut is_pressing = days <= 2;
        if let Some(end) = spot.and_then(|spot| rules::expiring(&legs, spot, days).ok()) {
            fact.push_str(&format!(", the nearest strike {} away", percent(end.nearest * 100.0)));
            if end.is_between {
                fact.push_str("; the price is between the strikes, so that one would be assigned and the other expire");
            } else if end.sold_in_the_money > 0 {
                fact.push_str("; what was sold is in the money and would be assigned");
            } else if end.bought_in_the_money > 0 {
                fact.push_str("; what was bought is in the money and would be exercised");
            } else {
                fact.push_str("; out of the money");
            }
            is_pressing = is_pressing || end.is_between || end.sold_in_the_money > 0;
        }
        let urgency = if is_pressing { Urgency::High } else { Urgency::Medium };
        reason(Why::Expiring, urgency, format!("{fact}."))
    }

    fn events(&self) -> Vec<Reason> {
        let Some(figures) = self.read.metrics(&self.strategy.row.underlying) else { return Vec::new() };
        let mut reasons = Vec::new();
        if let Some(earnings) = &figures.events.earnings {
            let days = earnings.date.signed_duration_since(self.read.today).num_days();
            if (0..=WEEK).contains(&days) {
                let time = match earnings.time_of_day.as_deref() {
                    Some("BTO") => " before the open",
                    Some("AMC") => " after the close",
                    _ => "",
                };
                let estimated = if earnings.is_estimated { " (estimated)" } else { "" };
                let fact = format!("Earnings are expected on {}{time}{estimated}.", earnings.date);
                let has_options = self.strategy.parts.iter().any(|part| part.option.is_some());
                let urgency = if has_options { Urgency::Medium } else { Urgency::Low };
                reasons.push(reason(Why::Earnings, urgency, fact));
            }
        }
        let calls = self.sold().filter(|(_, option)| option.side == domain::occ::Side::Call);
        let day = calls.filter_map(|(_, option)| figures.events.ex_dividend_until(option.expiration)).min();
        if let Some(day) = day {
            let amount = figures.events.dividend.map(|amount| format!(" of {}", money(amount))).unwrap_or_default();
            let fact = format!("Shares go without the dividend{amount} from {day}, before the call ends.");
            reasons.push(reason(Why::ExDividend, Urgency::Low, fact));
        }
        reasons
    }
}

fn in_words(why: rules::Reason, short: &Short, dividend: Option<Dividend>) -> String {
    match why {
        rules::Reason::ThinTimeValue => "less than $0.10 is left".to_owned(),
        rules::Reason::LastDays => format!("{} left", count(short.days, "day")),
        rules::Reason::Dividend => {
            let amount = dividend.map_or(0.0, |dividend| dividend.amount);
            format!("a dividend of {} before its end is worth more", money(amount))
        }
    }
}
