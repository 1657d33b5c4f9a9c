// Counting: every check that has a name is one passed or failed; what did not run has failed.
import { say, seconds } from "./say.mjs";

export class Tally {
  passed = 0;
  failed = 0;
  failures = [];

  pass(count = 1) {
    this.passed += count;
  }

  fail(name, detail = "") {
    this.failed += 1;
    this.failures.push({ name, detail: String(detail).trimEnd() });
  }

  /** One named check: it passes unless the work throws. */
  async check(name, work) {
    const began = Date.now();
    const line = (word) => say(`  ${word}  ${name}  ${seconds(Date.now() - began)}`);
    try {
      const result = await work();
      this.pass();
      line("ok    ");
      return result;
    } catch (error) {
      this.fail(name, error.detail ?? error.stack ?? error.message ?? error);
      line("FAILED");
      return undefined;
    }
  }

  /** Prints what failed and, as the last line of all, the two numbers. */
  finish() {
    for (const { name, detail } of this.failures) {
      say(`\nFAILED: ${name}`);
      if (detail) say(detail.split("\n").map((line) => `    ${line}`).join("\n"));
    }
    say(`\n${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}

/** An error whose text is shown as it is, without a stack. */
export function failure(detail) {
  return Object.assign(new Error(detail.split("\n")[0]), { detail });
}
