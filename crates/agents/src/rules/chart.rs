//! The summary of a chart: what holds prices up, what weighs on them, and what would change that.

use contract::analysis::Summary;

use crate::words::{count, money, percent, price};

/// What was found on a chart. What is not known is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Whose chart.
    pub symbol: String,
    /// The newest price.
    pub price: f64,
    /// Since the bar before, percent.
    pub change_percent: Option<f64>,
    /// The trend.
    pub trend: Option<Trend>,
    /// Why there is none.
    pub no_trend: Option<String>,
    /// `squeeze`, `trending`, `ranging` or `mixed`.
    pub regime: Option<String>,
    /// `low`, `normal` or `high`.
    pub movement: Option<String>,
    /// For how many bars a squeeze has been on.
    pub squeeze_bars: usize,
    /// ATR in the price's unit.
    pub atr: Option<f64>,
    /// RSI over 14 bars.
    pub rsi: Option<f64>,
    /// MACD less its signal.
    pub macd_histogram: Option<f64>,
    /// Where the close lies in the Bollinger bands, percent.
    pub bollinger_percent: Option<f64>,
    /// Change of on-balance volume in percent of what was traded over 20 bars.
    pub on_balance_percent: Option<f64>,
    /// The nearest level at or below the price.
    pub support: Option<Level>,
    /// The nearest level above.
    pub resistance: Option<Level>,
    /// Implied volatility, percent.
    pub implied: Option<f64>,
    /// Realised volatility, percent.
    pub realised: Option<f64>,
    /// Calendar days to the next report of earnings.
    pub days_to_earnings: Option<i64>,
    /// Calendar days to the next ex-dividend day.
    pub days_to_ex_dividend: Option<i64>,
}

/// A trend, with the votes of the rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trend {
    /// `up`, `down` or `sideways`.
    pub direction: String,
    /// `absent`, `weak`, `moderate` or `strong`.
    pub strength: String,
    /// ADX.
    pub adx: f64,
    /// How many rules voted for up.
    pub up: usize,
    /// How many voted for down.
    pub down: usize,
}

/// A level.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Level {
    /// Where.
    pub price: f64,
    /// From the price, percent, without sign.
    pub percent: f64,
    /// The same in ATRs.
    pub atrs: f64,
    /// How often bars came there.
    pub touches: usize,
    /// The share of shuffled series whose best level is weaker, percent.
    pub strength: Option<f64>,
}

/// RSI from which on it is called overbought, and up to which oversold, as Wilder did.
const OVERBOUGHT: f64 = 70.0;
const OVERSOLD: f64 = 30.0;
/// A level that rarely comes of chance.
const RARE: f64 = 95.0;
/// How near a level has to be to weigh, in ATRs.
const NEAR: f64 = 3.0;
/// Of on-balance volume's change what counts, percent.
const FLOW: f64 = 15.0;
/// By how many points implied has to differ from realised volatility to be spoken of.
const APART: f64 = 3.0;
/// Days within which earnings are in sight: those of the options that are usually sold.
const IN_SIGHT: i64 = 60;
/// How many sentences a side has.
const MOST: usize = 5;

/// The summary.
pub fn summary(facts: &Facts) -> Summary {
    let mut sides = Sides::default();
    trend(facts, &mut sides);
    levels(facts, &mut sides);
    momentum(facts, &mut sides);
    movement(facts, &mut sides);
    let Sides { mut up, mut down } = sides;
    up.truncate(MOST);
    down.truncate(MOST);
    Summary { headline: headline(facts), case_for: up, case_against: down, would_change: would_change(facts) }
}

/// What holds prices up, and what weighs on them.
#[derive(Default)]
struct Sides {
    up: Vec<String>,
    down: Vec<String>,
}

fn headline(facts: &Facts) -> String {
    let mut text = format!("{} at {}", facts.symbol, money(facts.price));
    if let Some(change) = facts.change_percent {
        text.push_str(&format!(" ({}{})", if change > 0.0 { "+" } else { "" }, percent(change)));
    }
    match (&facts.trend, &facts.no_trend) {
        (Some(trend), _) if trend.direction == "sideways" => text.push_str(": no trend, the rules disagree"),
        (Some(trend), _) => text.push_str(&format!(": trend {}, {}", trend.direction, trend.strength)),
        (None, Some(reason)) => text.push_str(&format!(": no trend can be told ({reason})")),
        (None, None) => {}
    }
    if let Some(regime) = &facts.regime {
        text.push_str(&format!("; regime {regime}"));
    }
    if let (Some(movement), Some(atr)) = (&facts.movement, facts.atr) {
        text.push_str(&format!("; moves {movement}, {} a bar", money(atr)));
    }
    text.push('.');
    text
}

