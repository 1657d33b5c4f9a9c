//! Volume-weighted average prices of the typical price (high + low + close) / 3.

use crate::Bars;

/// The average since a bar, for each bar from there on. `None` before it, and while no volume was traded.
pub fn anchored(bars: &Bars, anchor: usize) -> Vec<Option<f64>> {
    let (mut turnover, mut volume) = (0.0, 0.0);
    let mut from = |(index, (price, traded)): (usize, (f64, f64))| {
        if index < anchor {
            return None;
        }
        turnover += price * traded;
        volume += traded;
        average(turnover, volume)
    };
    rows(bars).enumerate().map(&mut from).collect()
}

/// The average of the last `length` bars, for each bar that has as many. `None` before, and where no volume was traded.
/// A length of 0 has none.
pub fn rolling(bars: &Bars, length: usize) -> Vec<Option<f64>> {
    let rows: Vec<(f64, f64)> = rows(bars).collect();
    let mut found = vec![None; rows.len().min(length.saturating_sub(1))];
    if length > 0 {
        let of = |window: &[(f64, f64)]| {
            let turnover = window.iter().map(|(price, volume)| price * volume).sum();
            average(turnover, window.iter().map(|(_, volume)| volume).sum())
        };
        found.extend(rows.windows(length).map(of));
    }
    found
}

fn rows(bars: &Bars) -> impl Iterator<Item = (f64, f64)> {
    let prices = bars.high().iter().zip(bars.low()).zip(bars.close());
    prices.map(|((high, low), close)| (high + low + close) / 3.0).zip(bars.volume().iter().copied())
}

fn average(turnover: f64, volume: f64) -> Option<f64> {
    Some(turnover / volume).filter(|average| average.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars() -> Bars {
        let price = vec![10.0, 20.0, 40.0, 30.0];
        Bars::new(price.clone(), price.clone(), price.clone(), price, vec![0.0, 1.0, 3.0, 0.0]).unwrap()
    }

    #[test]
    fn volume_weighs() {
        assert_eq!(anchored(&bars(), 0), [None, Some(20.0), Some(35.0), Some(35.0)]);
        assert_eq!(anchored(&bars(), 2), [None, None, Some(40.0), Some(40.0)]);
        assert_eq!(rolling(&bars(), 2), [None, Some(20.0), Some(35.0), Some(40.0)]);
        assert_eq!(rolling(&bars(), 1), [None, Some(20.0), Some(40.0), None]);
    }

    #[test]
    fn no_window_has_no_average() {
        assert_eq!(rolling(&bars(), 0), []);
        assert_eq!(rolling(&bars(), 9), [None; 4]);
        assert_eq!(anchored(&bars(), 9), [None; 4]);
    }
}
