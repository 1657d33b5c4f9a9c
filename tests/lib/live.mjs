// The live channel of the dashboard, as a browser's tab holds it open.
import { once } from "node:events";
import WebSocket from "ws";
import { poll } from "./poll.mjs";

/** Opens `/ws`; the answer is the socket with what came so far, or the status with which it was refused. */
export function connect(stack, { cookie, origin = stack.url, path = "/ws" } = {}) {
  const socket = new WebSocket(`${stack.url.replace(/^http/, "ws")}${path}`, { headers: { ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}) }, handshakeTimeout: 10_000 });
  const messages = [];
  socket.on("message", (data) => messages.push(JSON.parse(data.toString())));
  return new Promise((done, fail) => {
    socket.on("unexpected-response", (_request, response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => done({ refused: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString() || "null") }));
    });
    socket.on("error", fail);
    socket.on("open", () => done(new Tab(socket, messages)));
  });
}

class Tab {
  constructor(socket, messages) {
    Object.assign(this, { socket, messages });
  }

  send(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The first message that fits, from those that came and those to come. */
  message(what, fits, options) {
    return poll(what, () => this.messages.find(fits), options);
  }

  async subscribe(...channels) {
    this.send({ type: "subscribe", channels });
    return this.message("subscribed", ({ type }) => type === "subscribed");
  }

  /** Closes the tab; the answer is the code with which the other side agreed. */
  async close() {
    const closed = once(this.socket, "close");
    this.socket.close(1000);
    const [code] = await closed;
    return code;
  }
}
