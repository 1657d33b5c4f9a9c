// Where things lie. Everything is absolute, so that no script depends on the folder it was started in.
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Tools that the set-up installs, shared by all clones on this machine. */
export const TOOLS = resolve(process.env.TTAI_TOOLS || join(homedir(), ".cache", "ttai"));

export const BIN = join(ROOT, "node_modules", ".bin");
export const NODE = join(BIN, "node");
export const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** The configuration files of the two deployed workers; the first one is served on the public port. */
export const CONFIGS = { "mcp-server": join(ROOT, "wrangler.toml"), analysis: join(ROOT, "workers/analysis/wrangler.toml") };
export const SIM_CONFIG = join(ROOT, "workers/tastytrade-sim/wrangler.toml");

/** Cargo's output folder, which the environment may move. */
export const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR || "target");
