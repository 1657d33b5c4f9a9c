//! `get_positions`: what is held, what it has gained, how much of it is left to gain, and how it leans.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use contract::{
    Rendered,
    account::{
        Source,
        positions::{GetPositionsInput, MissingOfPosition, PositionGroup, PositionRow, PositionsOutput},
        symbol,
    },
    market::GreeksSource,
};
use domain::{
    Decimal, Error, Symbol, Timestamp, UserId,
    portfolio::{Account, Direction},
};
use edge::deadline::within;
use futures_util::future::{join, try_join_all};
use tasty::{
    dxlink::{Collected, Ended, Greeks, Kind, Wanted},
    market_data,
    positions::Held,
    symbol::streamer,
};

use super::{
    Asked,
    account::{self, called},
    amounts,
    holdings::{self, Market, is_option, is_worthless},
};
use crate::{
    app::App,
    gather::{self, events::Dividends},
    live::{self, Found, Known},
    stream, upstream,
    zone::Zone,
};

/// How long greeks are waited for, and prices of underlyings.
const WAIT: Duration = Duration::from_secs(6);
/// How long the rate is waited for, which is needed only where greeks did not come.
const RATE_WAIT: Duration = Duration::from_secs(3);
/// So many reasons stand in the text.
const REASONS: usize = 6;

/// The positions of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<GetPositionsInput>()?;
    let underlying = input.underlying.as_deref().filter(|text| !text.trim().is_empty());
    let underlying = underlying.map(|text| symbol("underlying", text)).transpose()?;
    let accounts = account::meant(app, user, input.account.as_deref()).await?;
    let known = live::positions(app, user, accounts).await?.allowed()?;
    let Valued { positions, missing, source, as_of, notes, held } =
        valued(app, user, known, underlying.as_ref(), input.include_greeks).await;
    let accounts: Vec<Account> = held.into_iter().map(|found| found.account).collect();
    let output = PositionsOutput {
        groups: holdings::groups(&positions),
        totals: holdings::totals(&positions),
        positions,
        missing,
        source,
        as_of,
        notes,
    };
    Rendered::new(&output, text(&output, &accounts, input.include_greeks, &Zone::of(app, user).await))
}

/// Positions with what can be computed of them.
pub(crate) struct Valued {
    /// Account by account, sorted.
    pub(crate) positions: Vec<PositionRow>,
    /// What is not known of them, and why.
    pub(crate) missing: Vec<MissingOfPosition>,
    pub(crate) source: Source,
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) notes: Vec<String>,
    /// What they were computed from.
    pub(crate) held: Vec<Found<Vec<Held>>>,
}

/// Values what is held: in one underlying, where one is named.
pub(crate) async fn valued(
    app: &App,
    user: &UserId,
    mut known: Known<Vec<Held>>,
    underlying: Option<&Symbol>,
    with_greeks: bool,
) -> Valued {
    for found in &mut known.found {
        found.value.retain(|held| is_wanted(held, underlying));
    }
    let (source, as_of, mut notes) = (known.source(), known.as_of(), std::mem::take(&mut known.notes));
    let (market, told) = market(app, user, &known.found, with_greeks).await;
    notes.extend(told.notes.iter().cloned());
    let (positions, mut missing) = rows(&known.found, &market, &told, with_greeks);
    missing.extend(positions.iter().filter_map(holdings::missing));
    notes.extend(holdings::how_computed(&positions, &market));
    Valued { positions, missing, source, as_of, notes, held: known.found }
}

fn is_wanted(held: &Held, underlying: Option<&Symbol>) -> bool {
    let position = &held.position;
    position.quantity_direction != Direction::Zero
        && !position.quantity.0.is_zero()
        && underlying.is_none_or(|wanted| position.underlying_symbol.eq_ignore_ascii_case(wanted.as_str()))
}

/// What is to be told about the market beside its numbers.
#[derive(Default)]
struct Told {
    notes: Vec<String>,
    /// Why greeks did not come from the stream.
    no_stream: Option<String>,
}

