//! Any sequence of steps keeps what must always hold:
//!
//! - of one code comes one grant at most, and a code that came twice in the right hands leaves none alive;
//! - an access token never says more than the user left ticked;
//! - an app never gets tokens for a code or a refresh token of another;
//! - no access token holds once its grant has ended.

use std::collections::BTreeMap;

use domain::{Scope, Scopes};
use oauth::{Consent, consent::Decided};
use proptest::{prelude::*, sample::Index};
use store::{Database, sql};
use testkit::block_on;

use crate::world::{VERIFIER, World, answer, cookie, param, with};

const CALLBACKS: [&str; 2] = ["https://one.example/cb", "https://two.example/cb"];

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
    Callback {
        of: Index,
        foreign_cookie: bool,
    },
    Exchange {
        of: Index,
        app: usize,
        right_verifier: bool,
    },
    Refresh {
        of: Index,
        app: usize,
        wide: bool,
    },
    Revoke {
        of: Index,
        app: usize,
    },
    Tick {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let ticks = || prop::collection::vec(prop::bool::weighted(0.7), 5);
    let rarely = || prop::bool::weighted(0.15);
    prop_oneof![
        2 => (0..2_usize).prop_map(|app| Step::Authorize { app }),
        2 => (0..2_usize, ticks()).prop_map(|(app, ticked)| Step::Login { app, ticked }),
        3 => (index(), ticks(), rarely())
            .prop_map(|(of, ticked, foreign_cookie)| Step::Consent { of, ticked, foreign_cookie }),
        3 => (index(), rarely()).prop_map(|(of, foreign_cookie)| Step::Callback { of, foreign_cookie }),
        4 => (index(), 0..2_usize, prop::bool::weighted(0.85))
            .prop_map(|(of, app, right_verifier)| Step::Exchange { of, app, right_verifier }),
        4 => (index(), 0..2_usize, any::<bool>()).prop_map(|(of, app, wide)| Step::Refresh { of, app, wide }),
        1 => (index(), 0..2_usize).prop_map(|(of, app)| Step::Revoke { of, app }),
        2 => prop_oneof![1..30_i64, 50..130_i64, 500..90_000_i64].prop_map(|seconds| Step::Tick { seconds }),
    ]
}

/// What was sent upstream: by which app, from which page, with what ticked, and the state.
type Sent = (usize, Consent, Scopes, String);

/// What the test knows beside the server.
struct Known {
    world: World,
    apps: Vec<String>,
    pages: Vec<(usize, Consent)>,
    states: Vec<Sent>,
    /// Codes: app, what was ticked, the code.
    codes: Vec<(usize, Scopes, String)>,
    /// Refresh tokens: app, what was ticked, the token, the code that it came of.
    refreshes: Vec<(usize, Scopes, String, usize)>,
    /// Access tokens: app, what was ticked, the token, the code that it came of.
    accesses: Vec<(usize, Scopes, String, usize)>,
    exchanged: BTreeMap<usize, u32>,
}

impl Known {
    fn new() -> Self {
        let world = World::new();
        let apps = CALLBACKS.iter().map(|callback| world.app(callback)).collect();
        Self {
            world,
            apps,
            pages: Vec::new(),
            states: Vec::new(),
            codes: Vec::new(),
            refreshes: Vec::new(),
            accesses: Vec::new(),
            exchanged: BTreeMap::new(),
        }
    }

    fn pick<T: Clone>(from: &[T], index: &Index) -> Option<(usize, T)> {
        (!from.is_empty()).then(|| index.index(from.len())).map(|at| (at, from[at].clone()))
    }

