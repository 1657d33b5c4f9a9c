//! `analyze_portfolio`: how a portfolio leans, what it earns and risks, and what in it wants a look.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contract::{
    Rendered,
    account::Source,
    analysis::portfolio::{AnalyzePortfolioInput, PortfolioAnalysis, RollRow},
    market::chain::{Expirations, Form, Sides, Wanted},
};
use domain::{Error, Symbol, UserId};
use edge::deadline::within;
use futures_util::future::{join, join_all, join3};

use super::{
    Asked, account,
    analyses::{self, About},
    get_positions::{self, Valued},
    new_york,
};
use crate::{
    app::App,
    chain::float,
    gather::{
        chain::{Columns, Reader, columns},
        metrics::{Figures, metrics},
        rate,
    },
    live,
    portfolio::{self, INDEX, Read, Strategy, rolls},
    upstream,
    zone::Zone,
};

/// How long metrics, prices of indexes and the rate are waited for.
const WAIT: Duration = Duration::from_secs(5);
/// How long chains are waited for, which only rolls need.
const ROLLS_WAIT: Duration = Duration::from_secs(7);
/// So many underlyings are looked at for rolls in one call.
const ROLLED: usize = 4;
/// So many monthly expirations after the strategy's own.
const LATER: usize = 2;
/// Strikes between these parts of the underlying's price are candidates.
const NEAR: (f64, f64) = (0.75, 1.25);
/// So many sentences about what is missing.
const MISSING: usize = 30;

/// The analysis of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<AnalyzePortfolioInput>()?;
    let accounts = account::meant(app, user, input.account.as_deref()).await?;
    let (positions, balances) =
        join(live::positions(app, user, accounts.clone()), live::balances(app, user, accounts)).await;
    let (positions, balances) = (positions?.allowed()?, balances?.allowed()?);
    let symbols = underlyings(&positions);
    let (valued, around, (rate, rate_note)) = join3(
        get_positions::valued(app, user, positions, None, true),
        around(app, user, &symbols),
        rate::or_usual(app, user, WAIT),
    )
    .await;
    let rows = live::rows(&balances.found, None);
    let read = read(app, &valued, &rows, &around, rate, balances.source());
    let (mut output, strategies) = portfolio::analysis(&read);
    if input.rolls {
        add_rolls(app, user, &mut output, &strategies, rate).await;
    }
    let gone = valued.missing.iter().map(|of| format!("{} of {}: {}", of.what, of.symbol, of.reason));
    output.missing.extend(gone.chain(around.missing.iter().cloned()));
    output.missing.truncate(MISSING);
    output.notes.extend(valued.notes.iter().cloned().chain(balances.notes).chain(rate_note));
    output.notes.dedup();
    output.analysis_id = analyses::id(app);
    let rendered = Rendered::new(&output, portfolio::text(&output, &Zone::of(app, user).await))?;
    let about = About { id: &output.analysis_id, kind: "analyze_portfolio", symbol: None, strategy: None };
    analyses::keep(app, user, about, &rendered).await;
    Ok(rendered)
}

/// Shares of SPY that positions move like; `None` where it is not known of any.
pub(crate) async fn beta_weighted_delta(app: &App, user: &UserId, valued: &Valued) -> Option<f64> {
    let names: BTreeSet<&str> = valued.positions.iter().map(|row| row.underlying_symbol.as_str()).collect();
    let symbols: Vec<Symbol> = names.into_iter().filter_map(|name| Symbol::parse(name).ok()).collect();
    let around = around(app, user, &symbols).await;
    portfolio::beta_weighted_delta(&read(app, valued, &[], &around, 0.0, valued.source))
}

/// What all positions are written on.
fn underlyings(known: &live::Known<Vec<tasty::positions::Held>>) -> Vec<Symbol> {
    let all = known.found.iter().flat_map(|found| &found.value);
    let names: BTreeSet<&str> = all.map(|held| held.position.underlying_symbol.as_str()).collect();
    names.into_iter().filter_map(|name| Symbol::parse(name).ok()).collect()
}

/// The market around the positions.
struct Around {
    metrics: BTreeMap<String, Figures>,
    spy: Option<f64>,
    vix: Option<f64>,
    missing: Vec<String>,
}

