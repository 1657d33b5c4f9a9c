// The worker's entry: re-exports, and the wrapper that the runtime's base class demands. Everything else is Rust.
import { DurableObject } from "cloudflare:workers";
import { LegacySession as RustLegacySession } from "./build/index.js";

export { default } from "./build/index.js";

export class LegacySession extends DurableObject {
  #rust;
  constructor(ctx, env) {
    super(ctx, env);
    this.#rust = new RustLegacySession(ctx, env);
  }
  fetch(request) {
    return this.#rust.fetch(request);
  }
  alarm() {
    return this.#rust.alarm();
  }
}