    fn foreign(&self, is: bool, consent: &Consent) -> String {
        let own = cookie(consent);
        if is { own.replace("ttai_bb_", "ttai_bb_A")[..own.len()].to_owned() } else { own }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Authorize { app } => {
                let request = self.world.request(&self.apps[*app], CALLBACKS[*app]);
                if let Ok(consent) = self.world.authorize(&request, None) {
                    self.pages.push((*app, consent));
                }
            }
            Step::Login { app, ticked } => {
                self.take(&Step::Authorize { app: *app });
                if let Some((app, page)) = self.pages.last().cloned() {
                    self.consent(app, page, ticked, false);
                }
                if let Some(sent) = self.states.last().cloned() {
                    self.callback(sent, false);
                }
            }
            Step::Consent { of, ticked, foreign_cookie } => {
                if let Some((_, (app, page))) = Self::pick(&self.pages, of) {
                    self.consent(app, page, ticked, *foreign_cookie);
                }
            }
            Step::Callback { of, foreign_cookie } => {
                if let Some((_, sent)) = Self::pick(&self.states, of) {
                    self.callback(sent, *foreign_cookie);
                }
            }
            Step::Exchange { of, app, right_verifier } => self.exchange(of, *app, *right_verifier),
            Step::Refresh { of, app, wide } => self.refresh(of, *app, *wide),
            Step::Revoke { of, app } => {
                if let Some((_, (_, _, token, _))) = Self::pick(&self.refreshes, of) {
                    let _ = self.world.revoke(&vec![("client_id", self.apps[*app].clone()), ("token", token)]);
                }
            }
            Step::Tick { seconds } => self.world.tick(*seconds),
        }
    }

    fn consent(&mut self, app: usize, page: Consent, ticked: &[bool], foreign: bool) {
        let granted: Scopes =
            Scope::ALL.into_iter().zip(ticked).filter(|(_, is)| **is).map(|(scope, _)| scope).collect();
        let mut form = answer(&page, "login");
        form.extend(granted.iter().map(|scope| ("scope", scope.as_str().to_owned())));
        if let Ok(Decided::Upstream(address)) = self.world.decide(&form, Some(&self.foreign(foreign, &page))) {
            assert!(!foreign, "another browser answered");
            self.states.push((app, page, granted, param(&address, "state").unwrap()));
        }
    }

    fn callback(&mut self, (app, page, granted, state): Sent, foreign: bool) {
        let query = vec![("code", "c".to_owned()), ("state", state)];
        let cookies = self.foreign(foreign, &page);
        let back =
            block_on(oauth::callback::come_back(&self.world.cx(), &crate::world::params(&query), Some(&cookies)));
        let Ok(back) = back else { return };
        assert!(!foreign, "another browser came back");
        let user = domain::UserId::new("U0001").unwrap();
        let done = block_on(back.approved.finish(&self.world.cx(), &user)).unwrap();
        assert!(done.location.starts_with(CALLBACKS[app]));
        self.codes.push((app, granted, param(&done.location, "code").unwrap()));
    }

    fn exchange(&mut self, of: &Index, app: usize, right: bool) {
        let Some((at, (owner, granted, code))) = Self::pick(&self.codes, of) else { return };
        let verifier = if right { VERIFIER.to_owned() } else { VERIFIER.to_uppercase() };
        let form = with(self.world.exchange(&self.apps[app], CALLBACKS[owner], &code), "code_verifier", &verifier);
        let answered = self.world.token(&form);
        if app == owner && right && !self.exchanged.contains_key(&at) && answered.is_err() {
            // Too late; it can never come to anything.
            return;
        }
        if app == owner && right {
            *self.exchanged.entry(at).or_default() += 1;
        }
        if let Ok(pair) = answered {
            assert!(app == owner && right && self.exchanged[&at] == 1, "a code was exchanged that may not be");
            self.keep(owner, &granted, &pair, at);
        }
    }

    fn refresh(&mut self, of: &Index, app: usize, wide: bool) {
        let Some((_, (owner, granted, token, code))) = Self::pick(&self.refreshes, of) else { return };
        let mut form = self.world.refresh(&self.apps[app], &token);
        if wide {
            form.push(("scope", Scopes::all().to_string()));
        }
        if let Ok(pair) = self.world.token(&form) {
            assert_eq!(app, owner, "another app refreshed");
            self.keep(owner, &granted, &pair, code);
        }
    }

    fn keep(&mut self, app: usize, granted: &Scopes, pair: &serde_json::Value, code: usize) {
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        self.refreshes.push((app, granted.clone(), text("refresh_token"), code));
        self.accesses.push((app, granted.clone(), text("access_token"), code));
    }

    fn check(&self) {
        let grants = block_on(self.world.db.run(sql!("SELECT id, revoked_at FROM grants"))).unwrap().rows;
        assert!(grants.len() <= self.exchanged.len(), "more grants than codes");
        for (app, granted, token, code) in &self.accesses {
            let Ok(who) = self.world.authenticate(token) else { continue };
            assert_eq!(who.client_id, self.apps[*app]);
            assert!(granted.contains_all(&who.scopes), "scopes grew");
            assert_eq!(self.exchanged[code], 1, "a replayed code left a live token");
            let grant = grants.iter().find(|row| row["id"] == who.grant_id.as_str()).unwrap();
            assert!(grant["revoked_at"].is_null(), "a token outlived its grant");
        }
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
