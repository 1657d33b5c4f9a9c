//! What might be sold on an underlying: its market is gathered, its chain scanned, and what is found is shown.

pub(crate) mod candidates;
pub(crate) mod text;
mod window;

use agents::rules::options::{self as rules, Around};
use chrono::NaiveDate;
use contract::{
    analysis::{
        DISCLAIMER,
        options::{
            ChartContext, EarningsRule, HeldShares, LeftOut, OptionCandidate, OptionsAnalysis, ScanFilters,
            StrategyName, TrendWord,
        },
    },
    market::{
        chain::{Expirations, Form, Sides, Wanted},
        history::Interval,
    },
};
use domain::{Error, Symbol, UserId};
use futures_util::future::join;
use quant::{
    scan::{self, Aspect, Background, Chain, Filter, Filters, Kind, Request, Trend},
    strategy::Fees,
};
use tasty::symbol::Kind as Instrument;

use crate::{
    app::App,
    gather::{
        bars,
        chain::{self, Columns, Reader},
        metrics::{self, Figures},
        rate,
    },
    tools::new_york,
};

/// Daily closing prices for the look at the past: about two years.
const CLOSES: usize = 504;
/// The strikes that are read reach this many standard deviations to each side,
const REACH: f64 = 2.6;
/// but at least so far, of the price,
const NARROWEST: f64 = 0.12;
/// and at most so far down.
const DEEPEST: f64 = 0.9;
/// The volatility that this takes where none is known.
const USUAL_VOLATILITY: f64 = 0.6;

/// What is asked of one underlying.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) symbol: &'a Symbol,
    pub(crate) strategy: StrategyName,
    pub(crate) expiration: Option<NaiveDate>,
    pub(crate) filters: &'a ScanFilters,
    /// What becomes of expirations behind earnings where the filters do not say.
    pub(crate) earnings: EarningsRule,
    pub(crate) cost_basis: Option<f64>,
    pub(crate) chart: &'a ChartContext,
    pub(crate) limit: usize,
    /// How many expirations are looked at, at most.
    pub(crate) expirations: usize,
    /// Whether the past is looked at too.
    pub(crate) with_past: bool,
}

/// The market that a scan works on.
struct Scene {
    columns: Columns,
    figures: Option<Figures>,
    closes: Vec<f64>,
    rate: f64,
    missing: Vec<String>,
    notes: Vec<String>,
}

/// Gathers the market around an underlying and scans its chain.
///
/// # Errors
///
/// A symbol without options, an expiration that there is not, a lost login, and what TastyTrade answers.
pub(crate) async fn analyse(
    app: &App,
    user: &UserId,
    ask: &Ask<'_>,
    holding: Option<HeldShares>,
) -> Result<OptionsAnalysis, Error> {
    check(ask.symbol)?;
    let scene = gather(app, user, ask).await?;
    Ok(assemble(ask, scene, holding))
}

/// Options on futures follow other rules of margin, and coins have none.
fn check(symbol: &Symbol) -> Result<(), Error> {
    if matches!(Instrument::of(symbol), Instrument::Equity | Instrument::Index) {
        return Ok(());
    }
    let message = format!(
        "{symbol} is no stock, fund or index, and the margin of others follows other rules. Send a ticker such as AAPL or \
         SPX; get_option_chain shows options on futures."
    );
    Err(Error::invalid_argument("symbol", message))
}

