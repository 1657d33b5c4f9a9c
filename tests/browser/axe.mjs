// The accessibility check of a page, by axe-core, in the page itself. The page's policy forbids scripts that are not ours;
// what the test evaluates is not subject to it, so the policy stays on and whatever it blocks is still a complaint.
import assert from "node:assert/strict";
import axe from "axe-core";

/** Fails unless axe finds nothing to object to, and unless it has looked. `name` is the page's, for the message. */
export async function assertAccessible(page, name) {
  await page.evaluate(axe.source);
  const run = () => page.evaluate(() => window.axe.run(document, { preload: false, resultTypes: ["violations", "incomplete"] }));
  let { violations, passes, incomplete } = await run();
  // A page that changed while axe looked at it, as the dashboard does when it is renewed, is looked at again.
  for (let again = 0; again < 2 && incomplete.length > 0; again += 1) ({ violations, passes, incomplete } = await run());
  const told = (findings) => findings.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `    ${target.join(" ")}: ${failureSummary}`).join("\n")}`);
  assert.deepEqual(told(violations), [], `${name}: ${told(violations).join("\n")}`);
  assert.ok(passes.length > 10, `${name}: axe checked ${passes.length} rules only`);
  // What axe cannot decide is as bad as a violation, except where a colour lies on a picture or gradient, of which there is none.
  assert.deepEqual(told(incomplete), [], `${name}: ${told(incomplete).join("\n")}`);
}
