// A proxy in front of the simulator that can spoil what TastyTrade answers, in this process and on 127.0.0.1.
import { createServer, request as httpRequest } from "node:http";
import { after } from "node:test";

/**
 * Starts the proxy. `url` goes into `TT_API_URL`; then `target` is set to the simulator's address. `spoil` is called with
 * `{path, status, headers, text}` of each answer and may give another `{status, headers, text}`, `late` by so many ms, or
 * null to cut the connection off; `rewrite` is called with `{path, text}` of each request with a body and gives the text that is sent on;
 * `seen` lists method and path of every request.
 */
export async function spoiling() {
  const self = { url: null, target: null, spoil: null, rewrite: null, seen: [] };
  const server = createServer((request, response) => {
    self.seen.push({ method: request.method, path: request.url });
    const to = new URL(request.url, self.target);
    const onward = httpRequest(to, { method: request.method, headers: { ...request.headers, host: to.host, "accept-encoding": "identity" } }, (answer) => {
      const chunks = [];
      answer.on("error", () => response.destroy());
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        const given = { path: request.url, status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() };
        const sent = self.spoil ? self.spoil(given) : given;
        if (sent === null) return response.destroy();
        const { "content-length": _, "transfer-encoding": __, ...headers } = sent.headers ?? given.headers;
        const give = () => response.writeHead(sent.status ?? given.status, headers).end(sent.text ?? given.text);
        return sent.late ? setTimeout(give, sent.late) : give();
      });
    });
    onward.on("error", () => response.destroy());
    if (!self.rewrite) return request.pipe(onward);
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const sent = text ? self.rewrite({ path: request.url, text }) : "";
      if (text) onward.setHeader("content-length", Buffer.byteLength(sent));
      onward.end(sent);
    });
    return undefined;
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  self.url = `http://127.0.0.1:${server.address().port}`;
  return self;
}
