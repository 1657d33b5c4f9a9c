//! Peaks and how far they stand out.

/// A peak of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Where it is; the middle of a flat top, the earlier of two.
    pub place: usize,
    /// How far it stands over the higher of the two valleys between it and higher ground (or the end) on either side.
    pub prominence: f64,
}

/// The peaks of at least this prominence, as SciPy's `find_peaks` has them: the ends of the series are no peaks, and a flat
/// top is one peak at its middle. For valleys give the values with their signs turned.
pub fn prominent_peaks(values: &[f64], at_least: f64) -> Vec<Peak> {
    let prominent = |place| {
        let prominence = prominence(values, place)?;
        (prominence >= at_least).then_some(Peak { place, prominence })
    };
    local_maxima(values).into_iter().filter_map(prominent).collect()
}

/// The places that are higher than what is around them; the middle of a flat stretch with lower ground on both sides.
pub fn local_maxima(values: &[f64]) -> Vec<usize> {
    let mut found = Vec::new();
    // Where the present flat stretch began, if the ground rose to it.
    let mut top: Option<usize> = None;
    for (before, pair) in values.windows(2).enumerate() {
        let [left, right] = pair else { continue };
        if left < right {
            top = Some(before + 1);
        } else if left > right
            && let Some(start) = top.take()
        {
            found.push(start.midpoint(before));
        }
    }
    found
}

fn prominence(values: &[f64], place: usize) -> Option<f64> {
    let height = *values.get(place)?;
    let lowest = |least: f64, value: &f64| least.min(*value);
    let left = values.get(..place)?.iter().rev().take_while(|value| **value <= height).fold(height, lowest);
    let right = values.get(place + 1..)?.iter().take_while(|value| **value <= height).fold(height, lowest);
    Some(height - left.max(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_top_is_one_peak_at_its_middle() {
        assert_eq!(local_maxima(&[0.0, 2.0, 2.0, 2.0, 1.0, 3.0, 3.0, 0.0]), [2, 5]);
        assert_eq!(local_maxima(&[3.0, 3.0, 2.0, 2.0, 4.0, 4.0]), [0usize; 0]);
        assert_eq!(local_maxima(&[]), [0usize; 0]);
    }

    #[test]
    fn a_peak_stands_over_its_higher_valley() {
        let values = [0.0, 4.0, 1.0, 3.0, 2.0, 6.0, 5.0, 5.5, 0.0];
        let found = |least| prominent_peaks(&values, least).iter().map(|peak| (peak.place, peak.prominence)).collect();
        let all: Vec<(usize, f64)> = found(0.0);
        assert_eq!(all, [(1, 3.0), (3, 1.0), (5, 6.0), (7, 0.5)]);
        let few: Vec<(usize, f64)> = found(3.0);
        assert_eq!(few, [(1, 3.0), (5, 6.0)]);
    }
}
