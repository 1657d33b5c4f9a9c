// Running other programs: with their output in a log file, or captured.
import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Stop } from "./say.mjs";

/** The full path of a program, or null where PATH has none. */
export function which(name, path = process.env.PATH ?? "") {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here: look in the next folder.
    }
  }
  return null;
}

// Each program leads a process group of its own. When this process ends in the middle of a build, the whole group ends
// with it, and not only the program that was started.
const groups = new Set();

process.on("exit", () => {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGTERM");
    } catch {
      // It has just ended by itself.
    }
  }
});

function start(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid) {
    groups.add(child.pid);
    child.on("close", () => groups.delete(child.pid));
  }
  return child;
}

/** Runs a program and captures what it writes. Never throws for a bad exit: `{code, out, err}`; code -1 is "not started". */
export function capture(command, args = [], { cwd, env, input, timeout } = {}) {
  return new Promise((done) => {
    const child = start(command, args, { cwd, env: env ?? process.env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"], timeout, killSignal: "SIGKILL" });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
    child.on("error", (error) => done({ code: -1, out, err: String(error.message) }));
    child.on("close", (code) => done({ code: code ?? -1, out, err }));
    if (input !== undefined) child.stdin.on("error", () => {}).end(input);
  });
}

/** A text without the codes that colour it on a terminal. */
export function plain(text) {
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}

/** The last lines of a text that say something, for an error message. */
export function tail(text, lines = 15) {
  return plain(text).trimEnd().split("\n").slice(-lines).join("\n");
}

/**
 * Runs a program with its output appended to `log`. On failure it throws a `Stop` with one line: what failed, where the
 * log is. `show` prints the output on standard error instead, for programs whose output the person waits for.
 */
export async function run(command, args, { cwd, env, log, what, timeout, show } = {}) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, "a");
  try {
    const code = await new Promise((done, fail) => {
      const child = start(command, args, { cwd, env: env ?? process.env, stdio: ["ignore", show ? 2 : file, show ? 2 : file], timeout, killSignal: "SIGKILL" });
      child.on("error", (error) => fail(new Stop(`${what ?? command} could not be started: ${error.message}`)));
      child.on("close", (status, signal) => done(status ?? signal));
    });
    if (code !== 0) {
      const cause = show ? "" : firstError(readFileSync(log, "utf8"));
      throw new Stop(`${what ?? command} failed${cause}${show ? "" : ` (log: ${log})`}`);
    }
  } finally {
    closeSync(file);
  }
}

function firstError(text) {
  const line = text.split("\n").filter((candidate) => /^(error|E:|npm error|Error|.*\[ERROR\])/.test(candidate)).at(0);
  return line ? `: ${line.trim().slice(0, 200)}` : "";
}