/// What the market says about the positions that are live: prices of the options' underlyings, and greeks.
async fn market(app: &App, user: &UserId, found: &[Found<Vec<Held>>], with_greeks: bool) -> (Market, Told) {
    let live = found.iter().filter(|found| found.source == Source::Rest).flat_map(|found| &found.value);
    let options: Vec<&Held> = live.filter(|held| is_option(&held.position)).collect();
    let (mut market, mut told) = (Market::default(), Told::default());
    if options.is_empty() {
        return (market, told);
    }
    let late = || Err(Error::from(tasty::Error::TimedOut));
    let prices = async { within(WAIT, prices(app, user, &options)).await.unwrap_or_else(late) };
    let greeks = async { if with_greeks { greeks(app, user, &options, &mut told).await } else { BTreeMap::new() } };
    let (prices, greeks) = join(prices, greeks).await;
    market.greeks = greeks;
    match prices {
        Ok(prices) => market.prices = prices,
        Err(error) => told.notes.push(format!("Prices of underlyings are not known. {}", error.message)),
    }
    let lacks = |held: &&Held| !market.greeks.contains_key(&held.position.symbol);
    if with_greeks && options.iter().any(lacks) {
        let lacking: Vec<&Held> = options.iter().filter(|held| lacks(held)).copied().collect();
        let rate = gather::rate::risk_free(app, user, RATE_WAIT);
        let (rate, dividends) = join(rate, dividends(app, user, &lacking)).await;
        market.rate = rate.ok();
        market.dividends = dividends;
    }
    (market, told)
}

/// The options' underlyings.
fn underlyings(options: &[&Held]) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> =
        options.iter().filter_map(|held| Symbol::parse(&held.position.underlying_symbol).ok()).collect();
    symbols.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    symbols.dedup();
    symbols
}

/// What the underlyings of some options pay, as far as the metrics come in time.
async fn dividends(app: &App, user: &UserId, options: &[&Held]) -> BTreeMap<String, Dividends> {
    let symbols = underlyings(options);
    match within(RATE_WAIT, gather::metrics::metrics(app, user, &symbols)).await {
        Some(Ok((found, _))) => found.into_iter().map(|(symbol, figures)| (symbol, figures.dividends())).collect(),
        _ => BTreeMap::new(),
    }
}

/// The prices of the options' underlyings.
async fn prices(app: &App, user: &UserId, options: &[&Held]) -> Result<BTreeMap<String, Decimal>, Error> {
    let symbols = underlyings(options);
    let parts = symbols.chunks(market_data::MAX_SYMBOLS).map(|part| upstream::market_data(app, user, part));
    let found = try_join_all(parts).await?.into_iter().flatten();
    Ok(found.filter_map(|data| Some((data.symbol.clone(), data.price()?))).collect())
}

/// Greeks from the stream, by the symbols of the positions. Those that do not come in time are not there.
async fn greeks(app: &App, user: &UserId, options: &[&Held], told: &mut Told) -> BTreeMap<String, Greeks> {
    let names: BTreeMap<&str, String> = options
        .iter()
        .filter(|held| !is_worthless(&held.position))
        .filter_map(|held| {
            let symbol = held.position.symbol.as_str();
            let known = held.streamer_symbol.clone();
            Some((symbol, known.or_else(|| streamer(&Symbol::parse(symbol).ok()?))?))
        })
        .collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let wanted = Wanted::events(&[Kind::Greeks], names.values().cloned());
    let mut collected = match stream::collect(app, user, wanted, WAIT).await {
        Ok(streamed) => {
            if streamed.is_delayed {
                told.notes.push("This user's market data, greeks included, come 15 minutes late.".to_owned());
            }
            told.no_stream = why(&streamed.collected);
            streamed.collected
        }
        Err(error) => {
            told.no_stream = Some(error.message.into_owned());
            return BTreeMap::new();
        }
    };
    let found =
        names.into_iter().filter_map(|(symbol, name)| Some((symbol.to_owned(), collected.greeks.remove(&name)?)));
    found.collect()
}

/// Why not everything came.
fn why(collected: &Collected) -> Option<String> {
    match collected.ended {
        Ended::Complete => None,
        Ended::Deadline | Ended::Quiet => Some("TastyTrade's stream did not send them in time.".to_owned()),
        Ended::Broken(fault) => Some(Error::from(fault).message.into_owned()),
    }
}

