// The worker's entry: re-exports, and the wrappers that the runtime's base classes demand. Everything else is Rust.
import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";
import { TtaiWorkflow as RustWorkflow, Upstream as RustUpstream, UserHub as RustUserHub } from "./build/index.js";

export { default } from "./build/index.js";

export class TtaiWorkflow extends WorkflowEntrypoint {
  async run(event, step) {
    return await new RustWorkflow(this.ctx, this.env).run(event, step);
  }
}

export class Upstream extends DurableObject {
  #rust;
  constructor(ctx, env) {
    super(ctx, env);
    this.#rust = new RustUpstream(ctx, env);
  }
  fetch(request) {
    return this.#rust.fetch(request);
  }
  alarm() {
    return this.#rust.alarm();
  }
}

export class UserHub extends DurableObject {
  #rust;
  constructor(ctx, env) {
    super(ctx, env);
    this.#rust = new RustUserHub(ctx, env);
  }
  fetch(request) {
    return this.#rust.fetch(request);
  }
  webSocketMessage(socket, message) {
    return this.#rust.webSocketMessage(socket, message);
  }
  webSocketClose(socket, code, reason, wasClean) {
    return this.#rust.webSocketClose(socket, code, reason, wasClean);
  }
  webSocketError(socket, error) {
    return this.#rust.webSocketError(socket, error);
  }
}