fn trend(facts: &Facts, sides: &mut Sides) {
    let Some(trend) = &facts.trend else { return };
    for (seen, side, word) in [(trend.up, &mut sides.up, "up"), (trend.down, &mut sides.down, "down")] {
        if seen > 0 {
            let verb = if seen == 1 { "says" } else { "say" };
            side.push(format!("Of 4 trend rules {seen} {verb} {word}."));
        }
    }
}

fn levels(facts: &Facts, sides: &mut Sides) {
    let near = |level: &Option<Level>| level.filter(|level| level.atrs <= NEAR);
    if let Some(level) = near(&facts.support) {
        sides.up.push(format!("Support at {}.", told(&level, "below")));
    }
    if let Some(level) = near(&facts.resistance) {
        sides.down.push(format!("Resistance at {}.", told(&level, "above")));
    }
    if facts.support.is_none() && facts.trend.is_some() {
        sides.down.push("No level was found below the price.".to_owned());
    }
}

fn told(level: &Level, side: &str) -> String {
    let touches = if level.touches == 1 { "1 touch".to_owned() } else { format!("{} touches", level.touches) };
    let chance = match level.strength {
        Some(strength) if strength >= RARE => ", rarely chance",
        Some(_) => ", which chance shows too",
        None => "",
    };
    format!("{}, {} or {:.1} ATR {side}, {touches}{chance}", price(level.price), percent(level.percent), level.atrs)
}

fn momentum(facts: &Facts, sides: &mut Sides) {
    match facts.rsi {
        Some(rsi) if rsi >= OVERBOUGHT => {
            sides.down.push(format!("RSI {rsi:.0} is in the overbought zone: the rise was steep."));
        }
        Some(rsi) if rsi <= OVERSOLD => {
            sides.up.push(format!("RSI {rsi:.0} is in the oversold zone: the fall was steep."));
        }
        Some(rsi) if rsi >= 55.0 => sides.up.push(format!("RSI {rsi:.0}: gains outweigh losses.")),
        Some(rsi) if rsi <= 45.0 => sides.down.push(format!("RSI {rsi:.0}: losses outweigh gains.")),
        _ => {}
    }
    match facts.macd_histogram {
        Some(above) if above > 0.0 => sides.up.push("MACD is above its signal.".to_owned()),
        Some(below) if below < 0.0 => sides.down.push("MACD is below its signal.".to_owned()),
        _ => {}
    }
    match facts.on_balance_percent {
        Some(flow) if flow >= FLOW => {
            sides.up.push(format!("Volume went with the rises: on balance {} of it over 20 bars.", percent(flow)));
        }
        Some(flow) if flow <= -FLOW => {
            sides.down.push(format!("Volume went with the falls: on balance {} of it over 20 bars.", percent(-flow)));
        }
        _ => {}
    }
    match facts.bollinger_percent {
        Some(place) if place > 100.0 => sides.down.push("The price is above its upper Bollinger band.".to_owned()),
        Some(place) if place < 0.0 => sides.up.push("The price is below its lower Bollinger band.".to_owned()),
        _ => {}
    }
}

fn movement(facts: &Facts, sides: &mut Sides) {
    if facts.movement.as_deref() == Some("high") {
        sides.down.push("Moves are among the largest fifth of the past: levels hold less in such times.".to_owned());
    }
    if let (Some(implied), Some(realised)) = (facts.implied, facts.realised) {
        let compared = format!("implied volatility {} and realised {}", percent(implied), percent(realised));
        if implied >= realised + APART {
            sides.up.push(format!("Options price in more than was seen: {compared}."));
        } else if implied <= realised - APART {
            sides.down.push(format!("Options price in less than was seen: {compared}."));
        }
    }
    if let Some(days) = facts.days_to_earnings.filter(|days| (0..=IN_SIGHT).contains(days)) {
        sides.down.push(format!("Earnings are {} away, and can outrun every level.", count(days, "day")));
    }
}

