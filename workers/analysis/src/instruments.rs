//! Which contract a future's symbol means, and how the stream of market data knows futures and coins.

use domain::{Error, Reason, Symbol, UserId};
use tasty::instruments::{self, Instrument};

use crate::{app::App, upstream};

/// The instrument of a future or coin; of a product such as `/ES` its active month.
pub(crate) async fn find(app: &App, user: &UserId, symbol: &Symbol) -> Result<Instrument, Error> {
    let unknown = || {
        let message = format!("TastyTrade knows no {symbol}. Futures look like /ESZ6 or /ES, coins like BTC/USD.");
        Error::new(Reason::NotFound, message).with("symbols", vec![symbol.as_str()])
    };
    if let Some(product) = instruments::product(symbol) {
        let request = instruments::futures(product);
        let contracts = upstream::ask(app, user, "futures", request, instruments::read_all).await?;
        return contracts.into_iter().find(|contract| contract.is_active_month).ok_or_else(unknown);
    }
    let request = instruments::one(symbol).ok_or_else(unknown)?;
    let answer = upstream::call(app, user, request).await?;
    if answer.status == 404 {
        return Err(unknown());
    }
    Ok(upstream::noted("instrument", instruments::read_one(&answer).map_err(|error| upstream::explain(app, error))?))
}

/// The symbol to be asked for: that of the active month where a product is named. The note says so.
pub(crate) async fn resolve(app: &App, user: &UserId, symbol: &Symbol) -> Result<(Symbol, Option<String>), Error> {
    if instruments::product(symbol).is_none() {
        return Ok((symbol.clone(), None));
    }
    let contract = find(app, user, symbol).await?;
    let found = Symbol::parse(&contract.symbol).map_err(|_| {
        Error::new(Reason::UpstreamUnavailable, "TastyTrade's list of futures could not be read. Try again later.")
    })?;
    let note = format!("{symbol} is the product; this is its active month, {found}.");
    Ok((found, Some(note)))
}
