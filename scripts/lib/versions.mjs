// The versions of the tools that are not npm packages (those are pinned in package.json).

/** The oldest Rust that compiles the workspace; `rust-version` in Cargo.toml says the same. */
export const RUST_MIN = [1, 95];

/** Must equal the version of the library `wasm-bindgen` in Cargo.toml: the two share a binary format. */
export const WASM_BINDGEN = "0.2.130";

/** Goes with the library `worker` of the same version. */
export const WORKER_BUILD = "0.8.7";

export const CARGO_DENY = "0.20.2";

/** A Starlark interpreter for Python, which evaluates the Tiltfile in its check. */
export const STARLARK = "2026.1.3";

/** The oldest Node that wrangler accepts; the package `node` brings a newer one. */
export const NODE_MIN = [22, 12];

export const WASM_TARGET = "wasm32-unknown-unknown";