fn would_change(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    let beyond = |level: &Option<Level>| level.map(|level| price(level.price));
    if let Some(support) = beyond(&facts.support) {
        lines.push(format!("Closing prices under {support} would break the nearest support."));
    }
    if let Some(resistance) = beyond(&facts.resistance) {
        lines.push(format!("Closing prices over {resistance} would clear the nearest resistance."));
    }
    match &facts.trend {
        Some(trend) if trend.direction == "sideways" && trend.adx < 25.0 => {
            lines.push(format!("ADX over 25 (now {:.1}) with the averages in order would make a trend.", trend.adx));
        }
        Some(trend) if trend.direction == "sideways" => {
            lines.push(format!("Averages in one order, with ADX at {:.1}, would make a trend.", trend.adx));
        }
        Some(trend) if trend.adx >= 20.0 => {
            lines.push(format!("ADX under 20 (now {:.1}) would end the trend.", trend.adx));
        }
        _ => {}
    }
    if facts.squeeze_bars > 0 {
        let bars = count(i64::try_from(facts.squeeze_bars).unwrap_or(i64::MAX), "bar");
        lines.push(format!("The end of the squeeze, on for {bars}, would bring a direction that it does not tell."));
    }
    if let Some(days) = facts.days_to_ex_dividend.filter(|days| (0..=IN_SIGHT).contains(days)) {
        lines.push(format!("The ex-dividend day in {} takes the dividend off the price.", count(days, "day")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::is_advice;

    fn rising() -> Facts {
        let level = |price, percent, atrs, touches, strength| Level { price, percent, atrs, touches, strength };
        Facts {
            symbol: "AAPL".into(),
            price: 187.2,
            change_percent: Some(0.71),
            trend: Some(Trend { direction: "up".into(), strength: "strong".into(), adx: 31.0, up: 3, down: 1 }),
            regime: Some("trending".into()),
            movement: Some("normal".into()),
            atr: Some(3.1),
            rsi: Some(72.0),
            macd_histogram: Some(0.2),
            on_balance_percent: Some(22.0),
            support: Some(level(182.5, 2.5, 1.5, 7, Some(97.0))),
            resistance: Some(level(190.0, 1.5, 0.9, 1, Some(60.0))),
            implied: Some(28.0),
            realised: Some(22.0),
            days_to_earnings: Some(12),
            ..Facts::default()
        }
    }

    #[test]
    fn both_sides_with_their_figures() {
        let summary = summary(&rising());
        assert_eq!(
            summary.headline,
            "AAPL at $187.20 (+0.71 %): trend up, strong; regime trending; moves normal, $3.10 a bar."
        );
        assert_eq!(
            summary.case_for,
            [
                "Of 4 trend rules 3 say up.",
                "Support at 182.5, 2.5 % or 1.5 ATR below, 7 touches, rarely chance.",
                "MACD is above its signal.",
                "Volume went with the rises: on balance 22.0 % of it over 20 bars.",
                "Options price in more than was seen: implied volatility 28.0 % and realised 22.0 %.",
            ]
        );
        assert_eq!(
            summary.case_against,
            [
                "Of 4 trend rules 1 says down.",
                "Resistance at 190, 1.5 % or 0.9 ATR above, 1 touch, which chance shows too.",
                "RSI 72 is in the overbought zone: the rise was steep.",
                "Earnings are 12 days away, and can outrun every level.",
            ]
        );
        assert_eq!(
            summary.would_change,
            [
                "Closing prices under 182.5 would break the nearest support.",
                "Closing prices over 190 would clear the nearest resistance.",
                "ADX under 20 (now 31.0) would end the trend.",
            ]
        );
    }

    #[test]
    fn where_little_is_known_little_is_said() {
        let few = Facts {
            symbol: "NEW".into(),
            price: 12.0,
            no_trend: Some("20 bars, it takes 60".into()),
            ..Facts::default()
        };
        let summary = summary(&few);
        assert_eq!(summary.headline, "NEW at $12.00: no trend can be told (20 bars, it takes 60).");
        assert!(summary.case_for.is_empty() && summary.case_against.is_empty() && summary.would_change.is_empty());
    }

    #[test]
    fn a_quiet_spell_has_no_direction() {
        let trend = Trend { direction: "sideways".into(), strength: "absent".into(), adx: 14.0, ..Trend::default() };
        let quiet = Facts { trend: Some(trend), squeeze_bars: 1, regime: Some("squeeze".into()), ..rising() };
        let summary = summary(&quiet);
        assert!(summary.headline.contains("no trend, the rules disagree; regime squeeze"), "{}", summary.headline);
        assert!(summary.would_change.iter().any(|line| line.starts_with("The end of the squeeze, on for 1 bar,")));
        assert!(summary.would_change.iter().any(|line| line.contains("ADX over 25 (now 14.0)")));
    }

    proptest! {
        #[test]
        fn no_figure_makes_advice_of_it(
            rsi in 0.0..100.0_f64, macd in -5.0..5.0_f64, flow in -100.0..100.0_f64, place in -50.0..150.0_f64,
            iv in 1.0..100.0_f64, realised in 1.0..100.0_f64, days in -5..100_i64, squeeze in 0..20_usize,
            direction in prop::sample::select(vec!["up", "down", "sideways"]),
        ) {
            let facts = Facts {
                rsi: Some(rsi), macd_histogram: Some(macd), on_balance_percent: Some(flow), bollinger_percent: Some(place),
                implied: Some(iv), realised: Some(realised), days_to_earnings: Some(days), days_to_ex_dividend: Some(days),
                squeeze_bars: squeeze, movement: Some("high".into()),
                trend: Some(Trend { direction: direction.into(), strength: "weak".into(), ..Trend::default() }),
                ..rising()
            };
            let summary = summary(&facts);
            prop_assert!(!is_advice(&summary), "{:?}", summary);
            prop_assert!(summary.case_for.len() <= MOST && summary.case_against.len() <= MOST);
            prop_assert!(summary.lines().len() < 1800, "{}", summary.lines().len());
        }
    }
}
