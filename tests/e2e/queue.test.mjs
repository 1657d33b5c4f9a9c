// The minute cron and the queue. Cases:
//  1. a sync that nobody dispatched: the crons tick by themselves
//  2. one message delivered twice: one sync, one result
//  3. a message that fails for good: the dead-letter consumer marks the job as failed
//  4. who is not due, or whose grant is gone, gets no job
//  5. a failure that passes: the message is delivered again, and the job completes
//  6. the cron revives a job whose message was lost
// The first has a stack to itself, on which nobody but the clock starts a cron; it waits for the turn of a minute while the
// others run.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { d1, ended, tick } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const [stack, ticking] = await Promise.all([useStack({}), useStack({ crons: true })]);
const sim = simulator(stack);
const { trader, second } = EXTERNAL_IDS;
const SECOND_ACCOUNT = "5WX20001";

const positionJobs = (user, where = stack) => d1(where, "SELECT * FROM jobs WHERE user_id = ?1 AND kind = 'sync_positions' ORDER BY created_at", [user]);
const age = (user, where = stack) => d1(where, "UPDATE users SET synced_at = synced_at - 3600000 WHERE id = ?1", [user]);
const accountCalls = async (mark) => (await sim.since(mark, /^\/accounts\/5WX20001\/positions/)).length;

/** Waits until every sync of the user has ended, so that the next one is the test's own. */
const quiet = (user, where = stack) => poll(`no job of ${user} is under way`, async () => (await d1(where, "SELECT id FROM jobs WHERE user_id = ?1 AND status IN ('queued', 'running')", [user])).length === 0, { within: 30_000 });

let undispatched;

before(async () => {
  await Promise.all([login(stack, { user: "second" }), login(ticking)]);
  await Promise.all([quiet(second), quiet(trader, ticking)]);
  assert.deepEqual(await positionJobs(trader, ticking), []);
  await age(trader, ticking);
  undispatched = poll("a sync that nobody dispatched", async () => (await positionJobs(trader, ticking)).find(({ status }) => status === "complete"), { within: 100_000, every: 500 });
  // The last test looks at it.
  undispatched.catch(() => {});
});

test("2: one message delivered twice (G09)", async () => {
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
  assert.ok(again.attempts >= 1, "it was sent again");
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

test("3: a message that fails for good (G10)", async () => {
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
  const notDue = () => d1(stack, "UPDATE users SET synced_at = ?2 WHERE id = ?1", [second, Date.now()]);
  await notDue();
  await quiet(second);
  const count = async () => (await positionJobs(second)).length;
  const before = await count();
  await tick(stack);
  assert.equal(await count(), before, "nobody is due");
  await d1(stack, "UPDATE credentials SET status = 'revoked' WHERE user_id = ?1", [second]);
  await age(second);
  await tick(stack);
  assert.equal(await count(), before, "whose grant is gone is left alone");
  await notDue();
  await d1(stack, "UPDATE credentials SET status = 'active' WHERE user_id = ?1", [second]);
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
  assert.ok(row.attempts >= 1);
});

test("1: a sync that nobody dispatched", async () => {
  const job = await undispatched;
  assert.equal(job.user_id, trader);
  assert.equal(JSON.parse(job.output).accounts, 2);
  const [user] = await d1(ticking, "SELECT synced_at FROM users WHERE id = ?1", [trader]);
  assert.ok(Date.now() - user.synced_at < 120_000);
});
