// Putting TTAI into a Cloudflare account, and the checks of that which need no account.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parse } from "smol-toml";
import { build, checkSize } from "./build.mjs";
import { checkSecrets, devVarsText, freshSecrets, MAKE, readDevVars } from "./dev-vars.mjs";
import { capture, plain, tail } from "./exec.mjs";
import { CONFIGS, NODE, ROOT, SIM_CONFIG, WRANGLER } from "./paths.mjs";
import { say, step, Stop } from "./say.mjs";
import { QUIET_WRANGLER, setup } from "./setup.mjs";
import { knowledge } from "./state.mjs";
import { failure } from "./tally.mjs";

/** What is deployed, in this order: the public worker binds the private one. The simulator is not among them. */
const ORDER = ["analysis", "mcp-server"];

/** Which worker is sent which secret: no more than it uses. */
const SECRETS = {
  "mcp-server": ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "TOKEN_ENCRYPTION_KEY", "TOKEN_ENCRYPTION_KEY_PREVIOUS", "OAUTH_CLIENTS", "TT_CLIENT_ID"],
  analysis: ["TOKEN_ENCRYPTION_KEY", "TOKEN_ENCRYPTION_KEY_PREVIOUS", "TT_CLIENT_ID", "TT_CLIENT_SECRET", "LLM_API_KEY"],
};

/** Never under [vars], where everybody with the repository reads them. */
const SECRET_NAMES = ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "TOKEN_ENCRYPTION_KEY", "TOKEN_ENCRYPTION_KEY_PREVIOUS", "TT_CLIENT_SECRET", "TT_REFRESH_TOKEN", "OAUTH_CLIENTS", "LLM_API_KEY"];

const PRODUCTION_VARS = join(ROOT, ".dev.production.vars");
const PLACEHOLDER_URL = "https://ttai.example.com";
const D1 = "ttai";
const KV_TITLE = "ttai-kv";

const config = (worker) => parse(readFileSync(CONFIGS[worker], "utf8"));

function wrangler(args, { input, env } = {}) {
  return capture(NODE, ["--no-warnings", WRANGLER, ...args], { cwd: ROOT, input, env: { ...process.env, ...QUIET_WRANGLER, CI: "1", NO_COLOR: "1", TTAI_PREBUILT: "1", ...env } });
}

/** Runs wrangler; where it fails, one line with its own reason. */
async function must(what, args, options) {
  const { code, out, err } = await wrangler(args, options);
  if (code === 0) return out;
  const reason = plain(`${out}\n${err}`).split("\n").find((line) => line.includes("[ERROR]")) ?? tail(err || out, 1);
  throw new Stop(`${what}: ${reason.replace(/^.*\[ERROR\]\s*/, "").trim() || "wrangler failed"}`);
}

