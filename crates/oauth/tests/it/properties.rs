//! Any sequence of steps keeps what must always hold, whoever takes them and in whatever order:
//!
//! - no path skips a stage: a page is decided once, by its browser, in time; a return counts once, after a yes, in its
//!   browser, in time; a code is exchanged once, by its app, with its verifier, in time;
//! - of one code comes one grant at most, and a code that came twice in the right hands leaves none alive;
//! - an access token never says more than the user left ticked, however often it was refreshed;
//! - an app never gets tokens for a code or a refresh token of another, and ends no grant of another;
//! - no token holds once its grant has ended: by a replay, a late reuse, a revocation, or TastyTrade;
//! - and what should work does: the right refresh of a living grant gives a pair.

use chrono::TimeDelta;
use domain::{Scope, Scopes, Timestamp, UserId};
use oauth::{ACCESS, CODE, Consent, GRACE, REFRESH, VISIT, cimd::Fetched, consent::Decided, token::Connection};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use store::{Database, sql};
use testkit::block_on;

use crate::world::{VERIFIER, World, answer, cookie, param, params, with};

const CALLBACKS: [&str; 3] = ["https://one.example/cb", "https://two.example/cb", "https://three.example/cb"];
/// The third app is known by a document.
const DOCUMENT: &str = "https://three.example/app.json";

