// The stack that a file of tests talks to: the shared one where the runner provides it, else one of its own.
import { join } from "node:path";
import { after } from "node:test";
import { startStack } from "../../scripts/lib/stack.mjs";
import { capture } from "../../scripts/lib/exec.mjs";

/** What the runner shares: `{url, simUrl, stateDir}` as JSON. */
const SHARED = process.env.TTAI_TEST_STACK;

function shared() {
  const { url, simUrl, stateDir } = JSON.parse(SHARED);
  const logFiles = { workers: join(stateDir, "logs", "workers.log"), simulator: join(stateDir, "logs", "simulator.log") };
  return { url, simUrl, stateDir, logFiles, explorer: (path, init) => fetch(`${url}/cdn-cgi/local/explorer/api/${path.replace(/^\//, "")}`, init) };
}

/**
 * The stack for this file. Files whose tests change what others rely on (users, the runtime itself, the variables) pass
 * options and get a stack of their own, which ends with the file.
 */
export async function useStack(options) {
  if (SHARED && !options) return shared();
  const stack = await startStack(options ?? {});
  after(() => stack.stop());
  return stack;
}

/** Runs one of the project's commands as a person would: `{code, out, err}`. */
export function command(args, { env = {}, timeout = 60_000 } = {}) {
  return capture(process.execPath, args, { env: { ...process.env, ...env }, timeout });
}
