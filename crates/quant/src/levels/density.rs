//! Where prices lie densely: a kernel density estimate with normal kernels.

use super::peaks::local_maxima;

/// The density of prices over a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// The standard deviation of each kernel, in the prices' unit.
    pub bandwidth: f64,
    /// The prices at which the density is given, evenly spaced.
    pub grid: Vec<f64>,
    /// The density, per unit of price; its integral over all prices is 1.
    pub density: Vec<f64>,
}

/// How wide the kernels are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bandwidth {
    /// Scott's rule: `n^(-1/5)` standard deviations of the prices (Scott 1992).
    Scott,
    /// So many standard deviations of the prices.
    Deviations(f64),
}

/// The density of `prices` at `count` evenly spaced prices from `low` to `high`, both included.
///
/// The standard deviation is that of a sample (`n - 1`). `None` for fewer than two prices, prices that do not differ, a
/// width or a grid that is none.
pub fn density(prices: &[f64], bandwidth: Bandwidth, low: f64, high: f64, count: usize) -> Option<Density> {
    let number = prices.len() as f64;
    if prices.len() < 2 || count < 2 || !(high - low).is_finite() || high <= low {
        return None;
    }
    let mean = prices.iter().sum::<f64>() / number;
    let variance = prices.iter().map(|price| (price - mean) * (price - mean)).sum::<f64>() / (number - 1.0);
    let deviations = match bandwidth {
        Bandwidth::Scott => libm::pow(number, -0.2),
        Bandwidth::Deviations(deviations) => deviations,
    };
    let width = deviations * variance.sqrt();
    if !(width.is_finite() && width > 0.0) {
        return None;
    }
    let scale = 1.0 / (number * width * (2.0 * std::f64::consts::PI).sqrt());
    let step = (high - low) / (count - 1) as f64;
    let grid: Vec<f64> =
        (0..count).map(|place| if place + 1 == count { high } else { low + step * place as f64 }).collect();
    let at = |place: &f64| {
        let kernels = prices.iter().map(|price| {
            let distance = (place - price) / width;
            libm::exp(-0.5 * distance * distance)
        });
        kernels.sum::<f64>() * scale
    };
    let density = grid.iter().map(at).collect();
    Some(Density { bandwidth: width, grid, density })
}

impl Density {
    /// The prices where the density is higher than around, each with the density there, lowest price first.
    pub fn peaks(&self) -> Vec<(f64, f64)> {
        let peak = |place| Some((*self.grid.get(place)?, *self.density.get(place)?));
        local_maxima(&self.density).into_iter().filter_map(peak).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_density_with_a_peak_at_each_heap() {
        let prices = [9.0, 10.0, 11.0, 29.0, 30.0, 31.0];
        let found = density(&prices, Bandwidth::Deviations(0.1), 0.0, 40.0, 4001).unwrap();
        let area: f64 = found.density.iter().sum::<f64>() * 0.01;
        assert!((area - 1.0).abs() < 1e-9, "{area}");
        let peaks: Vec<f64> = found.peaks().into_iter().map(|(price, _)| price.round()).collect();
        assert_eq!(peaks, [10.0, 30.0]);
        let scott = density(&prices, Bandwidth::Scott, 0.0, 40.0, 11).unwrap();
        assert!((scott.bandwidth - 120.8_f64.sqrt() * 6.0_f64.powf(-0.2)).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_density_has_none() {
        assert_eq!(density(&[5.0], Bandwidth::Scott, 0.0, 9.0, 10), None);
        assert_eq!(density(&[5.0, 5.0], Bandwidth::Scott, 0.0, 9.0, 10), None);
        assert_eq!(density(&[5.0, 6.0], Bandwidth::Deviations(0.0), 0.0, 9.0, 10), None);
        assert_eq!(density(&[5.0, f64::NAN], Bandwidth::Scott, 0.0, 9.0, 10), None);
        assert_eq!(density(&[5.0, 6.0], Bandwidth::Scott, 9.0, 9.0, 10), None);
        assert_eq!(density(&[5.0, 6.0], Bandwidth::Scott, 0.0, 9.0, 1), None);
    }
}
