// The search for secrets finds them: G19's check of what all suites leave behind is worth what this one shows. The check itself
// is the runner's last one, `no secret in any store or log`.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { search, searched } from "../../scripts/lib/secrets.mjs";
import { startStack } from "../../scripts/lib/stack.mjs";
import { d1, kv } from "../lib/explorer.mjs";

const random = (bytes) => randomBytes(bytes).toString("base64url");
const jwt = () => `eyJ${random(30)}.eyJ${random(60)}.${random(32)}`;
const folder = mkdtempSync(join(tmpdir(), "ttai-secrets-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
/** A folder as a stack leaves it; `plant` puts something into it. What the search finds there. */
function planted(plant, known) {
  const base = join(folder, String((made += 1)));
  const places = { base, state: join(base, "state"), simulator: join(base, "simulator"), logs: [join(base, "logs", "workers.log")] };
  for (const path of [join(places.state, "v3", "d1"), join(places.simulator, "v3", "do"), join(base, "logs")]) mkdirSync(path, { recursive: true });
  writeFileSync(places.logs[0], '[ttai-mcp-server] {"level":"info","message":"request","path":"/oauth/token","status":"200"}\n');
  plant(places);
  const found = search(places, known);
  return { ...found, kinds: found.findings.map(({ kind }) => kind), text: JSON.stringify(found.findings) };
}

/** A database of SQLite whose last writes lie in its log. */
function sqlite(file, ...values) {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (v)");
  for (const value of values) db.prepare("INSERT INTO t VALUES (?)").run(value);
  return db;
}

test("each kind of secret is found in SQLite's own log, and the finding does not hold it", () => {
  const secrets = [
    ...["ac", "rt", "cs", "ak", "rq", "us", "bb", "bs"].map((kind) => ["a token of ours", `ttai_${kind}_${random(32)}`]),
    ["a JWT", jwt()], ["an Authorization header", `Bearer ${random(32)}`], ["an Authorization header", `Basic ${Buffer.from(random(30)).toString("base64")}`], ["a cookie", `__Host-ttai_session=${random(32)}`],
    ["a password", '{"username":"trader","password":"simulator"}'], ["a one-time code", '{"code":"123456"}'], ["a grant in a form", `refresh_token=${random(32)}`], ["a grant in a form", `{"client_secret":"${random(30)}"}`],
  ];
  for (const [kind, secret] of secrets) {
    let db;
    const found = planted(({ state }) => (db = sqlite(join(state, "v3", "d1", "x.sqlite"), `before ${secret} after`)));
    db.close();
    assert.ok(found.kinds.includes(kind), `${kind}: ${found.text}`);
    assert.ok(found.findings.every(({ file }) => file.startsWith("state/v3/d1/x.sqlite")), found.text);
    assert.ok(!found.text.includes(secret) && !found.text.includes(secret.slice(-20)), "only where and what, never the secret");
  }
});

test("what TastyTrade entrusted to us is known from the simulator's own files", () => {
  const secret = random(30);
  const files = ({ simulator, state }, text) => {
    writeFileSync(join(simulator, "v3", "do", "state.sqlite"), `..{"personal":{"client_secret":"${secret}"}}..`);
    writeFileSync(join(state, "v3", "blob"), text);
  };
  assert.deepEqual(planted((places) => files(places, `x${secret}y`)).kinds, ["a secret of TastyTrade's"]);
  assert.deepEqual(planted((places) => files(places, "nothing")).kinds, []);
});

test("a stack's own keys, and texts of two bytes a letter, are found", () => {
  const key = random(48);
  assert.deepEqual(planted(({ state }) => writeFileSync(join(state, "blob"), `..${key}..`), { "the key": key }).kinds, ["the key"]);
  const wide = Buffer.from(`• ttai_rt_${random(32)} •`, "utf16le");
  assert.deepEqual(planted(({ state }) => writeFileSync(join(state, "blob"), wide)).kinds, ["a token of ours"]);
});

test("a log holds no account number, no customer and no query with a code; a store may hold the first two", () => {
  for (const [kind, line] of [["an account number", "account 5WX10001 synced"], ["a customer's id", '{"user":"U0001111111"}'], ["a query with a code or state", "GET /oauth/callback?code=abc&state=x"]]) {
    assert.deepEqual(planted(({ logs }) => appendFileSync(logs[0], `${line}\n`)).kinds, [kind]);
  }
  assert.deepEqual(planted(({ state }) => writeFileSync(join(state, "blob"), "5WX10001 U0001111111")).kinds, []);
});

test("hashes, sealed values, ids and documents are no secrets; megabytes of them are read", () => {
  const innocent = () => [random(32), `v1.${random(6)}.${random(12)}.${random(200)}`, randomBytes(16).toString("hex"), "ttai_rt_ is a prefix", '"code":"invalid_grant"', "Bearer realm", "the password is asked for there"].join("\n");
  const found = planted(({ state }) => {
    for (let part = 0; part < 4; part += 1) writeFileSync(join(state, `blob-${part}`), Array.from({ length: 12_000 }, innocent).join("\n"));
  });
  assert.deepEqual(found.findings, []);
  assert.ok(found.bytes > 10_000_000, `${found.bytes}`);
});

test("what is planted into a real stack's D1, KV and log is found when it stops", async () => {
  const kept = process.env.TTAI_SECRET_FINDINGS;
  const file = join(folder, "findings.jsonl");
  const stack = await startStack();
  const [row, value, line] = ["rt", "ak", "bs"].map((kind) => `ttai_${kind}_${random(32)}`);
  try {
    await d1(stack, "INSERT INTO audit (user_id, at, id, action, outcome, details) VALUES ('x', 1, 'x', 'planted', 'ok', ?1)", [JSON.stringify({ token: row })]);
    await kv.put(stack, "planted", value);
    appendFileSync(stack.logFiles.workers, `${line}\n`);
  } finally {
    process.env.TTAI_SECRET_FINDINGS = file;
    await stack.stop();
    if (kept === undefined) delete process.env.TTAI_SECRET_FINDINGS;
    else process.env.TTAI_SECRET_FINDINGS = kept;
  }
  const { stacks, bytes, findings } = searched(file);
  assert.equal(stacks, 1);
  assert.ok(bytes > 100_000);
  const places = findings.filter(({ kind }) => kind === "a token of ours").map(({ file: where }) => where);
  for (const place of [/\/d1\//, /\/kv\//, /^logs\/workers\.log$/]) assert.ok(places.some((where) => place.test(where)), `${place}: ${places}`);
  const said = readFileSync(file, "utf8");
  for (const secret of [row, value, line]) assert.ok(!said.includes(secret));
});