async fn gather(app: &App, user: &UserId, ask: &Ask<'_>) -> Result<Scene, Error> {
    let reader = Reader::new(app, user).await?;
    let symbols = [ask.symbol.clone()];
    let past = async {
        match ask.with_past {
            true => Some(bars::bars(app, user, ask.symbol, Interval::Day1, CLOSES).await),
            false => None,
        }
    };
    let market = async {
        let (listing, metrics) = join(reader.listing(ask.symbol), metrics::metrics(app, user, &symbols)).await;
        let (listing, (mut known, failure)) = (listing?, metrics?);
        let figures = known.remove(ask.symbol.as_str());
        let listed = listing.listed(app.now);
        let (chosen, mut notes) = window::choose(&listed, ask, new_york::day(app.now))?;
        let furthest = chosen.iter().map(|of| of.dte).max().unwrap_or_default();
        let wanted = Wanted {
            symbol: ask.symbol.clone(),
            // The expirations are chosen already.
            expirations: Expirations::Any,
            delta: None,
            strikes: None,
            near: Some(near(figures.as_ref(), furthest)),
            side: Sides::Both,
            form: Form::Rows,
        };
        let quoted = reader.quoted(&listing, chosen, &wanted).await?;
        let (rate, note) = rate::or_usual(app, user, reader.time_left()).await;
        notes.extend(note.filter(|note| !quoted.notes.contains(note)));
        let columns = chain::columns(ask.symbol, &quoted, rate, app.now);
        Ok::<_, Error>((columns, figures, failure, rate, notes))
    };
    let (market, past) = join(market, past).await;
    let (columns, figures, failure, rate, notes) = market?;
    let mut missing = Vec::new();
    if let Some(failure) = failure {
        missing.push(format!("metrics are from before or missing: {failure}"));
    } else if figures.is_none() {
        missing.push(
            "TastyTrade has no metrics for it: IV rank, historical volatility and events are not known".to_owned(),
        );
    }
    let closes = match past {
        None => Vec::new(),
        Some(Ok(series)) => series.bars.close().to_vec(),
        Some(Err(error)) => {
            missing.push(format!("how it moved in the past: {error}"));
            Vec::new()
        }
    };
    Ok(Scene { columns, figures, closes, rate, missing, notes })
}

/// The strikes that are of use, as parts of the price.
fn near(figures: Option<&Figures>, days: i64) -> (f64, f64) {
    let volatility = figures.and_then(|figures| figures.iv_30_day.or(figures.iv_index)).map(|percent| percent / 100.0);
    #[expect(clippy::cast_precision_loss, reason = "days of some years")]
    let years = days.max(1) as f64 / 365.0;
    // A quarter more for smiles and for what a mean over expirations hides.
    let away = (1.25 * REACH * volatility.unwrap_or(USUAL_VOLATILITY) * years.sqrt()).max(NARROWEST);
    (1.0 - away.min(DEEPEST), 1.0 + away)
}

