// Rust sources as text, for lints and generated documents that need no compiler: comments and tests taken out, string
// literals found and read.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every Rust file under a folder, build outputs aside. */
export function* rustFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !["target", "build", "node_modules"].includes(entry.name) && !entry.name.startsWith(".")) yield* rustFiles(path);
    else if (entry.isFile() && entry.name.endsWith(".rs")) yield path;
  }
}

/**
 * Splits a source into tokens `{kind, text, value?, line}` of the kinds `code`, `comment` and `string`; `value` is what a
 * string literal stands for. Nothing is lost: the texts joined are the source.
 */
export function tokens(source) {
  const found = [];
  let code = "";
  let at = 0;
  let line = 1;
  const flush = () => {
    if (code) found.push({ kind: "code", text: code, line });
    line += code.split("\n").length - 1;
    code = "";
  };
  const take = (kind, text, value) => {
    flush();
    found.push({ kind, text, line, ...(value === undefined ? {} : { value }) });
    line += text.split("\n").length - 1;
    at += text.length;
  };
  while (at < source.length) {
    const rest = source.slice(at, at + 4);
    if (rest.startsWith("//")) {
      const end = source.indexOf("\n", at);
      take("comment", source.slice(at, end < 0 ? source.length : end));
    } else if (rest.startsWith("/*")) {
      take("comment", source.slice(at, blockEnd(source, at)));
    } else if (/^b?r#*"/.test(source.slice(at, at + 12)) && !/[A-Za-z0-9_]/.test(code.at(-1) ?? "")) {
      const [opening, hashes] = /^b?r(#*)"/.exec(source.slice(at, at + 12));
      const close = source.indexOf(`"${hashes}`, at + opening.length);
      const text = source.slice(at, close + 1 + hashes.length);
      take("string", text, text.slice(opening.length, text.length - 1 - hashes.length));
    } else if (source[at] === '"') {
      let end = at + 1;
      while (end < source.length && source[end] !== '"') end += source[end] === "\\" ? 2 : 1;
      const text = source.slice(at, end + 1);
      take("string", text, unescape(text.slice(1, -1)));
    } else {
      // A character literal may hold a quote; a lifetime is no literal.
      const literal = /^'(\\.[^']*|[^'\\])'/.exec(source.slice(at, at + 14))?.[0];
      const text = literal ?? source[at];
      code += text;
      at += text.length;
    }
  }
  flush();
  return found;
}

function blockEnd(source, from) {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    if (source.startsWith("/*", at)) depth += 1;
    if (source.startsWith("*/", at)) {
      depth -= 1;
      if (depth === 0) return at + 2;
    }
  }
  return source.length;
}

function unescape(text) {
  const simple = { n: "\n", t: "\t", r: "\r", 0: "\0", '"': '"', "'": "'", "\\": "\\" };
  return text.replace(/\\(?:\r?\n\s*|u\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(.))/g, (_all, point, byte, letter) => {
    if (point) return String.fromCodePoint(parseInt(point, 16));
    if (byte) return String.fromCharCode(parseInt(byte, 16));
    return letter === undefined ? "" : (simple[letter] ?? letter);
  });
}

/** The source without comments, with every string literal's text in its place, and with no `#[cfg(test)]` item. */
export function withoutTests(source) {
  const kept = tokens(source).filter(({ kind }) => kind !== "comment");
  // Braces in strings must not be counted: look for the end of an item in a text of equal length without them.
  const text = kept.map((token) => token.text).join("");
  const blind = kept.map((token) => (token.kind === "string" ? '"'.padEnd(token.text.length - 1, "_") + '"' : token.text.replace(/'[^'\n]'/g, "'_'"))).join("");
  let result = "";
  let from = 0;
  for (;;) {
    const start = blind.indexOf("#[cfg(test)]", from);
    if (start < 0) return result + text.slice(from);
    result += text.slice(from, start);
    from = itemEnd(blind, start + "#[cfg(test)]".length);
  }
}

function itemEnd(text, from) {
  const open = text.indexOf("{", from);
  const semicolon = text.indexOf(";", from);
  if (open < 0 || (semicolon >= 0 && semicolon < open)) return semicolon + 1;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}" && --depth === 0) return at + 1;
  }
  return text.length;
}

/** The source of a file without comments and tests. */
export function production(file) {
  return withoutTests(readFileSync(file, "utf8"));
}

/** The values of the string literals in a text. */
export function strings(text) {
  return tokens(text).filter(({ kind }) => kind === "string").map(({ value }) => value);
}
