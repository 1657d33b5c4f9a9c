// What a hand-written worker in plain JavaScript would be that answers the same: it parses the body, looks at the method, and
// writes the result. It checks nothing that the fixture checks beyond that, which is to its advantage.
import tools from "./tools.json";

const SERVER = { "io.modelcontextprotocol/serverInfo": { name: "mcp-conformance", title: "Conformance", version: "1.0.0" } };

/** The result of a request in the era of its own `_meta`. */
function result({ method, params }) {
  const isModern = params?._meta?.["io.modelcontextprotocol/protocolVersion"] !== undefined;
  const shaped = (body, cache) => (isModern ? { resultType: "complete", ...body, ...cache, _meta: SERVER } : body);
  if (method === "tools/list") return shaped({ tools }, { ttlMs: 3_600_000, cacheScope: "public" });
  if (method === "tools/call" && params?.name === "test_simple_text") {
    return shaped({ content: [{ type: "text", text: "This is a simple text response for testing." }], isError: false });
  }
  return undefined;
}

export default {
  async fetch(request) {
    if (request.method === "GET") return new Response('{"peer":true}', { headers: { "content-type": "application/json" } });
    let message;
    try {
      message = JSON.parse(await request.text());
    } catch {
      return Response.json({ jsonrpc: "2.0", error: { code: -32700, message: "The body is not JSON." } }, { status: 400 });
    }
    const found = result(message);
    const body = found === undefined ? { jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "There is no such method." } } : { jsonrpc: "2.0", id: message.id, result: found };
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/json", "cache-control": "no-store" } });
  },
};
