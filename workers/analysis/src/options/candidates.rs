//! What a scan found, in the form of the answer: percent, rounded, with flags.

use contract::analysis::options::{CandidateLeg, OptionCandidate, ScannedExpiration, ScorePart};
use domain::occ::Side;
use quant::scan::{self, Candidate, Chain, Kind, Quote};

use crate::gather::chain::{Columns, Expiration};

/// Bid and ask that are further apart than this, of their middles, are flagged.
const WIDE: f64 = 0.10;

/// A number with so many digits after the point, and never minus zero.
pub(crate) fn round(value: f64, digits: i32) -> Option<f64> {
    let unit = 10_f64.powi(digits);
    let rounded = (value * unit).round() / unit + 0.0;
    rounded.is_finite().then_some(rounded)
}

/// The same for what is known to be a number.
fn rounded(value: f64, digits: i32) -> f64 {
    round(value, digits).unwrap_or_default()
}

/// The strategy in the tool's word.
pub(crate) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::CashSecuredPut => "csp",
        Kind::CoveredCall => "covered_call",
        Kind::PutSpread => "put_spread",
        Kind::CallSpread => "call_spread",
        Kind::IronCondor => "iron_condor",
        Kind::Strangle => "strangle",
    }
}

/// A part of a score with its reason.
pub(crate) fn part(part: &scan::Part, name: &str, reason: String) -> ScorePart {
    ScorePart { part: name.to_owned(), value: rounded(part.value, 3), weight: part.weight, reason }
}

/// A candidate; the parts of its score are added when their reasons are known.
pub(crate) fn shown(kind: Kind, of: &Candidate, columns: &Columns, chain: &Chain) -> OptionCandidate {
    let figures = &of.figures;
    let expiration = columns.expirations.get(of.expiration);
    let legs = of.sold.iter().map(|quote| leg("short", quote, expiration));
    let legs = legs.chain(of.bought.iter().map(|quote| leg("long", quote, expiration))).collect();
    let percent = |share: f64| rounded(share * 100.0, 2);
    OptionCandidate {
        strategy: word(kind).to_owned(),
        expiration: expiration.map(|of| of.date).unwrap_or_default(),
        dte: expiration.map(|of| of.quotes.dte).unwrap_or_default(),
        legs,
        credit: rounded(figures.credit, 4),
        credit_at_worst: rounded(figures.credit_at_worst, 4),
        fees: rounded(figures.fees, 2),
        max_profit: rounded(figures.max_profit, 2),
        max_loss: figures.max_loss.map(|loss| rounded(loss, 2)),
        break_evens: figures.break_evens.iter().map(|price| rounded(*price, 4)).collect(),
        cushion_percent: percent(figures.cushion),
        otm_percent: percent(figures.otm),
        expected_move: rounded(figures.expected_move, 4),
        strike_in_moves: rounded(figures.moves, 3),
        width: figures.width.map(|width| rounded(width, 4)),
        credit_of_width: figures.credit_of_width.map(percent),
        collateral: rounded(figures.collateral, 2),
        buying_power: rounded(figures.buying_power, 2),
        return_on_collateral: percent(figures.on_collateral),
        annualised_return: percent(figures.annualised),
        cost_basis: figures.covered.map(|covered| rounded(covered.basis, 4)),
        if_called_return: figures.covered.map(|covered| percent(covered.called)),
        if_called_annualised: figures.covered.map(|covered| percent(covered.called_annualised)),
        pop: percent(figures.pop),
        p_itm: percent(figures.p_itm),
        p_touch: percent(figures.p_touch),
        volatility: percent(figures.volatility),
        ev: rounded(figures.ev, 2),
        ev_at_hv: figures.ev_realised.map(|ev| rounded(ev, 2)),
        delta: rounded(figures.delta, 2),
        gamma: figures.others.map(|[gamma, ..]| rounded(gamma, 4)),
        theta: figures.others.map(|[_, theta, _]| rounded(theta, 2)),
        vega: figures.others.map(|[.., vega]| rounded(vega, 2)),
        theta_of_collateral: figures.others.and_then(|[_, theta, _]| round(theta / figures.collateral * 100.0, 4)),
        spread_percent: percent(figures.spread),
        open_interest: figures.open_interest,
        past_losses: of.history.map(|history| percent(history.losses)),
        past_mean: of.history.map(|history| rounded(history.mean, 2)),
        past_periods: of.history.map(|history| history.periods),
        flags: flags(of, chain),
        score: rounded(of.score, 1),
        parts: Vec::new(),
    }
}

fn leg(position: &str, quote: &Quote, expiration: Option<&Expiration>) -> CandidateLeg {
    let symbols = expiration.map(|of| of.symbols(quote.side));
    CandidateLeg {
        position: position.to_owned(),
        symbol: symbols.and_then(|symbols| symbols.get(quote.place).cloned().flatten()),
        side: if quote.side == Side::Call { "call" } else { "put" }.to_owned(),
        strike: quote.strike,
        bid: quote.bid,
        ask: quote.ask,
        delta: rounded(quote.delta, 4),
        iv: rounded(quote.iv * 100.0, 2),
        open_interest: quote.open_interest,
        volume: quote.volume,
    }
}

/// What to be careful of.
fn flags(of: &Candidate, chain: &Chain) -> Vec<String> {
    let Some(expiration) = chain.expirations.get(of.expiration) else { return Vec::new() };
    let early = |dividend: f64| {
        let is_due = |quote: &Quote| quote.mid() - (chain.spot - quote.strike).max(0.0) < dividend;
        of.sold.iter().any(|quote| quote.side == Side::Call && is_due(quote))
    };
    let below = of.figures.covered.is_some_and(|covered| of.sold.iter().any(|quote| quote.strike < covered.basis));
    [
        ("earnings", expiration.has_earnings),
        ("ex_dividend", expiration.dividend.is_some()),
        ("early_assignment", expiration.dividend.is_some_and(early)),
        ("below_cost_basis", below),
        ("wide_market", of.figures.spread > WIDE),
        ("no_loss_limit", of.figures.max_loss.is_none()),
    ]
    .into_iter()
    .filter(|(_, is_so)| *is_so)
    .map(|(name, _)| name.to_owned())
    .collect()
}

/// The expirations that were looked at, with their volatility and their expected move.
pub(crate) fn expirations(columns: &Columns, chain: &Chain) -> Vec<ScannedExpiration> {
    let shown = |(of, scanned): (&Expiration, &scan::Expiration)| {
        let iv = scanned.at_the_money(chain.spot);
        let by_volatility = iv.map(|iv| chain.spot * iv * scanned.years.sqrt());
        ScannedExpiration {
            expiration: of.date,
            dte: scanned.dte,
            iv: iv.and_then(|iv| round(iv * 100.0, 2)),
            expected_move: by_volatility.and_then(|by| round(by, 2)),
            straddle: scanned.straddle(chain.spot).and_then(|price| round(price, 2)),
            implied_yield: rounded(scanned.yields * 100.0, 4),
            earnings: scanned.has_earnings,
            ex_dividend: scanned.dividend.is_some(),
        }
    };
    columns.expirations.iter().zip(&chain.expirations).map(shown).collect()
}
