//! The risk-free rate to compute options with.

use std::time::Duration;

use domain::{Error, UserId};
use edge::{deadline::within, kv::Ttl};
use tasty::risk_free_rate;

use crate::{app::App, upstream};

/// The name of the rate in the cache.
const RISK_FREE: &str = "risk_free";
/// The rate changes with the central bank's.
const KEPT: Ttl = Ttl::seconds(86_400);

/// TastyTrade's risk-free rate per year, a fraction: from the cache, where it stays a day, or from TastyTrade within `wait`.
///
/// # Errors
///
/// Why TastyTrade did not tell it. Whoever needs a rate all the same says which one is taken instead.
pub(crate) async fn risk_free(app: &App, user: &UserId, wait: Duration) -> Result<f64, Error> {
    let kept = app.kv.get(&rate_key(RISK_FREE)).await.and_then(|text| text.parse::<f64>().ok());
    if let Some(rate) = kept.filter(|rate| rate.is_finite()) {
        return Ok(rate);
    }
    let asked = upstream::call(app, user, risk_free_rate::request());
    let answer = within(wait, asked).await.ok_or(tasty::Error::TimedOut)??;
    let rate = risk_free_rate::read(&answer).map_err(|error| upstream::explain(app, error))?;
    app.kv.put(&rate_key(RISK_FREE), &rate.to_string(), KEPT).await;
    Ok(rate)
}

/// The rate to compute with where TastyTrade does not tell its own.
const USUAL: f64 = 0.04;

/// The risk-free rate, or the usual one with a note that says so.
pub(crate) async fn or_usual(app: &App, user: &UserId, wait: Duration) -> (f64, Option<String>) {
    match risk_free(app, user, wait).await {
        Ok(rate) => (rate, None),
        Err(_) => (USUAL, Some("TastyTrade did not tell its risk-free rate; 4 % is taken.".to_owned())),
    }
}

/// The key of a rate in the cache.
fn rate_key(name: &str) -> String {
    format!("rate:{name}")
}
