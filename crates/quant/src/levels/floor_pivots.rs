//! Pivot points from the bar before: what floor traders worked out each morning.

/// The bar that the points are worked out from, the last complete day, week or month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Previous {
    /// Its highest price.
    pub high: f64,
    /// Its lowest price.
    pub low: f64,
    /// Its last price.
    pub close: f64,
}

/// A pivot point with supports below and resistances above, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorPivots {
    /// The pivot point.
    pub pivot: f64,
    /// S1, S2 and so on.
    pub supports: Vec<f64>,
    /// R1, R2 and so on.
    pub resistances: Vec<f64>,
}

/// Which formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloorFormula {
    /// `P = (H + L + C) / 3`; `R1 = 2P - L`, `R2 = P + (H - L)`, `R3 = H + 2 (P - L)`, and mirrored below.
    Classic,
    /// `P = (H + L + C) / 3`; four steps of `(H - L) * 1.1` by 12, 6, 4 and 2 from the close (Stott 1989).
    Camarilla,
    /// `P = (H + L + C) / 3`; 38.2 %, 61.8 % and 100 % of the range from the pivot.
    Fibonacci,
    /// `P = (H + L + 2C) / 4`, with the steps of the classic formulas.
    Woodie,
}

/// The points of a bar. `None` unless its prices are positive numbers with the close between low and high. A support of a bar
/// with a very wide range can be below 0.
pub fn floor_pivots(bar: Previous, formula: FloorFormula) -> Option<FloorPivots> {
    let Previous { high, low, close } = bar;
    let possible = high.is_finite() && low > 0.0 && low <= close && close <= high;
    if !possible {
        return None;
    }
    let range = high - low;
    let typical = (high + low + close) / 3.0;
    let found = match formula {
        FloorFormula::Classic => steps(typical, high, low),
        FloorFormula::Woodie => steps((high + low + 2.0 * close) / 4.0, high, low),
        FloorFormula::Camarilla => around(typical, close, [12.0, 6.0, 4.0, 2.0].map(|part| range * 1.1 / part)),
        FloorFormula::Fibonacci => around(typical, typical, [0.382, 0.618, 1.0].map(|part| range * part)),
    };
    let finite = |prices: &[f64]| prices.iter().all(|price| price.is_finite());
    (finite(&found.supports) && finite(&found.resistances) && found.pivot.is_finite()).then_some(found)
}

fn steps(pivot: f64, high: f64, low: f64) -> FloorPivots {
    let range = high - low;
    FloorPivots {
        pivot,
        supports: vec![2.0 * pivot - high, pivot - range, low - 2.0 * (high - pivot)],
        resistances: vec![2.0 * pivot - low, pivot + range, high + 2.0 * (pivot - low)],
    }
}

fn around<const N: usize>(pivot: f64, middle: f64, distances: [f64; N]) -> FloorPivots {
    FloorPivots {
        pivot,
        supports: distances.iter().map(|distance| middle - distance).collect(),
        resistances: distances.iter().map(|distance| middle + distance).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Previous = Previous { high: 110.0, low: 100.0, close: 108.0 };

    /// The formulas worked out by hand for one bar.
    #[test]
    fn the_formulas_as_they_are_published() {
        let cases: [(FloorFormula, f64, &[f64], &[f64]); 4] = [
            (FloorFormula::Classic, 106.0, &[102.0, 96.0, 92.0], &[112.0, 116.0, 122.0]),
            (FloorFormula::Woodie, 106.5, &[103.0, 96.5, 93.0], &[113.0, 116.5, 123.0]),
            (FloorFormula::Fibonacci, 106.0, &[102.18, 99.82, 96.0], &[109.82, 112.18, 116.0]),
            (
                FloorFormula::Camarilla,
                106.0,
                &[107.083_333, 106.166_667, 105.25, 102.5],
                &[108.916_667, 109.833_333, 110.75, 113.5],
            ),
        ];
        for (formula, pivot, supports, resistances) in cases {
            let found = floor_pivots(BAR, formula).unwrap();
            let near = |got: &[f64], expected: &[f64]| {
                got.len() == expected.len()
                    && got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-6)
            };
            assert_eq!(found.pivot, pivot, "{formula:?}");
            assert!(near(&found.supports, supports) && near(&found.resistances, resistances), "{found:?}");
        }
    }

    #[test]
    fn no_bar_has_no_points() {
        let bars = [
            Previous { close: 111.0, ..BAR },
            Previous { low: f64::NAN, ..BAR },
            Previous { low: 0.0, ..BAR },
            Previous { high: f64::INFINITY, ..BAR },
            Previous { high: f64::MAX, ..BAR },
        ];
        for bar in bars {
            assert_eq!(floor_pivots(bar, FloorFormula::Classic), None, "{bar:?}");
        }
    }
}
