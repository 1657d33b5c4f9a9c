//! The comparison of one column, and how it is printed.

use std::fmt;

/// What the errors of a column have to keep.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// No row is further off than this.
    Most(f64),
    /// 95 of 100 rows are within the first, all of them within the second.
    P95Most(f64, f64),
    /// Nothing: the column is there for information.
    Reported,
}

/// One column, compared. An error is absolute, or relative to a scale that the column's own comparison names.
pub(crate) struct Check {
    name: String,
    bound: Bound,
    errors: Vec<f64>,
    worst: (f64, String),
    trouble: Option<String>,
}

impl Check {
    /// A column of which no row was compared yet.
    pub(crate) fn new(name: &str, bound: Bound) -> Self {
        Self { name: name.to_owned(), bound, errors: Vec::new(), worst: (0.0, String::new()), trouble: None }
    }

    /// A column that could not be compared at all.
    pub(crate) fn failed(name: &str, why: String) -> Self {
        Self { trouble: Some(why), ..Self::new(name, Bound::Most(0.0)) }
    }

    /// The same column under a longer name.
    pub(crate) fn ending(mut self, ends: &str) -> Self {
        self.name.push_str(ends);
        self
    }

    /// Counts a row with its error; one that is not a number counts as infinite.
    pub(crate) fn row(&mut self, label: impl fmt::Display, error: f64) {
        let error = if error.is_nan() { f64::INFINITY } else { error.abs() };
        if error > self.worst.0 || self.errors.is_empty() {
            self.worst = (error, label.to_string());
        }
        self.errors.push(error);
    }

    /// Counts a row in which both have a value or neither has: the difference over `scale(expected)`, else infinite.
    pub(crate) fn optional(
        &mut self,
        label: impl fmt::Display,
        got: Option<f64>,
        expected: Option<f64>,
        scale: impl Fn(f64) -> f64,
    ) {
        let error = match (got, expected) {
            (Some(got), Some(expected)) => (got - expected) / scale(expected),
            (None, None) => 0.0,
            _ => f64::INFINITY,
        };
        self.row(label, error);
    }

    fn percentile_95(&self) -> f64 {
        let mut sorted = self.errors.clone();
        sorted.sort_by(f64::total_cmp);
        let last = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
        sorted.get(last).copied().unwrap_or(0.0)
    }

    /// Whether all rows keep the bound. A column without rows does not.
    pub(crate) fn passed(&self) -> bool {
        self.trouble.is_none()
            && !self.errors.is_empty()
            && match self.bound {
                Bound::Most(most) => self.worst.0 <= most,
                Bound::P95Most(usual, most) => self.worst.0 <= most && self.percentile_95() <= usual,
                Bound::Reported => true,
            }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.passed(), self.bound) {
            (true, Bound::Reported) => "told  ",
            (true, _) => "ok    ",
            (false, _) => "FAILED",
        };
        write!(f, "{verdict}  {:<34}", self.name)?;
        if let Some(trouble) = &self.trouble {
            return write!(f, " {trouble}");
        }
        write!(f, " {:>5} rows  worst {:8.1e}  p95 {:8.1e}", self.errors.len(), self.worst.0, self.percentile_95())?;
        match self.bound {
            Bound::Most(most) => write!(f, "  bound {most:.0e}")?,
            Bound::P95Most(usual, most) => write!(f, "  bounds {usual:.0e} at p95, {most:.0e}")?,
            Bound::Reported => write!(f, "  reported")?,
        }
        if self.passed() { Ok(()) } else { write!(f, "  at {}", self.worst.1) }
    }
}
