//! The fixed numbers of the method: where the boundary is known, where its integrals are taken, and what leads from one to
//! the other. They depend on neither market nor option.

use core::f64::consts::{FRAC_PI_2, PI};
use std::sync::LazyLock;

/// How finely the boundary and its integrals are taken.
#[derive(Debug)]
pub(super) struct Scheme {
    /// The square roots of the times at which the boundary is known, of 1, rising; the first is above 0, the last is 1.
    pub(super) nodes: Vec<f64>,
    /// What the integral of the equation of the boundary is taken at.
    pub(super) inner: Vec<Point>,
    /// For each node and each inner point, what makes the boundary's values the value at that point's time.
    pub(super) mix: Vec<f64>,
    /// What the integral of the premium is taken at.
    pub(super) outer: Vec<Point>,
    /// For each outer point, what makes the boundary's values the value at that point's time.
    pub(super) outer_mix: Vec<f64>,
    /// How often the boundary is improved at most.
    pub(super) rounds: usize,
    /// Improvement ends where no logarithm of the boundary changed by more than this.
    pub(super) enough: f64,
}

/// A point of an integral over the time `u` until exercise, from 0 to the life `t`, by `u = t sin²(a)`: with the angle as
/// variable the integrands are smooth at both ends, where they have square roots of `u` and of `t - u`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// The square root of `u / t`.
    pub(super) sine: f64,
    /// The square root of `1 - u / t`.
    pub(super) cosine: f64,
    /// Its weight, of 1.
    pub(super) weight: f64,
}

/// For one option: some digits more than any quote has.
pub(super) static DIRECT: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(16, 32, 64, 16, 1e-10));

/// For the tables of an expiration, of which many are solved and each is used often.
pub(super) static TABLE: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(8, 12, TABLE_POINTS, 4, 1e-6));

/// For those in which the price may go far until the end: the boundary falls further, and the premium is large.
pub(super) static FAR_TABLE: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(10, 16, TABLE_POINTS, 5, 1e-6));

/// The points of the premium in both.
pub(super) const TABLE_POINTS: usize = 27;

impl Scheme {
    pub(super) fn new(nodes: usize, inner: usize, outer: usize, rounds: usize, enough: f64) -> Self {
        let count = nodes;
        // Chebyshev's points of the second kind on 0 to 1; at 0 the boundary is known.
        let place = |i: usize| 0.5 * (1.0 + libm::cos(PI * i as f64 / count as f64));
        let all: Vec<f64> = (0..=count).rev().map(place).collect();
        let inner = points(inner, 1);
        let outer = points(outer, 2);
        let nodes = all.get(1..).unwrap_or_default().to_vec();
        let mut mix = Vec::with_capacity(nodes.len() * inner.len() * nodes.len());
        for node in &nodes {
            for point in &inner {
                mix.extend(weights(&all, node * point.cosine).into_iter().skip(1));
            }
        }
        let mut outer_mix = Vec::with_capacity(outer.len() * nodes.len());
        for point in &outer {
            outer_mix.extend(weights(&all, point.cosine).into_iter().skip(1));
        }
        Self { nodes, inner, mix, outer, outer_mix, rounds, enough }
    }

    /// The depths of a boundary at the points of the premium, from those at the nodes.
    pub(super) fn outer_depths(&self, depth: &[f64]) -> impl Iterator<Item = f64> {
        let squares: Vec<f64> = depth.iter().map(|depth| depth * depth).collect();
        self.outer_mix.chunks_exact(self.nodes.len()).map(move |mix| {
            let square: f64 = squares.iter().zip(mix).map(|(square, mix)| square * mix).sum();
            square.max(0.0).sqrt()
        })
    }
}

/// What the values of a function at Chebyshev's points of the second kind are multiplied with, to give the value at `x` of
/// the polynomial through them (the barycentric formula; Berrut and Trefethen, 2004).
fn weights(points: &[f64], x: f64) -> Vec<f64> {
    let mut weights = vec![0.0; points.len()];
    barycentric(points, x, &mut weights);
    weights
}

/// As `weights`, into as many places as there are points, or more.
pub(super) fn barycentric(points: &[f64], x: f64, weights: &mut [f64]) {
    if let Some(hit) = points.iter().position(|point| *point == x) {
        weights.iter_mut().enumerate().for_each(|(i, weight)| *weight = if i == hit { 1.0 } else { 0.0 });
        return;
    }
    let last = points.len().saturating_sub(1);
    let (mut sum, mut sign) = (0.0, 1.0);
    for (i, (point, weight)) in points.iter().zip(weights.iter_mut()).enumerate() {
        *weight = sign * if i == 0 || i == last { 0.5 } else { 1.0 } / (x - point);
        sum += *weight;
        sign = -sign;
    }
    weights.iter_mut().take(points.len()).for_each(|weight| *weight /= sum);
}

/// Points of an integral over the time, so many; with a `power` above 1 they are closer together where the time is short.
fn points(count: usize, power: i32) -> Vec<Point> {
    let of = |(x, weight): (f64, f64)| {
        let (mut before, mut angle) = (1.0, x);
        for _ in 1..power {
            before *= x;
            angle *= x;
        }
        let (sine, cosine) = (libm::sin(FRAC_PI_2 * angle), libm::cos(FRAC_PI_2 * angle));
        let weight = weight * f64::from(power) * before * FRAC_PI_2 * 2.0 * sine * cosine;
        Point { sine, cosine, weight }
    };
    legendre(count).into_iter().map(of).collect()
}

/// The points and weights of Gauss and Legendre's rule on 0 to 1, rising.
fn legendre(count: usize) -> Vec<(f64, f64)> {
    let order = count as f64;
    let root = |i: usize| {
        let mut x = libm::cos(PI * (i as f64 + 0.75) / (order + 0.5));
        let mut slope = 1.0;
        // Newton's method from a start that is good to three digits.
        for _ in 0..6 {
            let (mut value, mut before) = (1.0, 0.0);
            for k in 0..count {
                let k = k as f64;
                (value, before) = (((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0), value);
            }
            slope = order * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).rev().map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_exact_for_polynomials() {
        for count in [1, 2, 7, 16, 27, 64] {
            let rule = legendre(count);
            assert!(rule.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for power in 0..2 * count {
                let sum: f64 = rule.iter().map(|(x, weight)| weight * x.powi(power as i32)).sum();
                assert!((sum - 1.0 / (power as f64 + 1.0)).abs() < 1e-13, "{count} {power} {sum}");
            }
        }
    }

    #[test]
    fn the_points_integrate_over_the_time() {
        for power in [1, 2] {
            let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
                points(20, power).iter().map(|point| point.weight * of(point.sine * point.sine)).sum()
            };
            assert!((sum(&|_| 1.0) - 1.0).abs() < 1e-13);
            assert!((sum(&|u| 1.0 / u.sqrt()) - 2.0).abs() < 1e-12);
            assert!((sum(&|u| (1.0 - u).sqrt()) - 2.0 / 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_polynomial_goes_through_its_points() {
        let scheme = Scheme::new(8, 5, 9, 1, 1.0);
        let cube = |x: f64| x * x * x - 2.0 * x;
        for (point, mix) in scheme.outer.iter().zip(scheme.outer_mix.chunks(8)) {
            let value: f64 = scheme.nodes.iter().zip(mix).map(|(x, weight)| weight * cube(*x)).sum();
            assert!((value - cube(point.cosine)).abs() < 1e-14);
        }
    }
}