#[derive(Debug, Clone)]
enum Step {
    Authorize {
        app: usize,
    },
    /// The way to a code in one go, so that what comes after it is reached often.
    Login {
        app: usize,
        ticked: Vec<bool>,
    },
    Consent {
        of: Index,
        ticked: Vec<bool>,
        foreign_cookie: bool,
    },
    Deny {
        of: Index,
        foreign_cookie: bool,
    },
    Callback {
        of: Index,
        foreign_cookie: bool,
        denied: bool,
    },
    Exchange {
        of: Index,
        app: usize,
        right_verifier: bool,
    },
    /// The rightful app exchanges a code that it has exchanged.
    Replay {
        of: Index,
    },
    Refresh {
        of: Index,
        app: usize,
        wide: bool,
    },
    /// The rightful app refreshes with its newest token.
    RefreshNewest {
        of: Index,
        narrow: bool,
    },
    /// The rightful app refreshes with a token that it has used.
    RefreshUsed {
        of: Index,
    },
    Revoke {
        of: Index,
        app: usize,
        access: bool,
    },
    TastyTrade {
        connection: Connection,
    },
    Tick {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let app = || 0..CALLBACKS.len();
    let ticks = || prop::collection::vec(prop::bool::weighted(0.7), 5);
    let rarely = || prop::bool::weighted(0.15);
    prop_oneof![
        2 => app().prop_map(|app| Step::Authorize { app }),
        3 => (app(), ticks()).prop_map(|(app, ticked)| Step::Login { app, ticked }),
        3 => (index(), ticks(), rarely())
            .prop_map(|(of, ticked, foreign_cookie)| Step::Consent { of, ticked, foreign_cookie }),
        1 => (index(), rarely()).prop_map(|(of, foreign_cookie)| Step::Deny { of, foreign_cookie }),
        3 => (index(), rarely(), rarely())
            .prop_map(|(of, foreign_cookie, denied)| Step::Callback { of, foreign_cookie, denied }),
        5 => (index(), app(), prop::bool::weighted(0.85))
            .prop_map(|(of, app, right_verifier)| Step::Exchange { of, app, right_verifier }),
        1 => index().prop_map(|of| Step::Replay { of }),
        4 => (index(), app(), rarely()).prop_map(|(of, app, wide)| Step::Refresh { of, app, wide }),
        4 => (index(), any::<bool>()).prop_map(|(of, narrow)| Step::RefreshNewest { of, narrow }),
        2 => index().prop_map(|of| Step::RefreshUsed { of }),
        1 => (index(), app(), any::<bool>()).prop_map(|(of, app, access)| Step::Revoke { of, app, access }),
        1 => prop_oneof![
            4 => Just(Connection::Holds),
            1 => Just(Connection::Ended),
            1 => Just(Connection::Absent),
        ]
        .prop_map(|connection| Step::TastyTrade { connection }),
        3 => prop_oneof![3 => 1..30_i64, 2 => 50..200_i64, 1 => 500..90_000_i64]
            .prop_map(|seconds| Step::Tick { seconds }),
    ]
}

/// A page that was shown.
#[derive(Clone)]
struct Page {
    app: usize,
    consent: Consent,
    shown_at: Timestamp,
    is_decided: bool,
}

/// A browser that was sent to TastyTrade.
#[derive(Clone)]
struct Sent {
    app: usize,
    consent: Consent,
    ticked: Scopes,
    state: String,
    sent_at: Timestamp,
    is_back: bool,
}

/// A code, and the family of tokens that came of it.
#[derive(Clone)]
struct Family {
    app: usize,
    ticked: Scopes,
    code: String,
    issued_at: Timestamp,
    is_exchanged: bool,
    has_ended: bool,
}

#[derive(Clone)]
struct Token {
    family: usize,
    text: String,
    issued_at: Timestamp,
    used_at: Option<Timestamp>,
}

/// What the test knows beside the server.
struct Known {
    world: World,
    apps: Vec<String>,
    pages: Vec<Page>,
    sent: Vec<Sent>,
    families: Vec<Family>,
    refreshes: Vec<Token>,
    accesses: Vec<Token>,
}

fn pick<T>(from: &[T], index: &Index) -> Option<usize> {
    (!from.is_empty()).then(|| index.index(from.len()))
}

/// The cookie of the browser, or of another one.
fn cookies(foreign: bool, consent: &Consent) -> String {
    let own = cookie(consent);
    if foreign { own.replace("ttai_bb_", "ttai_bb_A")[..own.len()].to_owned() } else { own }
}

impl Known {
    fn new() -> Self {
        let world = World::new();
        let body = json!({ "client_id": DOCUMENT, "client_name": "Three", "redirect_uris": [CALLBACKS[2]] });
        let document = Fetched {
            status: 200,
            content_type: Some("application/json".to_owned()),
            body: body.to_string().into_bytes(),
            ..Fetched::default()
        };
        world.outside.documents.borrow_mut().insert(DOCUMENT.to_owned(), document);
        let apps = vec![world.app(CALLBACKS[0]), world.app(CALLBACKS[1]), DOCUMENT.to_owned()];
        Self {
            world,
            apps,
            pages: Vec::new(),
            sent: Vec::new(),
            families: Vec::new(),
            refreshes: Vec::new(),
            accesses: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.world.now.get()
    }

    fn is_within(&self, since: Timestamp, span: TimeDelta) -> bool {
        self.now() < since + span
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Authorize { app } => self.authorize(*app),
            Step::Login { app, ticked } => {
                self.authorize(*app);
                self.consent(self.pages.len() - 1, ticked, false);
                if !ticked.iter().all(|is| !is) {
                    self.come_back(self.sent.len() - 1, false, false);
                }
            }
            Step::Consent { of, ticked, foreign_cookie } => {
                if let Some(page) = pick(&self.pages, of) {
                    self.consent(page, ticked, *foreign_cookie);
                }
            }
            Step::Deny { of, foreign_cookie } => {
                if let Some(page) = pick(&self.pages, of) {
                    self.deny(page, *foreign_cookie);
                }
            }
            Step::Callback { of, foreign_cookie, denied } => {
                if let Some(sent) = pick(&self.sent, of) {
                    self.come_back(sent, *foreign_cookie, *denied);
                }
            }
            Step::Exchange { of, app, right_verifier } => {
                if let Some(family) = pick(&self.families, of) {
                    self.exchange(family, *app, *right_verifier);
                }
            }
            Step::Replay { of } => {
                let used: Vec<usize> = (0..self.families.len()).filter(|at| self.families[*at].is_exchanged).collect();
                if let Some(at) = pick(&used, of) {
                    self.exchange(used[at], self.families[used[at]].app, true);
                }
            }
            Step::Refresh { of, app, wide } => {
                if let Some(token) = pick(&self.refreshes, of) {
                    let scope = wide.then(Scopes::all);
                    self.refresh(token, *app, scope.as_ref());
                }
            }
            Step::RefreshNewest { of, narrow } => {
                let Some(family) = pick(&self.families, of) else { return };
                let Some(token) = self.refreshes.iter().rposition(|token| token.family == family) else { return };
                let first: Scopes = self.families[family].ticked.iter().take(1).collect();
                self.refresh(token, self.families[family].app, narrow.then_some(&first));
            }
            Step::RefreshUsed { of } => {
                let used: Vec<usize> =
                    (0..self.refreshes.len()).filter(|at| self.refreshes[*at].used_at.is_some()).collect();
                if let Some(at) = pick(&used, of) {
                    self.refresh(used[at], self.families[self.refreshes[used[at]].family].app, None);
                }
            }
            Step::Revoke { of, app, access } => self.revoke(of, *app, *access),
            Step::TastyTrade { connection } => self.world.outside.connection.set(Ok(*connection)),
            Step::Tick { seconds } => self.world.tick(*seconds),
        }
    }

