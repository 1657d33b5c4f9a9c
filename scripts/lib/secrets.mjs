// Searches what a stack leaves behind for secrets: every file of D1, KV, R2, Durable Objects, workflows and queues, SQLite and
// its logs as bytes, and the workers' log. The simulator's own files are where it looks up what TastyTrade entrusted to us.
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Where findings go, one JSON object a line; without it nothing is searched. Whoever sets it fails on what it holds. */
const FINDINGS = "TTAI_SECRET_FINDINGS";

/** What must be nowhere. */
const EVERYWHERE = [
  ["a token of ours", /ttai_(?:ac|rt|cs|ak|rq|us|bb|bs)_[A-Za-z0-9_-]{43}/g],
  ["a JWT", /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/g],
  ["an Authorization header", /\b(?:Bearer|Basic) +[A-Za-z0-9._~+/=-]{16,}/gi],
  ["a cookie", /__Host-ttai_\w+=[A-Za-z0-9_-]{16,}/g],
  ["a password", /["']?\bpassword["']?\s*[=:]\s*["']?simulator\b/gi],
  ["a one-time code", /["']?\b(?:code|otp|one.time.code)["']?\s*[=:]\s*["']?123456\b/gi],
  ["a grant in a form", /\b(?:client_secret|refresh_token)(?:["']\s*:\s*["']|=)[A-Za-z0-9._%+-]{20,}/g],
];

/** What must not be in a log besides. */
const IN_LOGS = [
  ["an account number", /\b5W[A-Z]\d{5}\b/g],
  ["a query with a code or state", /[?&](?:code|state|access_token|token|client_secret|refresh_token)=[^\s&"']+/g],
  ["a customer's id", /\bU000\d{7}\b/g],
];

/** Lines of the local server itself, which name the path that was asked for, whatever it was. */
const LOCAL_SERVER = /^\[wrangler:info\] [A-Z]+ \/\S* \d{3} .*$/gm;

/** Every file below a folder. */
function files(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The texts of the simulator's state that are long and random: access to everything that it guards. */
function entrusted(folder) {
  const found = new Set();
  for (const file of files(folder).filter((name) => /\bdo\b/.test(name))) {
    for (const [, text] of readFileSync(file, "latin1").matchAll(/"([A-Za-z0-9_-]{28,200})"/g)) found.add(text);
  }
  return [...found];
}

/**
 * The secrets in the files of a stack: `{findings: [{file, kind, count}], files, bytes}`. `known` are secrets by their kinds,
 * for example the stack's own keys. No finding holds the secret itself.
 */
export function search({ state, logs, simulator, base }, known = {}) {
  const literals = [...entrusted(simulator).map((text) => ["a secret of TastyTrade's", text]), ...Object.entries(known).filter(([, text]) => text?.length >= 16)];
  const found = { findings: [], files: 0, bytes: 0 };
  const look = (file, patterns, leftOut) => {
    const whole = readFileSync(file);
    const bytes = leftOut ? Buffer.from(whole.toString("latin1").replace(leftOut, ""), "latin1") : whole;
    found.files += 1;
    found.bytes += bytes.length;
    const texts = [bytes.toString("latin1")];
    // Texts that are stored with two bytes a letter.
    if (bytes.includes("t\0t\0a\0i\0", 0, "latin1") || bytes.includes("e\0y\0J\0", 0, "latin1")) texts.push(texts[0].replaceAll("\0", ""));
    const counts = new Map();
    const add = (kind, count) => count && counts.set(kind, (counts.get(kind) ?? 0) + count);
    for (const text of texts) for (const [kind, pattern] of patterns) add(kind, text.match(pattern)?.length ?? 0);
    for (const [kind, text] of literals) add(kind, bytes.includes(text) ? 1 : 0);
    for (const [kind, count] of counts) found.findings.push({ file: relative(base, file), kind, count });
  };
  for (const file of files(state)) look(file, EVERYWHERE);
  for (const file of logs.filter(existsSync)) look(file, [...EVERYWHERE, ...IN_LOGS], LOCAL_SERVER);
  return found;
}

/** Searches a stack that has ended and writes down what was found, where the runner asked for it. */
export function searchAtStop(places, known) {
  const file = process.env[FINDINGS];
  if (file) appendFileSync(file, `${JSON.stringify(search(places, known))}\n`);
}

/** What the stacks of a run had in them: `{stacks, files, bytes, findings}`. */
export function searched(file) {
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  const sum = (name) => lines.reduce((total, line) => total + line[name], 0);
  return { stacks: lines.length, files: sum("files"), bytes: sum("bytes"), findings: lines.flatMap(({ findings }) => findings) };
}
