// The house rules that a compiler does not know: which package may depend on which, and that what is pinned twice agrees.
// Run alone it prints each rule; `npm test` counts each as one check.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { capture } from "./lib/exec.mjs";
import { ROOT } from "./lib/paths.mjs";
import { RUST_MIN, WASM_BINDGEN, WORKER_BUILD } from "./lib/versions.mjs";

/**
 * What each package may depend on, beside packages from outside. Tests may use `testkit` and the package itself too.
 * Who adds an arrow here changes the architecture, and says so in docs/ARCHITECTURE.md.
 */
const MAY_USE = {
  domain: [],
  contract: ["domain"],
  mcp: ["domain", "contract"],
  vault: ["domain"],
  store: ["domain"],
  oauth: ["domain", "store", "vault"],
  tasty: ["domain"],
  quant: ["domain"],
  charts: ["domain", "contract", "quant"],
  agents: ["domain", "contract", "quant", "tasty"],
  testkit: ["domain", "contract", "store", "vault"],
  edge: ["domain", "contract", "mcp", "oauth", "store", "tasty", "vault", "worker"],
  "mcp-server": ["domain", "contract", "mcp", "oauth", "vault", "store", "charts", "edge", "worker"],
  analysis: ["domain", "contract", "vault", "store", "tasty", "quant", "charts", "agents", "edge", "worker"],
  differential: ["domain", "mcp"],
  "quant-bench": ["domain", "quant"],
  "tastytrade-sim": ["domain", "vault", "tasty", "quant", "edge", "worker"],
  // The server that the official conformance suite tests: it runs on the platform, and is never deployed.
  "conformance-fixture": ["domain", "mcp", "vault", "edge", "worker"],
};

/** The packages that may know that they run on Cloudflare. */
const ON_CLOUDFLARE = ["edge", "mcp-server", "analysis", "tastytrade-sim", "conformance-fixture"];

/** The folders of sources. The conformance fixture is a worker as well: the rules hold for it. */
const FOLDERS = ["crates", "workers", "tests/conformance/fixture"];

async function metadata(cargo, env) {
  const { code, out, err } = await capture(cargo, ["metadata", "--format-version", "1", "--no-deps"], { cwd: ROOT, env });
  if (code !== 0) throw new Error(`cargo metadata: ${err.trim()}`);
  return JSON.parse(out).packages;
}

function* rustFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !["target", "build", "node_modules"].includes(entry.name)) yield* rustFiles(path);
    else if (entry.name.endsWith(".rs")) yield path;
  }
}

function sources() {
  return FOLDERS.flatMap((folder) => [...rustFiles(join(ROOT, folder))]);
}

/** Lines of the sources that match, as `path:line`, comments aside. */
function lines(pattern, files) {
  return files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, index) => (!line.trimStart().startsWith("//") && pattern.test(line) ? [`${relative(ROOT, file)}:${index + 1}`] : [])),
  );
}

/** The versions of each package in a lock file. */
function locked(path) {
  const versions = new Map();
  for (const [, name, version] of readFileSync(join(ROOT, path), "utf8").matchAll(/^name = "([^"]+)"\nversion = "([^"]+)"$/gm)) {
    versions.set(name, [...(versions.get(name) ?? []), version]);
  }
  return versions;
}

/** Packages of the fuzz targets whose version is not the deployed one. What only they need has none to agree with. */
function fuzzedOthers() {
  const deployed = locked("Cargo.lock");
  return [...locked("tests/fuzz/Cargo.lock")].flatMap(([name, versions]) =>
    versions
      .filter((version) => deployed.has(name) && !deployed.get(name).includes(version))
      .map((version) => `${name} ${version}, and ${deployed.get(name).join(", ")} in Cargo.lock; run: npm run fuzz -- --lock`),
  );
}

const pinned = (text, name) => new RegExp(`^${name} = (?:\\{ version = )?"=?([^"]+)"`, "m").exec(text)?.[1];

