//! `analyze_options`: what might be sold on an underlying, ranked by a score whose parts are shown.

use contract::{
    Rendered,
    analysis::options::{AnalyzeOptionsInput, EarningsRule, HeldShares, StrategyName, WantedOptions},
};
use domain::{
    Error, Family, OccSymbol, Scope, Symbol, UserId,
    occ::Side,
    portfolio::{Direction, Position},
};

use super::{Asked, account, analyses};
use crate::{
    app::App,
    chain::float,
    live,
    options::{self, Ask, text},
    zone::Zone,
};

/// So many expirations are looked at.
const EXPIRATIONS: usize = 4;

/// The candidates on one underlying.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let may_read_accounts = asked.permits(Scope::AccountRead);
    let (app, user, input): (_, _, AnalyzeOptionsInput) = asked.read()?;
    let wanted = input.check()?;
    let mut notes = Vec::new();
    let holding = match wanted.strategy {
        StrategyName::CoveredCall if may_read_accounts => held(app, user, &wanted.symbol, &mut notes).await?,
        _ => None,
    };
    let mut found = options::analyse(app, user, &ask(&wanted), holding).await?;
    found.analysis_id = analyses::id(app);
    if wanted.strategy == StrategyName::CoveredCall && wanted.cost_basis.is_none() {
        let has_basis = found.holding.as_ref().is_some_and(|held| held.cost_basis.is_some());
        if !has_basis {
            notes.push("No cost basis is known: the shares count as bought at today's price.".to_owned());
        }
    }
    found.notes.extend(notes);
    let rendered = Rendered::new(&found, text::text(&found, &Zone::of(app, user).await))?;
    let about = analyses::About {
        id: &found.analysis_id,
        kind: "analyze_options",
        symbol: Some(&wanted.symbol),
        strategy: Some(wanted.strategy.word()),
    };
    analyses::keep(app, user, about, &rendered).await;
    Ok(rendered)
}

fn ask(wanted: &WantedOptions) -> Ask<'_> {
    Ask {
        symbol: &wanted.symbol,
        strategy: wanted.strategy,
        expiration: wanted.expiration,
        filters: &wanted.filters,
        earnings: EarningsRule::Flag,
        cost_basis: wanted.cost_basis,
        chart: &wanted.chart,
        limit: wanted.limit,
        expirations: EXPIRATIONS,
        with_past: true,
    }
}

/// The user's shares of an underlying in all accounts. Without them the answer is still of use, so that only a lost login is an
/// error.
async fn held(app: &App, user: &UserId, symbol: &Symbol, notes: &mut Vec<String>) -> Result<Option<HeldShares>, Error> {
    let known = async { live::positions(app, user, account::meant(app, user, Some("all")).await?).await?.allowed() };
    let known = match known.await {
        Ok(known) => known,
        Err(error) if error.reason.family() == Family::AuthenticationError => return Err(error),
        Err(error) => {
            notes.push(format!("Shares that are held could not be read: {error}"));
            return Ok(None);
        }
    };
    notes.extend(known.notes);
    let positions = known.found.iter().flat_map(|found| &found.value).map(|held| &held.position);
    let found = holding(positions.filter(|of| of.underlying_symbol.eq_ignore_ascii_case(symbol.as_str())));
    if found.is_none() {
        notes.push(format!("No shares of {symbol} are held."));
    }
    Ok(found)
}

/// The shares among positions in one underlying, with what they cost on average and how many calls are sold against them.
fn holding<'a>(positions: impl Iterator<Item = &'a Position>) -> Option<HeldShares> {
    let (mut shares, mut paid, mut is_cost_known, mut covered) = (0.0, 0.0, true, 0.0);
    for position in positions {
        let quantity = float(position.quantity)?;
        let is_short = position.quantity_direction == Direction::Short;
        if position.instrument_type.eq_ignore_ascii_case("equity") && position.quantity_direction == Direction::Long {
            shares += quantity;
            match position.average_open_price.and_then(float) {
                Some(price) => paid += quantity * price,
                None => is_cost_known = false,
            }
        }
        let is_call = OccSymbol::parse(&position.symbol).is_some_and(|option| option.side == Side::Call);
        if is_short && is_call {
            covered += quantity * position.multiplier.and_then(float).unwrap_or(100.0);
        }
    }
    (shares > 0.0).then(|| HeldShares {
        shares,
        covered: f64::min(covered, shares),
        cost_basis: (is_cost_known && paid > 0.0).then(|| paid / shares),
    })
}

#[cfg(test)]
mod tests {
    use domain::AccountNumber;

    use super::*;

    fn position(symbol: &str, kind: &str, quantity: &str, direction: Direction, price: Option<&str>) -> Position {
        Position {
            account_number: AccountNumber::try_from("5WX00001".to_owned()).unwrap(),
            symbol: symbol.to_owned(),
            underlying_symbol: "AAPL".to_owned(),
            instrument_type: kind.to_owned(),
            quantity: quantity.parse().unwrap(),
            quantity_direction: direction,
            average_open_price: price.map(|price| price.parse().unwrap()),
            close_price: None,
            mark: None,
            mark_price: None,
            realized_day_gain: None,
            multiplier: Some(if kind == "Equity" { "1" } else { "100" }.parse().unwrap()),
            expires_at: None,
            opened_at: None,
        }
    }

    #[test]
    fn shares_have_their_mean_cost_and_their_calls() {
        let positions = [
            position("AAPL", "Equity", "100", Direction::Long, Some("150")),
            position("AAPL", "Equity", "300", Direction::Long, Some("170")),
            position("AAPL  261218C00200000", "Equity Option", "2", Direction::Short, Some("3")),
            position("AAPL  261218P00150000", "Equity Option", "5", Direction::Short, Some("3")),
        ];
        let held = holding(positions.iter()).unwrap();
        assert_eq!((held.shares, held.covered, held.cost_basis), (400.0, 200.0, Some(165.0)));
        assert_eq!(holding(positions[2..].iter()), None);
        let unknown = [position("AAPL", "Equity", "100", Direction::Long, None)];
        assert_eq!(holding(unknown.iter()).unwrap().cost_basis, None);
        let short = [position("AAPL", "Equity", "100", Direction::Short, Some("150"))];
        assert_eq!(holding(short.iter()), None);
    }
}
