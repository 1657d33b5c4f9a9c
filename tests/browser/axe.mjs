// The accessibility check of a page, by axe-core, in the page itself. The page's policy forbids scripts that are not ours;
// what the test evaluates is not subject to it, so the policy stays on and whatever it blocks is still a complaint.
import assert from "node:assert/strict";
import axe from "axe-core";

/** Fails unless axe finds nothing to object to, and unless it has looked. `name` is the page's, for the message. */
export async function assertAccessible(page, name) {
  await page.evaluate(axe.source);
  const { violations, passes, incomplete } = await page.evaluate(() => window.axe.run(document, { preload: false, resultTypes: ["violations", "incomplete"] }));
  const told = (findings) => findings.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `    ${target.join(" ")}: ${failureSummary}`).join("\n")}`);
  assert.deepEqual(told(violations), [], `${name}: ${told(violations).join("\n")}`);
  assert.ok(passes.length > 10, `${name}: axe checked ${passes.length} rules only`);
  // What axe cannot decide is as bad as a violation, except where a colour lies on a picture or gradient, of which there is none.
  assert.deepEqual(told(incomplete), [], `${name}: ${told(incomplete).join("\n")}`);
}
