//! How often TastyTrade may be asked: budgets by endpoint, shared by all calls in one user's name.
//!
//! TastyTrade publishes no limits; these are those that its own clients keep. Each endpoint has a bucket that holds what it
//! may be asked within a second and fills at the same pace; all endpoints together have another. Whoever wants to ask
//! enters the queue of the endpoint, and asks again at the moment that it is told. An endpoint that said 429 is closed for
//! as long as it said, for everyone in its queue.

use std::collections::{BTreeMap, VecDeque};

use domain::Timestamp;

use crate::Request;

/// Requests in a second over all endpoints.
const ALL_PER_SECOND: u32 = 50;

/// For how long an endpoint is closed that said 429 and not until when, in seconds.
pub const CLOSED_SECONDS: u32 = 5;

/// An endpoint, as budgets go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Prices, of up to a hundred symbols.
    MarketData,
    /// The option chain of a share, a fund or an index.
    OptionChains,
    /// The option chain of a future.
    FutureChains,
    /// Lists of shares.
    EquityList,
    /// One share.
    Equity,
    /// Options of shares, one by one.
    EquityOption,
    /// Options of futures, one by one.
    FutureOption,
    /// Futures.
    Futures,
    /// What there are futures on.
    FutureProducts,
    /// Positions of an account.
    Positions,
    /// Balances of an account.
    Balances,
    /// What an account may do.
    TradingStatus,
    /// The customer's accounts.
    Accounts,
    /// Everything else, by the first segment of its path. Only the budget over all endpoints counts.
    Other(String),
}

impl Endpoint {
    /// The endpoint that a request goes to.
    pub fn of(request: &Request) -> Self {
        let segments: Vec<_> = request.path().split('/').filter(|segment| !segment.is_empty()).collect();
        match *segments.as_slice() {
            ["market-data", ..] => Self::MarketData,
            ["option-chains", ..] => Self::OptionChains,
            ["futures-option-chains", ..] => Self::FutureChains,
            ["instruments", "equities"] | ["instruments", "equities", "active"] => Self::EquityList,
            ["instruments", "equities", ..] => Self::Equity,
            ["instruments", "equity-options", ..] => Self::EquityOption,
            ["instruments", "future-options", ..] => Self::FutureOption,
            ["instruments", "futures", ..] => Self::Futures,
            ["instruments", "future-products", ..] => Self::FutureProducts,
            ["accounts", _, "positions", ..] => Self::Positions,
            ["accounts", _, "balances", ..] => Self::Balances,
            ["accounts", _, "trading-status", ..] => Self::TradingStatus,
            ["customers", _, "accounts"] => Self::Accounts,
            [first, ..] => Self::Other(first.to_owned()),
            [] => Self::Other(String::new()),
        }
    }

    /// Requests in a second; `None` where only the budget over all endpoints counts.
    pub const fn per_second(&self) -> Option<u32> {
        match self {
            Self::MarketData | Self::OptionChains | Self::FutureChains | Self::EquityList => Some(2),
            Self::Equity | Self::EquityOption | Self::FutureOption => Some(3),
            Self::Futures
            | Self::FutureProducts
            | Self::Positions
            | Self::Balances
            | Self::TradingStatus
            | Self::Accounts => Some(1),
            Self::Other(_) => None,
        }
    }
}

/// A place in the queue of an endpoint. Whoever gives it up before its turn has to say so ([`Budget::leave`]).
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    endpoint: Endpoint,
    number: u64,
}

/// Whether it is a ticket's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is: the request may be sent, and is counted. The ticket is used up.
    Now,
    /// Not before this moment, by what is known now. It may be sooner if others leave, and later if the endpoint is closed.
    At(Timestamp),
}

/// The budgets of one user.
#[derive(Debug, Default)]
pub struct Budget {
    lanes: BTreeMap<Endpoint, Lane>,
    all: Bucket,
    issued: u64,
}

#[derive(Debug, Default)]
struct Lane {
    bucket: Bucket,
    waiting: VecDeque<u64>,
    /// Microseconds since 1970.
    closed_until: i64,
}

/// A token bucket that holds one second's worth: the moment by which everything that was taken has been filled up again, in
/// microseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    full_at: i64,
}

const SECOND: i64 = 1_000_000;

impl Bucket {
    /// When there is a token for the one who has so many before it.
    fn ready_at(self, per_second: u32, before: usize, now: i64) -> i64 {
        let each = SECOND.checked_div(i64::from(per_second)).unwrap_or(SECOND);
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let spent = self.full_at.max(now).saturating_add(each.saturating_mul(before));
        spent.saturating_sub(SECOND.saturating_sub(each))
    }

    fn take(&mut self, per_second: u32, now: i64) {
        let each = SECOND.checked_div(i64::from(per_second)).unwrap_or(SECOND);
        self.full_at = self.full_at.max(now).saturating_add(each);
    }
}

impl Budget {
    /// Takes a place at the end of the endpoint's queue.
    pub fn enter(&mut self, endpoint: Endpoint) -> Ticket {
        self.issued = self.issued.wrapping_add(1);
        self.lanes.entry(endpoint.clone()).or_default().waiting.push_back(self.issued);
        Ticket { endpoint, number: self.issued }
    }

