//! What a portfolio comes to: income against risk, size against net liquidating value, and what wants a look.

use crate::{
    Summary,
    words::{count, money, percent},
};

/// Theta of a premium seller's portfolio, percent of net liq a day: below it earns little, above it carries much risk
/// (tastylive's 0.1 to 0.3, at most 0.5).
const USUAL_THETA: (f64, f64) = (0.1, 0.5);
/// Percent of net liq that moves with each dollar of SPY: above it leans (a common band of 0.1 to 0.5).
const LEANING: f64 = 0.1;
/// Percent of net liq in one name, and in one sector, from which it counts as concentrated.
const CONCENTRATED: (f64, f64) = (5.0, 30.0);
/// Percent of net liq that a stressed market may take before it is spoken of as much.
const MUCH: f64 = 25.0;

/// What is known of a portfolio. Percents are of net liquidating value; what is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Strategies that are held.
    pub strategies: usize,
    /// Of those, the ones that want a look, and the ones that want it today.
    pub attention: (usize, usize),
    /// Profit or loss of today, in dollars and in percent.
    pub day: Option<(f64, f64)>,
    /// Shares of SPY that it moves like.
    pub beta_weighted_delta: Option<f64>,
    /// Percent gained per dollar of SPY.
    pub beta_weighted_delta_percent: Option<f64>,
    /// Dollars per day, and the same in percent.
    pub theta: Option<(f64, f64)>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// Buying power that is used, percent.
    pub buying_power: Option<f64>,
    /// What is common at this VIX: percent, and VIX.
    pub usual: Option<(f64, f64)>,
    /// The largest name with its percent.
    pub name: Option<(String, f64)>,
    /// The largest sector with its percent.
    pub sector: Option<(String, f64)>,
    /// As many equal names would be as concentrated.
    pub effective_names: Option<f64>,
    /// The worst cell of the stress table.
    pub worst: Option<Worst>,
    /// How many have reached each mark that speaks for them, in words such as "at the profit target".
    pub gains: Vec<(String, usize)>,
    /// How many want a look for each other reason, in words such as "tested".
    pub risks: Vec<(String, usize)>,
}

/// A cell of the stress table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// The move of SPY, percent.
    pub spot: f64,
    /// Points of volatility added.
    pub points: f64,
    /// Dollars.
    pub change: f64,
    /// Percent of net liq.
    pub percent: f64,
}

/// The summary of a portfolio.
pub fn summary(facts: &Facts) -> Summary {
    if facts.strategies == 0 {
        return Summary { headline: "There are no open positions.".to_owned(), ..Summary::default() };
    }
    let mut summary = Summary { headline: headline(facts), ..Summary::default() };
    income(facts, &mut summary);
    size(facts, &mut summary);
    lean(facts, &mut summary);
    if let Some(worst) = &facts.worst {
        let line = format!(
            "SPY {} at once with volatility {} would change it by {}, {} of net liq.",
            moved(worst.spot),
            points(worst.points),
            money(worst.change),
            percent(worst.percent)
        );
        let is_much = worst.percent < -MUCH;
        if is_much { summary.case_against.push(line) } else { summary.would_change.push(line) }
    }
    for (reached, lines) in [(&facts.gains, &mut summary.case_for), (&facts.risks, &mut summary.case_against)] {
        if !reached.is_empty() {
            let counted: Vec<String> = reached.iter().map(|(word, number)| format!("{number} {word}")).collect();
            lines.push(format!("Marks reached: {}.", counted.join(", ")));
        }
    }
    summary
}

fn headline(facts: &Facts) -> String {
    let (all, today) = facts.attention;
    let of = count(i64::try_from(facts.strategies).unwrap_or(i64::MAX), "strategy").replace("strategys", "strategies");
    let mut line = match (all, today) {
        (0, _) => format!("None of {of} has reached a mark"),
        (all, 0) => format!("{all} of {of} reached a mark, none that presses today"),
        (all, today) => format!("{all} of {of} reached a mark, {today} of them one that presses today"),
    };
    if let Some(delta) = facts.beta_weighted_delta {
        line.push_str(&format!("; together they move like {delta:.0} shares of SPY"));
    }
    if let Some((theta, share)) = facts.theta {
        line.push_str(&format!(", theta is {} a day ({} of net liq)", money(theta), percent(share)));
    }
    line.push('.');
    line
}

fn income(facts: &Facts, summary: &mut Summary) {
    if let Some((theta, share)) = facts.theta {
        let (low, high) = USUAL_THETA;
        let band = format!("sellers of premium commonly carry {low} to {high} %");
        if theta <= 0.0 {
            summary.case_against.push(format!("Time works against it: theta is {} a day.", money(theta)));
        } else if share > high {
            summary.case_against.push(format!(
                "Theta of {} of net liq a day is much; {band}, and more comes with more gamma.",
                percent(share)
            ));
        } else if share >= low {
            summary.case_for.push(format!("Theta of {} of net liq a day; {band}.", percent(share)));
        } else {
            summary.case_for.push(format!("Time brings {} a day, {} of net liq.", money(theta), percent(share)));
        }
    }
    if let Some((day, share)) = facts.day {
        let line = format!("Today's change is {} ({}).", money(day), percent(share));
        if day < 0.0 { summary.case_against.push(line) } else { summary.case_for.push(line) }
    }
}

