// npm run docs:tools [-- --check]: writes docs/TOOLS.md from what the server lists (workers/mcp-server/src/mcp/catalog.rs),
// the scopes of its tools, their JSON Schemas (crates/contract/schemas) and the table of errors (crates/domain/src/error.rs).
// With --check it writes nothing and fails where the file is not up to date. It needs neither a compiler nor a package.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./lib/paths.mjs";
import { production, strings, tokens } from "./lib/rust-source.mjs";

const CATALOG = join(ROOT, "workers/mcp-server/src/mcp/catalog.rs");
const FILE = join(ROOT, "docs/TOOLS.md");

/** The text between the brackets that open at `from`. */
function bracketed(text, from) {
  const blind = tokens(text).map((token) => (token.kind === "string" ? '"'.padEnd(token.text.length - 1, "_") + '"' : token.text)).join("");
  let depth = 0;
  for (let at = from; at < blind.length; at++) {
    if ("[{(".includes(blind[at])) depth += 1;
    if ("]})".includes(blind[at]) && --depth === 0) return text.slice(from + 1, at);
  }
  throw new Error("a bracket does not close");
}

/** The `Name { ... }` literals of a constant list. */
function entries(source, list, type) {
  const start = source.search(new RegExp(`const ${list}: [^=]*=`));
  if (start < 0) throw new Error(`${CATALOG} has no const ${list}`);
  const body = bracketed(source, source.indexOf("[", source.indexOf("=", start)));
  const found = [];
  for (const match of body.matchAll(new RegExp(`(?<![\\w:])${type} \\{`, "g"))) found.push(bracketed(body, match.index + type.length + 1));
  return found;
}

/** One field of such a literal: the value of its string, or its expression. */
function field(entry, name) {
  const match = new RegExp(`(?<![\\w"])${name}:\\s*`).exec(entry);
  if (!match) return undefined;
  const rest = entry.slice(match.index + match[0].length);
  return rest.startsWith('"') ? strings(rest)[0] : /^[^,\n]+(\([^)]*\)+)?/.exec(rest)[0].trim();
}

/** The JSON Schema that a field includes. */
function schema(entry, name) {
  const expression = field(entry, name);
  const path = strings(entry.slice(entry.indexOf(`${name}:`)))[0];
  if (!expression?.includes("include_str!")) return null;
  return JSON.parse(readFileSync(resolve(dirname(CATALOG), path), "utf8"));
}

/** The hints behind `Annotations::NAME`. */
function annotations(expression) {
  const source = production(join(ROOT, "crates/mcp/src/catalog.rs"));
  const read = (name) => {
    const body = new RegExp(`const ${name}: Self = Self \\{([^}]*)\\}`).exec(source)?.[1];
    if (body === undefined) throw new Error(`there is no Annotations::${name}`);
    const base = /\.\.Self::(\w+)/.exec(body)?.[1];
    const own = Object.fromEntries([...body.matchAll(/(\w+): (true|false)/g)].map(([, key, value]) => [key, value === "true"]));
    return { ...(base ? read(base) : {}), ...own };
  };
  return read(expression.split("::").at(-1));
}

