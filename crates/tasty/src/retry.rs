//! Whether to send a request once more, and after how long.

use std::time::Duration;

use crate::{Answer, Method, Request};

/// The longest wait inside one call. TastyTrade asking for more means that the caller is told to come back later.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A request is sent this often at most.
const ATTEMPTS: u32 = 2;

/// The least wait, and the width of the jitter above it: callers that failed together do not come back together.
const SHORTEST_MS: u64 = 100;
const JITTER_MS: u64 = 300;

/// What happened to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// An answer with a status that is no success.
    Status {
        /// The status.
        status: u16,
        /// Seconds that TastyTrade asks to wait.
        retry_after: Option<u32>,
    },
    /// No connection, or it broke before the answer was there.
    Broken,
    /// The time for the call is used up.
    TimedOut,
}

impl From<&Answer> for Trouble {
    fn from(answer: &Answer) -> Self {
        Self::Status { status: answer.status, retry_after: answer.retry_after }
    }
}

/// How long to wait before the request is sent again; `None`: not again. `attempts` were made so far, the failed one
/// included. `random` holds 64 random bits.
///
/// Only a GET is repeated, and once. A POST may have acted although its answer was lost, so it never is; the mint of an
/// access token is one. 401 is not for this policy: it wants another token, not the same call.
pub fn wait(request: &Request, attempts: u32, trouble: Trouble, random: u64) -> Option<Duration> {
    if request.method != Method::Get || attempts >= ATTEMPTS {
        return None;
    }
    let asked = match trouble {
        Trouble::Status { status: 429 | 500 | 502..=599, retry_after } => retry_after.unwrap_or(0),
        Trouble::Broken => 0,
        Trouble::Status { .. } | Trouble::TimedOut => return None,
    };
    let asked = Duration::from_secs(u64::from(asked));
    let jitter = Duration::from_millis(SHORTEST_MS + random % (JITTER_MS + 1));
    (asked <= LONGEST_WAIT).then(|| asked + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after: Option<u32>) -> Trouble {
        Trouble::Status { status, retry_after }
    }

    #[test]
    fn a_get_is_repeated_once_and_a_post_never() {
        let get = Request::get("/customers/me");
        let post = crate::token::refresh("secret", "token");
        for (request, attempts, trouble, millis) in [
            (&get, 1, status(500, None), Some(100)),
            (&get, 1, status(502, None), Some(100)),
            (&get, 1, status(503, Some(2)), Some(2100)),
            (&get, 1, status(503, Some(3)), None),
            (&get, 1, status(429, Some(1)), Some(1100)),
            (&get, 1, status(429, None), Some(100)),
            (&get, 1, status(429, Some(60)), None),
            (&get, 1, status(501, None), None),
            (&get, 1, status(401, None), None),
            (&get, 1, status(404, None), None),
            (&get, 1, Trouble::Broken, Some(100)),
            (&get, 1, Trouble::TimedOut, None),
            (&get, 2, status(500, None), None),
            (&post, 1, status(500, None), None),
            (&post, 1, Trouble::Broken, None),
            (&post, 1, status(429, Some(1)), None),
        ] {
            let expected = millis.map(Duration::from_millis);
            assert_eq!(wait(request, attempts, trouble, 0), expected, "{request:?} {attempts} {trouble:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn jitter_stays_within_its_bounds(random: u64, retry_after in 0_u32..=2) {
            let get = Request::get("/customers/me");
            let waited = wait(&get, 1, status(503, Some(retry_after)), random).unwrap();
            let asked = Duration::from_secs(u64::from(retry_after));
            proptest::prop_assert!(waited >= asked + Duration::from_millis(100));
            proptest::prop_assert!(waited <= asked + Duration::from_millis(400));
        }
    }
}
