// The documents are true where a test can tell.
//
//  1. docs/ARCHITECTURE.md names every crate and worker, every top-level folder, every route, and all nine invariants.
//  2. docs/STORAGE.md names every table, binding, queue, bucket, object and workflow.
//  3. README.md's table of variables has every variable of .dev.vars.example, and no other.
//  4. Every file that a document names exists.
//  5. Every link inside the repository leads somewhere, headings included.
//  6. Every npm command that a document names exists.
//  7. The examples of "Try it with curl" are shell that parses and that follows TTAI_URL.
//  8. Each decision under docs/adr is numbered, has the same sections, and is in the list of docs/ARCHITECTURE.md.
//  9. The documents speak of the project alone.
// 10. The backup command of README.md names every table that can be exported.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { production, rustFiles } from "../../scripts/lib/rust-source.mjs";

const read = (path) => readFileSync(join(ROOT, path), "utf8");
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "migrations/README.md", ...readdirSync(join(ROOT, "docs"), { recursive: true }).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
const folders = (path) => readdirSync(join(ROOT, path), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const missing = (text, words) => words.filter((word) => !text.includes(word));

/** The paths that the router compares with, from the texts of its match arms. */
function routes() {
  const found = new Set();
  const files = ["workers/mcp-server/src/routes/mod.rs", "workers/mcp-server/src/routes/settings/mod.rs", ...[...rustFiles(join(ROOT, "workers/mcp-server/src/identity"))].map((file) => file.slice(ROOT.length + 1))];
  for (const file of files.filter((name) => name.endsWith("/mod.rs"))) {
    for (const [, pattern] of production(join(ROOT, file)).matchAll(/(?:\(\s*(?:"[A-Z]+"|_),\s*|^\s*)((?:"\/[^"]*"\s*\|?\s*)+)(?:\)| =>)/gm)) {
      for (const [, path] of pattern.matchAll(/"(\/[^"]*)"/g)) found.add(path);
    }
  }
  for (const [, path] of production(join(ROOT, "workers/mcp-server/src/identity/well_known.rs")).matchAll(/"(\/\.well-known\/[^"]*)"/g)) found.add(path);
  return [...found].sort();
}

test("1. docs/ARCHITECTURE.md names every part", () => {
  const text = read("docs/ARCHITECTURE.md");
  const parts = [...folders("crates").map((name) => `crates/${name}`), ...folders("workers").map((name) => `workers/${name}`)];
  assert.deepEqual(missing(text, parts.map((part) => `\`${part}\``)), []);
  const top = folders(".").filter((name) => !["node_modules", "target", ".git", ".wrangler"].includes(name));
  assert.deepEqual(missing(text, top.map((name) => `\`${name}/`).filter((name) => !/`(crates|workers)\//.test(name))), []);
  const paths = routes();
  assert.ok(paths.length > 15, paths.join(" "));
  assert.deepEqual(paths.filter((path) => !text.includes(`${path}\``) && !text.includes(`${path} `)), []);
  for (let number = 1; number <= 9; number += 1) assert.match(text, new RegExp(`^${number}\\. \\*\\*Architecture Invariant:\\*\\*`, "m"), `invariant ${number}`);
});

test("2. docs/STORAGE.md names every place", () => {
  const text = read("docs/STORAGE.md");
  const schema = readdirSync(join(ROOT, "migrations")).filter((name) => name.endsWith(".sql")).map((name) => read(`migrations/${name}`)).join("\n");
  const tables = [...schema.matchAll(/CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name]) => name);
  assert.ok(tables.length > 20, tables.join(", "));
  assert.deepEqual(tables.filter((name) => !new RegExp(`^(###? |\\| )\`${name}\``, "m").test(text)), []);
  const configs = ["wrangler.toml", "workers/analysis/wrangler.toml"].map((path) => parse(read(path)));
  const names = configs.flatMap((config) => [
    ...(config.d1_databases ?? []).flatMap(({ binding, database_name }) => [binding, database_name]),
    ...(config.kv_namespaces ?? []).map(({ binding }) => binding),
    ...(config.r2_buckets ?? []).flatMap(({ binding, bucket_name }) => [binding, bucket_name]),
    ...(config.queues?.producers ?? []).flatMap(({ binding, queue }) => [binding, queue]),
    ...(config.queues?.consumers ?? []).map(({ queue }) => queue),
    ...(config.workflows ?? []).flatMap(({ binding, name, class_name }) => [binding, name, class_name]),
    ...(config.durable_objects?.bindings ?? []).flatMap(({ name, class_name }) => [name, class_name]),
  ]);
  assert.deepEqual(missing(text, [...new Set(names)].map((name) => `\`${name}\``)), []);
});

test("3. README.md's table of variables", () => {
  const example = [...read(".dev.vars.example").matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
  const section = read("README.md").split(/^## /m).find((part) => part.startsWith("Variables"));
  assert.ok(section, "README.md has no section Variables");
  const listed = [...section.matchAll(/^\| ([^|]+)\|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([A-Z][A-Z0-9_]*)`/g)].map(([, name]) => name));
  assert.deepEqual(listed.toSorted(), example.toSorted());
});

test("4. named files exist", () => {
  for (const document of DOCUMENTS) {
    for (const [, path] of read(document).matchAll(/`((?:crates|workers|scripts|tests|docs|migrations|knowledge|\.ci)\/[\w./-]*[\w/-])`/g)) {
      // Folders that a build makes are named as well.
      if (/\/build\/|\/\.dev\.vars$/.test(path)) continue;
      assert.ok(existsSync(join(ROOT, path)), `${document} names ${path}`);
    }
  }
});

/** A heading's anchor, as GitHub makes it. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");

test("5. links lead somewhere", () => {
  for (const document of DOCUMENTS) {
    const text = read(document).replace(/^```[\s\S]*?^```/gm, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, fragment] = target.split("#");
      const file = path ? resolve(ROOT, dirname(document), path) : join(ROOT, document);
      assert.ok(existsSync(file), `${document} links to ${target}`);
      if (!fragment || statSync(file).isDirectory()) continue;
      const headings = [...readFileSync(file, "utf8").replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading));
      assert.ok(headings.includes(fragment), `${document} links to ${target}`);
    }
  }
});

test("6. npm commands exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  for (const document of DOCUMENTS) {
    for (const [, name] of read(document).matchAll(/npm run (?:-s )?([a-z][\w:]*)/g)) assert.ok(name in scripts, `${document} names npm run ${name}`);
  }
});

/** The blocks under "Try it with curl". */
const examples = () => {
  const section = read("README.md").split(/^## /m).find((part) => part.startsWith("Try it with curl"));
  return [...(section ?? "").matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block);
};

test("7. the examples parse and follow TTAI_URL", () => {
  const blocks = examples();
  assert.ok(blocks.length >= 4, `${blocks.length} examples`);
  for (const block of blocks) {
    execFileSync("bash", ["-n"], { input: block });
    assert.doesNotMatch(block.replaceAll("${TTAI_URL:-http://localhost:8787}", ""), /localhost|127\.0\.0\.1/, block);
  }
  const all = blocks.join("\n");
  for (const wanted of ["npm run -s token", "tools/call", "get_quote", "resources/read", "/health"]) assert.ok(all.includes(wanted), wanted);
});

test("8. decisions", () => {
  const names = readdirSync(join(ROOT, "docs/adr")).toSorted();
  const list = read("docs/ARCHITECTURE.md");
  names.forEach((name, index) => {
    assert.match(name, new RegExp(`^${String(index + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`));
    const text = read(`docs/adr/${name}`);
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, ["The question", "The decision", "What follows"], name);
    assert.ok(list.includes(`](adr/${name})`), `docs/ARCHITECTURE.md does not list ${name}`);
  });
});

test("9. the documents speak of the project alone", () => {
  for (const document of DOCUMENTS) assert.doesNotMatch(read(document), /\/work\/|\/shared\/|\bhelper session|design document\b/i, document);
});

test("10. the backup names every table", () => {
  const schema = readdirSync(join(ROOT, "migrations")).filter((name) => name.endsWith(".sql")).map((name) => read(`migrations/${name}`)).join("\n");
  const tables = [...schema.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name]) => name);
  const section = read("README.md").split(/^### /m).find((part) => part.startsWith("Backup"));
  assert.deepEqual([...section.matchAll(/--table (\w+)/g)].map(([, name]) => name).toSorted(), tables.toSorted());
});
