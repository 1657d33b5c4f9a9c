// Runs the black-box suites, `tests/**/*.test.mjs`, with Node's own test runner: the files that use the shared stack one after
// another, and beside them those that do not. Each file has a process of its own. The innermost tests are counted; one that was
// skipped or marked as "to do" has failed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { ROOT } from "./paths.mjs";
import { say, seconds } from "./say.mjs";

const FILE_LIMIT = 600_000;

/** The suites whose path holds one of the words, or all of them. */
export function suiteFiles(words = []) {
  const folder = join(ROOT, "tests");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.mjs"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => words.length === 0 || words.some((word) => relative(ROOT, file).includes(word)))
    .sort();
}

/** Runs all of them, in two lanes: most files with a stack of their own spend their time waiting. */
export async function runFiles(files, tally) {
  const shares = (file) => readFileSync(file, "utf8").includes("useStack()");
  // The faults wait for deadlines, minutes of it: begun first, they are over before the others are.
  const waits = (file) => file.includes(join("tests", "faults"));
  const own = files.filter((file) => !shares(file));
  const alone = [...own.filter(waits), ...own.filter((file) => !waits(file))];
  const together = files.filter(shares);
  const lane = async (queue) => {
    while (queue.length) await runFile(queue.shift(), tally);
  };
  // The lane of the shared stack takes its part of the others when it is through.
  await Promise.all([lane(together).then(() => lane(alone)), lane(alone)]);
}

function reasonOf(error) {
  const cause = error?.cause ?? error;
  const text = cause?.stack ?? cause?.message ?? String(cause);
  return text.replaceAll(/\n\s+at .*node:internal.*$/gm, "");
}

/** Runs one file and counts its tests. */
async function runFile(file, tally) {
  const name = relative(ROOT, file);
  const began = Date.now();
  let [passed, failed] = [0, 0];
  const fail = (title, detail) => {
    failed += 1;
    tally.fail(title, detail);
  };
  const output = [];
  await new Promise((done) => {
    // How many reports came from below each level since the last one on it: a report with none below is a leaf.
    const below = [];
    const path = [];
    const stream = run({ files: [file], concurrency: 1, timeout: FILE_LIMIT, isolation: "process" });
    const count = (ok) => (data) => {
      const level = data.nesting;
      const leaf = !below[level + 1];
      below[level + 1] = 0;
      below[level] = (below[level] ?? 0) + 1;
      const title = [...path.slice(0, level), data.name].join(" > ");
      const wholeFile = level === 0 && (data.name === file || data.name === name);
      const skipped = data.skip !== undefined && data.skip !== false ? "skipped" : data.todo !== undefined && data.todo !== false ? "to do" : "";
      if (skipped) return fail(`${name}: ${title}`, `${skipped}: ${data.skip || data.todo}`);
      if (ok) {
        if (!leaf || wholeFile || data.details?.type === "suite") return undefined;
        passed += 1;
        return tally.pass();
      }
      // A group fails because of its members, which are counted; it counts itself where it failed on its own.
      const own = data.details?.error?.failureType !== "subtestsFailed";
      if (own) fail(`${name}: ${title}`, reasonOf(data.details?.error));
      return undefined;
    };
    stream.on("test:start", ({ name: title, nesting }) => {
      path[nesting] = title;
      path.length = nesting + 1;
    });
    stream.on("test:pass", count(true));
    stream.on("test:fail", count(false));
    // What a test reports of itself; the figures of the whole file come from Node.
    stream.on("test:diagnostic", ({ message, nesting }) => {
      if (nesting > 0 || !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message)) say(`          ${message}`);
    });
    stream.on("test:stderr", ({ message }) => output.push(message));
    stream.on("test:stdout", ({ message }) => output.push(message));
    stream.on("end", done);
    stream.resume();
  });
  if (passed + failed === 0) fail(name, "the file has no tests");
  if (failed && output.length) tally.failures.push({ name: `${name} (what it wrote)`, detail: output.join("").slice(-4000) });
  say(`  ${failed ? "FAILED" : "ok    "}  ${name}  ${passed} passed${failed ? `, ${failed} failed` : ""}  ${seconds(Date.now() - began)}`);
}