    /// Whether it is the ticket's turn. A ticket that was used up or given up waits at the end of the queue again.
    pub fn poll(&mut self, ticket: &Ticket, now: Timestamp) -> Turn {
        let micros = now.timestamp_micros();
        let per_second = ticket.endpoint.per_second();
        let lane = self.lanes.entry(ticket.endpoint.clone()).or_default();
        let before = lane.waiting.iter().position(|number| *number == ticket.number).unwrap_or_else(|| {
            lane.waiting.push_back(ticket.number);
            lane.waiting.len().saturating_sub(1)
        });
        let in_lane = per_second.map_or(micros, |per_second| lane.bucket.ready_at(per_second, before, micros));
        let in_all = self.all.ready_at(ALL_PER_SECOND, before, micros);
        let at = in_lane.max(in_all).max(lane.closed_until);
        if at > micros || before > 0 {
            // Those before it that do not come for their turn are waited for a little.
            let at = at.max(micros.saturating_add(1000));
            return Turn::At(Timestamp::from_timestamp_micros(at).unwrap_or(now));
        }
        lane.waiting.pop_front();
        if let Some(per_second) = per_second {
            lane.bucket.take(per_second, micros);
        }
        self.all.take(ALL_PER_SECOND, micros);
        Turn::Now
    }

    /// Gives a place up.
    pub fn leave(&mut self, ticket: &Ticket) {
        if let Some(lane) = self.lanes.get_mut(&ticket.endpoint) {
            lane.waiting.retain(|number| *number != ticket.number);
        }
    }

    /// Closes an endpoint until then, unless it is closed for longer.
    pub fn close(&mut self, endpoint: Endpoint, until: Timestamp) {
        let lane = self.lanes.entry(endpoint).or_default();
        lane.closed_until = lane.closed_until.max(until.timestamp_micros());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_timestamp_micros(micros).unwrap()
    }

    #[test]
    fn endpoints_have_the_pace_of_tastytrades_own_clients() {
        for (path, endpoint, per_second) in [
            ("/market-data/by-type?equity=SPY", Endpoint::MarketData, Some(2)),
            ("/option-chains/SPY/nested", Endpoint::OptionChains, Some(2)),
            ("/futures-option-chains/ES/nested", Endpoint::FutureChains, Some(2)),
            ("/instruments/equities?symbol[]=SPY", Endpoint::EquityList, Some(2)),
            ("/instruments/equities/active", Endpoint::EquityList, Some(2)),
            ("/instruments/equities/BRK%2FB", Endpoint::Equity, Some(3)),
            ("/instruments/equity-options/SPY%20%20261218C00600000", Endpoint::EquityOption, Some(3)),
            ("/instruments/future-options/x", Endpoint::FutureOption, Some(3)),
            ("/instruments/futures", Endpoint::Futures, Some(1)),
            ("/instruments/future-products", Endpoint::FutureProducts, Some(1)),
            ("/accounts/5WX10001/positions?include-marks=true", Endpoint::Positions, Some(1)),
            ("/accounts/5WX10001/balances/USD", Endpoint::Balances, Some(1)),
            ("/accounts/5WX10001/trading-status", Endpoint::TradingStatus, Some(1)),
            ("/customers/me/accounts", Endpoint::Accounts, Some(1)),
            ("/accounts/5WX10001/transactions", Endpoint::Other("accounts".into()), None),
            ("/customers/me", Endpoint::Other("customers".into()), None),
            ("/market-metrics?symbols=SPY", Endpoint::Other("market-metrics".into()), None),
            ("/oauth/token", Endpoint::Other("oauth".into()), None),
            ("/", Endpoint::Other(String::new()), None),
        ] {
            let found = Endpoint::of(&Request::get(path));
            assert_eq!((&found, found.per_second()), (&endpoint, per_second), "{path}");
        }
    }

    #[test]
    fn a_second_has_so_many_and_the_next_one_waits() {
        let mut budget = Budget::default();
        let tickets: Vec<_> = (0..4).map(|_| budget.enter(Endpoint::MarketData)).collect();
        let turns: Vec<_> = tickets.iter().map(|ticket| budget.poll(ticket, at(0))).collect();
        assert_eq!(turns, [Turn::Now, Turn::Now, Turn::At(at(500_000)), Turn::At(at(1_000_000))]);
        assert_eq!(budget.poll(&tickets[2], at(499_999)), Turn::At(at(500_999)));
        assert_eq!(budget.poll(&tickets[2], at(500_999)), Turn::Now);
        // Another endpoint has its own.
        let other = budget.enter(Endpoint::Positions);
        assert_eq!(budget.poll(&other, at(500_999)), Turn::Now);
    }

