// docs/COMPATIBILITY.md is what the last run of the clients gave: the same versions, the same tests, and every test that a
// client's quirk names is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compatibilityDocument, staleness } from "../../scripts/docs-compat.mjs";
import { ROOT } from "../../scripts/lib/paths.mjs";

test("the run is of the present versions and tests", () => assert.deepEqual(staleness(), []));

test("the page is up to date", () => {
  assert.equal(readFileSync(join(ROOT, "docs/COMPATIBILITY.md"), "utf8"), compatibilityDocument(), "run: npm run docs:compat");
});
