//! Indicators over bars, a file for each family.
//!
//! A series has one entry for each bar, `None` while it warms up, and where a bar has no value. These are the raw values as
//! their authors defined them: on a price that does not move they say what the formula says (an RSI of 0, for one). What may
//! be shown to people comes from [`crate::reading`], which knows when a value says nothing.
//!
//! Where TA-Lib has an indicator its port to Rust computes it, with TA-Lib's default settings: an exponential average starts
//! from the simple average of its first bars, Wilder's averages likewise, a standard deviation is that of the population.

pub mod averages;
pub mod momentum;
pub mod movement;
pub mod range;
pub mod volume;
pub mod vwap;
pub mod windows;

use ta_lib::{OutRange, RetCode};

/// One entry for each bar; `None` where there is no value.
pub type Series = Vec<Option<f64>>;

/// The longest period of any indicator.
pub const LONGEST: usize = 100_000;

/// Why an indicator cannot be computed for any bars.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidParameter {
    /// A number of bars is too small or too large.
    #[error("{name} is {given} bars; it has to be from {least} to {LONGEST}")]
    Period {
        /// Which.
        name: &'static str,
        /// What was given.
        given: usize,
        /// The smallest that has a meaning.
        least: usize,
    },
    /// A factor is not a positive number below a million.
    #[error("{name} is {given}; it has to be a positive number below 1000000")]
    Factor {
        /// Which.
        name: &'static str,
        /// What was given.
        given: f64,
    },
    /// Two columns that belong together have different lengths.
    #[error("{name} has {given} entries for {bars} bars")]
    Length {
        /// Which.
        name: &'static str,
        /// How many entries there are.
        given: usize,
        /// How many there should be.
        bars: usize,
    },
    /// TA-Lib refused although the parameters are within its documented ranges.
    #[error("{name} cannot be computed with these parameters")]
    Refused {
        /// Which indicator.
        name: &'static str,
    },
}

/// A period within its range, as TA-Lib takes it.
pub(crate) fn period(name: &'static str, given: usize, least: usize) -> Result<i32, InvalidParameter> {
    let invalid = InvalidParameter::Period { name, given, least };
    if given < least || given > LONGEST {
        return Err(invalid);
    }
    i32::try_from(given).map_err(|_| invalid)
}

/// A factor that can be multiplied with.
pub(crate) fn factor(name: &'static str, given: f64) -> Result<f64, InvalidParameter> {
    if given > 0.0 && given < 1e6 { Ok(given) } else { Err(InvalidParameter::Factor { name, given }) }
}

/// The value itself, unless it is infinite or no number: sums of huge prices overflow.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Runs a function of TA-Lib with `N` outputs over all of `length` bars. The call gets the last index and the outputs.
fn talib<const N: usize>(
    name: &'static str,
    length: usize,
    call: impl FnOnce(usize, &mut [Vec<f64>; N]) -> Result<OutRange, RetCode>,
) -> Result<[Series; N], InvalidParameter> {
    let Some(last) = length.checked_sub(1) else {
        return Ok(std::array::from_fn(|_| Series::new()));
    };
    let mut outputs: [Vec<f64>; N] = std::array::from_fn(|_| vec![0.0; length]);
    let range = call(last, &mut outputs).map_err(|_| InvalidParameter::Refused { name })?;
    Ok(outputs.map(|output| {
        let mut series = Vec::with_capacity(length);
        series.resize(range.beg_idx.min(length), None);
        series.extend(output.into_iter().take(range.count.min(length - series.len())).map(finite));
        series.resize(length, None);
        series
    }))
}

/// [`talib`] for one output.
fn talib_one(
    name: &'static str,
    length: usize,
    call: impl FnOnce(usize, &mut [f64]) -> Result<OutRange, RetCode>,
) -> Result<Series, InvalidParameter> {
    let [series] = talib::<1>(name, length, |last, [output]| call(last, output))?;
    Ok(series)
}

/// Computes an indicator of a series that itself warms up: of its values from the first on, up to the first gap.
fn chained<const N: usize>(
    series: &[Option<f64>],
    compute: impl FnOnce(&[f64]) -> Result<[Series; N], InvalidParameter>,
) -> Result<[Series; N], InvalidParameter> {
    let start = series.iter().position(Option::is_some).unwrap_or(series.len());
    let values: Vec<f64> = series.iter().skip(start).map_while(|value| *value).collect();
    Ok(compute(&values)?.map(|tail| {
        let mut whole = vec![None; start];
        whole.extend(tail);
        whole.resize(series.len(), None);
        whole
    }))
}

/// Combines two series bar by bar, where both have a value.
fn both(a: &[Option<f64>], b: &[Option<f64>], combine: impl Fn(f64, f64) -> f64) -> Series {
    a.iter().zip(b).map(|(a, b)| finite(combine((*a)?, (*b)?))).collect()
}

#[cfg(test)]
mod tests;
