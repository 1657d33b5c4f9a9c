//! A series of bars, column by column, oldest first.

/// Open, high, low, close and volume of consecutive bars, oldest first, all columns of one length.
///
/// Prices are finite and positive with `low <= open, close <= high`; volumes are finite and not negative. Nothing that is
/// computed from bars has to look at this again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

/// What is wrong with a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBars {
    /// The columns are not of one length.
    #[error("the columns are not of one length")]
    Lengths,
    /// A price is not a positive number.
    #[error("bar {index}: a price is not a positive number")]
    Price {
        /// Which bar, counted from 0.
        index: usize,
    },
    /// The low is above, or the high below, another price of the bar.
    #[error("bar {index}: open or close lies outside of low and high")]
    Range {
        /// Which bar, counted from 0.
        index: usize,
    },
    /// A volume is negative or no number.
    #[error("bar {index}: the volume is negative or no number")]
    Volume {
        /// Which bar, counted from 0.
        index: usize,
    },
}

impl Bars {
    /// Takes the columns over once all of it can be computed with.
    ///
    /// # Errors
    ///
    /// [`InvalidBars`], with the first bar that is wrong.
    pub fn new(
        open: Vec<f64>,
        high: Vec<f64>,
        low: Vec<f64>,
        close: Vec<f64>,
        volume: Vec<f64>,
    ) -> Result<Self, InvalidBars> {
        let length = close.len();
        if [open.len(), high.len(), low.len(), volume.len()] != [length; 4] {
            return Err(InvalidBars::Lengths);
        }
        let rows = open.iter().zip(&high).zip(low.iter().zip(&close)).zip(&volume);
        for (index, (((open, high), (low, close)), volume)) in rows.enumerate() {
            if [open, high, low, close].into_iter().any(|price| !(price.is_finite() && *price > 0.0)) {
                return Err(InvalidBars::Price { index });
            }
            if [open, close].into_iter().any(|price| price < low || price > high) {
                return Err(InvalidBars::Range { index });
            }
            if !(volume.is_finite() && *volume >= 0.0) {
                return Err(InvalidBars::Volume { index });
            }
        }
        Ok(Self { open, high, low, close, volume })
    }

    /// How many bars.
    pub fn len(&self) -> usize {
        self.close.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.close.is_empty()
    }

    /// First prices.
    pub fn open(&self) -> &[f64] {
        &self.open
    }

    /// Highest prices.
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Lowest prices.
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Last prices.
    pub fn close(&self) -> &[f64] {
        &self.close
    }

    /// Volumes.
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_series_is_named() {
        let bar = |open, high, low, close, volume| {
            Bars::new(vec![1.0, open], vec![1.0, high], vec![1.0, low], vec![1.0, close], vec![0.0, volume]).err()
        };
        assert_eq!(bar(2.0, 3.0, 1.0, 2.5, 10.0), None);
        assert_eq!(bar(f64::NAN, 3.0, 1.0, 2.5, 10.0), Some(InvalidBars::Price { index: 1 }));
        assert_eq!(bar(2.0, 3.0, 0.0, 2.5, 10.0), Some(InvalidBars::Price { index: 1 }));
        assert_eq!(bar(2.0, 3.0, 2.2, 2.5, 10.0), Some(InvalidBars::Range { index: 1 }));
        assert_eq!(bar(2.0, 3.0, 1.0, 3.5, 10.0), Some(InvalidBars::Range { index: 1 }));
        assert_eq!(bar(2.0, 3.0, 1.0, 2.5, -1.0), Some(InvalidBars::Volume { index: 1 }));
        assert_eq!(Bars::new(vec![1.0], vec![], vec![1.0], vec![1.0], vec![1.0]), Err(InvalidBars::Lengths));
    }
}