    #[test]
    fn who_leaves_is_not_waited_for() {
        let mut budget = Budget::default();
        let tickets: Vec<_> = (0..3).map(|_| budget.enter(Endpoint::Accounts)).collect();
        assert_eq!(budget.poll(&tickets[0], at(0)), Turn::Now);
        assert_eq!(budget.poll(&tickets[2], at(0)), Turn::At(at(2_000_000)));
        budget.leave(&tickets[1]);
        assert_eq!(budget.poll(&tickets[2], at(1_000_000)), Turn::Now);
    }

    #[test]
    fn a_closed_endpoint_opens_when_it_said() {
        let mut budget = Budget::default();
        budget.close(Endpoint::MarketData, at(30 * SECOND));
        budget.close(Endpoint::MarketData, at(10 * SECOND));
        let other = budget.enter(Endpoint::Other("market-metrics".into()));
        assert_eq!(budget.poll(&other, at(0)), Turn::Now, "another endpoint is open");
        let ticket = budget.enter(Endpoint::MarketData);
        assert_eq!(budget.poll(&ticket, at(0)), Turn::At(at(30 * SECOND)));
        assert_eq!(budget.poll(&ticket, at(29 * SECOND)), Turn::At(at(30 * SECOND)));
        assert_eq!(budget.poll(&ticket, at(30 * SECOND)), Turn::Now);
    }

    fn endpoint() -> impl Strategy<Value = Endpoint> {
        prop_oneof![
            Just(Endpoint::MarketData),
            Just(Endpoint::Equity),
            Just(Endpoint::Accounts),
            Just(Endpoint::Other("market-metrics".into())),
        ]
    }

    /// The most that a window of so many microseconds may have.
    fn allowed(per_second: u32, window: i64) -> i64 {
        let per_second = i64::from(per_second);
        per_second + (window * per_second + SECOND - 1) / SECOND
    }

    fn within_pace(mut sent: Vec<i64>, per_second: u32) -> Result<(), TestCaseError> {
        sent.sort_unstable();
        for (first, begin) in sent.iter().enumerate() {
            for (last, end) in sent.iter().enumerate().skip(first) {
                let (count, window) = ((last - first) as i64 + 1, end - begin);
                prop_assert!(count <= allowed(per_second, window), "{count} within {window} us of {per_second}/s");
            }
        }
        Ok(())
    }

    proptest! {
        /// Whoever comes when, waits until it is told, and gives up or not: the pace is kept, everyone who stays is served,
        /// in order, and nobody waits longer than those before it need.
        #[test]
        fn the_pace_is_kept_and_everyone_is_served(
            arrivals in prop::collection::vec((0..3 * SECOND, endpoint(), prop::bool::weighted(0.2)), 1..120),
        ) {
            let mut arrivals = arrivals;
            arrivals.sort_by_key(|(when, ..)| *when);
            let mut budget = Budget::default();
            // Events by time: a ticket that asks.
            let mut agenda: BTreeMap<(i64, usize), Ticket> = BTreeMap::new();
            let mut coming = arrivals.iter().enumerate().peekable();
            let mut sent: Vec<(i64, usize)> = Vec::new();
            let mut polls = 0_u32;
            loop {
                let next_asks = agenda.keys().next().copied();
                match (coming.peek(), next_asks) {
                    (Some((_, (when, ..))), asks) if asks.is_none_or(|(asks, _)| *when <= asks) => {
                        let (index, (when, endpoint, _)) = coming.next().unwrap();
                        agenda.insert((*when, index), budget.enter(endpoint.clone()));
                    }
                    (_, Some(key)) => {
                        let (now, index) = key;
                        let ticket = agenda.remove(&key).unwrap();
                        polls += 1;
                        prop_assert!(polls < 100_000, "it goes on for ever");
                        match budget.poll(&ticket, at(now)) {
                            Turn::Now => sent.push((now, index)),
                            Turn::At(_) if arrivals[index].2 => budget.leave(&ticket),
                            Turn::At(when) => {
                                prop_assert!(when > at(now), "it is told a moment that has passed");
                                agenda.insert((when.timestamp_micros(), index), ticket);
                            }
                        }
                    }
                    (_, None) => break,
                }
            }
            let stayed = arrivals.iter().filter(|(.., leaves)| !leaves).count();
            prop_assert!(sent.len() >= stayed, "{} of {stayed} were served", sent.len());
            within_pace(sent.iter().map(|(when, _)| *when).collect(), ALL_PER_SECOND)?;
            for endpoint in [Endpoint::MarketData, Endpoint::Equity, Endpoint::Accounts] {
                let per_second = endpoint.per_second().unwrap();
                let mine: Vec<_> = sent.iter().filter(|(_, index)| arrivals[*index].1 == endpoint).copied().collect();
                within_pace(mine.iter().map(|(when, _)| *when).collect(), per_second)?;
                prop_assert!(mine.windows(2).all(|pair| pair[0].1 < pair[1].1), "first come, first served");
                if let Some((last, _)) = mine.last() {
                    let most = 3 * SECOND + SECOND * mine.len() as i64 / i64::from(per_second) + 3 * SECOND;
                    prop_assert!(*last <= most, "the last of {} was sent at {last}", mine.len());
                }
            }
        }
    }
}
