// Changing the keys of a server that has users. The same database is served with one set of keys after the other. Cases:
//  1. the first keys: users log in, by either way
//  2. TOKEN_ENCRYPTION_KEY changed, the old one kept: everything works, and what is opened is sealed anew
//  3. the minute cron seals the rest anew, so that the old key can go
//  4. the old key gone: everything still works
//  5. a key that is not there: tools say key_unavailable, a refresh is a 503, and nothing is lost when the key comes back
//  6. JWT_SECRET changed: tokens of the old one hold while it is kept, and not after; a refresh gives new ones
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freshSecrets } from "../../scripts/lib/dev-vars.mjs";
import { d1, tick } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login, refresh } from "../lib/login.mjs";
import { client, legacy, post } from "../lib/mcp.mjs";
import { poll } from "../lib/poll.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";

const folder = mkdtempSync(join(tmpdir(), "ttai-rotation-"));
const [first, second, third] = [freshSecrets(), freshSecrets(), freshSecrets()];
const stack = await useStack({ stateDir: folder, vars: first });
after(() => rmSync(folder, { recursive: true, force: true }));
const sim = simulator(stack);

async function restartWith(vars) {
  Object.assign(stack.vars, { TOKEN_ENCRYPTION_KEY_PREVIOUS: null, JWT_SECRET_PREVIOUS: null }, vars);
  await stack.restart();
}

/** The id of the key under which each user's credential lies. */
async function keyIds() {
  const rows = await d1(stack, "SELECT user_id, refresh_token_sealed, client_secret_sealed FROM credentials");
  return Object.fromEntries(
    rows.map(({ user_id: user, refresh_token_sealed: token, client_secret_sealed: secret }) => {
      const [, id] = token.split(".");
      if (secret) assert.equal(secret.split(".")[1], id, "both values lie under one key");
      return [user, id];
    }),
  );
}

/** A quote that comes from TastyTrade: with a token that was minted just now from the sealed grant. */
async function mintsFor(logged) {
  await sim.expireAccess("delayed");
  const { quotes } = await client(stack, logged.token).ok("get_quote", { symbol: "SPY" });
  assert.equal(quotes[0].source, "rest");
}

const users = {};
let oldId;

test("1: the first keys", async () => {
  // The quotes of this user are never kept, so that each call goes to TastyTrade.
  users.delayed = await login(stack, { user: "delayed" });
  users.second = await login(stack, { user: "second", grant: await sim.grant("second") });
  users.trader = await login(stack, { user: "trader" });
  await mintsFor(users.delayed);
  const ids = Object.values(await keyIds());
  assert.equal(new Set(ids).size, 1);
  [oldId] = ids;
});

test("2: another key, and the old one beside it", async () => {
  await restartWith({ TOKEN_ENCRYPTION_KEY: second.TOKEN_ENCRYPTION_KEY, TOKEN_ENCRYPTION_KEY_PREVIOUS: first.TOKEN_ENCRYPTION_KEY });
  await mintsFor(users.delayed);
  const ids = await keyIds();
  assert.notEqual(ids[EXTERNAL_IDS.delayed], oldId, "what was opened is sealed anew");
  assert.equal(ids[EXTERNAL_IDS.second], oldId);
});

test("3: the minute cron", async () => {
  // One that does not open stays, and holds up nobody.
  const [{ refresh_token_sealed: good }] = await d1(stack, "SELECT refresh_token_sealed FROM credentials WHERE user_id = ?1", [EXTERNAL_IDS.trader]);
  await d1(stack, "UPDATE credentials SET refresh_token_sealed = substr(refresh_token_sealed, 1, length(refresh_token_sealed) - 4) || 'AAAA' WHERE user_id = ?1", [EXTERNAL_IDS.trader]);
  await tick(stack);
  await poll("the second user's credential is sealed anew", async () => (await keyIds())[EXTERNAL_IDS.second] !== oldId);
  assert.equal((await keyIds())[EXTERNAL_IDS.trader], oldId);
  await d1(stack, "UPDATE credentials SET refresh_token_sealed = ?2 WHERE user_id = ?1", [EXTERNAL_IDS.trader, good]);
  await tick(stack);
  const ids = await poll("nothing is left under the old key", async () => {
    const found = await keyIds();
    return !Object.values(found).includes(oldId) && found;
  });
  assert.equal(new Set(Object.values(ids)).size, 1);
});

test("4: the old key has gone", async () => {
  await restartWith({});
  await mintsFor(users.delayed);
  for (const user of ["second", "trader"]) {
    const { status, body } = await refresh(stack, users[user]);
    assert.equal(status, 200, JSON.stringify(body));
    users[user] = { ...users[user], token: body.access_token, refreshToken: body.refresh_token };
  }
});

test("5: a key that is not there", async () => {
  const before = await keyIds();
  await restartWith({ TOKEN_ENCRYPTION_KEY: third.TOKEN_ENCRYPTION_KEY });
  await sim.expireAccess("delayed");
  const error = await client(stack, users.delayed.token).error("get_quote", { symbol: "SPY" });
  assert.equal(error.reason, "key_unavailable", JSON.stringify(error));
  const refused = await refresh(stack, users.second);
  assert.equal(refused.status, 503, JSON.stringify(refused.body));
  assert.equal(refused.body.error, "temporarily_unavailable");
  await tick(stack);
  assert.deepEqual(await keyIds(), before, "nothing was changed");
  await restartWith({ TOKEN_ENCRYPTION_KEY: second.TOKEN_ENCRYPTION_KEY });
  await mintsFor(users.delayed);
  const { status, body } = await refresh(stack, users.second);
  assert.equal(status, 200, JSON.stringify(body));
});

test("6: JWT_SECRET", async () => {
  const isLetIn = async () => {
    const { message, headers } = legacy("tools/list");
    return (await post(`${stack.url}/mcp`, message, { token: users.delayed.token, headers })).status;
  };
  assert.equal(await isLetIn(), 200);
  await restartWith({ JWT_SECRET: second.JWT_SECRET, JWT_SECRET_PREVIOUS: first.JWT_SECRET });
  assert.equal(await isLetIn(), 200, "while the old one is kept");
  await restartWith({});
  assert.equal(await isLetIn(), 401, "and not after");
  const { status, body } = await refresh(stack, users.delayed);
  assert.equal(status, 200, "the connection holds");
  users.delayed.token = body.access_token;
  assert.equal(await isLetIn(), 200);
});
