//! Realised volatility: how much a price moved, per year.
//!
//! Each estimate is over the last `length` bars and is scaled by the square root of `per_year`, the number of bars in a
//! year: 252 for days. Bars without enough before them have none. Parkinson's takes the price to run on without gaps and
//! leaves them out; Yang and Zhang's has them.

use crate::Bars;

/// The standard deviation (that of a sample) of `length` logarithmic returns from close to close. The first value is at bar
/// `length`. None for a length below 2.
pub fn close_to_close(bars: &Bars, length: usize, per_year: f64) -> Vec<Option<f64>> {
    let close = bars.close();
    let returns: Vec<f64> = close.iter().skip(1).zip(close).map(|(now, before)| libm::log(now / before)).collect();
    windows(bars.len(), 1, &returns, length, 2, |window| scaled(variance(window), per_year))
}

/// From the ranges: `sqrt(mean(ln(high / low)^2) / (4 ln 2))` over `length` bars (Parkinson 1980). The first value is at bar
/// `length - 1`.
pub fn parkinson(bars: &Bars, length: usize, per_year: f64) -> Vec<Option<f64>> {
    let squares: Vec<f64> = bars
        .high()
        .iter()
        .zip(bars.low())
        .map(|(high, low)| {
            let range = libm::log(high / low);
            range * range
        })
        .collect();
    let of = |window: &[f64]| scaled(mean(window.iter().copied()) / (4.0 * std::f64::consts::LN_2), per_year);
    windows(bars.len(), 0, &squares, length, 1, of)
}

/// From gaps, open-to-close moves and ranges: the variance of the gaps, plus `k` times that of the moves, plus `1 - k` times
/// the mean of Rogers and Satchell's term, with `k = 0.34 / (1.34 + (n + 1) / (n - 1))` (Yang and Zhang 2000). The first
/// value is at bar `length`, as the first bar has no gap. None for a length below 2.
pub fn yang_zhang(bars: &Bars, length: usize, per_year: f64) -> Vec<Option<f64>> {
    let prices = bars.open().iter().zip(bars.high()).zip(bars.low().iter().zip(bars.close())).skip(1);
    let days: Vec<[f64; 3]> = prices
        .zip(bars.close())
        .map(|(((open, high), (low, close)), before)| {
            let up = libm::log(high / close) * libm::log(high / open);
            let down = libm::log(low / close) * libm::log(low / open);
            [libm::log(open / before), libm::log(close / open), up + down]
        })
        .collect();
    let number = length as f64;
    let weight = 0.34 / (1.34 + (number + 1.0) / (number - 1.0));
    let of = |window: &[[f64; 3]]| {
        let gaps: Vec<f64> = window.iter().map(|[gap, _, _]| *gap).collect();
        let moves: Vec<f64> = window.iter().map(|[_, moved, _]| *moved).collect();
        let inside = mean(window.iter().map(|[_, _, inside]| *inside));
        scaled(variance(&gaps) + weight * variance(&moves) + (1.0 - weight) * inside, per_year)
    };
    windows(bars.len(), 1, &days, length, 2, of)
}

/// One value per bar: of the `length` rows that end with it, if there are as many. The first row is of bar `offset`.
fn windows<T>(
    bars: usize,
    offset: usize,
    rows: &[T],
    length: usize,
    at_least: usize,
    of: impl Fn(&[T]) -> Option<f64>,
) -> Vec<Option<f64>> {
    if length < at_least {
        return vec![None; bars];
    }
    let mut found = vec![None; bars.min(length - 1 + offset)];
    found.extend(rows.windows(length).map(of));
    found
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let number = values.len() as f64;
    values.sum::<f64>() / number
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values.iter().copied());
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() as f64 - 1.0)
}

fn scaled(variance: f64, per_year: f64) -> Option<f64> {
    Some((variance * per_year).sqrt()).filter(|volatility| volatility.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(closes: &[f64]) -> Bars {
        let open: Vec<f64> = closes.first().into_iter().chain(closes).copied().take(closes.len()).collect();
        let high = open.iter().zip(closes).map(|(open, close)| open.max(*close)).collect();
        let low = open.iter().zip(closes).map(|(open, close)| open.min(*close)).collect();
        Bars::new(open, high, low, closes.to_vec(), vec![1.0; closes.len()]).unwrap()
    }

    #[test]
    fn a_price_that_stands_still_has_none_and_a_steady_one_has_range_alone() {
        let still = bars(&[5.0; 6]);
        for found in [close_to_close(&still, 3, 252.0), parkinson(&still, 3, 252.0), yang_zhang(&still, 3, 252.0)] {
            assert_eq!(found.last(), Some(&Some(0.0)));
        }
        let steady = bars(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(close_to_close(&steady, 4, 252.0), [None, None, None, None, Some(0.0)]);
        let range = parkinson(&steady, 4, 1.0)[4].unwrap();
        assert!((range - (std::f64::consts::LN_2 / 4.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_length_that_is_none_has_no_values() {
        let short = bars(&[1.0, 2.0]);
        for length in [0, 1, 3, usize::MAX] {
            assert_eq!(close_to_close(&short, length, 252.0), [None, None]);
            assert_eq!(yang_zhang(&short, length, 252.0), [None, None]);
        }
        assert_eq!(parkinson(&short, 0, 252.0), [None, None]);
        assert_eq!(parkinson(&short, 1, 252.0)[0], Some(0.0));
        assert_eq!(parkinson(&short, 1, f64::NAN), [None, None]);
        assert_eq!(close_to_close(&bars(&[]), 20, 252.0), []);
    }
}
