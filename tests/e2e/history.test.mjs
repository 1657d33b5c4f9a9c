// The analyses that were kept for a user, by rows that this suite writes (that the tools write them: analyze_portfolio.test.mjs).
// Cases:
//  1. before the first there is an empty list and a sentence, in both eras
//  2. history://analyses has the newest 20, newest first, without what they found
//  3. history://analyses/{symbol} has those of one symbol with what they found, `portfolio` those of none, and what is too large
//     for an answer is left out with a note
//  4. the symbols that there are analyses of are completed, the newest first
//  5. somebody else's are nowhere; without account:read they are refused with 403 and not completed
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { d1 } from "../lib/explorer.mjs";
import { EXTERNAL_IDS, login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const USER = "delayed";
const { token } = await login(stack, { user: USER });
const eras = { modern: client(stack, token), legacy: client(stack, token, { era: "legacy" }) };
const T0 = Date.parse("2026-01-05T15:00:00Z");

async function read(from, uri) {
  const { status, body } = await from.request("resources/read", { uri });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.result?.contents[0].mimeType, "application/json", JSON.stringify(body));
  return JSON.parse(body.result.contents[0].text);
}

const complete = async (from, value) => (await from.request("completion/complete", { ref: { type: "ref/resource", uri: "history://analyses/{symbol}" }, argument: { name: "symbol", value } })).body.result.completion.values;

async function write(user, id, symbol, minutes, found = {}) {
  const body = JSON.stringify({ analysis_id: id, summary: { headline: `${id} in a sentence.` }, ...found });
  await d1(stack, "INSERT INTO analyses (user_id, id, symbol, kind, strategy, body, created_at) VALUES (?1, ?2, ?3, ?4, NULL, ?5, CAST(?6 AS INTEGER))", [EXTERNAL_IDS[user], `history-${id}`, symbol, symbol === "" ? "analyze_portfolio" : "analyze_chart", body, T0 + minutes * 60_000]);
}

// All that this user has, and what was written for another one.
const forget = () => d1(stack, "DELETE FROM analyses WHERE user_id = ?1 OR id LIKE 'history-%'", [EXTERNAL_IDS[USER]]);
await forget();
after(forget);

test("1: before the first", async () => {
  for (const [era, from] of Object.entries(eras)) {
    for (const uri of ["history://analyses", "history://analyses/AAPL", "history://analyses/portfolio"]) {
      const { analyses, notes } = await read(from, uri);
      assert.deepEqual(analyses, [], `${era} ${uri}`);
      assert.match(notes[0], /analysed yet/, `${era} ${uri}`);
    }
    assert.deepEqual(await complete(from, ""), ["portfolio"], era);
  }
});

test("2 to 4: the newest, those of one symbol, completions", async () => {
  const symbols = ["AAPL", "BRK/B", ""];
  for (let at = 0; at < 24; at += 1) await write(USER, `a${at}`, symbols[at % 3], at, { figure: at + 0.25 });
  for (const [era, from] of Object.entries(eras)) {
    const { analyses } = await read(from, "history://analyses");
    assert.deepEqual(analyses.map(({ id }) => id), Array.from({ length: 20 }, (_, at) => `history-a${23 - at}`), era);
    assert.deepEqual(analyses[0], { id: "history-a23", kind: "analyze_portfolio", symbol: null, strategy: null, created_at: new Date(T0 + 23 * 60_000).toISOString().replace(".000", ""), headline: "a23 in a sentence." });
    for (const [address, symbol, newest] of [["AAPL", "AAPL", 21], ["brk%2Fb", "BRK/B", 22], ["portfolio", null, 23]]) {
      const { analyses: found, notes } = await read(from, `history://analyses/${address}`);
      assert.deepEqual(found.map(({ result }) => result.figure), Array.from({ length: 8 }, (_, at) => newest - 3 * at + 0.25), `${era} ${address}`);
      assert.ok(found.every((analysis) => analysis.symbol === symbol && analysis.id === `history-${analysis.result.analysis_id}`), address);
      assert.deepEqual(notes, []);
    }
    assert.deepEqual(await complete(from, ""), ["BRK/B", "AAPL", "portfolio"], era);
    assert.deepEqual(await complete(from, "aa"), ["AAPL"], era);
  }
});

test("3: what is too large", async () => {
  const long = "x".repeat(70_000);
  for (const [id, minutes] of [["large1", 100], ["large2", 101]]) await write(USER, id, "MSFT", minutes, { long });
  const { analyses, notes } = await read(eras.modern, "history://analyses/MSFT");
  assert.deepEqual(analyses.map(({ id, result }) => [id, result === null]), [["history-large2", false], ["history-large1", true]]);
  assert.match(notes[0], /the oldest 1 are left out/);
  const { body } = await eras.modern.request("resources/read", { uri: "history://analyses/no%20symbol%21" });
  assert.equal(body.error.code, -32602, JSON.stringify(body));
});

test("5: somebody else's, and without the scope", async () => {
  await write("second", "theirs", "ZZZZ", 500);
  const { token: other } = await login(stack, { user: "second" });
  const theirs = client(stack, other);
  assert.ok((await read(theirs, "history://analyses")).analyses.some(({ id }) => id === "history-theirs"));
  assert.ok((await complete(theirs, "")).includes("ZZZZ"));
  const mine = eras.modern;
  assert.ok(!JSON.stringify(await read(mine, "history://analyses")).includes("theirs"));
  assert.deepEqual((await read(mine, "history://analyses/ZZZZ")).analyses, []);
  assert.deepEqual(await complete(mine, "Z"), []);
  const { token: limited } = await login(stack, { user: USER, scopes: ["market:read", "analysis:run"] });
  const from = client(stack, limited);
  for (const uri of ["history://analyses", "history://analyses/AAPL"]) {
    const { status, headers } = await from.request("resources/read", { uri });
    assert.equal(status, 403, uri);
    assert.match(headers.get("www-authenticate"), /insufficient_scope.*account:read/);
  }
  assert.deepEqual(await complete(from, ""), []);
});