fn size(facts: &Facts, summary: &mut Summary) {
    if let Some(used) = facts.buying_power {
        match facts.usual {
            Some((usual, vix)) if used > usual => summary.case_against.push(format!(
                "Buying power used is {}; with VIX at {vix:.1} up to {usual:.0} % is common.",
                percent(used)
            )),
            Some((usual, vix)) => summary.case_for.push(format!(
                "Buying power used is {}, within the {usual:.0} % that is common with VIX at {vix:.1}.",
                percent(used)
            )),
            None => summary.case_for.push(format!("Buying power used is {}.", percent(used))),
        }
    }
    let (of_name, of_sector) = CONCENTRATED;
    if let Some((name, share)) = &facts.name {
        let line = format!("The largest name, {name}, takes {} of net liq", percent(*share));
        if *share > of_name {
            summary.case_against.push(format!("{line}; {of_name:.0} % is a common limit."));
        } else {
            summary.case_for.push(format!("{line}."));
        }
    }
    if let Some((sector, share)) = facts.sector.as_ref().filter(|(_, share)| *share > of_sector) {
        summary.case_against.push(format!(
            "The sector {sector} takes {} of net liq; {of_sector:.0} % is a common limit.",
            percent(*share)
        ));
    }
    if let Some(names) = facts.effective_names {
        let line = format!("It is as spread out as {names:.1} equal names.");
        if names < 3.0 { summary.case_against.push(line) } else { summary.case_for.push(line) }
    }
}

fn lean(facts: &Facts, summary: &mut Summary) {
    if let Some(share) = facts.beta_weighted_delta_percent {
        let way = if share > 0.0 { "rises" } else { "falls" };
        if share.abs() > LEANING {
            summary.case_against.push(format!(
                "It leans: each dollar that SPY {way} brings {} of net liq, and the other way takes as much.",
                percent(share.abs())
            ));
        } else {
            summary.case_for.push(format!("A dollar of SPY moves only {} of net liq.", percent(share.abs())));
        }
    }
    if let Some(vega) = facts.vega.filter(|vega| *vega < 0.0) {
        summary.would_change.push(format!("A point more of volatility everywhere costs {}.", money(-vega)));
    }
}

fn moved(spot: f64) -> String {
    if spot < 0.0 { format!("down {:.0} %", -spot) } else { format!("up {spot:.0} %") }
}

fn points(points: f64) -> String {
    if points == 0.0 { "unchanged".to_owned() } else { format!("{points:+.0} points") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::is_advice;

    fn full() -> Facts {
        Facts {
            strategies: 9,
            attention: (4, 2),
            day: Some((-310.0, -0.2)),
            beta_weighted_delta: Some(182.4),
            beta_weighted_delta_percent: Some(0.12),
            theta: Some((212.5, 0.14)),
            vega: Some(-310.0),
            buying_power: Some(42.0),
            usual: Some((30.0, 17.2)),
            name: Some(("NVDA".to_owned(), 11.0)),
            sector: Some(("Technology".to_owned(), 38.0)),
            effective_names: Some(4.2),
            worst: Some(Worst { spot: -20.0, points: 10.0, change: -31_000.0, percent: -20.6 }),
            gains: vec![("at the profit target".to_owned(), 2)],
            risks: vec![("tested".to_owned(), 1), ("at 21 days".to_owned(), 3)],
        }
    }

    #[test]
    fn both_sides_are_stated_with_their_numbers() {
        let found = summary(&full());
        assert_eq!(
            found.headline,
            "4 of 9 strategies reached a mark, 2 of them one that presses today; together they move like 182 shares of SPY, \
             theta is $212.50 a day (0.14 % of net liq)."
        );
        assert_eq!(found.case_for.len(), 3, "{:?}", found.case_for);
        assert_eq!(found.case_against.len(), 6, "{:?}", found.case_against);
        assert!(found.case_against.iter().any(|line| line.contains("42.0 %; with VIX at 17.2 up to 30 % is common")));
        assert_eq!(found.case_for.last().unwrap(), "Marks reached: 2 at the profit target.");
        assert_eq!(found.case_against.last().unwrap(), "Marks reached: 1 tested, 3 at 21 days.");
        assert_eq!(
            found.would_change,
            [
                "A point more of volatility everywhere costs $310.00.",
                "SPY down 20 % at once with volatility +10 points would change it by -$31,000, -20.6 % of net liq.",
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_not_spoken_of() {
        let found = summary(&Facts { strategies: 1, ..Facts::default() });
        assert_eq!(found.headline, "None of 1 strategy has reached a mark.");
        assert!(found.case_for.is_empty() && found.case_against.is_empty() && found.would_change.is_empty());
        assert_eq!(summary(&Facts::default()).headline, "There are no open positions.");
    }

    #[test]
    fn nothing_is_advice() {
        let shifts: [&dyn Fn(&mut Facts); 8] = [
            &|_| {},
            &|facts| facts.attention = (3, 0),
            &|facts| facts.theta = Some((-20.0, -0.01)),
            &|facts| facts.theta = Some((900.0, 0.7)),
            &|facts| facts.theta = Some((20.0, 0.01)),
            &|facts| facts.usual = Some((50.0, 45.0)),
            &|facts| (facts.usual, facts.beta_weighted_delta_percent) = (None, Some(-0.01)),
            &|facts| facts.worst = Some(Worst { spot: 20.0, points: 0.0, change: -90_000.0, percent: -60.0 }),
        ];
        for change in shifts {
            let mut facts = full();
            change(&mut facts);
            let found = summary(&facts);
            assert!(!is_advice(&found), "{found:?}");
        }
    }
}
