// Streams of server-sent events, as a client reads them: what came so far, and a way to wait for more.
import { poll } from "./poll.mjs";

/** Opens a stream: `{status, headers, events, comments(), event(what, fits), ended(), close()}`; without a stream `{status, headers, body}`. */
export async function open(url, { method = "GET", token, headers = {}, message } = {}) {
  const controller = new AbortController();
  const response = await fetch(url, {
    method: message ? "POST" : method,
    headers: {
      accept: message ? "application/json, text/event-stream" : "text/event-stream",
      ...(message ? { "content-type": "application/json" } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: message && JSON.stringify(message),
    signal: controller.signal,
  });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  }
  const stream = { status: response.status, headers: response.headers, events: [], comments: 0, over: false };
  (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk, { stream: true });
      const parts = rest.split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        if (part.startsWith(":")) stream.comments += 1;
        else stream.events.push(read(part));
      }
    }
    stream.over = true;
  })().catch(() => (stream.over = true));
  return Object.assign(stream, {
    /** The first event that fits, from those that came and those to come. */
    event: (what, fits, options) => poll(what, () => stream.events.find(fits), options),
    ended: (options) => poll("the stream's end", () => stream.over, options),
    close: () => controller.abort(),
  });
}

function read(part) {
  const field = (name) => part.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const data = field("data");
  const type = field("event");
  return type === "endpoint" ? { type, data } : { type, data: JSON.parse(data) };
}