    fn authorize(&mut self, app: usize) {
        let consent = self.world.authorize(&self.world.request(&self.apps[app], CALLBACKS[app]), None).unwrap();
        self.pages.push(Page { app, consent, shown_at: self.now(), is_decided: false });
    }

    /// Whether a page can be decided by this browser.
    fn is_open(&self, page: usize, foreign: bool) -> bool {
        let page = &self.pages[page];
        !foreign && !page.is_decided && self.is_within(page.shown_at, VISIT)
    }

    fn consent(&mut self, page: usize, ticked: &[bool], foreign: bool) {
        let may = self.is_open(page, foreign);
        let Page { app, consent, .. } = self.pages[page].clone();
        let ticked: Scopes =
            Scope::ALL.into_iter().zip(ticked).filter(|(_, is)| **is).map(|(scope, _)| scope).collect();
        let mut form = answer(&consent, "login");
        form.extend(ticked.iter().map(|scope| ("scope", scope.as_str().to_owned())));
        match self.world.decide(&form, Some(&cookies(foreign, &consent))) {
            Ok(Decided::Upstream(address)) => {
                assert!(may && !ticked.is_empty(), "a page was decided that may not be");
                self.pages[page].is_decided = true;
                let (state, sent_at) = (param(&address, "state").unwrap(), self.now());
                self.sent.push(Sent { app, consent, ticked, state, sent_at, is_back: false });
            }
            Ok(Decided::Again(_)) => assert!(may && ticked.is_empty()),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => assert!(!may, "{refusal:?}"),
        }
    }

    fn deny(&mut self, page: usize, foreign: bool) {
        let may = self.is_open(page, foreign);
        let Page { app, consent, .. } = self.pages[page].clone();
        match self.world.decide(&answer(&consent, "deny"), Some(&cookies(foreign, &consent))) {
            Ok(Decided::Denied(location)) => {
                assert!(may, "a page was denied that may not be decided");
                assert!(location.starts_with(CALLBACKS[app]) && param(&location, "code").is_none());
                self.pages[page].is_decided = true;
            }
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => assert!(!may, "{refusal:?}"),
        }
    }

    fn come_back(&mut self, at: usize, foreign: bool, denied: bool) {
        let sent = self.sent[at].clone();
        let may = !foreign && !sent.is_back && self.is_within(sent.sent_at, VISIT);
        let outcome = if denied { ("error", "access_denied".to_owned()) } else { ("code", "c".to_owned()) };
        let query = params(&vec![outcome, ("state", sent.state)]);
        let cookies = cookies(foreign, &sent.consent);
        let back = block_on(oauth::callback::come_back(&self.world.cx(), &query, Some(&cookies)));
        self.sent[at].is_back |= may;
        let Ok(back) = back else {
            assert!(!may || denied, "the right return was refused");
            return;
        };
        assert!(may && !denied, "a return counted that may not");
        let done = block_on(back.approved.finish(&self.world.cx(), &UserId::new("U0001").unwrap())).unwrap();
        assert!(done.location.starts_with(CALLBACKS[sent.app]));
        self.families.push(Family {
            app: sent.app,
            ticked: sent.ticked,
            code: param(&done.location, "code").unwrap(),
            issued_at: self.now(),
            is_exchanged: false,
            has_ended: false,
        });
    }

    fn exchange(&mut self, at: usize, app: usize, right_verifier: bool) {
        let family = self.families[at].clone();
        let verifier = if right_verifier { VERIFIER.to_owned() } else { VERIFIER.to_uppercase() };
        let form =
            with(self.world.exchange(&self.apps[app], CALLBACKS[family.app], &family.code), "code_verifier", &verifier);
        let is_rightful = app == family.app && right_verifier;
        let may = is_rightful && !family.is_exchanged && self.is_within(family.issued_at, CODE);
        match self.world.token(&form) {
            Ok(pair) => {
                assert!(may, "a code was exchanged that may not be");
                self.families[at].is_exchanged = true;
                self.keep(at, &family.ticked, &pair);
            }
            Err(error) => {
                assert!(!may, "{error}");
                // Whoever has the code and its verifier twice may have stolen them.
                self.families[at].has_ended |= is_rightful && family.is_exchanged;
            }
        }
    }

