//! Returns as a trader states them: on the collateral, per year, static and if called.

/// Why there is no return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReturn {
    /// The amount that it is a return on is not positive.
    #[error("there is no amount that it would be a return on")]
    Base,
    /// The time is not positive.
    #[error("there is no time left")]
    NoTime,
    /// A number is out of bounds.
    #[error("a number is out of bounds")]
    Bounds,
}

/// What a covered call brings, as fractions of the cost of the shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoveredCall {
    /// The credit over the price of the underlying: nothing moves.
    pub unchanged: f64,
    /// The strike and the credit over what the shares cost: they are called away.
    pub called: f64,
    /// How far the underlying may fall until the credit is used up: the credit over its price.
    pub protection: f64,
}

/// A profit over the amount that is tied up, as a fraction.
///
/// # Errors
///
/// [`InvalidReturn`].
pub fn on_collateral(profit: f64, collateral: f64) -> Result<f64, InvalidReturn> {
    if collateral.is_nan() || collateral <= 0.0 {
        return Err(InvalidReturn::Base);
    }
    bounded(profit / collateral)
}

/// A return per year without compounding: times 365 over the days to expiration.
///
/// # Errors
///
/// [`InvalidReturn`].
pub fn annualised(fraction: f64, years: f64) -> Result<f64, InvalidReturn> {
    if years.is_nan() || years <= 0.0 {
        return Err(InvalidReturn::NoTime);
    }
    bounded(fraction / years)
}

/// The returns of a covered call, all per share: the underlying's price now, what the shares cost, strike and credit.
///
/// # Errors
///
/// [`InvalidReturn`].
pub fn if_called(spot: f64, cost: f64, strike: f64, credit: f64) -> Result<CoveredCall, InvalidReturn> {
    Ok(CoveredCall {
        unchanged: on_collateral(credit, spot)?,
        called: on_collateral(strike - cost + credit, cost)?,
        protection: on_collateral(credit, spot)?,
    })
}

fn bounded(value: f64) -> Result<f64, InvalidReturn> {
    if value.is_finite() { Ok(value) } else { Err(InvalidReturn::Bounds) }
}
