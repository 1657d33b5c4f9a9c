// Attacks by apps that are known by the address of a document about them: B07 to B10. The hosts are played by a server on this
// machine. How such apps are served otherwise is in tests/e2e/cimd.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { document, documentServer } from "../lib/cimd.mjs";
import { d1 } from "../lib/explorer.mjs";
import { authorizeUrl, form, pkce, REDIRECT } from "../lib/login.mjs";
import { simulator } from "../lib/sim.mjs";
import { useStack } from "../lib/stack.mjs";
import { assertPage, count, raw } from "./support.mjs";

const documents = await documentServer(["client.example"]);
const stack = await useStack({ vars: documents.vars });
const sim = simulator(stack);
const own = new URL(stack.url);

const open = (clientId, more = {}) => raw(authorizeUrl(stack, { clientId, challenge: pkce().challenge, ...more }));
const minuteLater = () => d1(stack, "UPDATE client_document_fetches SET began_at = began_at - 60000");

/** Fails unless an id is refused at every door, with no request to anybody. */
async function neverAsked(ids) {
  const [before, mark, fetches] = [documents.requests().length, await sim.mark(), await count(stack, "client_document_fetches")];
  for (const id of ids) {
    assertPage(await open(id), "invalid_client", id);
    for (const path of ["/oauth/token", "/oauth/revoke"]) {
      const { status, body } = await form(`${stack.url}${path}`, { grant_type: "refresh_token", refresh_token: "x", token: "x", client_id: id });
      assert.equal(status, 401, `${path} ${id}`);
      assert.equal(body.error, "invalid_client", id);
    }
  }
  assert.equal(documents.requests().length, before, "no request went out");
  assert.equal(await count(stack, "client_document_fetches"), fetches, "and none was tried");
  assert.deepEqual(await sim.since(mark), []);
}

test("B07 an id that is http, an IP address in any spelling, a local name, has a user, or no path: a page, and nobody is asked", () => neverAsked([
  "http://client.example/app.json", "https://client.example", "https://client.example/", "https://127.0.0.1/app.json", "https://127.1/app.json", "https://2130706433/app.json", "https://0x7f.1/app.json", "https://0177.0.0.1/app.json",
  "https://[::1]/app.json", "https://[::ffff:10.0.0.1]/app.json", "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/app.json", "https://localhost/app.json", "https://LOCALHOST/app.json", "https://localhost./app.json", "https://x.localhost/app.json",
  "https://printer.local/app.json", "https://metadata.google.internal/app.json", "https://intranet/app.json", "https://user@client.example/app.json", "https://user:secret@client.example/app.json", "https://client.example@127.0.0.1/app.json",
  "https://client.example:8443/app.json", "https://client.example/app.json#x", "https://client.example/x/../app.json", "https://client.example/./app.json", "https://client.example/%2e%2e/app.json", "https://client.example\\@evil.example/app.json",
  "ftp://client.example/app.json", "file:///etc/passwd", "data:application/json,{}",
]));

test("B08 a document behind a redirect, over 5 KB, over 10 s, that is HTML, names another id, or holds a secret: a page, and it is not kept", async () => {
  documents.publish("/good.json", document(documents.id("/good.json")));
  const cases = {
    "/moved.json": [document(documents.id("/moved.json")), { status: 302, headers: { location: documents.id("/good.json") } }],
    "/moved-307.json": [document(documents.id("/moved-307.json")), { status: 307, headers: { location: `${stack.url}/health` } }],
    "/large.json": [document(documents.id("/large.json"), { padding: "x".repeat(6_000) })],
    "/endless.json": [`${JSON.stringify(document(documents.id("/endless.json"))).slice(0, -1)},"x":"${"y".repeat(3_000_000)}"}`],
    "/html.json": ["<!doctype html><title>App</title>", { headers: { "content-type": "text/html" } }],
    "/other.json": [document(documents.id("/good.json"))],
    "/near.json": [document(`${documents.id("/near.json")}/`)],
    "/secret.json": [document(documents.id("/secret.json"), { client_secret: "hunter2" })],
    "/shared.json": [document(documents.id("/shared.json"), { token_endpoint_auth_method: "client_secret_post" })],
    "/list.json": ["[]"], "/deep.json": ["[".repeat(4_000)], "/empty.json": [""], "/error.json": ["{}", { status: 500 }],
    "/script.json": [document(documents.id("/script.json"), { redirect_uris: ["javascript:alert(1)"] })],
  };
  const slow = documents.hang("/hang.json");
  const began = Date.now();
  const late = open(slow).then((answer) => ({ answer, after: Date.now() - began }));
  for (const [path, [published, options]] of Object.entries(cases)) {
    const id = documents.publish(path, published, options);
    assertPage(await open(id), "invalid_client", path);
    assert.equal(documents.requests(path).length, 1, path);
    assert.equal(await count(stack, "oauth_clients", "id = ?1", [id]), 0, `${path} is not kept`);
  }
  assert.equal(documents.requests("/good.json").length, 0, "a redirect is not followed");
  const { answer, after } = await late;
  assertPage(answer, "invalid_client", "hang");
  assert.ok(after > 9_000, `after ${after} ms`);
  assert.equal(await count(stack, "oauth_clients", "id = ?1", [slow]), 0);
});

test("B09 a document that no longer lists a redirect address: it is refused once what was kept has run out", async () => {
  const id = documents.publish("/changing.json", document(documents.id("/changing.json"), { redirect_uris: [REDIRECT, "https://client.example/old"] }));
  assert.equal((await open(id, { redirect_uri: "https://client.example/old" })).status, 200);
  documents.publish("/changing.json", document(id, { redirect_uris: [REDIRECT, "https://client.example/new"] }));
  assertPage(await open(id, { redirect_uri: "https://client.example/new" }), "invalid_redirect_uri", "not known yet");
  await d1(stack, "UPDATE oauth_clients SET expires_at = ?2 WHERE id = ?1", [id, Date.now() - 1]);
  await minuteLater();
  assertPage(await open(id, { redirect_uri: "https://client.example/old" }), "invalid_redirect_uri", "no longer listed");
  assert.equal((await open(id, { redirect_uri: "https://client.example/new" })).status, 200);
  assert.equal(documents.requests("/changing.json").length, 2);
});

test("B10 an id on this server's own host: refused, and it does not ask itself", async () => {
  await neverAsked([`${stack.url}/app.json`, `https://${own.host}/app.json`, `https://${own.hostname}/.well-known/oauth-authorization-server`, `https://${own.hostname}/oauth/authorize?client_id=x`]);
});
