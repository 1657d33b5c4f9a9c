//! The life of a job on a real SQLite: one unfinished job of a kind per user, the first end counts, the cron sees what does
//! not move, and nobody reaches another user's job.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use domain::UserId;
use serde_json::json;
use store::{
    identity::users::upsert_user,
    jobs::{Job, Status, bump_attempts, complete, create, fail, get, newest, progress, unfinished, unfinished_of},
};
use testkit::{Sqlite, after, block_on, now};

const KIND: &str = "sync_account";

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn accept(db: &Sqlite, owner: &str, id: &str, seconds: i64) -> (Job, bool) {
    block_on(upsert_user(db, &user(owner), false, now())).unwrap();
    block_on(create(db, &user(owner), KIND, &json!({"why": "login"}), id, after(seconds))).unwrap()
}

fn read(db: &Sqlite, id: &str) -> Job {
    block_on(get(db, &user("u"), id)).unwrap().unwrap()
}

#[test]
fn a_job_lives() {
    let db = Sqlite::new();
    let (job, is_new) = accept(&db, "u", "j1", 0);
    assert!(is_new);
    assert_eq!((job.status, job.params, job.attempts), (Status::Queued, json!({"why": "login"}), 0));
    assert_eq!((job.created_at, job.started_at, job.output), (now(), None, None));

    let u = user("u");
    assert!(block_on(progress(&db, &u, "j1", "Reading accounts", after(2))).unwrap());
    assert!(block_on(progress(&db, &u, "j1", "Reading accounts", after(3))).unwrap(), "a step may run twice");
    assert!(block_on(progress(&db, &u, "j1", "Reading balances", after(4))).unwrap());
    assert_eq!(block_on(bump_attempts(&db, &u, "j1")).unwrap(), Some(1));
    assert_eq!(block_on(bump_attempts(&db, &u, "j1")).unwrap(), Some(2));
    let job = read(&db, "j1");
    assert_eq!((job.status, job.started_at, job.updated_at), (Status::Running, Some(after(2)), after(4)));
    assert_eq!(job.progress.as_deref(), Some("Reading balances"));

    assert!(block_on(complete(&db, &u, "j1", &json!({"positions": 3}), after(7))).unwrap());
    let job = read(&db, "j1");
    assert_eq!((job.status, job.output, job.error), (Status::Complete, Some(json!({"positions": 3})), None));
    assert_eq!((job.finished_at, job.updated_at), (Some(after(7)), after(7)));
}

#[test]
fn the_first_end_counts() {
    for completes_first in [true, false] {
        let db = Sqlite::new();
        let u = user("u");
        accept(&db, "u", "j1", 0);
        let complete = |at| block_on(complete(&db, &u, "j1", &json!(1), after(at))).unwrap();
        let fail = |at| block_on(fail(&db, &u, "j1", "Gave up.", after(at))).unwrap();
        assert!(if completes_first { complete(1) } else { fail(1) });
        let end = read(&db, "j1");
        assert!(!complete(2) && !fail(2));
        assert!(!block_on(progress(&db, &u, "j1", "x", after(2))).unwrap());
        assert_eq!(block_on(bump_attempts(&db, &u, "j1")).unwrap(), None);
        assert_eq!(read(&db, "j1"), end);
        assert_eq!(end.status, if completes_first { Status::Complete } else { Status::Errored });
    }
}

#[test]
fn there_is_one_unfinished_job_of_a_kind() {
    let db = Sqlite::new();
    accept(&db, "u", "j1", 0);
    let (job, is_new) = accept(&db, "u", "j2", 1);
    assert_eq!((job.id.as_str(), job.created_at, is_new), ("j1", now(), false));
    assert!(accept(&db, "v", "j3", 1).1, "another user");
    let other = block_on(create(&db, &user("u"), "scan", &json!({}), "j4", after(1))).unwrap();
    assert!(other.1, "another kind");
    block_on(fail(&db, &user("u"), "j1", "Gave up.", after(2))).unwrap();
    assert_eq!(accept(&db, "u", "j2", 3).0.id, "j2");
    assert_eq!(block_on(newest(&db, &user("u"), KIND)).unwrap().unwrap().id, "j2");
    assert_eq!(block_on(newest(&db, &user("v"), "scan")).unwrap(), None);
}

#[test]
fn an_id_is_used_once() {
    let db = Sqlite::new();
    accept(&db, "u", "j1", 0);
    block_on(fail(&db, &user("u"), "j1", "Gave up.", after(1))).unwrap();
    assert!(block_on(create(&db, &user("u"), KIND, &json!({}), "j1", after(2))).is_err());
    assert!(block_on(create(&db, &user("v"), KIND, &json!({}), "j1", after(2))).is_err());
    assert_eq!(read(&db, "j1").status, Status::Errored);
}

#[test]
fn nobody_reaches_anothers_job() {
    let db = Sqlite::new();
    accept(&db, "u", "j1", 0);
    let before = read(&db, "j1");
    let v = user("v");
    assert_eq!(block_on(get(&db, &v, "j1")).unwrap(), None);
    assert!(!block_on(progress(&db, &v, "j1", "x", after(1))).unwrap());
    assert!(!block_on(complete(&db, &v, "j1", &json!(1), after(1))).unwrap());
    assert!(!block_on(fail(&db, &v, "j1", "x", after(1))).unwrap());
    assert_eq!(block_on(bump_attempts(&db, &v, "j1")).unwrap(), None);
    assert_eq!(read(&db, "j1"), before);
}

#[test]
fn the_cron_finds_what_does_not_move() {
    let db = Sqlite::new();
    accept(&db, "a", "j1", 0);
    accept(&db, "b", "j2", 10);
    accept(&db, "c", "j3", 20);
    block_on(complete(&db, &user("a"), "j1", &json!(1), after(0))).unwrap();
    block_on(progress(&db, &user("b"), "j2", "Reading", after(30))).unwrap();
    let stale = |seconds, limit| -> Vec<String> {
        block_on(unfinished(&db, after(seconds), limit)).unwrap().into_iter().map(|job| job.id).collect()
    };
    assert_eq!(stale(20, 10), Vec::<String>::new());
    assert_eq!(stale(25, 10), ["j3"]);
    assert_eq!(stale(60, 10), ["j3", "j2"]);
    assert_eq!(stale(60, 1), ["j3"]);
}

#[test]
fn a_users_unfinished_jobs_are_listed_and_nobody_elses() {
    let db = Sqlite::new();
    accept(&db, "a", "j1", 0);
    block_on(complete(&db, &user("a"), "j1", &json!(1), after(1))).unwrap();
    accept(&db, "a", "j2", 2);
    accept(&db, "b", "j3", 3);
    let listed: Vec<_> = block_on(unfinished_of(&db, &user("a"))).unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(listed, ["j2"]);
}

#[test]
fn nothing_is_accepted_for_a_user_who_is_gone() {
    let db = Sqlite::new();
    assert!(block_on(create(&db, &user("gone"), KIND, &json!({}), "j1", now())).is_err());
    assert_eq!(block_on(get(&db, &user("gone"), "j1")).unwrap(), None);
}
