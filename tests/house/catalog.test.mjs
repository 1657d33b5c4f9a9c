// What the server lists is written in the sources, whole: no text of a user or of TastyTrade can get into a definition.
//
//  1. The catalogue of the worker holds constants alone.
//  2. Every text of a definition is `&'static str` by its type.
//  3. Every tool needs a scope, is served, and is in no list but the catalogue's.
//  4. A tool's schemas are the ones that its types make (crates/contract/schemas), and each of those belongs to a tool. The
//     official clients check error results against the output schema too, so its root admits `{"error": ...}`.
//  5. docs/TOOLS.md is up to date.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toolsDocument } from "../../scripts/docs-tools.mjs";
import { ROOT } from "../../scripts/lib/paths.mjs";
import { production, strings, tokens } from "../../scripts/lib/rust-source.mjs";

const CATALOG = "workers/mcp-server/src/mcp/catalog.rs";
const source = production(join(ROOT, CATALOG));
const code = tokens(source).filter(({ kind }) => kind === "code").map(({ text }) => text).join("\"\"");
const names = [...source.slice(source.indexOf("const TOOLS"), source.indexOf("const RESOURCES")).matchAll(/\bname: "(\w+)"/g)].map(([, name]) => name);

test("1. constants alone", () => {
  const items = [...code.matchAll(/^(?:pub(?:\(crate\))? )?(const|static|fn|async fn|struct|enum|impl|trait|type|mod|macro_rules!|let)\b/gm)].map(([, kind]) => kind);
  assert.ok(items.length >= 5, items.join(", "));
  assert.deepEqual(items.filter((kind) => kind !== "const"), []);
  const macros = new Set([...code.matchAll(/\b(\w+)!\s*[([{]/g)].map(([, name]) => name));
  assert.deepEqual([...macros].filter((name) => !["env", "include_str", "concat", "ui_tool_meta"].includes(name)), []);
  assert.deepEqual([...source.matchAll(/\benv!\("(\w+)"\)/g)].map(([, name]) => name).filter((name) => !name.startsWith("CARGO_PKG_")), []);
});

test("2. definitions are made of static texts", () => {
  const types = production(join(ROOT, "crates/mcp/src/catalog.rs"));
  for (const name of ["Catalog", "Server", "Icon", "Extension", "Tool", "Resource", "Template", "Prompt", "PromptArgument"]) {
    const body = new RegExp(`pub struct ${name} \\{([\\s\\S]*?)\\n\\}`).exec(types)?.[1];
    assert.ok(body, `there is no struct ${name}`);
    for (const [, field, type] of body.matchAll(/pub (\w+): ([^,\n]+),/g)) {
      assert.match(type, /^(&'static (str|\[\w+\])|Option<&'static str>|bool|Server|Annotations|Cache|Option<Theme>|ListChanged|&'static \[&'static str\])$/, `${name}.${field}: ${type}`);
    }
  }
});

test("3. every tool needs a scope and is served", () => {
  assert.ok(names.length >= 2 && new Set(names).size === names.length, names.join(", "));
  const tools = production(join(ROOT, "workers/mcp-server/src/mcp/tools/mod.rs"));
  const served = tools.slice(tools.indexOf("pub(crate) async fn call("));
  const rows = (file) => Object.fromEntries([...production(join(ROOT, file)).matchAll(/\brow\(\s*"(\w+)",\s*Scope::(\w+)/g)].map(([, name, scope]) => [name, scope]));
  const forwarded = rows("workers/mcp-server/src/mcp/tools/forward.rs");
  assert.deepEqual(rows("workers/analysis/src/tools/mod.rs"), forwarded, "both workers forward the same tools, with the same scopes");
  const scoped = tools.slice(tools.indexOf("pub(crate) fn scope("), tools.indexOf("pub(crate) async fn prefetch("));
  for (const name of names.filter((name) => !forwarded[name])) {
    assert.match(scoped, new RegExp(`"${name}"[^=]*=> Some\\(Scope::`), `${name} has no scope`);
    assert.match(served, new RegExp(`"${name}"[^=]*=> `), `${name} is not served`);
  }
  for (const name of [...strings(scoped), ...Object.keys(forwarded)]) assert.ok(names.includes(name), `${name} has a scope and is not listed`);
});

test("4. schemas", () => {
  const used = strings(source).filter((text) => text.endsWith(".json")).map((path) => path.split("/").at(-1));
  assert.deepEqual(used.toSorted(), readdirSync(join(ROOT, "crates/contract/schemas")).toSorted());
  for (const name of names) assert.ok(used.includes(`${name}.input.json`), name);
  for (const name of used.filter((file) => file.endsWith(".output.json"))) {
    const { required, additionalProperties } = JSON.parse(readFileSync(join(ROOT, "crates/contract/schemas", name), "utf8"));
    assert.equal(required, undefined, `${name} has required at its root`);
    assert.notEqual(additionalProperties, false, `${name} is closed at its root`);
  }
});

test("5. docs/TOOLS.md is up to date", () => {
  assert.ok(readFileSync(join(ROOT, "docs/TOOLS.md"), "utf8") === toolsDocument(), "run: npm run docs:tools");
});