/** The scope that a tool needs, by its name. */
function scopes() {
  const words = Object.fromEntries([...production(join(ROOT, "crates/domain/src/scope.rs")).matchAll(/Self::(\w+) => "([a-z]+:[a-z]+)"/g)].map(([, name, word]) => [name, word]));
  const source = production(join(ROOT, "workers/mcp-server/src/mcp/tools/mod.rs"));
  const body = bracketed(source, source.indexOf("{", source.indexOf("fn scope(")));
  const found = {};
  for (const [, names, scope] of body.matchAll(/((?:"\w+"\s*\|?\s*)+)=>\s*Some\(Scope::(\w+)\)/g)) for (const name of strings(names)) found[name] = words[scope];
  const forwarded = production(join(ROOT, "workers/mcp-server/src/mcp/tools/forward.rs"));
  for (const [, name, scope] of forwarded.matchAll(/\brow\(\s*"(\w+)",\s*Scope::(\w+)/g)) found[name] = words[scope];
  for (const [, name, also] of forwarded.matchAll(/\brow\(\s*"(\w+)"(?:(?!\brow\()[^;])*?\)\s*\.also\(Scope::(\w+)\)/g)) found[name] += `\` and \`${words[also]}`;
  return found;
}

const MARKS = { read_only: ["changes nothing", "changes something"], destructive: ["may undo or delete", "deletes nothing"], idempotent: ["the same again changes nothing more", "each call acts anew"], open_world: ["asks TastyTrade", "reads what TTAI keeps"] };

const cell = (text) => String(text ?? "").replaceAll("|", "\\|").replace(/\s+/g, " ").trim();
const table = (head, rows) => [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`)].join("\n");

function typeOf(property) {
  if (property.enum) return property.enum.map((word) => `\`${word}\``).join(", ");
  const kinds = [property.type ?? "any"].flat();
  const named = kinds.map((kind) => (kind === "array" ? `list of ${property.items?.properties ? "objects" : typeOf(property.items ?? {})}` : kind === "null" ? "`null`" : property.format === "date-time" && kind === "string" ? "time" : kind));
  return named.join(" or ");
}

/** One row per property; properties of objects inside follow under their path. */
function rows(object, path = "") {
  return Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const inner = property.type === "array" ? property.items : property;
    const at = `${path}${name}`;
    return [[`\`${at}${property.type === "array" ? "[]" : ""}\``, typeOf(property), property.description], ...rows(inner ?? {}, `${at}${property.type === "array" ? "[]" : ""}.`)];
  });
}

