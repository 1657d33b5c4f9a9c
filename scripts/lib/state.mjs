// What a local state folder holds before the workers start: the schema in D1, the knowledge documents in R2.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "./exec.mjs";
import { CONFIGS, NODE, ROOT, WRANGLER } from "./paths.mjs";
import { QUIET_WRANGLER } from "./setup.mjs";

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part).update("\0"), createHash("sha256")).digest("hex");

function migrationsPrint() {
  const folder = join(ROOT, "migrations");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".sql")).sort() : [];
  return { names, print: sha256(...names.flatMap((name) => [name, readFileSync(join(folder, name))])) };
}

function remembered(state, name) {
  const file = join(state, name);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** Applies the migrations that this state folder does not have yet. */
export async function migrate(state, log) {
  const { names, print } = migrationsPrint();
  if (names.length === 0 || remembered(state, "migrations.sha256") === print) return "up to date";
  mkdirSync(state, { recursive: true });
  const args = [WRANGLER, "d1", "migrations", "apply", "DB", "--local", "--persist-to", state, "-c", CONFIGS["mcp-server"]];
  await run(NODE, args, { cwd: ROOT, env: { ...process.env, ...QUIET_WRANGLER, CI: "1" }, log, what: "applying the migrations" });
  writeFileSync(join(state, "migrations.sha256"), print);
  return "applied";
}

const TYPES = { md: "text/markdown; charset=utf-8", json: "application/json", txt: "text/plain; charset=utf-8" };

/** The knowledge documents: `{key, path, type, hash}`, the key being the path under the root. */
export function knowledge() {
  const folder = join(ROOT, "knowledge");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const extension = path.split(".").at(-1);
      return { key: relative(ROOT, path), path, type: TYPES[extension] ?? "application/octet-stream", hash: sha256(readFileSync(path)) };
    });
}

const knowledgePrint = () => sha256(...knowledge().flatMap(({ key, hash }) => [key, hash]));

/** The state folder that every new one starts as: migrated, with the documents in it. Made once for each schema. */
function template() {
  const wrangler = readFileSync(join(ROOT, "node_modules/wrangler/package.json"), "utf8");
  const print = sha256(migrationsPrint().print, knowledgePrint(), JSON.parse(wrangler).version).slice(0, 16);
  return join(ROOT, ".wrangler", "templates", print);
}

/** Fills a state folder that does not exist yet from the template, where there is one. */
export function fromTemplate(state) {
  if (existsSync(join(state, "v3")) || !existsSync(template())) return false;
  cpSync(template(), state, { recursive: true });
  return true;
}

/** Keeps a state folder that was just prepared, and that no worker has run over, as the template. */
export function keepTemplate(state) {
  const target = template();
  if (existsSync(target)) return;
  const folder = join(ROOT, ".wrangler", "templates");
  mkdirSync(folder, { recursive: true });
  // Templates of other schemas are of no use any more.
  for (const name of readdirSync(folder)) {
    if (!target.endsWith(name.split(".")[0])) rmSync(join(folder, name), { recursive: true, force: true });
  }
  cpSync(state, `${target}.${process.pid}`, { recursive: true });
  try {
    renameSync(`${target}.${process.pid}`, target);
  } catch {
    // Another process was faster with the same content.
    rmSync(`${target}.${process.pid}`, { recursive: true, force: true });
  }
}

/** Puts the documents into the local bucket that are new or changed, and removes the ones that are gone. */
export async function seedKnowledge(state) {
  const documents = knowledge();
  const print = knowledgePrint();
  if (remembered(state, "knowledge.sha256") === print) return "up to date";
  mkdirSync(join(state, "v3"), { recursive: true });
  // A configuration with nothing but the bucket: the platform proxy would otherwise look for classes that it cannot run.
  const config = join(state, "bucket.json");
  writeFileSync(config, JSON.stringify({ name: "ttai-seed", compatibility_date: "2026-07-01", r2_buckets: [{ binding: "R2", bucket_name: "ttai-storage" }] }));
  Object.assign(process.env, QUIET_WRANGLER);
  const { getPlatformProxy } = await import("wrangler");
  const proxy = await getPlatformProxy({ configPath: config, persist: { path: join(state, "v3") }, envFiles: [] });
  let changed = 0;
  try {
    const { R2 } = proxy.env;
    const there = new Map();
    for (let cursor; ; ) {
      const page = await R2.list({ prefix: "knowledge/", include: ["customMetadata"], cursor });
      for (const object of page.objects) there.set(object.key, object.customMetadata?.sha256);
      if (!page.truncated) break;
      cursor = page.cursor;
    }
    for (const { key, path, type, hash } of documents) {
      if (there.get(key) !== hash) {
        await R2.put(key, readFileSync(path), { httpMetadata: { contentType: type }, customMetadata: { sha256: hash } });
        changed += 1;
      }
      there.delete(key);
    }
    for (const key of there.keys()) await R2.delete(key);
  } finally {
    await proxy.dispose();
  }
  writeFileSync(join(state, "knowledge.sha256"), print);
  return `${changed} of ${documents.length}`;
}
