// The numbers are the same natively and in Wasm, bit by bit: what the tests of crates/quant say of the one holds for the other. The
// same inputs are computed by the same code on both sides (tests/bench/quant), and digests of all results are compared.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ask, buildNative, buildWasm } from "../../scripts/lib/quant.mjs";
import { setup } from "../../scripts/lib/setup.mjs";

let native;
let wasm;

before(async () => {
  const { env } = await setup();
  native = await ask(await buildNative(env), "digests");
  wasm = await buildWasm(env);
});

const hex = (digest) => BigInt.asUintN(64, digest).toString(16).padStart(16, "0");

test("the same bits natively and in Wasm", async (t) => {
  assert.ok(native.length >= 7, "all parts are there");
  for (const [place, { name, digest }] of native.entries()) {
    await t.test(name, () => {
      const here = hex(wasm.digest(place));
      t.diagnostic(`${name}: ${here}`);
      assert.equal(here, digest);
    });
  }
  assert.equal(wasm.digest(native.length), 0n, "there are no more in Wasm");
});

test("the digests are of different numbers", () => {
  assert.equal(new Set(native.map(({ digest }) => digest)).size, native.length);
});
