//! `get_live_portfolio`: the resources `portfolio://positions` and `portfolio://balances`, with what can be computed of them;
//! rows of the last sync also where the login does not hold, with notes that say so.

use contract::{
    account::{
        Source,
        positions::{MissingOfPosition, PositionRow},
    },
    portfolio::{AccountBalance, Part},
};
use domain::{AccountNumber, Decimal, Error, Family, Symbol, Timestamp, UserId, portfolio::Account};
use serde::Serialize;

use crate::{
    app::App,
    live,
    tools::{account, amounts, analyze_portfolio, get_positions, holdings},
};

/// The answer, as the resource shows it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Shown {
    /// The positions.
    Positions {
        positions: Vec<PositionRow>,
        totals: Totals,
        #[serde(flatten)]
        origin: Origin,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        missing: Vec<MissingOfPosition>,
    },
    /// The balances.
    Balances {
        accounts: Vec<AccountBalance>,
        totals: Worth,
        #[serde(flatten)]
        origin: Origin,
    },
}

/// Where it comes from and when.
#[derive(Serialize)]
pub(crate) struct Origin {
    source: Source,
    as_of: Option<Timestamp>,
    notes: Vec<String>,
}

/// All positions together; what is not known of one is not known of all.
#[derive(Default, Serialize)]
pub(crate) struct Totals {
    mark: Option<Decimal>,
    unrealized_pnl: Option<Decimal>,
    day_pnl: Option<Decimal>,
    theta: Option<f64>,
    vega: Option<f64>,
    /// Shares of SPY that they move like.
    beta_weighted_delta: Option<f64>,
}

/// All accounts together.
#[derive(Default, Serialize)]
pub(crate) struct Worth {
    net_liquidating_value: Option<Decimal>,
    cash_balance: Option<Decimal>,
    used_derivative_buying_power: Option<Decimal>,
    used_buying_power_percent: Option<Decimal>,
}

impl Origin {
    fn new(source: Source, as_of: Option<Timestamp>, mut notes: Vec<String>) -> Self {
        notes.extend(match (source, as_of) {
            (Source::Rest, _) => None,
            (Source::LastSync, None) => Some(
                "Nothing has been synced yet. Syncs run by themselves; the dashboard has a button that starts one."
                    .to_owned(),
            ),
            (Source::LastSync, Some(_)) => {
                Some("Rows of the last sync are no live values; each says in `as_of` when it was read.".to_owned())
            }
        });
        Self { source, as_of, notes }
    }
}

/// That part of the portfolio; positions in one underlying, where one is named.
pub(crate) async fn answer(app: &App, user: &UserId, part: Part, underlying: Option<&Symbol>) -> Result<Shown, Error> {
    let (accounts, default) = match account::meant_and_default(app, user, Some("all")).await {
        Ok(meant) => meant,
        // Ours to mend: an empty portfolio would say that there is none.
        Err(error) if matches!(error.reason.family(), Family::DatabaseError | Family::InternalError) => {
            return Err(error);
        }
        Err(error) => return Ok(nothing(part, error.message.into_owned())),
    };
    match part {
        Part::Positions => positions(app, user, accounts, underlying).await,
        Part::Balances => balances(app, user, accounts, default.as_ref()).await,
    }
}

/// No account is known.
fn nothing(part: Part, why: String) -> Shown {
    let origin = Origin::new(Source::LastSync, None, vec![why]);
    match part {
        Part::Positions => {
            Shown::Positions { positions: Vec::new(), totals: Totals::default(), missing: Vec::new(), origin }
        }
        Part::Balances => Shown::Balances { accounts: Vec::new(), totals: Worth::default(), origin },
    }
}

async fn positions(
    app: &App,
    user: &UserId,
    accounts: Vec<Account>,
    underlying: Option<&Symbol>,
) -> Result<Shown, Error> {
    let known = live::positions(app, user, accounts).await?;
    let valued = get_positions::valued(app, user, known, underlying, true).await;
    // Nothing of the market is asked for where the login does not hold.
    let is_live = valued.source == Source::Rest && !valued.positions.is_empty();
    let delta = if is_live { analyze_portfolio::beta_weighted_delta(app, user, &valued).await } else { None };
    let sums = holdings::totals(&valued.positions);
    let totals = Totals {
        mark: sums.mark,
        unrealized_pnl: sums.unrealized_pnl,
        day_pnl: sums.day_pnl,
        theta: sums.theta,
        vega: sums.vega,
        beta_weighted_delta: delta,
    };
    let as_of = valued.positions.iter().map(|row| row.as_of).max().or(valued.as_of);
    let origin = Origin::new(valued.source, as_of, valued.notes);
    Ok(Shown::Positions { positions: valued.positions, totals, missing: valued.missing, origin })
}

async fn balances(
    app: &App,
    user: &UserId,
    accounts: Vec<Account>,
    default: Option<&AccountNumber>,
) -> Result<Shown, Error> {
    let known = live::balances(app, user, accounts).await?;
    let source = known.source();
    let accounts = live::rows(&known.found, default);
    let as_of = accounts.iter().filter_map(|row| row.as_of).max();
    let sum = |pick: fn(&AccountBalance) -> Option<Decimal>| amounts::sum(accounts.iter().map(pick));
    let (worth, used) = (sum(|row| row.net_liquidating_value), sum(|row| row.used_derivative_buying_power));
    let totals = Worth {
        net_liquidating_value: worth,
        cash_balance: sum(|row| row.cash_balance),
        used_derivative_buying_power: used,
        used_buying_power_percent: used.zip(worth).and_then(|(used, worth)| used.percent_of(worth)),
    };
    Ok(Shown::Balances { totals, origin: Origin::new(source, as_of, known.notes), accounts })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn before_the_first_sync_there_is_nothing_and_notes_say_so() {
        for (part, list) in [(Part::Positions, "positions"), (Part::Balances, "accounts")] {
            let written = serde_json::to_value(nothing(part, "There is no account.".to_owned())).unwrap();
            assert_eq!(
                (&written["as_of"], &written[list], &written["source"]),
                (&Value::Null, &json!([]), &json!("last_sync"))
            );
            assert_eq!(written["notes"][0], "There is no account.");
            assert!(written["notes"][1].as_str().unwrap().starts_with("Nothing has been synced yet."));
        }
        assert!(Origin::new(Source::Rest, None, Vec::new()).notes.is_empty());
        let then = "2026-11-20T15:00:00Z".parse().ok();
        assert!(Origin::new(Source::LastSync, then, Vec::new()).notes[0].starts_with("Rows of the last sync"));
    }

    #[test]
    fn every_digit_is_kept() {
        let accounts: Vec<AccountBalance> = vec![
            serde_json::from_str(r#"{"account":"a","name":"n","net_liquidating_value":210.50,"cash_balance":-1.000}"#)
                .unwrap(),
        ];
        let origin = Origin::new(Source::Rest, None, Vec::new());
        let written = serde_json::to_string(&Shown::Balances { accounts, totals: Worth::default(), origin }).unwrap();
        assert!(written.contains("\"net_liquidating_value\":210.50,") && written.contains("-1.000"), "{written}");
    }
}
