// The live channel of the dashboard: a WebSocket on `/ws`, held by the user's `UserHub`. Cases:
//  1. a tab sees a sync from its beginning to its end
//  2. it has been idle long enough for the hub to hibernate, and still sees the next sync
//  3. no session, a wrong one, a foreign Origin, no Origin: refused
//  4. what a tab must not send is answered and harms nothing
//  5. another user's tab sees nothing, nor does a tab that follows no channel; two tabs both see it
//  6. a tab that is closed is answered
import assert from "node:assert/strict";
import { test } from "node:test";
import { syncNow } from "../lib/dashboard.mjs";
import { ended } from "../lib/explorer.mjs";
import { connect } from "../lib/live.mjs";
import { login } from "../lib/login.mjs";
import { assertHttpError } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

/** The local runtime lets an object hibernate after ten seconds in which nothing happens. */
const IDLE = 12_000;

const stack = await useStack({ vars: { SYNC_SPACING_SECONDS: "0" } });
const sim = simulator(stack);
await sim.clear();
const { browser } = await login(stack);
const cookie = browser.cookieHeader(stack.url);
const isEnd = (id) => ({ channel, data }) => channel === "sync" && data?.workflow_id === id && data.status === "complete";

/** Presses *Sync now* until a sync starts that is not one from before; its id. */
async function sync(by = browser) {
  const { body } = await syncNow(stack, by);
  return body.workflow_id;
}

// The first login's own sync is over before the tabs look on.
await ended(stack, await sync());
const idle = await connect(stack, { cookie });
await idle.subscribe("sync");

test("1: a tab sees a sync", async () => {
  const tab = await connect(stack, { cookie });
  assert.deepEqual((await tab.subscribe("sync")).channels, ["sync"]);
  const id = await sync();
  const end = await tab.message("the sync's end", isEnd(id));
  assert.equal(end.data.output.accounts, 2);
  const steps = tab.messages.filter(({ channel, data }) => channel === "sync" && data.workflow_id === id);
  assert.ok(steps.length > 3, "it saw the steps as well");
  assert.ok(steps.some(({ data }) => /Reading your accounts/.test(data.progress)));
  assert.ok(!JSON.stringify(steps).includes("5WX1000"), "no account numbers");
  await tab.close();
});

test("3: who is refused", async () => {
  for (const [name, options, status, code] of [
    ["no session", {}, 401, "AUTHENTICATION_ERROR"],
    ["a session that never was", { cookie: `__Host-ttai_session=ttai_bs_${"A".repeat(43)}` }, 401, "AUTHENTICATION_ERROR"],
    ["a foreign Origin", { cookie, origin: "https://evil.example" }, 403, "AUTHORIZATION_ERROR"],
    ["another port", { cookie, origin: "http://localhost:1" }, 403, "AUTHORIZATION_ERROR"],
    ["no Origin", { cookie, origin: null }, 403, "AUTHORIZATION_ERROR"],
  ]) {
    const { refused, body } = await connect(stack, options);
    assert.equal(refused, status, name);
    assertHttpError(body, code);
  }
});

test("4: what a tab must not send", async () => {
  const tab = await connect(stack, { cookie });
  for (const message of ["no JSON", "{}", { type: "publish", channel: "sync", data: {} }, { type: "subscribe", channels: Array.from({ length: 17 }, String) }, "x".repeat(5000)]) {
    const before = tab.messages.length;
    tab.send(message);
    const answer = await poll("an answer", () => tab.messages[before], { within: 5_000 });
    assert.equal(answer.type, "error", JSON.stringify(answer));
  }
  tab.socket.send(Buffer.from([1, 2, 3]));
  tab.send({ type: "ping" });
  await tab.message("pong", ({ type }) => type === "pong");
  await tab.close();
});

test("6: a tab that is closed", async () => {
  const tab = await connect(stack, { cookie });
  await tab.subscribe("sync");
  const began = Date.now();
  assert.equal(await tab.close(), 1000);
  assert.ok(Date.now() - began < 3_000, `answered after ${Date.now() - began} ms`);
});

test("5: who sees what", async () => {
  const second = (await login(stack, { user: "second" })).browser;
  const tabs = {
    one: await connect(stack, { cookie }),
    two: await connect(stack, { cookie }),
    deaf: await connect(stack, { cookie }),
    other: await connect(stack, { cookie: second.cookieHeader(stack.url) }),
  };
  for (const name of ["one", "two", "other"]) await tabs[name].subscribe("sync");
  const id = await sync();
  await Promise.all([tabs.one, tabs.two].map((tab) => tab.message("the sync's end", isEnd(id))));
  assert.deepEqual(tabs.deaf.messages, []);
  assert.ok(!tabs.other.messages.some(({ data }) => data?.workflow_id === id));
  await Promise.all(Object.values(tabs).map((tab) => tab.close()));
});

test("2: a tab of a hub that hibernated", async () => {
  // Nothing may touch the hub for as long as it takes: this is the one wait that cannot ask.
  await new Promise((next) => setTimeout(next, IDLE));
  const before = idle.messages.length;
  const id = await sync();
  await poll("the sync's end", () => idle.messages.slice(before).find(isEnd(id)));
  assert.equal(idle.socket.readyState, 1);
  idle.send({ type: "ping" });
  await idle.message("pong", ({ type }) => type === "pong");
  await idle.close();
});
