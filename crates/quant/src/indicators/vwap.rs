//! The average price since an anchor, weighted with volume.

use chrono::{Datelike, NaiveDate};

use super::{InvalidParameter, Series, finite};
use crate::Bars;

/// Where the average begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At the first bar of each day.
    Day,
    /// At the first bar of each week. Weeks begin on Monday.
    Week,
    /// At the first bar of each month.
    Month,
}

impl Anchor {
    fn part(self, date: NaiveDate) -> (i32, u32) {
        match self {
            Self::Day => (date.year(), date.ordinal()),
            Self::Week => (date.iso_week().year(), date.iso_week().week()),
            Self::Month => (date.year(), date.month()),
        }
    }
}

/// The average of the typical price (the mean of high, low and close) since the last anchor, weighted with volume. As long as
/// nothing was traded since then there is none.
///
/// # Errors
///
/// [`InvalidParameter`] where there is not one date for each bar.
pub fn anchored(bars: &Bars, dates: &[NaiveDate], anchor: Anchor) -> Result<Series, InvalidParameter> {
    if dates.len() != bars.len() {
        return Err(InvalidParameter::Length { name: "the column of dates", given: dates.len(), bars: bars.len() });
    }
    let mut last = None;
    let starts = dates.iter().map(|date| last.replace(anchor.part(*date)) != Some(anchor.part(*date)));
    Ok(accumulated(bars, starts))
}

fn accumulated(bars: &Bars, starts: impl Iterator<Item = bool>) -> Series {
    let rows = bars.high().iter().zip(bars.low()).zip(bars.close()).zip(bars.volume());
    let (mut traded, mut total) = (0.0, 0.0);
    rows.zip(starts)
        .map(|((((high, low), close), volume), start)| {
            if start {
                (traded, total) = (0.0, 0.0);
            }
            traded += (high + low + close) / 3.0 * volume;
            total += volume;
            if total > 0.0 { finite(traded / total) } else { None }
        })
        .collect()
}
