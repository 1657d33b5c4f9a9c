// The names of functions in a Wasm file are cut for the deployment: the module stays valid and the same, and its names stay
// readable.
import assert from "node:assert/strict";
import { test } from "node:test";
import { short, shortenNames } from "../../scripts/lib/names.mjs";

const sized = (bytes) => [bytes.length, ...bytes];
const text = (string) => sized([...Buffer.from(string)]);

/** A module with one function that gives 42, exported as `answer`, and this name for it. */
function module(name) {
  const functions = [1, ...sized([1, 0, ...text(name)])];
  return Buffer.from([
    0, 97, 115, 109, 1, 0, 0, 0,
    1, ...sized([1, 0x60, 0, 1, 0x7f]),
    3, ...sized([1, 0]),
    7, ...sized([1, ...text("answer"), 0, 0]),
    10, ...sized([1, ...sized([0, 0x41, 42, 0x0b])]),
    0, ...sized([...text("name"), ...functions]),
  ]);
}

test("a module with short names is the same module", async () => {
  const wasm = shortenNames(module("vault[9c671857df12e245]::seal::open::<u8>"));
  const { instance } = await WebAssembly.instantiate(wasm);
  assert.equal(instance.exports.answer(), 42);
  assert.ok(wasm.includes("vault::seal::open::<u8>") && !wasm.includes("9c671857df12e245"));
  assert.deepEqual(shortenNames(wasm), wasm);
});

test("names lose their hashes and their tails", () => {
  assert.equal(short("<mcp[510f3aa17552e9ed]::context::Context>::fail"), "<mcp::context::Context>::fail");
  assert.equal(short("edge::guard::catch::h0123456789abcdef"), "edge::guard::catch");
  assert.equal(short("a[3]::b"), "a[3]::b");
  assert.equal(short("x".repeat(500)).length, 60);
});
