//! A database that fails at its n-th call, for every n: the request is lost, or the answer to it is.
//!
//! Whatever fails, the one who asked learns that it may pass, and asking again either works or is refused for good: then a
//! new login works. At no time do two live families come of one code, and nothing is let in that was not before.

use domain::UserId;
use oauth::{Code, Refusal, access::Unauthorized, consent::Decided};
use serde_json::{Value, json};
use store::{Database, sql};
use testkit::block_on;

use crate::world::{CALLBACK, Loss, World, answer, cookie, param, params};

const DOCUMENT: &str = "https://client.example/app.json";

/// A server with an app of each kind.
fn world() -> (World, [String; 2]) {
    let world = World::new();
    let body = json!({ "client_id": DOCUMENT, "client_name": "App", "redirect_uris": [CALLBACK] }).to_string();
    let document = oauth::cimd::Fetched {
        status: 200,
        content_type: Some("application/json".to_owned()),
        body: body.into_bytes(),
        ..Default::default()
    };
    world.outside.documents.borrow_mut().insert(DOCUMENT.to_owned(), document);
    let registered = world.app(CALLBACK);
    (world, [registered, DOCUMENT.to_owned()])
}

fn count(world: &World, sql: &'static str) -> i64 {
    block_on(world.db.run(sql!(sql))).unwrap().rows[0]["n"].as_i64().unwrap()
}

/// What must hold at any time.
fn check(world: &World, what: &str) {
    for (rule, sql) in [
        (
            "a live grant comes of one code",
            "SELECT count(*) AS n FROM grants g
             WHERE (SELECT count(*) FROM oauth_codes c WHERE c.user_id = g.user_id AND c.grant_id = g.id) <> 1",
        ),
        (
            "a used code has its grant",
            "SELECT count(*) AS n FROM oauth_codes c WHERE (c.used_at IS NULL) <> (c.grant_id IS NULL)
               OR (c.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = c.grant_id))",
        ),
        (
            "a refresh token has its grant",
            "SELECT count(*) AS n FROM refresh_tokens r WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = r.grant_id)",
        ),
        (
            "a successor has a predecessor that was used",
            "SELECT count(*) AS n FROM refresh_tokens r WHERE r.generation > 0 AND NOT EXISTS
               (SELECT 1 FROM refresh_tokens p WHERE p.grant_id = r.grant_id AND p.generation = r.generation - 1
                  AND p.used_at IS NOT NULL)",
        ),
        (
            "a code comes of a visit that went all the way",
            "SELECT (SELECT count(*) FROM oauth_codes) > (SELECT count(*) FROM oauth_requests WHERE stage = 'done') AS n",
        ),
    ] {
        assert_eq!(count(world, sql), 0, "{what}: {rule}");
    }
}

/// How an attempt ended that the failure may have struck.
fn may_pass(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Page(error) => error.code == Code::TemporarilyUnavailable,
        Refusal::Redirect(location) => param(location, "error").as_deref() == Some("temporarily_unavailable"),
    }
}

/// Does one step. Once it has failed the database is well again, and the same is tried once more; `None` if that is refused
/// for good. The first failure must be one that may pass.
fn twice<T: std::fmt::Debug>(world: &World, step: impl Fn() -> Result<T, Refusal>) -> Option<T> {
    match step() {
        Ok(done) => Some(done),
        Err(refusal) => {
            assert!(world.db.has_failed(), "nothing had failed: {refusal:?}");
            assert!(may_pass(&refusal), "{refusal:?}");
            step().ok()
        }
    }
}

/// The whole way to a code.
fn log_in(world: &World, client: &str) -> Option<String> {
    let consent = twice(world, || world.authorize(&world.request(client, CALLBACK), None))?;
    let mut form = answer(&consent, "login");
    form.push(("scope", "market:read".to_owned()));
    let decided = twice(world, || world.decide(&form, Some(&cookie(&consent))))?;
    let Decided::Upstream(upstream) = decided else { panic!("{decided:?}") };
    let query = vec![("code", "c".to_owned()), ("state", param(&upstream, "state").unwrap())];
    let location = twice(world, || {
        let query = params(&query);
        let back = block_on(oauth::callback::come_back(&world.cx(), &query, Some(&cookie(&consent))))?;
        block_on(back.approved.finish(&world.cx(), &UserId::new("U0001").unwrap())).map(|done| done.location)
    })?;
    Some(param(&location, "code").unwrap())
}