/** The JSON in an output that may have other lines before it. */
function json(text, what) {
  const start = text.search(/[[{]/);
  try {
    return JSON.parse(text.slice(start));
  } catch {
    throw new Stop(`${what}: wrangler gave no JSON: ${text.slice(0, 200)}`);
  }
}

// ---- resources --------------------------------------------------------------------------------------------------------

async function database() {
  const find = async () => json(await must("listing databases", ["d1", "list", "--json"]), "listing databases").find(({ name }) => name === D1)?.uuid;
  const there = await find();
  if (there) return { id: there, word: "found" };
  await must(`creating the database ${D1}`, ["d1", "create", D1]);
  const id = await find();
  if (!id) throw new Stop(`the database ${D1} was created and is not listed; run npm run deploy again`);
  return { id, word: "created" };
}

async function namespace() {
  const find = async () => json(await must("listing KV namespaces", ["kv", "namespace", "list"]), "listing KV namespaces").find(({ title }) => title === KV_TITLE)?.id;
  const there = await find();
  if (there) return { id: there, word: "found" };
  await must(`creating the KV namespace ${KV_TITLE}`, ["kv", "namespace", "create", KV_TITLE]);
  const id = await find();
  if (!id) throw new Stop(`the KV namespace ${KV_TITLE} was created and is not listed; run npm run deploy again`);
  return { id, word: "created" };
}

/** Something that is known by its name: made where `info` does not find it. */
async function named(kind, name, info, create) {
  if ((await wrangler([...info, name])).code === 0) return "found";
  await must(`creating the ${kind} ${name}`, [...create, name]);
  return "created";
}

/**
 * Writes the account's ids into the text of a configuration, which keeps its comments: each value is replaced where its
 * binding's table holds it.
 */
export function withIds(text, { d1, kv }) {
  const replaceIn = (source, table, key, value) => {
    const pattern = new RegExp(`(\\[\\[${table}\\]\\][^[]*?^${key} = ")[^"]*(")`, "m");
    if (!pattern.test(source)) throw new Stop(`a configuration has no ${key} under [[${table}]]`);
    return source.replace(pattern, `$1${value}$2`);
  };
  return replaceIn(replaceIn(text, "d1_databases", "database_id", d1), "kv_namespaces", "id", kv);
}

/** Writes the public address into the text of a configuration. */
export function withPublicUrl(text, url) {
  return text.replace(/^(PUBLIC_URL = ")[^"]*(")/m, `$1${url}$2`);
}

function rewrite(change) {
  for (const file of Object.values(CONFIGS)) {
    const before = readFileSync(file, "utf8");
    const after = change(before);
    if (after !== before) writeFileSync(file, after);
  }
}

// ---- secrets ----------------------------------------------------------------------------------------------------------

async function remoteSecrets(worker) {
  const { code, out } = await wrangler(["secret", "list", "--name", config(worker).name, "--format", "json"]);
  return code === 0 ? json(out, "listing secrets").map(({ name }) => name) : [];
}

/** The values that are sent. The two keys are made here where neither this machine nor the account has them. */
async function secrets() {
  const given = { ...readDevVars(PRODUCTION_VARS), ...Object.fromEntries(SECRET_NAMES.concat("TT_CLIENT_ID").filter((name) => process.env[name]).map((name) => [name, process.env[name]])) };
  const there = Object.fromEntries(await Promise.all(ORDER.map(async (worker) => [worker, await remoteSecrets(worker)])));
  const fresh = freshSecrets();
  const made = [];
  for (const name of ["JWT_SECRET", "TOKEN_ENCRYPTION_KEY"]) {
    if (given[name]) continue;
    const users = ORDER.filter((worker) => SECRETS[worker].includes(name));
    const holders = users.filter((worker) => there[worker].includes(name));
    if (holders.length === users.length) continue;
    if (holders.length > 0) {
      throw new Stop(`${name} is set in ${holders.join(" and ")} only and its value is not known here; put it into .dev.production.vars, or make a new one with: ${MAKE[name]}`);
    }
    given[name] = fresh[name];
    made.push(name);
  }
  const known = Object.fromEntries(ORDER.flatMap((worker) => there[worker]).map((name) => [name, given[name] ?? null]));
  checkSecrets({ ...given, ...(known.JWT_SECRET === null ? { JWT_SECRET: "x".repeat(32) } : {}), ...(known.TOKEN_ENCRYPTION_KEY === null ? { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString("base64") } : {}) }, { file: ".dev.production.vars" });
  if (made.length) {
    // Kept before it is sent: a key that only the platform knows cannot be moved or changed gradually.
    const before = existsSync(PRODUCTION_VARS) ? readFileSync(PRODUCTION_VARS, "utf8") : "# Production secrets, made by npm run deploy. Keep a copy in a safe place; never commit this file.\n";
    const lines = made.map((name) => `${name}=${given[name]}\n`).join("");
    writeFileSync(PRODUCTION_VARS, `${before}${before.endsWith("\n") ? "" : "\n"}${lines}`, { mode: 0o600 });
  }
  return given;
}

// ---- deploying --------------------------------------------------------------------------------------------------------

async function upload(worker, values, folder) {
  const own = Object.fromEntries(SECRETS[worker].filter((name) => values[name]).map((name) => [name, values[name]]));
  const file = join(folder, `${worker}.env`);
  writeFileSync(file, devVarsText(own), { mode: 0o600 });
  const sent = Object.keys(own).length ? ["--secrets-file", file] : [];
  const out = await must(`deploying ${worker}`, ["deploy", "-c", CONFIGS[worker], ...sent]);
  return /https:\/\/\S+/.exec(out)?.[0];
}

function arguments_(args) {
  const options = { check: false, url: null };
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (argument === "--check") options.check = true;
    else if (argument === "--url") options.url = args[++index] ?? "";
    else if (/sim/.test(argument)) throw new Stop("the simulator is for this machine only and is not deployed: it has public passwords");
    else throw new Stop(`${argument} is not an option; usage: npm run deploy [-- --url https://ttai.example.com]`);
  }
  if (options.url !== null) {
    const url = URL.parse(options.url);
    if (url?.protocol !== "https:" || url.pathname !== "/" || url.search || url.hash) throw new Stop(`--url must be https:// and a host, for example --url ${PLACEHOLDER_URL}`);
    options.url = url.origin;
  }
  return options;
}

export async function main(args) {
  const options = arguments_(args);
  if (options.check) return check();
  say("TTAI: deploying");
  const account = await wrangler(["whoami", "--json"]);
  if (account.code !== 0) throw new Stop("not logged in at Cloudflare; run: node_modules/.bin/node node_modules/.bin/wrangler login (or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID)");
  if (options.url) rewrite((text) => withPublicUrl(text, options.url));
  if (config("mcp-server").vars.PUBLIC_URL === PLACEHOLDER_URL) {
    throw new Stop("PUBLIC_URL is not set; run: npm run deploy -- --url https://your.host (a custom domain, or https://ttai-mcp-server.your-subdomain.workers.dev)");
  }
  const { env } = await setup();
  await build(ORDER, async () => env);
  ORDER.forEach(checkSize);
  let d1;
  let kv;
  await step("D1 database", async () => ({ id: d1 } = await database()) && undefined);
  await step("KV namespace", async () => ({ id: kv } = await namespace()) && undefined);
  await step("R2 bucket", () => named("bucket", "ttai-storage", ["r2", "bucket", "info"], ["r2", "bucket", "create"]));
  for (const queue of ["ttai-tasks-dlq", "ttai-tasks"]) await step(`queue ${queue}`, () => named("queue", queue, ["queues", "info"], ["queues", "create"]));
  await step("configurations", () => rewrite((text) => withIds(text, { d1, kv })));
  let values;
  await step("secrets", async () => {
    values = await secrets();
  });
  await step("migrations", () => must("applying the migrations", ["d1", "migrations", "apply", "DB", "--remote", "-c", CONFIGS["mcp-server"]]).then(() => "applied"));
  await step("knowledge documents", async () => {
    const documents = knowledge();
    for (const { key, path, type } of documents) await must(`uploading ${key}`, ["r2", "object", "put", `ttai-storage/${key}`, "--file", path, "--content-type", type, "--remote"]);
    return String(documents.length);
  });
  const folder = mkdtempSync(join(tmpdir(), "ttai-deploy-"));
  try {
    for (const worker of ORDER) await step(`deploy ${worker}`, () => upload(worker, values, folder).then(() => "deployed"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const url = config("mcp-server").vars.PUBLIC_URL;
  say();
  say(`  MCP URL       ${url}/mcp`);
  say(`  redirect URI  ${url}/oauth/callback   (for the application at TastyTrade)`);
  if (existsSync(PRODUCTION_VARS)) say("  Keep .dev.production.vars in a safe place: it holds the keys that were sent.");
  return 0;
}

// ---- checks without an account ----------------------------------------------------------------------------------------

const same = (what, one, other) => {
  if (JSON.stringify(one) !== JSON.stringify(other)) throw failure(`${what}: ${JSON.stringify(one)} in wrangler.toml, ${JSON.stringify(other)} in workers/analysis/wrangler.toml`);
};
const hold = (condition, words) => {
  if (!condition) throw failure(words);
};

async function dryRun(worker) {
  const folder = mkdtempSync(join(tmpdir(), "ttai-dry-"));
  try {
    const { code, out, err } = await wrangler(["deploy", "--dry-run", "--outdir", folder, "-c", CONFIGS[worker]], { env: { CLOUDFLARE_API_TOKEN: "", CLOUDFLARE_ACCOUNT_ID: "" } });
    if (code !== 0) throw failure(`wrangler deploy --dry-run of ${worker}\n${tail(`${out}\n${err}`, 30)}`);
    hold(readdirSync(folder).some((name) => name.endsWith(".wasm")), `the bundle of ${worker} holds no Wasm`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function agree() {
  const [server, analysis] = [config("mcp-server"), config("analysis")];
  hold(server.name === "ttai-mcp-server" && analysis.name === "ttai-analysis", "the workers' names have changed");
  for (const name of ["compatibility_date", "compatibility_flags", "observability", "kv_namespaces", "r2_buckets"]) same(name, server[name], analysis[name]);
  const databases = (from) => from.d1_databases.map(({ migrations_dir: _, ...rest }) => rest);
  same("d1_databases", databases(server), databases(analysis));
  same("queue producers", server.queues.producers, analysis.queues.producers);
  for (const name of Object.keys(server.vars).filter((key) => key in analysis.vars)) same(`[vars] ${name}`, server.vars[name], analysis.vars[name]);
  hold(server.services.every(({ service }) => service === analysis.name), "a service binding names another worker");
  const consumed = analysis.queues.consumers.map(({ queue }) => queue);
  for (const { queue } of server.queues.producers) hold(consumed.includes(queue), `nobody consumes ${queue}`);
  for (const { queue, dead_letter_queue: dead } of analysis.queues.consumers) hold(!dead || consumed.includes(dead), `${queue} gives up into ${dead}, which nobody consumes`);
  const [mine, theirs] = [server.workflows[0], analysis.workflows[0]];
  hold(mine.name === theirs.name && mine.class_name === theirs.class_name && mine.script_name === analysis.name, "the workflow is not the same in both");
  const classes = analysis.migrations.flatMap(({ new_sqlite_classes: names = [] }) => names);
  for (const { class_name: name } of analysis.durable_objects.bindings) hold(classes.includes(name), `no migration makes the class ${name}`);
  for (const { class_name: name, script_name: script } of server.durable_objects.bindings) hold(script !== analysis.name || classes.includes(name), `${analysis.name} has no class ${name}`);
}

function isPrivate() {
  for (const [name, file] of [["analysis", CONFIGS.analysis], ["the simulator", SIM_CONFIG]]) {
    const found = parse(readFileSync(file, "utf8"));
    hold(found.workers_dev === false, `${name} would get a workers.dev address`);
    hold(!found.routes && !found.route, `${name} has a public route`);
  }
  hold(!ORDER.some((worker) => worker.includes("sim")), "the simulator is among the deployed workers");
  hold(!config("analysis").services, "analysis binds another worker, so it could not be deployed first");
}

function safeDefaults() {
  for (const worker of ORDER) {
    const { vars } = config(worker);
    hold(vars.ENVIRONMENT === "production", `${worker}: ENVIRONMENT is not production`);
    hold(vars.TTAI_TRADING === "off", `${worker}: trading is not off`);
    for (const name of SECRET_NAMES) hold(!(name in vars), `${worker}: the secret ${name} stands under [vars]`);
    for (const [name, value] of Object.entries(vars)) hold(!/localhost|127\.0\.0\.1/.test(String(value)), `${worker}: ${name} points to this machine`);
  }
}

/** Files that a commit would hold. */
async function tracked() {
  const { code, out } = await capture("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: ROOT });
  if (code === 0) return out.split("\0").filter(Boolean).filter((file) => existsSync(join(ROOT, file)));
  const skip = new Set(["node_modules", "target", "build", ".git", ".wrangler"]);
  const walk = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (skip.has(entry.name) ? [] : entry.isDirectory() ? walk(join(folder, entry.name)) : [relative(ROOT, join(folder, entry.name))]));
  return walk(ROOT).filter((file) => !/\.dev\..*vars$/.test(file));
}

const PATTERNS = [
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ["an API key of a language model", /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}/],
  ["a token of a code host", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36})\b/],
  ["a cloud access key", /\bAKIA[A-Z0-9]{16}\b/],
  ["a secret with its value", /^\s*(?:export )?(?:JWT_SECRET|TOKEN_ENCRYPTION_KEY|TT_REFRESH_TOKEN|LLM_API_KEY|CLOUDFLARE_API_TOKEN)(?:_PREVIOUS)?\s*=\s*["']?[A-Za-z0-9+/_=-]{24,}["']?\s*$/m],
];

async function noSecrets() {
  const files = await tracked();
  hold(files.length > 0, "no file was found to look into");
  hold(!files.some((file) => /(^|\/)\.dev\.([a-z]+\.)?vars$/.test(file)), "a .dev.vars file would be committed");
  const local = [...new Set([".dev.vars", ".dev.production.vars"].flatMap((file) => Object.entries(readDevVars(join(ROOT, file)))))]
    .filter(([name, value]) => SECRET_NAMES.includes(name) && value.length >= 24 && !/of-the-simulator$/.test(value))
    .map(([, value]) => value);
  const found = [];
  for (const file of files) {
    const path = join(ROOT, file);
    if (!statSync(path).isFile() || statSync(path).size > 2_000_000) continue;
    const text = readFileSync(path, "latin1");
    for (const [what, pattern] of PATTERNS) if (pattern.test(text)) found.push(`${file}: ${what}`);
    if (local.some((value) => text.includes(value))) found.push(`${file}: a value of this machine's .dev.vars`);
  }
  hold(found.length === 0, found.join("\n"));
}

/** The variables that the workers' sources read. */
function variablesRead() {
  const names = new Set();
  for (const worker of ORDER) {
    const folder = join(ROOT, "workers", worker, "src");
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith(".rs")) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
      for (const [, name] of text.matchAll(/(?:\b(?:vars::get\(\s*&?\w+,|var\(|secret\(|text\(|url\(|seconds\(|number\(|flag\()\s*)"([A-Z][A-Z0-9_]+)"/g)) names.add(name);
    }
    for (const name of Object.keys(config(worker).vars)) names.add(name);
    for (const name of SECRETS[worker]) names.add(name);
  }
  return [...names];
}

function exampleComplete() {
  const lines = readFileSync(join(ROOT, ".dev.vars.example"), "utf8").split("\n");
  const at = (name) => lines.findIndex((line) => line.startsWith(`${name}=`));
  const missing = variablesRead().filter((name) => at(name) < 0);
  hold(missing.length === 0, `.dev.vars.example lacks ${missing.join(", ")}`);
  const comment = (index) => {
    const above = [];
    for (let line = index - 1; line >= 0 && (lines[line].startsWith("#") || /^[A-Z_]+=/.test(lines[line])); line--) above.unshift(lines[line]);
    return above.join("\n");
  };
  for (const name of SECRET_NAMES) {
    hold(at(name) >= 0, `.dev.vars.example lacks ${name}`);
    hold(/^# S {2}/m.test(comment(at(name))), `.dev.vars.example does not mark ${name} as a secret`);
    if (MAKE[name]) hold(comment(at(name)).includes(MAKE[name]), `.dev.vars.example does not say how to make ${name}`);
  }
  const undescribed = lines.flatMap((line, index) => (/^[A-Z_]+=/.test(line) && !/^(#|[A-Z_]+=)/.test(lines[index - 1] ?? "") ? [line.split("=")[0]] : [])).filter((name) => name !== "LLM_MODEL");
  hold(undescribed.length === 0, `.dev.vars.example does not explain ${undescribed.join(", ")}`);
}

function idsAreWritten() {
  const ids = { d1: "11111111-2222-3333-4444-555555555555", kv: "0123456789abcdef0123456789abcdef" };
  for (const [worker, file] of Object.entries(CONFIGS)) {
    const before = readFileSync(file, "utf8");
    const after = withPublicUrl(withIds(before, ids), "https://example.org");
    const parsed = parse(after);
    hold(parsed.d1_databases[0].database_id === ids.d1 && parsed.kv_namespaces[0].id === ids.kv && parsed.vars.PUBLIC_URL === "https://example.org", `${worker}: the ids do not arrive`);
    hold(before.split("\n").length === after.split("\n").length, `${worker}: lines are lost`);
    const changed = before.split("\n").filter((line, index) => line !== after.split("\n")[index]);
    hold(changed.length === 3, `${worker}: ${changed.length} lines change instead of 3`);
  }
}

function refusesSimulator() {
  for (const argument of ["tastytrade-sim", "--sim"]) {
    let refused = false;
    try {
      arguments_([argument]);
    } catch (error) {
      refused = error instanceof Stop;
    }
    hold(refused, `npm run deploy takes ${argument}`);
  }
}

/** Everything that can be checked without an account. */
export function deployChecks() {
  return [
    { name: "the two configurations agree", run: agree },
    { name: "analysis and the simulator have no public address", run: isPrivate },
    { name: "the defaults are safe for production", run: safeDefaults },
    { name: "the account's ids are written and nothing else changes", run: idsAreWritten },
    { name: "the simulator is refused", run: refusesSimulator },
    { name: "no secret is in the tree", run: noSecrets },
    { name: ".dev.vars.example explains every variable", run: exampleComplete },
    ...ORDER.map((worker) => ({ name: `wrangler deploy --dry-run of ${worker}`, run: () => dryRun(worker) })),
  ];
}

async function check() {
  const { Tally } = await import("./tally.mjs");
  const { env } = await setup();
  await build(ORDER, async () => env);
  const tally = new Tally();
  for (const { name, run } of deployChecks()) await tally.check(name, run);
  return tally.finish();
}