fn rows(
    found: &[Found<Vec<Held>>],
    market: &Market,
    told: &Told,
    with_greeks: bool,
) -> (Vec<PositionRow>, Vec<MissingOfPosition>) {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for found in found {
        let mut rows = Vec::with_capacity(found.value.len());
        for held in &found.value {
            let mut row = holdings::row(held, found.as_of, market);
            let added = match (with_greeks, found.source) {
                (false, _) => Ok(()),
                (true, Source::LastSync) if is_option(&held.position) => Err("the position is not live".to_owned()),
                (true, _) => holdings::add_greeks(&mut row, held, market).map_err(|why| reason(&why, told)),
            };
            if let Err(reason) = added {
                missing.push(MissingOfPosition { symbol: row.symbol.clone(), what: "greeks".to_owned(), reason });
            }
            rows.push(row);
        }
        holdings::sort(&mut rows);
        all.append(&mut rows);
    }
    (all, missing)
}

/// Why there are no greeks: neither from the stream nor computed.
fn reason(not_computed: &str, told: &Told) -> String {
    match &told.no_stream {
        Some(no_stream) => format!("{} They could not be computed: {not_computed}.", no_stream.trim_end()),
        None => format!("TastyTrade's stream has none, and they could not be computed: {not_computed}."),
    }
}

// ---- the text -----------------------------------------------------------------------------------------------------------

