// MCP over HTTP by hand, in both eras, so that a test sees status, headers and body as they are.
import assert from "node:assert/strict";

export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";

let id = 0;

/** Sends one message and gives `{status, headers, body}`; the body is parsed where it is JSON. */
export async function post(url, message, { token, headers = {} } = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: typeof message === "string" ? message : JSON.stringify(message),
  });
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // The text itself is the body.
  }
  return { status: response.status, headers: response.headers, body };
}

/** A request of the 2026-07-28 era: it says what it is in the body and in headers. */
export function modern(method, params = {}, headers = {}) {
  const name = params.name ?? params.uri;
  return {
    message: {
      jsonrpc: "2.0",
      id: (id += 1),
      method,
      params: {
        ...params,
        _meta: { "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}, "io.modelcontextprotocol/clientInfo": { name: "ttai-tests", version: "1" } },
      },
    },
    headers: { "mcp-protocol-version": MODERN, "mcp-method": method, ...(name ? { "mcp-name": name } : {}), ...headers },
  };
}

/** A request of the `initialize` era; no session is needed. */
export function legacy(method, params = {}) {
  return { message: { jsonrpc: "2.0", id: (id += 1), method, params }, headers: { "mcp-protocol-version": LEGACY } };
}

const ERAS = { modern, legacy };

/** A client of one user: `call` for tools, `request` for everything else. */
export function client(stack, token, { era = "modern", path = "/mcp" } = {}) {
  const request = (method, params, headers = {}) => {
    const made = ERAS[era](method, params);
    return post(`${stack.url}${path}`, made.message, { token, headers: { ...made.headers, ...headers } });
  };
  return {
    request,
    /** The result of a tool, which must have been answered as a tool result: `{isError, content, structuredContent}`. */
    async call(name, args = {}) {
      const { status, body } = await request("tools/call", { name, arguments: args });
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.result, JSON.stringify(body));
      return body.result;
    },
    /** The structured content of a call that must succeed. */
    async ok(name, args) {
      const result = await this.call(name, args);
      assert.ok(!result.isError, JSON.stringify(result));
      return result.structuredContent;
    },
    /** The error object of a call that must fail as a tool error. */
    async error(name, args) {
      const result = await this.call(name, args);
      assert.equal(result.isError, true, JSON.stringify(result));
      assert.equal(result.content[0].text, result.structuredContent.error.message);
      return result.structuredContent.error;
    },
  };
}

/** Fails unless this is `{"error":{...}}` of the HTTP form with that family. */
export function assertHttpError(body, code, reason) {
  assert.deepEqual(Object.keys(body), ["error"], JSON.stringify(body));
  const { error } = body;
  assert.deepEqual(Object.keys(error).sort(), ["code", "details", "message", "reason", "retryable"], JSON.stringify(error));
  assert.equal(error.code, code);
  if (reason) assert.equal(error.reason, reason);
  assert.ok(error.message.length > 10, error.message);
}