function tool(entry, scope) {
  const name = field(entry, "name");
  if (!scope[name]) throw new Error(`${name} has no scope in workers/mcp-server/src/mcp/tools/mod.rs or forward.rs`);
  const hints = Object.entries(annotations(field(entry, "annotations"))).map(([key, value]) => MARKS[key][value ? 0 : 1]);
  const [input, output] = [schema(entry, "input_schema"), schema(entry, "output_schema")];
  const required = new Set(input.required ?? []);
  const inputs = rows(input).map(([path, type, what]) => [path, type, required.has(path.replace(/[`[\]]/g, "")) ? "yes" : "no", what]);
  return [
    `### ${name}`,
    `*${field(entry, "title")}*. ${field(entry, "description")}`,
    `Scope: \`${scope[name]}\`. Hints: ${hints.join("; ")}.`,
    inputs.length ? table(["argument", "type", "required", "what"], inputs) : "It takes no arguments.",
    ...(output ? [table(["result", "type", "what"], rows(output))] : []),
  ].join("\n\n");
}

/** The reasons with their families, statuses and whether a retry may help. */
function errors() {
  const file = join(ROOT, "crates/domain/src/error.rs");
  const source = production(file);
  const docs = Object.fromEntries([...readFileSync(file, "utf8").matchAll(/\/\/\/ ([^\n]+)\n\s+([A-Z]\w+),/g)].map(([, text, name]) => [name, text]));
  const body = (name) => bracketed(source, source.indexOf("{", source.indexOf(`const fn ${name}(self)`, source.indexOf("impl Reason"))));
  const snake = (name) => name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();
  const arms = (text) => [...text.matchAll(/((?:Self::\w+\s*\|?\s*)+)=>\s*\{?\s*(?:Family::)?(\w+)/g)].map(([, names, value]) => [[...names.matchAll(/Self::(\w+)/g)].map(([, name]) => name), value]);
  const familyStart = source.indexOf("impl Family");
  const familyStatus = Object.fromEntries(arms(bracketed(source, source.indexOf("{", source.indexOf("const fn status(self)", familyStart)))).flatMap(([names, value]) => names.map((name) => [name, value])));
  const own = Object.fromEntries(arms(body("status")).flatMap(([names, value]) => names.map((name) => [name, value])));
  const retry = new Set([...body("retryable").matchAll(/Self::(\w+)/g)].map(([, name]) => name));
  return arms(body("family")).flatMap(([names, family]) => names.map((name) => [`\`${snake(family).toUpperCase()}\``, `\`${snake(name)}\``, own[name] ?? familyStatus[family], retry.has(name) ? "yes" : "no", docs[name]]));
}

/** The text of docs/TOOLS.md. */
export function toolsDocument() {
  const source = production(CATALOG);
  const instructions = strings(source.slice(source.indexOf("const INSTRUCTIONS")))[0];
  const scope = scopes();
  const tools = entries(source, "TOOLS", "Tool");
  const page = strings(production(join(ROOT, "crates/mcp/src/apps.rs")).split("UI_MIME_TYPE")[1])[0];
  const type = (entry) => field(entry, "mime_type").replace("UI_MIME_TYPE", page);
  const resources = entries(source, "RESOURCES", "Resource").map((entry) => [`\`${field(entry, "uri")}\``, field(entry, "title"), type(entry), field(entry, "description")]);
  const prompts = entries(source, "PROMPTS", "Prompt").map((entry) => [`\`${field(entry, "name")}\``, field(entry, "title"), entries(`const ARGUMENTS: _ = [${entry.slice(entry.indexOf("arguments:"))}]`, "ARGUMENTS", "PromptArgument").map((argument) => `\`${field(argument, "name")}\`${field(argument, "required") === "true" ? "" : " (optional)"}: ${field(argument, "description")}`).join(" "), field(entry, "description")]);
  const groups = [...new Set(entries(source, "TOOLS", "Tool").map((entry) => field(entry, "group")).filter(Boolean))];
  const templates = entries(source, "TEMPLATES", "Template").map((entry) => [`\`${field(entry, "uri_template")}\``, field(entry, "title"), field(entry, "mime_type"), field(entry, "description")]);
  return `${[
    "# What the server offers",
    "Generated by `npm run docs:tools` from `workers/mcp-server/src/mcp/catalog.rs`, `crates/contract/schemas/` and `crates/domain/src/error.rs`; a test fails when it is not up to date. Edit those, not this file.",
    "The model is told:",
    `> ${instructions}`,
    "## Tools",
    "Arguments are taken forgivingly: a number may be text, a list may be a JSON text or a comma list, symbols may be lower case, and names may be camelCase. An argument that there is not, or one that is malformed, is a `VALIDATION_ERROR` that names it.",
    `An answer comes within 25 seconds and has at most 130 kB; where it would be larger, the error says which argument makes it smaller. An address that ends in \`?tools=\` and groups, separated by commas, lists the tools of these groups and those of none, and the prompts that lead through no others. Groups: ${groups.map((group) => `\`${group}\``).join(", ")}.`,
    ...tools.map((entry) => tool(entry, scope)),
    "## Resources",
    "What begins with `portfolio://` or `history://` is the user's own and needs `account:read`. The others are the same for everybody; any access token may read them. What begins with `ui://` are pages of MCP Apps.",
    table(["address", "title", "type", "what"], [...resources, ...templates]),
    "## Prompts",
    "Constant texts that say which tools and resources to use; what the user fills in gets in only as a checked symbol, as a day, or as the end of an account's number. Arguments named `symbol`, `account`, `expiration` and `strategy` are completed, here and in addresses of resources: symbols from the user's positions and a list of common ones, accounts masked, expirations of the user's options.",
    table(["name", "title", "arguments", "what"], prompts),
    "## Errors",
    "A tool that fails answers `isError: true`, its message as text, and in `structuredContent` the object `{\"error\": {\"code\", \"reason\", \"message\", \"retryable\", \"details\"}}`; HTTP answers carry the same object. A missing scope is HTTP 403 before the tool is called.",
    table(["code", "reason", "HTTP status", "retryable", "when"], errors()),
  ].join("\n\n")}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const text = toolsDocument();
  const upToDate = existsSync(FILE) && readFileSync(FILE, "utf8") === text;
  if (process.argv.includes("--check")) {
    if (!upToDate) process.stderr.write("error: docs/TOOLS.md is not up to date; run: npm run docs:tools\n");
    process.exitCode = upToDate ? 0 : 1;
  } else {
    if (!upToDate) writeFileSync(FILE, text);
    process.stdout.write(`docs/TOOLS.md ${upToDate ? "is up to date" : "written"}\n`);
  }
}