fn assemble(ask: &Ask<'_>, scene: Scene, holding: Option<HeldShares>) -> OptionsAnalysis {
    let Scene { columns, figures, closes, rate, mut missing, mut notes } = scene;
    let Columns { price, source, as_of, .. } = columns;
    missing.extend(columns.missing.iter().cloned());
    notes.extend(columns.notes.iter().cloned());
    let events = figures.as_ref().map(|figures| figures.events.clone()).unwrap_or_default();
    let chain = Chain {
        spot: price.or_else(|| columns.expirations.first().map(|of| of.price)).unwrap_or_default(),
        rate,
        expirations: columns
            .expirations
            .iter()
            .map(|of| scan::Expiration {
                has_earnings: events.earnings_until(of.date).is_some(),
                dividend: events.ex_dividend_until(of.date).map(|_| events.dividend.unwrap_or_default()),
                ..of.quotes.clone()
            })
            .collect(),
    };
    if price.is_none() && chain.spot <= 0.0 {
        missing.push("the price of the underlying".to_owned());
    }
    let basis = ask.cost_basis.or(holding.as_ref().and_then(|held| held.cost_basis));
    let background = Background {
        iv_rank: figures.as_ref().and_then(|figures| figures.iv_rank),
        realised: figures.as_ref().and_then(|figures| figures.hv_30_day).map(|percent| percent / 100.0),
        closes,
        supports: ask.chart.supports.clone(),
        resistances: ask.chart.resistances.clone(),
        trend: ask.chart.trend.map(|trend| match trend {
            TrendWord::Up => Trend::Up,
            TrendWord::Down => Trend::Down,
            TrendWord::Sideways => Trend::Sideways,
        }),
        basis,
    };
    let fees = if Instrument::of(ask.symbol) == Instrument::Index { Fees::INDEX } else { Fees::EQUITY };
    let found = scanned(ask, &chain, &background, fees);
    let used = used(ask, rate);
    let first = kinds(ask.strategy)[0];
    let mut answer = OptionsAnalysis {
        analysis_id: String::new(),
        symbol: ask.symbol.to_string(),
        strategy: ask.strategy,
        underlying_price: price.and_then(|price| candidates::round(price, 4)),
        iv_rank: figures.as_ref().and_then(|figures| figures.iv_rank),
        iv_percentile: figures.as_ref().and_then(|figures| figures.iv_percentile),
        iv_30_day: figures.as_ref().and_then(|figures| figures.iv_30_day),
        hv_30_day: figures.as_ref().and_then(|figures| figures.hv_30_day),
        risk_free_rate: candidates::round(rate * 100.0, 3).unwrap_or_default(),
        earnings_date: events.earnings.as_ref().map(|of| of.date),
        earnings_time: events.earnings.as_ref().and_then(|of| of.time_of_day.clone()),
        ex_dividend_date: events.ex_dividend,
        dividend: events.dividend,
        holding,
        expirations: candidates::expirations(&columns, &chain),
        candidates: found.candidates.iter().map(|(kind, of)| candidates::shown(*kind, of, &columns, &chain)).collect(),
        considered: found.considered,
        passed: found.passed,
        left_out: found
            .left_out
            .iter()
            .map(|(filter, count)| LeftOut { filter: word(*filter).to_owned(), count: *count })
            .collect(),
        filters: shown_filters(ask, &used(first)),
        summary: contract::analysis::Summary::default(),
        missing,
        notes,
        source,
        as_of,
        disclaimer: DISCLAIMER.to_owned(),
    };
    let levels: Vec<Option<f64>> =
        found.candidates.iter().map(|(_, of)| of.parts.iter().find_map(|part| part.level)).collect();
    let mut shown: Vec<OptionCandidate> = core::mem::take(&mut answer.candidates);
    for ((candidate, (_, of)), level) in shown.iter_mut().zip(&found.candidates).zip(&levels) {
        candidate.parts = of
            .parts
            .iter()
            .map(|part| {
                let name = aspect(part.aspect);
                candidates::part(part, name, rules::reason(name, candidate, *level, &answer, ask.chart))
            })
            .collect();
    }
    answer.candidates = shown;
    answer.summary = rules::summary(&answer, &Around { chart: ask.chart.clone(), levels });
    answer
}

/// What the scans of all kinds of a strategy found together.
#[derive(Default)]
struct Together {
    candidates: Vec<(Kind, scan::Candidate)>,
    considered: usize,
    passed: usize,
    left_out: Vec<(Filter, usize)>,
}

fn scanned(ask: &Ask<'_>, chain: &Chain, background: &Background, fees: Fees) -> Together {
    let mut together = Together::default();
    for kind in kinds(ask.strategy) {
        let request = Request {
            filters: used(ask, chain.rate)(*kind),
            background: background.clone(),
            fees,
            most: ask.limit,
            ..Request::usual(*kind)
        };
        let found = scan::scan(chain, &request);
        together.considered += found.considered;
        together.passed += found.passed;
        for (filter, count) in found.left_out {
            match together.left_out.iter_mut().find(|(of, _)| *of == filter) {
                Some((_, sum)) => *sum += count,
                None => together.left_out.push((filter, count)),
            }
        }
        together.candidates.extend(found.candidates.into_iter().map(|candidate| (*kind, candidate)));
    }
    together.candidates.sort_by(|(_, one), (_, other)| other.score.total_cmp(&one.score));
    together.candidates.truncate(ask.limit);
    together
}

/// The scans that a strategy means.
const fn kinds(strategy: StrategyName) -> &'static [Kind] {
    match strategy {
        StrategyName::Csp => &[Kind::CashSecuredPut],
        StrategyName::CoveredCall => &[Kind::CoveredCall],
        StrategyName::Spread => &[Kind::PutSpread, Kind::CallSpread],
        StrategyName::PutSpread => &[Kind::PutSpread],
        StrategyName::CallSpread => &[Kind::CallSpread],
        StrategyName::IronCondor => &[Kind::IronCondor],
        StrategyName::Strangle => &[Kind::Strangle],
    }
}

