// Apps whose client_id is the https address of a document: a server of documents on this machine, and the map of hosts that
// leads a stack there (CIMD_HOSTS). Start the server first, then the stack with `vars: documents.vars`.
import { createServer } from "node:http";
import { after } from "node:test";
import { REDIRECT } from "./login.mjs";

/** A document that holds: what an app publishes about itself at the address that is its id. */
export function document(clientId, more = {}) {
  return { client_id: clientId, client_name: "Documented App", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none", ...more };
}

/**
 * A server that plays these hosts. What is published at a path is answered at it, on every host; anything else is 404. It ends
 * with the file of tests.
 *
 * - `vars`: the variables for the stack.
 * - `id(path, host)`: the address of a document, as a client_id.
 * - `publish(path, document, {status, headers, host})`: a document (an object) or any body (a text). Gives its id.
 * - `hang(path)`: a path that takes the request and never answers. Gives its id.
 * - `requests(path)`: what was asked for, as `{method, path, headers}`, or of one path only.
 */
export async function documentServer(hosts = ["client.example"]) {
  const answers = new Map();
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method, path: request.url, headers: request.headers });
    const answer = answers.get(request.url) ?? { status: 404, headers: { "content-type": "text/plain" }, body: "nothing here" };
    if (answer.hangs) return;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const here = `127.0.0.1:${server.address().port}`;
  const id = (path, host = hosts[0]) => `https://${host}${path}`;
  return {
    vars: { CIMD_HOSTS: hosts.map((host) => `${host}=${here}`).join(",") },
    id,
    publish(path, published, { status = 200, headers = {}, host } = {}) {
      const body = typeof published === "string" ? published : JSON.stringify(published);
      answers.set(path, { status, body, headers: { "content-type": "application/json", ...headers } });
      return id(path, host);
    },
    hang(path) {
      answers.set(path, { hangs: true });
      return id(path);
    },
    requests: (path) => seen.filter((request) => !path || request.path === path),
  };
}
