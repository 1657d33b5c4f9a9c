//! What is told for the audit: each change once, with its user and its app, and nothing where nothing changed.

use oauth::{Code, changes::What, consent::Decided};
use serde_json::Value;

use crate::world::{CALLBACK, World, answer, cookie};

type Told = Vec<(What, Option<String>, Option<String>, &'static str, Option<&'static str>)>;

fn told(world: &World) -> Told {
    let changes = world.changes.take().into_iter();
    let user = |user: domain::UserId| user.as_str().to_owned();
    changes
        .map(|change| (change.what, change.user.map(user), change.client_id, change.outcome, change.reason))
        .collect()
}

fn refresh_token(pair: &Value) -> String {
    pair["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn each_change_is_told_once() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let one = |what, reason| vec![(what, Some("U0001".to_owned()), Some(client.clone()), "ok", reason)];
    assert_eq!(told(&world), []);
    let code = world.code(&client, CALLBACK, None);
    assert_eq!(told(&world), one(What::Login, None));
    let exchange = world.exchange(&client, CALLBACK, &code);
    let first = refresh_token(&world.token(&exchange).unwrap());
    assert_eq!(told(&world), one(What::GrantIssued, None));
    world.token(&world.refresh(&client, &first)).unwrap();
    assert_eq!(told(&world), one(What::TokenRefreshed, None));

    world.tick(oauth::GRACE.num_seconds() + 1);
    assert_eq!(world.token(&world.refresh(&client, &first)).unwrap_err().code, Code::InvalidGrant);
    assert_eq!(told(&world), one(What::RefreshReused, None));
    assert_eq!(world.token(&world.refresh(&client, &first)).unwrap_err().code, Code::InvalidGrant);
    assert_eq!(told(&world), [], "the grant has ended already");
    assert_eq!(world.token(&exchange).unwrap_err().code, Code::InvalidGrant);
    assert_eq!(told(&world), one(What::CodeReplayed, None));

    let code = world.code(&client, CALLBACK, None);
    let pair = world.token(&world.exchange(&client, CALLBACK, &code)).unwrap();
    told(&world);
    let revocation = vec![("client_id", client.clone()), ("token", refresh_token(&pair))];
    world.revoke(&revocation).unwrap();
    assert_eq!(told(&world), one(What::GrantRevoked, Some("revoked_by_client")));
    world.revoke(&revocation).unwrap();
    assert_eq!(told(&world), []);
}

#[test]
fn a_denial_is_told_without_a_user_where_nobody_is_logged_in() {
    let world = World::new();
    let client = world.app(CALLBACK);
    let consent = world.authorize(&world.request(&client, CALLBACK), None).unwrap();
    let denied = world.decide(&answer(&consent, "deny"), Some(&cookie(&consent)));
    assert!(matches!(denied, Ok(Decided::Denied(_))));
    assert_eq!(told(&world), [(What::ConsentDenied, None, Some(client), "ok", None)]);
}
