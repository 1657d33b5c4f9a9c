//! Pivots: bars that stand out over their neighbours.

/// What a pivot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pivot {
    /// A value that none of its neighbours is above.
    High,
    /// A value that none of its neighbours is below.
    Low,
}

/// Whether a neighbour of the same value is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// Equal neighbours are all pivots, in a flat stretch each bar (`greater_equal`, `less_equal`).
    Kept,
    /// A value has to be better than each neighbour (`greater`, `less`).
    Dropped,
}

/// The places of the values that are extreme among the `order` values before and after them.
///
/// The first and the last value stand for what lies beyond the ends, so that values near an end are compared with fewer
/// others, and with [`Ties::Dropped`] the end itself is never one: the convention of SciPy's `argrelextrema` with its mode
/// `clip`. A pivot is certain only once `order` values came after it; see [`confirmed_by`]. An order of 0 has none.
pub fn pivots(values: &[f64], order: usize, pivot: Pivot, ties: Ties) -> Vec<usize> {
    if order == 0 {
        return Vec::new();
    }
    let beats = |value: f64, other: f64| match (pivot, ties) {
        (Pivot::High, Ties::Kept) => value >= other,
        (Pivot::High, Ties::Dropped) => value > other,
        (Pivot::Low, Ties::Kept) => value <= other,
        (Pivot::Low, Ties::Dropped) => value < other,
    };
    let at_end = |missing: bool| !(missing && ties == Ties::Dropped);
    let is_pivot = |(place, value): &(usize, &f64)| {
        let before = values.get(place.saturating_sub(order)..*place).unwrap_or_default();
        let after = values.get(place + 1..values.len().min(place.saturating_add(order).saturating_add(1)));
        before.iter().chain(after.unwrap_or_default()).all(|other| beats(**value, *other))
            // What lies beyond an end has the end's value: it is compared with itself, or was compared already.
            && at_end(*place == 0 || place + 1 == values.len())
    };
    values.iter().enumerate().filter(is_pivot).map(|(place, _)| place).collect()
}

/// The bar at whose close a pivot is certain, `order` bars after it. `None` while it is not in a series of `length` bars.
pub fn confirmed_by(pivot: usize, order: usize, length: usize) -> Option<usize> {
    pivot.checked_add(order).filter(|bar| *bar < length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_top_is_kept_or_dropped() {
        let values = [1.0, 3.0, 3.0, 2.0, 5.0, 1.0, 1.0];
        assert_eq!(pivots(&values, 1, Pivot::High, Ties::Kept), [1, 2, 4, 6]);
        assert_eq!(pivots(&values, 1, Pivot::High, Ties::Dropped), [4]);
        assert_eq!(pivots(&values, 1, Pivot::Low, Ties::Kept), [0, 3, 5, 6]);
        assert_eq!(pivots(&values, 1, Pivot::Low, Ties::Dropped), [3]);
        assert_eq!(pivots(&values, 9, Pivot::High, Ties::Dropped), [4]);
    }

    #[test]
    fn nothing_stands_out_of_nothing() {
        for ties in [Ties::Kept, Ties::Dropped] {
            assert!(pivots(&[], 3, Pivot::High, ties).is_empty());
            assert!(pivots(&[1.0, 2.0, 1.0], 0, Pivot::High, ties).is_empty());
            assert_eq!(pivots(&[1.0, 2.0, 1.0], usize::MAX, Pivot::High, ties), [1]);
        }
    }

    #[test]
    fn a_pivot_is_known_only_later() {
        assert_eq!(confirmed_by(10, 5, 16), Some(15));
        assert_eq!(confirmed_by(10, 5, 15), None);
        assert_eq!(confirmed_by(usize::MAX, 5, 15), None);
    }
}