/// The filters of a kind: those that were asked for, else the usual ones. Days are chosen before.
fn used<'a>(ask: &'a Ask<'_>, rate: f64) -> impl Fn(Kind) -> Filters + 'a {
    move |kind| {
        let usual = Filters::usual(kind);
        let asked = ask.filters;
        let share = |percent: Option<f64>, usual: f64| percent.map_or(usual, |percent| percent / 100.0);
        Filters {
            days: (0, i64::MAX),
            delta: (asked.min_delta.unwrap_or(usual.delta.0), asked.max_delta.unwrap_or(usual.delta.1)),
            long_delta: (
                asked.min_long_delta.unwrap_or(usual.long_delta.0),
                asked.max_long_delta.unwrap_or(usual.long_delta.1),
            ),
            least_otm: share(asked.min_otm, usual.least_otm),
            least_open_interest: asked.min_open_interest.unwrap_or(usual.least_open_interest),
            least_volume: asked.min_volume.unwrap_or(usual.least_volume),
            widest_spread: share(asked.max_spread_percent, usual.widest_spread),
            width: (asked.min_width.unwrap_or(usual.width.0), asked.max_width.unwrap_or(usual.width.1)),
            least_credit: asked.min_credit.unwrap_or(usual.least_credit),
            least_credit_of_width: share(asked.min_credit_of_width, usual.least_credit_of_width),
            most_collateral: asked.max_collateral.unwrap_or(usual.most_collateral),
            least_annualised: share(asked.min_annualised_return, rate.max(0.0)),
            least_probability: share(asked.min_pop, usual.least_probability),
            without_earnings: asked.earnings.unwrap_or(ask.earnings) == EarningsRule::Exclude,
            above_basis: usual.above_basis,
        }
    }
}

/// The filters as they were used, for the answer.
fn shown_filters(ask: &Ask<'_>, used: &Filters) -> ScanFilters {
    let percent = |share: f64| candidates::round(share * 100.0, 3);
    let is_wide = used.width.1 >= f64::MAX;
    let has_width = !matches!(ask.strategy, StrategyName::Csp | StrategyName::CoveredCall | StrategyName::Strangle);
    ScanFilters {
        min_dte: ask.filters.min_dte,
        max_dte: ask.filters.max_dte,
        min_delta: Some(used.delta.0),
        max_delta: Some(used.delta.1),
        min_long_delta: has_width.then_some(used.long_delta.0),
        max_long_delta: has_width.then_some(used.long_delta.1),
        min_otm: percent(used.least_otm),
        min_width: ask.filters.min_width,
        max_width: (!is_wide).then_some(used.width.1),
        min_credit: Some(used.least_credit),
        min_credit_of_width: percent(used.least_credit_of_width).filter(|_| has_width),
        min_open_interest: Some(used.least_open_interest),
        min_volume: Some(used.least_volume),
        max_spread_percent: percent(used.widest_spread),
        max_collateral: ask.filters.max_collateral,
        min_annualised_return: percent(used.least_annualised),
        min_pop: percent(used.least_probability),
        earnings: Some(ask.filters.earnings.unwrap_or(ask.earnings)),
    }
}

/// The argument that a filter is set by, or what it is in a word.
const fn word(filter: Filter) -> &'static str {
    match filter {
        Filter::NoMarket => "no_market",
        Filter::Days => "dte",
        Filter::Earnings => "earnings",
        Filter::OutOfTheMoney => "out_of_the_money",
        Filter::Basis => "cost_basis",
        Filter::Delta => "delta",
        Filter::OpenInterest => "open_interest",
        Filter::Volume => "volume",
        Filter::Spread => "spread_percent",
        Filter::Width => "width",
        Filter::Credit => "credit",
        Filter::CreditOfWidth => "credit_of_width",
        Filter::Collateral => "collateral",
        Filter::Annualised => "annualised_return",
        Filter::Probability => "pop",
    }
}

const fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Return => "return",
        Aspect::Probability => "probability",
        Aspect::Edge => "edge",
        Aspect::Liquidity => "liquidity",
        Aspect::Cushion => "cushion",
        Aspect::Volatility => "volatility",
        Aspect::Events => "events",
        Aspect::Chart => "chart",
    }
}
