// Attacks on the registration of apps: B01 to B05, B11. B06 is in limits.test.mjs, B07 to B10 in documents.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizeUrl, pkce, register } from "../lib/login.mjs";
import { useStack } from "../lib/stack.mjs";
import { assertPage, count, raw } from "./support.mjs";

const stack = await useStack();
const GOOD = "https://app.example/cb";

/** Sends a registration as it stands: `{status, headers, body}`. */
async function send(registration, { type = "application/json", path = "/oauth/register" } = {}) {
  const body = typeof registration === "string" ? registration : JSON.stringify(registration);
  const { status, headers, text } = await raw(`${stack.url}${path}`, { method: "POST", headers: { "content-type": type }, body });
  return { status, headers, body: JSON.parse(text) };
}

/** Fails unless each registration is refused with that word, and nothing is kept. */
async function refused(registrations, error, expected = 400) {
  const before = await count(stack, "oauth_clients");
  for (const registration of registrations) {
    const what = JSON.stringify(registration).slice(0, 120);
    for (const path of ["/oauth/register", "/register"]) {
      const { status, headers, body } = await send(registration, { path });
      assert.equal(status, expected, `${what}: ${JSON.stringify(body)}`);
      assert.deepEqual(Object.keys(body), ["error", "error_description"], what);
      assert.equal(body.error, error, what);
      assert.match(headers.get("cache-control"), /no-store/, what);
    }
  }
  assert.equal(await count(stack, "oauth_clients"), before);
}

test("B01 redirect_uris missing, empty, or none that may be used: 400 invalid_redirect_uri", async () => {
  await refused([
    {}, { client_name: "x" }, { redirect_uris: [] }, { redirect_uris: null }, { redirect_uris: GOOD }, { redirect_uris: [1] }, { redirect_uris: [GOOD, null] },
    { redirect_uris: ["http://app.example/cb"] }, { redirect_uris: ["cursor://x/cb"] }, { redirect_uris: ["http://localhost.evil.example/cb"] },
    { redirect_uris: Array.from({ length: 21 }, (_, at) => `${GOOD}/${at}`) },
  ], "invalid_redirect_uri");
});

test("B02 redirect_uris with javascript:, data: or a fragment: 400 invalid_redirect_uri, also beside a good one", async () => {
  const bad = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", `${GOOD}#x`, "https://good.example@evil.example/cb", "https://app.example\\@evil.example/",
    "https://*/cb", "https://app.example;x/cb", " https://app.example/cb", "https://app.example/\ncb", "", "blob:https://app.example/1",
  ];
  await refused(bad.flatMap((address) => [{ redirect_uris: [address] }, { redirect_uris: [GOOD, address] }]), "invalid_redirect_uri");
});

test("B03 an address of the app that is not of the web: 400 invalid_client_metadata", async () => {
  await refused(["file:///etc/passwd", "javascript:alert(1)", "x", "data:image/png;base64,AA=="].flatMap((address) =>
    ["logo_uri", "client_uri", "policy_uri", "tos_uri"].map((name) => ({ redirect_uris: [GOOD], [name]: address }))), "invalid_client_metadata");
  await refused([{ redirect_uris: [GOOD], client_name: 5 }, { redirect_uris: [GOOD], client_name: ["x"] }], "invalid_client_metadata");
});

test("B04 grant types, response types and methods that are not served: 400 invalid_client_metadata", async () => {
  await refused([
    { grant_types: ["password"] }, { grant_types: ["client_credentials"] }, { grant_types: [] }, { grant_types: "authorization_code" }, { response_types: ["token"] },
    { token_endpoint_auth_method: "private_key_jwt" }, { token_endpoint_auth_method: "tls_client_auth" },
  ].map((more) => ({ redirect_uris: [GOOD], ...more })), "invalid_client_metadata");
});

test("B05 a body over 64 KB: 413; one that is no JSON object: 400 invalid_client_metadata", async () => {
  await refused([{ redirect_uris: [GOOD], client_name: "x".repeat(70_000) }], "invalid_request", 413);
  await refused(["", "{", "[]", "null", "1", "redirect_uris=https://app.example/cb", `${"[".repeat(10_000)}`, "\u0000"], "invalid_client_metadata");
});

test("B11 an editor's own scheme beside https: 201 without it; asking to be answered there: a page", async () => {
  const editor = "cursor://anysphere.cursor-mcp/oauth/callback";
  const made = await register(stack, { redirect_uris: [editor, GOOD] });
  assert.deepEqual(made.redirect_uris, [GOOD]);
  const at = (redirect) => raw(authorizeUrl(stack, { clientId: made.client_id, challenge: pkce().challenge, redirect_uri: redirect }));
  assertPage(await at(editor), "invalid_redirect_uri");
  assert.equal((await at(GOOD)).status, 200);
});

test("an id that is asked for is not given, and nothing is taken over from another app", async () => {
  const first = await register(stack);
  const { status, body } = await send({ redirect_uris: ["https://evil.example/cb"], client_id: first.client_id, client_secret: "mine", registration_access_token: "x" });
  assert.equal(status, 201);
  assert.notEqual(body.client_id, first.client_id);
  assert.ok(body.client_secret.startsWith("ttai_cs_"), "without a method an app gets a secret, made here");
  assert.equal(body.registration_access_token, undefined);
});
