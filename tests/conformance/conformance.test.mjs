// The official conformance suite, each scenario a test:
//  1. everything that 2025-11-25 and 2026-07-28 require of a server, against the fixture in the local runtime
//  2. the authorization server
//  3. the production surface, for the scenarios that need none of the suite's own tools
//  4. the deployed build has nothing of the fixture in it
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { build, FIXTURE, folder } from "../../scripts/lib/build.mjs";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { setup } from "../../scripts/lib/setup.mjs";
import { login } from "../lib/login.mjs";
import { useStack } from "../lib/stack.mjs";
import { PRODUCTION, REQUIRED, required, runAuthorization, runRevision, runScenario, startFixture, tokenProxy } from "./suite.mjs";

await build([FIXTURE], async () => (await setup()).env);
const passes = ({ verdict, output }) => assert.equal(verdict, "passed", output);

// Everything is run before the first test is declared: what a test file ends with may begin as soon as no test is left.
const fixture = await startFixture();
const results = {};
try {
  for (const revision of Object.keys(REQUIRED)) results[revision] = await runRevision(fixture.url, revision);
} finally {
  await fixture.stop();
}
const stack = await useStack();
const authorization = await runAuthorization(stack);
const { token } = await login(stack);
const proxy = await tokenProxy(stack.url, token);
after(() => proxy.close());

for (const [revision, count] of Object.entries(REQUIRED)) {
  describe(`required by ${revision}`, () => {
    test("the suite requires what it is known to require", async () => {
      assert.equal(results[revision].length, count);
      assert.equal((await required(revision)).length, count);
    });
    for (const result of results[revision]) test(result.name, () => passes(result));
  });
}

describe("the authorization server", () => {
  test("the suite has the scenarios that it is known to have", () => assert.equal(authorization.length, 2));
  for (const result of authorization) test(result.name, () => passes(result));
});

describe("the production surface", () => {
  for (const { revision, scenarios } of PRODUCTION) {
    for (const name of scenarios) test(`${revision} ${name}`, async () => passes(await runScenario(proxy.url, revision, name)));
  }
});

test("the deployed build has nothing of the fixture in it", () => {
  const has = (worker) => readFileSync(join(ROOT, folder(worker), "build/index_bg.wasm")).includes("test_simple_text");
  assert.ok(has(FIXTURE), "the name is one by which the fixture can be told");
  for (const worker of ["mcp-server", "analysis"]) assert.ok(!has(worker), worker);
});
