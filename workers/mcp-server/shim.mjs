// The worker's entry: re-exports only; everything else is Rust.
export { default } from "./build/index.js";
