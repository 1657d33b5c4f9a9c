//! Requests under way, shared by the calls that want the same answer.
//!
//! A GET that is equal to one under way joins it. Requests for lists of symbols are held back for some milliseconds, and for
//! as long as they wait for their turn, so that others can add their symbols; and one whose symbols are all in a list that
//! was sent already joins that. A caller that goes away drops its share; with the last one the request is dropped and
//! aborted.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    time::Duration,
};

use domain::{Error, Timestamp};
use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, Shared, WeakShared},
};
use tasty::{
    Answer, Request as Asked,
    batch::{self, Listed, Parts},
};

/// How long a list is held back for others.
pub(crate) const GATHER: Duration = Duration::from_millis(4);

/// What all who share a flight wait for.
pub(crate) type Outcome = Rc<Result<Answer, Error>>;

/// The work of a flight.
pub(crate) type Work = LocalBoxFuture<'static, Outcome>;

/// One request on its way.
pub(crate) struct Flight {
    what: RefCell<What>,
    has_left: Cell<bool>,
    /// Until when there has to be an answer: the latest moment of all who share it.
    pub(crate) until: Cell<Timestamp>,
    parts: OnceCell<Option<Parts>>,
}

enum What {
    One(Asked),
    Many(Listed),
}

impl Flight {
    fn new(request: &Asked, until: Timestamp) -> Self {
        let what = Listed::of(request).map_or_else(|| What::One(request.clone()), What::Many);
        Self { what: RefCell::new(what), has_left: Cell::new(false), until: Cell::new(until), parts: OnceCell::new() }
    }

    /// Whether it is held back for others.
    pub(crate) fn gathers(&self) -> bool {
        matches!(*self.what.borrow(), What::Many(_))
    }

    /// The request as it stands.
    pub(crate) fn request(&self) -> Asked {
        match &*self.what.borrow() {
            What::One(request) => request.clone(),
            What::Many(listed) => listed.request(),
        }
    }

    /// The request as it is sent; nothing is added to it any more.
    pub(crate) fn leave(&self) -> Asked {
        self.has_left.set(true);
        self.request()
    }

    /// Whether the request was sent.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.get()
    }

    /// Takes another request in, if its answer will be in this one's.
    fn takes(&self, request: &Asked) -> bool {
        match &mut *self.what.borrow_mut() {
            What::One(own) => own == request,
            What::Many(own) => Listed::of(request)
                .is_some_and(|listed| own.covers(&listed) || (!self.has_left.get() && own.join(&listed))),
        }
    }

    /// One asker's share of the outcome; `None` where the request has to be made for this asker alone.
    pub(crate) fn share(&self, request: &Asked, outcome: &Outcome) -> Option<Result<Answer, Error>> {
        let What::Many(all) = &*self.what.borrow() else { return Some((**outcome).clone()) };
        let (Ok(answer), Some(mine)) = (&**outcome, Listed::of(request)) else { return Some((**outcome).clone()) };
        if mine.covers(all) {
            return Some(Ok(answer.clone()));
        }
        if batch::is_to_be_asked_apart(answer) {
            return None;
        }
        let parts = self.parts.get_or_init(|| Parts::of(answer, all));
        Some(Ok(parts.as_ref().map_or_else(|| answer.clone(), |parts| parts.answer(&mine))))
    }
}

/// The flights of one user.
#[derive(Default)]
pub(crate) struct Flights(RefCell<Vec<(Rc<Flight>, WeakShared<Work>)>>);

impl Flights {
    /// Joins a flight that takes the request, or begins one.
    pub(crate) fn board(
        &self,
        request: &Asked,
        until: Timestamp,
        begin: impl FnOnce(Rc<Flight>) -> Work,
    ) -> (Rc<Flight>, Shared<Work>) {
        let mut flights = self.0.borrow_mut();
        flights.retain(|(_, work)| work.upgrade().is_some_and(|work| work.peek().is_none()));
        for (flight, work) in flights.iter() {
            if let Some(work) = work.upgrade().filter(|_| flight.takes(request)) {
                flight.until.set(flight.until.get().max(until));
                return (Rc::clone(flight), work);
            }
        }
        let flight = Rc::new(Flight::new(request, until));
        let work = begin(Rc::clone(&flight)).shared();
        if let Some(weak) = work.downgrade() {
            flights.push((Rc::clone(&flight), weak));
        }
        (flight, work)
    }