/** The rules: each has a name and gives a list of what breaks it. */
export async function houseRules({ cargo = "cargo", env = process.env } = {}) {
  const packages = await metadata(cargo, env);
  const names = packages.map(({ name }) => name);
  const manifest = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
  const ours = (dependency) => names.includes(dependency.name) || dependency.name === "worker";
  const files = sources();
  return [
    {
      name: "every package has its allowed arrows listed",
      broken: names.filter((name) => !(name in MAY_USE)).map((name) => `${name} is not in scripts/lint-house.mjs`),
    },
    {
      name: "packages depend only along the allowed arrows",
      broken: packages.flatMap(({ name, dependencies }) =>
        dependencies
          .filter((dependency) => dependency.kind !== "dev" && ours(dependency) && !(MAY_USE[name] ?? []).includes(dependency.name))
          .map((dependency) => `${name} -> ${dependency.name}`),
      ),
    },
    {
      name: "tests depend only on what their package may use, and on testkit",
      broken: packages.flatMap(({ name, dependencies }) =>
        dependencies
          .filter((dependency) => dependency.kind === "dev" && ours(dependency) && ![...(MAY_USE[name] ?? []), name, "testkit"].includes(dependency.name))
          .map((dependency) => `${name} -> ${dependency.name} (tests)`),
      ),
    },
    {
      name: "only edge and the workers import worker",
      broken: [
        ...packages.filter(({ name, dependencies }) => !ON_CLOUDFLARE.includes(name) && dependencies.some((dependency) => dependency.name === "worker")).map(({ name }) => `${name} depends on worker`),
        ...lines(/\b(use worker\b|worker::)/, files.filter((file) => !ON_CLOUDFLARE.some((name) => file.includes(`/${name}/`)) && !file.includes("/conformance/fixture/"))),
      ],
    },
    {
      name: "nothing depends on a worker",
      broken: packages.flatMap(({ name, dependencies }) => dependencies.filter((dependency) => ["mcp-server", "analysis", "tastytrade-sim", "conformance-fixture"].includes(dependency.name)).map((dependency) => `${name} -> ${dependency.name}`)),
    },
    {
      name: "every package uses the workspace's lints and version of Rust",
      broken: packages.flatMap(({ name, manifest_path }) => {
        const text = readFileSync(manifest_path, "utf8");
        const missing = ["[lints]\nworkspace = true", "rust-version.workspace = true", "edition.workspace = true"].filter((line) => !text.includes(line));
        return missing.map((line) => `${name} lacks ${line.replace("\n", " ")}`);
      }),
    },
    { name: "lints are answered with expect and a reason, never allowed", broken: lines(/#!?\[allow\(/, files) },
    {
      name: "no source names a Rust toolchain file, and the oldest Rust is the same everywhere",
      broken: [
        ...["rust-toolchain.toml", "rust-toolchain"].filter((file) => existsSync(join(ROOT, file))),
        ...(pinned(manifest, "rust-version") === RUST_MIN.join(".") ? [] : [`Cargo.toml says ${pinned(manifest, "rust-version")}, scripts/lib/versions.mjs ${RUST_MIN.join(".")}`]),
      ],
    },
    {
      name: "libraries and their command line tools have the same version",
      broken: [
        ...(pinned(manifest, "wasm-bindgen") === WASM_BINDGEN ? [] : [`wasm-bindgen: ${pinned(manifest, "wasm-bindgen")} and ${WASM_BINDGEN}`]),
        ...(pinned(manifest, "worker") === WORKER_BUILD ? [] : [`worker: ${pinned(manifest, "worker")} and ${WORKER_BUILD}`]),
      ],
    },
    { name: "what is fuzzed has the versions that are deployed", broken: fuzzedOthers() },
    {
      name: "the only JavaScript on the server is each worker's shim",
      broken: readdirSync(join(ROOT, "workers")).flatMap((worker) =>
        readdirSync(join(ROOT, "workers", worker), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && /\.(m?js|cjs|ts)$/.test(entry.name))
          .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
          // Files under assets/ are sent to browsers.
          .filter((path) => !/^workers\/[^/]+\/(shim\.mjs$|(build|assets|node_modules|\.wrangler)\/)/.test(path)),
      ),
    },
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const rules = await houseRules();
  for (const { name, broken } of rules) console.log(`${broken.length ? "broken" : "kept  "}  ${name}${broken.map((line) => `\n          ${line}`).join("")}`);
  process.exitCode = rules.some(({ broken }) => broken.length) ? 1 : 0;
}