async fn around(app: &App, user: &UserId, symbols: &[Symbol]) -> Around {
    let mut missing = Vec::new();
    let indexes: Vec<Symbol> = [INDEX, "VIX"].iter().filter_map(|name| Symbol::parse(name).ok()).collect();
    let (figures, prices) =
        join(within(WAIT, metrics(app, user, symbols)), within(WAIT, upstream::market_data(app, user, &indexes))).await;
    let late = || Error::from(tasty::Error::TimedOut);
    let metrics = match figures.unwrap_or_else(|| Err(late())) {
        Ok((found, failure)) => {
            missing.extend(failure.map(|error| format!("metrics of some underlyings: {}", error.message)));
            found
        }
        Err(error) => {
            missing.push(format!("metrics of the underlyings: {}", error.message));
            BTreeMap::new()
        }
    };
    let prices = prices.unwrap_or_else(|| Err(late())).unwrap_or_else(|error| {
        missing.push(format!("prices of {INDEX} and VIX: {}", error.message));
        Vec::new()
    });
    let price = |name: &str| prices.iter().find(|data| data.symbol == name).and_then(|data| float(data.price()?));
    Around { metrics, spy: price(INDEX).filter(|price| *price > 0.0), vix: price("VIX"), missing }
}

fn read<'a>(
    app: &App,
    valued: &'a Valued,
    balances: &'a [contract::portfolio::AccountBalance],
    around: &'a Around,
    rate: f64,
    source: Source,
) -> Read<'a> {
    let held = valued.held.iter().flat_map(|found| &found.value).map(|held| &held.position);
    let balances_as_of = balances.iter().filter_map(|row| row.as_of).min();
    Read {
        rows: &valued.positions,
        ends: held.filter_map(|position| Some((position.symbol.as_str(), position.expires_at?))).collect(),
        balances,
        metrics: &around.metrics,
        spy: around.spy,
        vix: around.vix,
        rate,
        now: app.now,
        today: new_york::day(app.now),
        // One that is not live makes the whole not live.
        source: if valued.source == Source::Rest { source } else { valued.source },
        as_of: valued.as_of.into_iter().chain(balances_as_of).min(),
    }
}

/// Looks for rolls of what wants one, underlying by underlying.
async fn add_rolls(app: &App, user: &UserId, output: &mut PortfolioAnalysis, strategies: &[Strategy], rate: f64) {
    let wanted: Vec<&Strategy> = strategies.iter().filter(|strategy| rolls::is_wanted(strategy)).collect();
    let names: BTreeSet<&str> = wanted.iter().map(|strategy| strategy.row.underlying.as_str()).collect();
    let left_out: Vec<&str> = names.iter().skip(ROLLED).copied().collect();
    if !left_out.is_empty() {
        output
            .notes
            .push(format!("Rolls of {} were not looked for; ask for one account at a time.", left_out.join(", ")));
    }
    let asked = names.into_iter().take(ROLLED).map(async |name| {
        let of: Vec<&&Strategy> = wanted.iter().filter(|strategy| strategy.row.underlying == name).collect();
        let chain = within(ROLLS_WAIT, later(app, user, name, &of, rate)).await;
        (name, of, chain.unwrap_or_else(|| Err(Error::from(tasty::Error::TimedOut))))
    });
    for (name, of, chain) in join_all(asked).await {
        match chain {
            Ok(chain) => of.iter().for_each(|strategy| put(output, strategy, rolls::found(strategy, &chain, rate))),
            Err(error) => output.missing.push(format!("rolls of {name}: {}", error.message)),
        }
    }
}

fn put(output: &mut PortfolioAnalysis, strategy: &Strategy, rolls: Vec<RollRow>) {
    let of = &strategy.row;
    let place = output
        .attention
        .iter_mut()
        .find(|one| one.account == of.account && one.underlying == of.underlying && one.legs == of.legs);
    if let Some(one) = place {
        one.rolls = rolls;
    }
}

/// The monthly expirations after those of the strategies, with what is quoted near the price.
async fn later(app: &App, user: &UserId, name: &str, strategies: &[&&Strategy], rate: f64) -> Result<Columns, Error> {
    let symbol =
        Symbol::parse(name).map_err(|error| Error::invalid_argument("symbol", format!("The underlying {error}.")))?;
    let reader = Reader::new(app, user).await?;
    let listing = reader.listing(&symbol).await?;
    let mut chosen = listing.listed(app.now);
    chosen.retain(|of| of.root.is_standard && of.expiration.is_monthly());
    // Each strategy has so many after its own end.
    let mut days = BTreeSet::new();
    for end in strategies.iter().filter_map(|strategy| strategy.row.expiration) {
        let later = chosen.iter().map(|of| of.expiration.date);
        let later = later.filter(|day| day.signed_duration_since(end).num_days() >= rolls::NEXT_CYCLE);
        days.extend(later.take(LATER));
    }
    chosen.retain(|of| days.contains(&of.expiration.date));
    let wanted = Wanted {
        symbol: symbol.clone(),
        expirations: Expirations::Any,
        delta: None,
        strikes: None,
        near: Some(NEAR),
        side: Sides::Both,
        form: Form::Rows,
    };
    let quoted = reader.quoted(&listing, chosen, &wanted).await?;
    Ok(columns(&symbol, &quoted, rate, app.now))
}