fn text(output: &PositionsOutput, accounts: &[Account], with_greeks: bool, zone: &Zone) -> String {
    let names: Vec<String> = accounts.iter().map(called).collect();
    let count = output.totals.positions;
    let mut text = format!(
        "{count} open position{} of {}, {}, {}.",
        if count == 1 { "" } else { "s" },
        names.join(" and "),
        output.source.in_words(),
        output.as_of.map_or_else(|| "time not known".to_owned(), |as_of| zone.shown(as_of))
    );
    if !output.positions.is_empty() {
        text.push_str(" US dollars. P&L since opened (day: today)");
        text.push_str(if with_greeks {
            "; delta, theta (per day) and vega (per volatility point) are of whole positions."
        } else {
            "; greeks were not asked for."
        });
        text.push_str(&sources(&output.positions));
    }
    let same = |one: &PositionRow, other: &PositionRow| {
        one.account == other.account && one.underlying_symbol == other.underlying_symbol
    };
    for rows in output.positions.chunk_by(same) {
        underlying(&mut text, rows, &output.groups);
    }
    if count > 1 {
        let totals = &output.totals;
        text.push_str("\nAll together:");
        figures(&mut text, totals.mark, totals.unrealized_pnl, totals.day_pnl);
        greeks_of(&mut text, None, totals.theta, totals.vega);
    }
    for missing in output.missing.iter().take(REASONS) {
        let _ = write!(text, "\nNo {} of {}: {}", missing.what, missing.symbol, missing.reason);
    }
    if output.missing.len() > REASONS {
        let _ = write!(text, "\nand {} more in `missing`.", output.missing.len() - REASONS);
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

/// Where greeks of options come from.
fn sources(rows: &[PositionRow]) -> String {
    let options = rows.iter().filter(|row| row.option_type.is_some());
    let count = |source| options.clone().filter(|row| row.greeks_source == Some(source)).count();
    match (count(GreeksSource::Dxlink), count(GreeksSource::Computed)) {
        (0, 0) => String::new(),
        (_, 0) => " Greeks live.".to_owned(),
        (0, _) => " Greeks COMPUTED from the marks (no live ones came).".to_owned(),
        (_, computed) => format!(" Greeks live, {computed} COMPUTED from marks (marked c)."),
    }
}

fn underlying(text: &mut String, rows: &[PositionRow], groups: &[PositionGroup]) {
    let Some(first) = rows.first() else { return };
    let _ = write!(text, "\n{} {}", first.account, first.underlying_symbol);
    if let Some(price) = rows.iter().find_map(|row| row.underlying_price) {
        let _ = write!(text, " at {}", price.rounded(4));
    }
    text.push(':');
    let sum = |pick: fn(&PositionRow) -> Option<Decimal>| amounts::sum(rows.iter().map(pick));
    figures(text, sum(|row| row.mark), sum(|row| row.unrealized_pnl), sum(|row| row.day_pnl));
    let sum = |pick: fn(&PositionRow) -> Option<f64>| holdings::sum(rows.iter().map(pick));
    greeks_of(text, sum(|row| row.position_delta), sum(|row| row.position_theta), sum(|row| row.position_vega));
    for legs in rows.chunk_by(|one, other| one.expiration == other.expiration) {
        for row in legs {
            let _ = write!(text, "\n  {}", line(row));
        }
        let same = |group: &&PositionGroup| {
            group.account == first.account
                && group.underlying_symbol == first.underlying_symbol
                && legs.first().is_some_and(|leg| leg.expiration == group.expiration)
        };
        if let (true, Some(group)) = (legs.len() > 1, groups.iter().find(same)) {
            let _ = write!(text, "\n  = these {}:", group.legs);
            figures(text, group.mark, group.unrealized_pnl, group.day_pnl);
            if let Some((percent, credit)) = group.percent_of_max_profit.zip(group.credit) {
                let _ = write!(text, ", {} % of the credit of {}", percent.rounded(0), amounts::dollars(credit));
            }
        }
    }
}

fn figures(text: &mut String, mark: Option<Decimal>, pnl: Option<Decimal>, day: Option<Decimal>) {
    if let Some(mark) = mark {
        let _ = write!(text, " value {},", amounts::dollars(mark));
    }
    match pnl {
        Some(pnl) => {
            let _ = write!(text, " P&L {}", amounts::change(pnl));
        }
        None => text.push_str(" P&L not known"),
    }
    if let Some(day) = day {
        let _ = write!(text, " (day {})", amounts::change(day));
    }
}

fn greeks_of(text: &mut String, delta: Option<f64>, theta: Option<f64>, vega: Option<f64>) {
    for (name, greek) in [("delta", delta), ("theta", theta), ("vega", vega)] {
        if let Some(greek) = greek {
            let _ = write!(text, ", {name} {greek:.1}");
        }
    }
}

fn line(row: &PositionRow) -> String {
    let sign = if row.quantity_direction == Direction::Short { "-" } else { "" };
    let mut line = format!("{sign}{} {}", row.quantity.rounded(6), row.description);
    if let Some(price) = row.average_open_price {
        let _ = write!(line, " @ {}", price.rounded(4));
    }
    match row.mark_price {
        Some(price) => {
            let _ = write!(line, ", now {}:", price.rounded(4));
        }
        None => line.push_str(", mark not known:"),
    }
    figures(&mut line, None, row.unrealized_pnl, row.day_pnl);
    if let Some(percent) = row.percent_of_max_profit {
        let _ = write!(line, ", {} % of max profit", percent.rounded(0));
    } else if let Some(percent) = row.unrealized_pnl_percent {
        let _ = write!(line, ", {} %", percent.rounded(1));
    }
    if let Some(dte) = row.dte {
        let _ = write!(line, ", {dte} DTE");
    }
    match (row.is_tested, row.is_itm) {
        (Some(true), _) => line.push_str(", TESTED (in the money)"),
        (_, Some(true)) => line.push_str(", in the money"),
        _ => {}
    }
    if row.option_type.is_some() {
        greeks_of(&mut line, row.position_delta, row.position_theta, row.position_vega);
        if let Some(delta) = row.delta {
            let _ = write!(line, " (delta {delta:.2} each");
            if let Some(iv) = row.iv {
                let _ = write!(line, ", IV {iv:.1} %");
            }
            line.push(')');
        }
        if row.greeks_source == Some(GreeksSource::Computed) {
            line.push_str(" c");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{
        account::tests::account as an_account,
        holdings::tests::{held, now},
    };

    fn output(held: Vec<Held>, market: &Market, source: Source) -> (PositionsOutput, Vec<Account>) {
        let found = vec![Found { account: an_account("5WX00042"), value: held, as_of: now(), source }];
        let told = Told { notes: Vec::new(), no_stream: Some("It was silent.".to_owned()) };
        let (positions, missing) = rows(&found, market, &told, true);
        let output = PositionsOutput {
            groups: holdings::groups(&positions),
            totals: holdings::totals(&positions),
            positions,
            missing,
            source,
            as_of: Some(now()),
            notes: vec!["A note.".to_owned()],
        };
        (output, vec![an_account("5WX00042")])
    }

    #[test]
    fn the_text_groups_by_underlying_and_says_what_is_missing() {
        let greeks = |delta, theta, vega| Greeks {
            price: None,
            iv: Some(0.25),
            delta: Some(delta),
            gamma: Some(0.01),
            theta: Some(theta),
            rho: None,
            vega: Some(vega),
            at: Some(now()),
        };
        let (short, long) = ("AAPL  261218P00245000", "AAPL  261218P00230000");
        let market = Market {
            prices: BTreeMap::from([("AAPL".to_owned(), "240.50".parse().unwrap())]),
            greeks: BTreeMap::from([
                (short.to_owned(), greeks(-0.6, -0.05, 0.2)),
                (long.to_owned(), greeks(-0.2, -0.03, 0.1)),
            ]),
            ..Market::default()
        };
        let all = vec![
            held(short, -1, ["5.00", "6.00", "7.50"]),
            held(long, 1, ["2.00", "2.00", "2.25"]),
            held("AAPL", 100, ["200", "239", "240.50"]),
            held("KO    261218C00075000", -1, ["1.00", "0.50", "0.40"]),
        ];
        let (output, accounts) = output(all, &market, Source::Rest);
        let text = text(&output, &accounts, true, &Zone::Exchange);
        let mask = "\u{2022}\u{2022}\u{2022}\u{2022}0042";
        let expected = [
            format!("4 open positions of {mask} Income, from TastyTrade, Fri 20 Nov 10:00 ET. US dollars. P&L since opened (day: today); delta, theta (per day) and vega (per volatility point) are of whole positions. Greeks live."),
            format!("{mask} AAPL at 240.5: value 23,525.00, P&L +3,825.00 (day +25.00), delta 140.0, theta 2.0, vega -10.0"),
            "  100 AAPL @ 200, now 240.5: P&L +4,050.00 (day +150.00), 20.2 %".to_owned(),
            "  1 AAPL 18 Dec 26 230 P @ 2, now 2.25: P&L +25.00 (day +25.00), 12.5 %, 28 DTE, delta -20.0, theta -3.0, vega 10.0 (delta -0.20 each, IV 25.0 %)".to_owned(),
            "  -1 AAPL 18 Dec 26 245 P @ 5, now 7.5: P&L -250.00 (day -150.00), -50 % of max profit, 28 DTE, TESTED (in the money), delta 60.0, theta 5.0, vega -20.0 (delta -0.60 each, IV 25.0 %)".to_owned(),
            "  = these 2: value -525.00, P&L -225.00 (day -125.00), -75 % of the credit of 300.00".to_owned(),
            format!("{mask} KO: value -40.00, P&L +60.00 (day +10.00)"),
            "  -1 KO 18 Dec 26 75 C @ 1, now 0.4: P&L +60.00 (day +10.00), 60 % of max profit, 28 DTE".to_owned(),
            "All together: value 23,485.00, P&L +3,885.00 (day +35.00)".to_owned(),
            "No greeks of KO    261218C00075000: It was silent. They could not be computed: the price of its underlying is not known.".to_owned(),
            "A note.".to_owned(),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_not_live_has_no_greeks() {
        let all =
            vec![held("AAPL", 100, ["200", "239", "240"]), held("KO    261218C00075000", -1, ["1", "0.5", "0.4"])];
        let (output, accounts) = output(all, &Market::default(), Source::LastSync);
        assert_eq!(output.missing.len(), 1);
        assert_eq!(output.missing[0].reason, "the position is not live");
        assert!(text(&output, &accounts, true, &Zone::Exchange).contains("NOT LIVE, from the last sync"));
    }

    #[test]
    fn a_closed_position_is_not_wanted() {
        let mut share = held("AAPL", 100, ["200", "239", "240"]);
        let aapl = Symbol::parse("aapl").unwrap();
        assert!(is_wanted(&share, None) && is_wanted(&share, Some(&aapl)));
        assert!(!is_wanted(&share, Some(&Symbol::parse("KO").unwrap())));
        share.position.quantity_direction = Direction::Zero;
        assert!(!is_wanted(&share, None));
    }
}
