// The knowledge documents. Cases:
//  1. what is listed: two documents and a template (what else is listed: portfolio.test.mjs)
//  2. the overview, from R2, in both eras: byte for byte what lies in the repository
//  3. each strategy by the template
//  4. a document that there is not: -32002 in the old era, -32602 in the new one; paths that lead elsewhere
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { login } from "../lib/login.mjs";
import { client } from "../lib/mcp.mjs";
import { useStack } from "../lib/stack.mjs";

const stack = await useStack();
const { token } = await login(stack);
const eras = { modern: client(stack, token), legacy: client(stack, token, { era: "legacy" }) };
const document = (path) => readFileSync(join(ROOT, "knowledge", `${path}.md`), "utf8");

test("1: what is listed", async () => {
  for (const [era, mcp] of Object.entries(eras)) {
    const { body: resources } = await mcp.request("resources/list");
    assert.deepEqual(resources.result.resources.map(({ uri }) => uri).filter((uri) => uri.startsWith("knowledge:")).sort(), ["knowledge://options/strategies", "knowledge://trading/risk"], era);
    const { body: templates } = await mcp.request("resources/templates/list");
    assert.deepEqual(templates.result.resourceTemplates.map(({ uriTemplate }) => uriTemplate).filter((uri) => uri.startsWith("knowledge:")), ["knowledge://options/strategies/{strategy}"], era);
  }
});

test("2: the overview", async () => {
  for (const [era, mcp] of Object.entries(eras)) {
    for (const path of ["options/strategies", "trading/risk"]) {
      const { status, body } = await mcp.request("resources/read", { uri: `knowledge://${path}` });
      assert.equal(status, 200, era);
      const [contents] = body.result.contents;
      assert.equal(contents.uri, `knowledge://${path}`);
      assert.equal(contents.mimeType, "text/markdown");
      assert.equal(contents.text, document(path), `${era} ${path}`);
    }
  }
});

test("3: each strategy", async () => {
  const strategies = readdirSync(join(ROOT, "knowledge/options/strategies")).map((name) => name.replace(/\.md$/, ""));
  assert.ok(strategies.length >= 6);
  for (const strategy of strategies) {
    const { body } = await eras.modern.request("resources/read", { uri: `knowledge://options/strategies/${strategy}` });
    assert.equal(body.result?.contents[0].text, document(`options/strategies/${strategy}`), JSON.stringify(body.error));
  }
});

test("4: what there is not", async () => {
  for (const uri of ["knowledge://options/strategies/nothing", "knowledge://options/strategies/..%2F..%2Fusers", "knowledge://options/strategies/../../users/x", "knowledge://nothing", "users/U0001111111/exports/x", "file:///etc/passwd"]) {
    for (const [era, code] of [["legacy", -32002], ["modern", -32602]]) {
      const { status, body } = await eras[era].request("resources/read", { uri });
      assert.equal(status, 200, `${era} ${uri}`);
      assert.equal(body.error.code, code, `${era} ${uri}`);
      assert.equal(body.result, undefined);
    }
  }
});
