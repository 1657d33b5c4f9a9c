//! The same request many times at once, with the database letting now this one and now that one go first.

use domain::UserId;
use futures_util::future::join_all;
use oauth::{Code, access::Unauthorized};
use store::{Database, sql};
use testkit::block_on;

use crate::world::{CALLBACK, World, answer, cookie, param, params};

/// Orders in which the requests are tried.
const SEEDS: u64 = 12;

fn count(world: &World, sql: &'static str) -> i64 {
    block_on(world.db.run(sql!(sql))).unwrap().rows[0]["n"].as_i64().unwrap()
}

#[test]
fn one_of_fifty_exchanges_wins() {
    let mut winners = std::collections::BTreeSet::new();
    for seed in 0..SEEDS {
        let world = World::new();
        let client = world.app(CALLBACK);
        let code = world.code(&client, CALLBACK, None);
        let form = world.exchange(&client, CALLBACK, &code);
        world.db.interleave(seed);
        let answers = block_on(join_all((0..50).map(|_| world.ask_token(None, &form))));
        let won: Vec<usize> = (0..50).filter(|index| answers[*index].is_ok()).collect();
        assert_eq!(won.len(), 1, "seed {seed}: {won:?}");
        winners.insert(won[0]);
        assert!(answers.iter().flat_map(Result::as_ref).count() == 1);
        assert!(
            answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| error.code == Code::InvalidGrant)
        );
        assert_eq!(count(&world, "SELECT count(*) AS n FROM grants"), 1, "seed {seed}");
        assert_eq!(count(&world, "SELECT count(*) AS n FROM refresh_tokens"), 1, "seed {seed}");
        // The others had the code and its verifier: it may have been stolen, so what came of it has ended.
        let access = answers[won[0]].as_ref().unwrap()["access_token"].as_str().unwrap();
        assert_eq!(world.authenticate(access), Err(Unauthorized::Invalid));
    }
    assert!(winners.len() > 1, "the requests were interleaved: {winners:?}");
}

#[test]
fn fifty_refreshes_are_one_rotation() {
    for seed in 0..SEEDS {
        let world = World::new();
        let client = world.app(CALLBACK);
        let code = world.code(&client, CALLBACK, None);
        let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
        let form = world.refresh(&client, pair["refresh_token"].as_str().unwrap());
        world.db.interleave(seed);
        let answers = block_on(join_all((0..50).map(|_| world.ask_token(None, &form))));
        assert!(answers.iter().all(Result::is_ok), "seed {seed}");
        assert_eq!(count(&world, "SELECT max(generation) AS n FROM refresh_tokens"), 1);
        assert_eq!(count(&world, "SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL"), 1);
        for answer in &answers {
            assert!(world.authenticate(answer.as_ref().unwrap()["access_token"].as_str().unwrap()).is_ok());
        }
    }
}

#[test]
fn a_refresh_and_a_revocation_at_once_leave_nothing_alive() {
    for seed in 0..SEEDS {
        let world = World::new();
        let client = world.app(CALLBACK);
        let code = world.code(&client, CALLBACK, None);
        let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
        let refresh = pair["refresh_token"].as_str().unwrap();
        let form = world.refresh(&client, refresh);
        let revocation = vec![("client_id", client.clone()), ("token", refresh.to_owned())];
        world.db.interleave(seed);
        let (answers, revoked) = block_on(futures_util::future::join(
            join_all((0..10).map(|_| world.ask_token(None, &form))),
            world.ask_revoke(&revocation),
        ));
        revoked.unwrap();
        for answer in answers.iter().flatten() {
            assert!(world.authenticate(answer["access_token"].as_str().unwrap()).is_err(), "seed {seed}");
            let again = world.refresh(&client, answer["refresh_token"].as_str().unwrap());
            assert!(world.token(&again).is_err(), "seed {seed}");
        }
    }
}

#[test]
fn one_of_many_answers_to_a_page_and_one_of_many_returns_count() {
    for seed in 0..SEEDS {
        let world = World::new();
        let client = world.app(CALLBACK);
        let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
        let cookies = cookie(&consent);
        let forms: Vec<_> = (0..20)
            .map(|index| {
                let mut form = answer(&consent, if index % 2 == 0 { "login" } else { "deny" });
                form.push(("scope", "market:read".to_owned()));
                params(&form)
            })
            .collect();
        world.db.interleave(seed);
        let context = world.cx();
        let decided =
            block_on(join_all(forms.iter().map(|form| oauth::consent::decide(&context, form, Some(&cookies)))));
        let mut done: Vec<_> = decided.into_iter().filter_map(Result::ok).collect();
        assert_eq!(done.len(), 1, "seed {seed}: {done:?}");
        let Some(oauth::consent::Decided::Upstream(address)) = done.pop() else { continue };
        let query = params(&vec![("code", "c".to_owned()), ("state", param(&address, "state").unwrap())]);
        let user = UserId::new("U0001").unwrap();
        let returns = block_on(join_all((0..20).map(|_| async {
            let back = oauth::callback::come_back(&context, &query, Some(&cookies)).await?;
            back.approved.finish(&context, &user).await
        })));
        assert_eq!(returns.iter().filter(|done| done.is_ok()).count(), 1, "seed {seed}");
        assert_eq!(count(&world, "SELECT count(*) AS n FROM oauth_codes"), 1);
    }
}
