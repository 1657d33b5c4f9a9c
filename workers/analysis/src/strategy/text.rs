//! The compact text of `analyze_strategy`.

use std::fmt::Write;

use agents::words::{money, percent, price};
use contract::analysis::strategy::StrategyAnalysis;

use crate::zone::Zone;

/// What a reader needs first; everything else is in the structured content.
pub(crate) fn text(of: &StrategyAnalysis, zone: &Zone) -> String {
    let mut text = String::new();
    let shown = zone.shown(of.as_of);
    _ = writeln!(
        text,
        "{} on {} at {}, {} ({} DTE), from {} as of {shown}",
        of.strategy,
        of.symbol,
        price(of.underlying_price),
        of.expiration,
        of.dte,
        of.source.in_words()
    );
    for leg in &of.legs {
        let action = if leg.quantity < 0 { "sell" } else { "buy" };
        _ = writeln!(
            text,
            "  {action} {} {} {} {} at {} ({}), IV {}, delta {:.2}, P(ITM) {}, P(touch) {}",
            leg.quantity.unsigned_abs(),
            leg.expiration,
            price(leg.strike),
            leg.side,
            price(leg.price),
            leg.price_source,
            percent(leg.iv),
            leg.delta,
            percent(leg.p_itm),
            percent(leg.p_touch)
        );
    }
    if of.shares != 0.0 {
        _ = writeln!(text, "  with {} shares at {}", of.shares, of.share_price.map(price).unwrap_or_default());
    }
    let limit = |amount: Option<f64>| amount.map_or("unlimited".to_owned(), money);
    let (kind, amount) = if of.net_credit < 0.0 { ("debit", -of.net_credit) } else { ("credit", of.net_credit) };
    let natural = of.natural_credit.map(|credit| format!(" (natural {})", money(credit))).unwrap_or_default();
    let evens: Vec<String> =
        of.break_evens.iter().map(|even| format!("{} ({})", price(even.price), percent(even.percent))).collect();
    _ = writeln!(
        text,
        "Net {kind} {}{natural} · max profit {} · max loss {} · break-even {}",
        money(amount),
        limit(of.max_profit),
        limit(of.max_loss),
        if evens.is_empty() { "none".to_owned() } else { evens.join(", ") }
    );
    let odds = &of.odds;
    let p50 = odds.p50.map(|p50| format!(" · P50 {}", percent(p50))).unwrap_or_default();
    let historical = of.odds_at_historical_volatility.as_ref();
    let historical = historical.map(|odds| {
        format!("; at the historical {}: POP {}, EV {}", percent(odds.volatility), percent(odds.pop), money(odds.ev))
    });
    _ = writeln!(
        text,
        "At IV {}: POP {}{p50} · EV {} (near 0 by construction where premiums are fair){}",
        percent(odds.volatility),
        percent(odds.pop),
        money(odds.ev),
        historical.unwrap_or_default()
    );
    let greeks = &of.greeks;
    _ = writeln!(
        text,
        "Delta {:.1} · gamma {:.2} · theta {}/day · vega {}/point",
        greeks.delta,
        greeks.gamma,
        money(greeks.theta),
        money(greeks.vega)
    );
    let known = |amount: Option<f64>| amount.map_or("not estimated".to_owned(), money);
    let in_cash = match (of.margin.cash_secured, of.margin.buying_power) {
        (Some(amount), _) => format!(" · cash-secured {}", money(amount)),
        (None, Some(_)) => " · not to be had in a cash account".to_owned(),
        (None, None) => String::new(),
    };
    let yearly =
        of.returns.on_buying_power_annualized.map(|of| format!(" ({} a year)", percent(of))).unwrap_or_default();
    let on_power =
        of.returns.on_buying_power.map(|of| format!(" · return {}{yearly}", percent(of))).unwrap_or_default();
    _ = writeln!(
        text,
        "Estimates: buying power {}{in_cash}{on_power} · fees {} in, {} out",
        known(of.margin.buying_power),
        known(of.fees.open),
        known(of.fees.close)
    );
    let of_move = &of.expected_move;
    let ways = [("straddle", of_move.straddle), ("85 %", of_move.straddle_85), ("60/30/10", of_move.weighted)];
    let ways: Vec<String> =
        ways.iter().filter_map(|(name, value)| Some(format!("{name} {}", money((*value)?)))).collect();
    _ = writeln!(
        text,
        "Expected move {} ({}){}{}",
        money(of_move.by_volatility),
        percent(of_move.percent),
        if ways.is_empty() { "" } else { " · " },
        ways.join(", ")
    );
    scenarios(of, &mut text);
    for mark in &of.management {
        _ = writeln!(text, "{}{}: {}", if mark.reached { "! " } else { "" }, mark.rule, mark.evidence);
    }
    for note in of.missing.iter().chain(&of.notes) {
        _ = writeln!(text, "Note: {note}");
    }
    text.push_str(&of.summary.lines());
    text.push('\n');
    text.push_str(&of.disclaimer);
    text
}

fn scenarios(of: &StrategyAnalysis, text: &mut String) {
    let line =
        |values: &[f64]| values.iter().map(|value| format!("{:.0}", value.round() + 0.0)).collect::<Vec<_>>().join(" ");
    let prices: Vec<String> = of.scenarios.prices.iter().map(|value| price(*value)).collect();
    _ = writeln!(text, "Profit at {} (-2 to +2 expected moves):", prices.join(" "));
    for row in &of.scenarios.rows {
        _ = writeln!(text, "  day {:.0}, IV {:+.0}: {}", row.days, row.volatility_change, line(&row.profit));
    }
}
