//! What this isolate has let in within the current window.
//!
//! The database knows of a call a moment after its answer. One that follows at once would not find it there; here it does.
//! Both counts are of calls that were made, so the larger one counts.

use std::{cell::RefCell, collections::BTreeMap};

use store::limits::Window;

/// The most keys that are remembered; more rely on the database.
const MAX_KEYS: usize = 4096;

thread_local! {
    static SEEN: RefCell<Seen> = const { RefCell::new(Seen { window: None, counts: BTreeMap::new() }) };
}

struct Seen {
    window: Option<Window>,
    counts: BTreeMap<String, Count>,
}

#[derive(Default)]
struct Count {
    calls: u32,
    was_refused: bool,
}

/// Whether a call may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may, and is counted here.
    In,
    /// It may not.
    Out {
        /// Whether it is the first that may not.
        is_first: bool,
    },
}

impl Seen {
    /// The count of a key; `None` where no more are remembered. A new window forgets the one before, and a call that began
    /// in the one before is no longer counted here.
    fn count(&mut self, key: &str, window: Window) -> Option<&mut Count> {
        if self.window.is_none_or(|current| current < window) {
            self.window = Some(window);
            self.counts.clear();
        }
        let has_room = self.counts.len() < MAX_KEYS || self.counts.contains_key(key);
        (has_room && self.window == Some(window)).then(|| self.counts.entry(key.to_owned()).or_default())
    }

    fn admit(&mut self, key: &str, window: Window, stored: u32, limit: u32) -> Verdict {
        let mut forgotten = Count::default();
        let count = self.count(key, window).unwrap_or(&mut forgotten);
        count.calls = count.calls.max(stored);
        if count.calls < limit {
            count.calls = count.calls.saturating_add(1);
            return Verdict::In;
        }
        Verdict::Out { is_first: !std::mem::replace(&mut count.was_refused, true) }
    }

    fn is_over(&mut self, key: &str, window: Window, limit: u32) -> bool {
        // Asking leaves no trace: most addresses never come near their limit.
        self.window == Some(window) && self.counts.get(key).is_some_and(|count| count.calls > limit)
    }
}

/// Lets a call in while fewer than `limit` are known here or, by `stored`, to the database.
pub(super) fn admit(key: &str, window: Window, stored: u32, limit: u32) -> Verdict {
    SEEN.with_borrow_mut(|seen| seen.admit(key, window, stored, limit))
}

/// Whether a key is known to be over its limit.
pub(super) fn is_over(key: &str, window: Window, limit: u32) -> bool {
    SEEN.with_borrow_mut(|seen| seen.is_over(key, window, limit))
}

/// Remembers what the database counted.
pub(super) fn note(key: &str, window: Window, stored: u32) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(count) = seen.count(key, window) {
            count.calls = count.calls.max(stored);
        }
    });
}

#[cfg(test)]
mod tests {
    use testkit::{after, now};

    use super::*;

    fn fresh() -> Seen {
        Seen { window: None, counts: BTreeMap::new() }
    }

    #[test]
    fn one_caller_after_another_gets_exactly_the_limit() {
        let (mut seen, this, next) = (fresh(), Window::of(now()), Window::of(after(60)));
        // The database lags behind.
        let verdicts: Vec<_> = [0, 0, 1, 2].map(|stored| seen.admit("a", this, stored, 3)).to_vec();
        assert_eq!(verdicts, [Verdict::In, Verdict::In, Verdict::In, Verdict::Out { is_first: true }]);
        assert_eq!(seen.admit("a", this, 3, 3), Verdict::Out { is_first: false });
        assert_eq!(seen.admit("b", this, 0, 3), Verdict::In, "another key counts by itself");
        assert_eq!(seen.admit("b", this, 3, 3), Verdict::Out { is_first: true }, "other isolates count as well");
        assert_eq!(seen.admit("a", next, 0, 3), Verdict::In);
    }

    #[test]
    fn what_is_known_to_be_over_needs_no_database() {
        let (mut seen, this, next) = (fresh(), Window::of(now()), Window::of(after(60)));
        assert!(!seen.is_over("a", this, 3) && seen.counts.is_empty());
        for (stored, is_over) in [(3, false), (4, true)] {
            if let Some(count) = seen.count("a", this) {
                count.calls = stored;
            }
            assert_eq!(seen.is_over("a", this, 3), is_over);
        }
        assert!(!seen.is_over("a", next, 3) && !seen.is_over("b", this, 3));
    }

    #[test]
    fn memory_is_bounded() {
        let (mut seen, this) = (fresh(), Window::of(now()));
        for number in 0..MAX_KEYS + 10 {
            assert_eq!(seen.admit(&number.to_string(), this, 0, 3), Verdict::In);
        }
        assert_eq!(seen.counts.len(), MAX_KEYS);
        assert_eq!(seen.admit("one more", this, 3, 3), Verdict::Out { is_first: true });
    }
}