/// One request to the token endpoint, and once more if it failed; `None` if that is refused for good.
fn ask(world: &World, form: &crate::world::Pairs<'_>) -> Option<Value> {
    let error = match world.token(form) {
        Ok(pair) => return Some(pair),
        Err(error) => error,
    };
    assert!(world.db.has_failed(), "nothing had failed: {error}");
    assert_eq!((error.code, error.code.status()), (Code::TemporarilyUnavailable, 503));
    assert!(error.headers().is_some_and(|(name, _)| name == "Retry-After"));
    match world.token(form) {
        Ok(pair) => Some(pair),
        Err(error) => {
            assert_eq!(error.code, Code::InvalidGrant, "{error}");
            None
        }
    }
}

fn text<'a>(pair: &'a Value, name: &str) -> &'a str {
    pair[name].as_str().unwrap()
}

/// Runs this with a failure at call 0, 1, 2 and so on, until none is met any more, and in both ways. Gives the number of
/// calls and how often the attempt was dead afterwards, for each way.
fn at_every_call(run: impl Fn(&World, &str, &dyn Fn()) -> bool) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for loss in [Loss::Request, Loss::Answer] {
        for which in 0..2 {
            let (mut calls, mut dead) = (0, 0);
            loop {
                let (world, apps) = world();
                let is_dead = !run(&world, &apps[which], &|| world.db.lose_after(calls, loss));
                let has_failed = world.db.has_failed();
                world.db.heal();
                let what = format!("{loss:?} {calls} of {}", apps[which]);
                check(&world, &what);
                assert!(count(&world, "SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL") <= 1, "{what}");
                dead += u32::from(is_dead);
                // Whatever became of this attempt, the next login works.
                let code = log_in(&world, &apps[which]).unwrap();
                let pair = world.token(&world.exchange(&apps[which], CALLBACK, &code)).unwrap();
                assert!(world.authenticate(text(&pair, "access_token")).is_ok(), "{what}");
                check(&world, &what);
                if !has_failed {
                    assert!(!is_dead, "without a failure it works");
                    break;
                }
                calls += 1;
                assert!(calls < 40, "it never ends");
            }
            assert!(calls >= 3, "only {calls} calls");
            found.push((calls, dead));
        }
    }
    found
}

#[test]
fn a_login() {
    let found = at_every_call(|world, client, fail| {
        fail();
        log_in(world, client).is_some()
    });
    // A lost request ends a login only after the return from TastyTrade, whose state has been used up.
    assert!(found.iter().all(|(calls, dead)| *calls >= 7 && *dead <= 6), "{found:?}");
    assert!(found[0].1 <= 2, "{found:?}");
}

#[test]
fn an_exchange() {
    let found = at_every_call(|world, client, fail| {
        let code = log_in(world, client).unwrap();
        fail();
        let form = world.exchange(client, CALLBACK, &code);
        let Some(pair) = ask(world, &form) else {
            assert_eq!(count(world, "SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL"), 0, "cleanly dead");
            return false;
        };
        world.db.heal();
        assert!(world.authenticate(text(&pair, "access_token")).is_ok());
        true
    });
    for (index, (_, dead)) in found.iter().enumerate() {
        // The answer to the one transaction is the only thing whose loss costs the code.
        assert_eq!(*dead, u32::from(index >= 2), "{found:?}");
    }
}

#[test]
fn a_refresh() {
    let found = at_every_call(|world, client, fail| {
        let code = log_in(world, client).unwrap();
        let first = world.token(&world.exchange(client, CALLBACK, &code)).unwrap();
        fail();
        let pair = ask(world, &world.refresh(client, text(&first, "refresh_token")));
        world.db.heal();
        let pair = pair.unwrap();
        assert!(world.authenticate(text(&pair, "access_token")).is_ok());
        assert_eq!(count(world, "SELECT max(generation) AS n FROM refresh_tokens"), 1);
        world.token(&world.refresh(client, text(&pair, "refresh_token"))).is_ok()
    });
    assert!(found.iter().all(|(_, dead)| *dead == 0), "a lost answer is what the grace is for: {found:?}");
}

#[test]
fn nobody_is_let_in_while_the_database_is_silent() {
    let (world, [client, _]) = world();
    let code = log_in(&world, &client).unwrap();
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    for loss in [Loss::Request, Loss::Answer] {
        world.db.lose_after(0, loss);
        assert_eq!(world.authenticate(text(&pair, "access_token")), Err(Unauthorized::Unavailable));
    }
    assert!(world.authenticate(text(&pair, "access_token")).is_ok());
}
