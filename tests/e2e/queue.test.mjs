// The minute cron and the queue. Cases:
//  1. a sync that nobody dispatched: the crons tick by themselves
//  2. one message delivered twice: one sync, one result
//  3. a message that fails for good: the dead-letter consumer marks the job as failed
//  4. who is not due, or cannot be synced, gets no job
//  5. a failure that passes: the message is delivered again, and the job completes
//  6. the cron revives a job whose message was lost
// The first runs while the others do: it waits for the turn of a minute.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { d1, ended, tick } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

// A stack of its own, on which the crons tick.
const stack = await useStack({ crons: true });
const sim = simulator(stack);
const { trader, second, delayed } = EXTERNAL_IDS;
const SECOND_ACCOUNT = "5WX20001";

const positionJobs = (user) => d1(stack, "SELECT * FROM jobs WHERE user_id = ?1 AND kind = 'sync_positions' ORDER BY created_at", [user]);
const age = (user, seconds = 3_600) => d1(stack, "UPDATE users SET synced_at = synced_at - ?2 WHERE id = ?1", [user, seconds * 1000]);
const accountCalls = async (mark) => (await sim.since(mark, /^\/accounts\/5WX20001\/positions/)).length;

/** Waits until every sync of the user has ended, so that the next one is the test's own. */
const quiet = (user) => poll(`no job of ${user} is under way`, async () => (await d1(stack, "SELECT id FROM jobs WHERE user_id = ?1 AND status IN ('queued', 'running')", [user])).length === 0, { within: 30_000 });

let undispatched;

before(async () => {
  await login(stack);
  await login(stack, { user: "second" });
  await Promise.all([quiet(trader), quiet(second)]);
  assert.equal((await positionJobs(trader)).length, 0);
  await age(trader);
  undispatched = poll("a sync that nobody dispatched", async () => (await positionJobs(trader)).find(({ status }) => status === "complete"), { within: 100_000, every: 500 });
  // It is looked at by the last test.
  undispatched.catch(() => {});
});

test("2: one message delivered twice", async () => {
  const mark = await sim.mark();
  await sim.fault({ path: `/accounts/${SECOND_ACCOUNT}/balances*`, fault: "hang", seconds: 4 });
  await age(second);
  await tick(stack);
  const [job] = await poll("the job", async () => {
    const found = await positionJobs(second);
    return found.length && found;
  });
  await poll("its message is being worked on", async () => (await sim.since(mark, /balances/)).length > 0);
  // As if the runtime had gone away: the cron sends the message once more.
  await d1(stack, "UPDATE jobs SET updated_at = updated_at - 60000 WHERE id = ?1", [job.id]);
  await tick(stack);
  const [again] = await positionJobs(second);
  assert.equal(again.attempts, 1, "it was sent again");
  const row = await ended(stack, job.id);
  assert.equal(row.status, "complete", row.error);
  const output = JSON.parse(row.output);
  assert.deepEqual([output.accounts, output.positions], [1, 2]);
  // A message behind the doubled one: when that has been worked on, the doubled one has been as well.
  await age(second);
  await tick(stack);
  const next = await poll("the next job", async () => (await positionJobs(second)).find(({ id, status }) => id !== job.id && status === "complete"));
  assert.ok(next);
  const positions = await d1(stack, "SELECT symbol, status FROM positions WHERE user_id = ?1", [second]);
  assert.equal(positions.length, 2);
  const [kept] = await d1(stack, "SELECT output, finished_at FROM jobs WHERE id = ?1", [job.id]);
  assert.deepEqual([kept.output, kept.finished_at], [row.output, row.finished_at], "the first end counts");
  assert.ok((await accountCalls(mark)) <= 3);
});

test("3: a message that fails for good", async () => {
  await quiet(second);
  const mark = await sim.mark();
  await sim.fault({ path: `/accounts/${SECOND_ACCOUNT}/balances*`, fault: "500", times: null });
  const before = (await positionJobs(second)).length;
  await age(second);
  await tick(stack);
  const job = await poll("the job", async () => (await positionJobs(second))[before]);
  const row = await ended(stack, job.id, { within: 60_000 });
  assert.equal(row.status, "errored");
  assert.match(row.error, /TastyTrade/);
  const tries = (await sim.since(mark, /5WX20001\/balances/)).length;
  // Four deliveries, each with one repetition.
  assert.equal(tries, 8);
  await sim.clear();
});

test("4: who gets no job", async () => {
  await quiet(second);
  const counts = async () => [(await positionJobs(second)).length, (await positionJobs(delayed)).length];
  const before = await counts();
  await d1(stack, "UPDATE users SET synced_at = ?2 WHERE id = ?1", [second, Date.now()]);
  await tick(stack);
  assert.deepEqual(await counts(), before, "nobody is due");
  await d1(stack, "UPDATE credentials SET status = 'revoked' WHERE user_id = ?1", [second]);
  await age(second);
  await tick(stack);
  assert.deepEqual(await counts(), before, "whose grant is gone is left alone");
  await d1(stack, "UPDATE credentials SET status = 'active' WHERE user_id = ?1", [second]);
  await d1(stack, "UPDATE users SET synced_at = ?2 WHERE id = ?1", [second, Date.now()]);
});

test("5: a failure that passes", async () => {
  await quiet(second);
  await sim.fault({ path: `/accounts/${SECOND_ACCOUNT}/balances*`, fault: "500", times: 2 });
  const before = (await positionJobs(second)).length;
  await age(second);
  await tick(stack);
  const job = await poll("the job", async () => (await positionJobs(second))[before]);
  const row = await ended(stack, job.id);
  assert.equal(row.status, "complete", row.error);
});

test("6: a lost message", async () => {
  await quiet(second);
  const id = "lost-message-of-a-test";
  const then = Date.now() - 60_000;
  await d1(stack, "INSERT INTO jobs (id, user_id, kind, status, created_at, updated_at) VALUES (?1, ?2, 'sync_positions', 'queued', ?3, ?3)", [id, second, then]);
  await tick(stack);
  const row = await ended(stack, id);
  assert.equal(row.status, "complete", row.error);
  assert.equal(row.attempts, 1);
});

test("1: a sync that nobody dispatched", async () => {
  const job = await undispatched;
  assert.equal(job.user_id, trader);
  assert.equal(JSON.parse(job.output).accounts, 2);
  const [user] = await d1(stack, "SELECT synced_at FROM users WHERE id = ?1", [trader]);
  assert.ok(Date.now() - user.synced_at < 120_000);
});