    fn refresh(&mut self, at: usize, app: usize, scope: Option<&Scopes>) {
        let token = self.refreshes[at].clone();
        let family = self.families[token.family].clone();
        let mut form = self.world.refresh(&self.apps[app], &token.text);
        form.extend(scope.map(|scope| ("scope", scope.to_string())));
        let wanted = scope.unwrap_or(&family.ticked);
        let is_rightful = app == family.app && family.ticked.contains_all(wanted);
        let is_alive = is_rightful && !family.has_ended && self.is_within(token.issued_at, REFRESH);
        let is_late = token.used_at.is_some_and(|used_at| !self.is_within(used_at, GRACE));
        let connection = self.world.outside.connection.get().unwrap();
        let may = is_alive && !is_late && connection != Connection::Ended;
        match self.world.token(&form) {
            Ok(pair) => {
                assert!(may, "a refresh that may not be");
                let now = self.now();
                self.refreshes[at].used_at.get_or_insert(now);
                self.keep(token.family, wanted, &pair);
            }
            Err(error) => {
                assert!(!may, "{error}");
                self.families[token.family].has_ended |= is_alive;
            }
        }
    }

    fn revoke(&mut self, of: &Index, app: usize, access: bool) {
        let tokens = if access { &self.accesses } else { &self.refreshes };
        let Some(at) = pick(tokens, of) else { return };
        let token = tokens[at].clone();
        self.world.revoke(&vec![("client_id", self.apps[app].clone()), ("token", token.text)]).unwrap();
        // An access token that has run out says nothing any more, give or take the minute that clocks may be apart.
        let age = self.now() - token.issued_at;
        let skew = TimeDelta::seconds(60);
        if self.families[token.family].app == app && (!access || age <= ACCESS + skew) {
            self.families[token.family].has_ended = true;
        }
    }

    fn keep(&mut self, family: usize, wanted: &Scopes, pair: &Value) {
        assert_eq!(pair["scope"], wanted.to_string());
        let token = |name: &str| Token {
            family,
            text: pair[name].as_str().unwrap().to_owned(),
            issued_at: self.now(),
            used_at: None,
        };
        let (refresh, access) = (token("refresh_token"), token("access_token"));
        self.refreshes.push(refresh);
        self.accesses.push(access);
    }

    fn check(&self) {
        for token in &self.accesses {
            let family = &self.families[token.family];
            match self.world.authenticate(&token.text) {
                Ok(who) => {
                    assert!(!family.has_ended, "a token outlived its grant");
                    assert_eq!(who.client_id, self.apps[family.app]);
                    assert!(family.ticked.contains_all(&who.scopes), "scopes grew");
                }
                Err(_) => assert!(family.has_ended || !self.is_within(token.issued_at, ACCESS), "a token died early"),
            }
        }
        let rows = |sql| block_on(self.world.db.run(sql!(sql))).unwrap().rows;
        let live = rows(
            "SELECT c.code_hash, count(*) AS n FROM grants g JOIN oauth_codes c ON c.user_id = g.user_id
               AND c.grant_id = g.id WHERE g.revoked_at IS NULL GROUP BY c.code_hash",
        );
        assert!(live.iter().all(|row| row["n"] == 1), "two live families of one code");
        assert_eq!(live.len(), self.families.iter().filter(|family| family.is_exchanged && !family.has_ended).count());
        let skipped = rows(
            "SELECT (SELECT count(*) FROM oauth_codes) > (SELECT count(*) FROM oauth_requests WHERE stage = 'done')
               OR (SELECT count(*) FROM grants) > (SELECT count(*) FROM oauth_codes WHERE used_at IS NOT NULL) AS n",
        );
        assert_eq!(skipped[0]["n"], 0, "a stage was skipped");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_sequence_keeps_the_rules(steps in prop::collection::vec(step(), 1..80)) {
        let mut known = Known::new();
        for step in &steps {
            known.take(step);
            known.check();
        }
    }
}