    /// Lets nobody join what is under way: what is asked from now on is asked anew.
    pub(crate) fn close(&self) {
        self.0.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{join_all, ready};

    use super::*;

    fn prices(symbols: &str) -> Asked {
        let pairs: Vec<_> = symbols.split(' ').map(|symbol| format!("equity={symbol}")).collect();
        Asked::get(format!("/market-data/by-type?{}", pairs.join("&")))
    }

    fn answering(body: &str) -> Work {
        let outcome: Outcome = Rc::new(Ok(Answer::new(200, None, body, Timestamp::UNIX_EPOCH)));
        ready(outcome).boxed_local()
    }

    fn pending(_: Rc<Flight>) -> Work {
        futures_util::future::pending().boxed_local()
    }

    #[test]
    fn equal_requests_share_one_flight_and_others_do_not() {
        let flights = Flights::default();
        let (first, _held) = flights.board(&Asked::get("/customers/me"), Timestamp::UNIX_EPOCH, pending);
        let later = Timestamp::UNIX_EPOCH + Duration::from_secs(1);
        let (second, _same) = flights.board(&Asked::get("/customers/me"), later, pending);
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(first.until.get(), later);
        let (other, _other) = flights.board(&Asked::get("/customers/me?x"), later, pending);
        assert!(!Rc::ptr_eq(&first, &other));
        flights.close();
        let (anew, _anew) = flights.board(&Asked::get("/customers/me"), later, pending);
        assert!(!Rc::ptr_eq(&first, &anew));
    }

    #[test]
    fn lists_gather_until_they_leave_and_then_serve_what_they_have() {
        let flights = Flights::default();
        let board = |symbols| flights.board(&prices(symbols), Timestamp::UNIX_EPOCH, pending);
        let (first, _a) = board("SPY QQQ");
        let (second, _b) = board("QQQ IWM");
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(first.leave(), prices("SPY QQQ IWM"));
        let (covered, _c) = board("IWM");
        assert!(Rc::ptr_eq(&first, &covered));
        let (beyond, _d) = board("IWM AAPL");
        assert!(!Rc::ptr_eq(&first, &beyond));
    }

    #[test]
    fn a_flight_that_nobody_waits_for_is_dropped() {
        let flights = Flights::default();
        let witness = Rc::new(());
        let begin = |_| {
            let held = Rc::clone(&witness);
            async move {
                let _held = held;
                futures_util::future::pending::<Outcome>().await
            }
            .boxed_local()
        };
        let request = Asked::get("/customers/me");
        let (_flight, first) = flights.board(&request, Timestamp::UNIX_EPOCH, begin);
        let (_flight, second) = flights.board(&request, Timestamp::UNIX_EPOCH, pending);
        drop(first);
        assert_eq!(Rc::strong_count(&witness), 2, "one still waits");
        drop(second);
        assert_eq!(Rc::strong_count(&witness), 1, "nobody waits");
    }

    #[test]
    fn everyone_gets_their_share_and_a_refusal_is_asked_for_apart() {
        let shared = |status: u16, body: &str| {
            let flights = Flights::default();
            let (flight, _held) = flights.board(&prices("SPY"), Timestamp::UNIX_EPOCH, pending);
            let (_same, _too) = flights.board(&prices("QQQ"), Timestamp::UNIX_EPOCH, pending);
            flight.leave();
            let outcome: Outcome = Rc::new(Ok(Answer::new(status, None, body, Timestamp::UNIX_EPOCH)));
            flight.share(&prices("QQQ"), &outcome).map(|answer| String::from_utf8(answer.unwrap().body).unwrap())
        };
        let body = r#"{"data":{"items":[{"symbol":"SPY"},{"symbol":"QQQ"}]}}"#;
        assert_eq!(shared(200, body).as_deref(), Some(r#"{"data":{"items":[{"symbol":"QQQ"}]}}"#));
        assert_eq!(shared(200, "<html>").as_deref(), Some("<html>"));
        assert_eq!(shared(500, "no").as_deref(), Some("no"));
        assert_eq!(shared(400, "no"), None);
    }

    #[test]
    fn a_hundred_wait_for_one() {
        let flights = Flights::default();
        let mut begun = 0;
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let begin = |_| {
                    begun += 1;
                    answering(r#"{"data":{"items":[]}}"#)
                };
                flights.board(&prices("SPY"), Timestamp::UNIX_EPOCH, begin).1
            })
            .collect();
        let outcomes = futures_util::FutureExt::now_or_never(join_all(waiting)).unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.is_ok()));
        assert_eq!(begun, 1);
    }
}
