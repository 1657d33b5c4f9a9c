// Gives the platform a class that extends `DurableObject`, which the one from Rust cannot; nothing else happens here.
import { DurableObject } from "cloudflare:workers";
import { Simulator as RustSimulator } from "./build/index.js";

export { default } from "./build/index.js";

export class Simulator extends DurableObject {
  #rust;

  constructor(state, env) {
    super(state, env);
    this.#rust = new RustSimulator(state, env);
  }

  fetch(request) {
    return this.#rust.fetch(request);
  }
}
