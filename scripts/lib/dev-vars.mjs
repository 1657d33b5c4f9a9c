// Development secrets: `.dev.vars` at the root, one file for both workers.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseEnv } from "node:util";
import { ROOT } from "./paths.mjs";
import { Stop } from "./say.mjs";

const FILE = join(ROOT, ".dev.vars");
const LINK = join(ROOT, "workers/analysis/.dev.vars");

/** The command that makes each key, for the line that says that it is missing. */
export const MAKE = {
  JWT_SECRET: `node -p "crypto.randomBytes(48).toString('base64url')"`,
  TOKEN_ENCRYPTION_KEY: `node -p "crypto.randomBytes(32).toString('base64')"`,
};

/** Two fresh keys of the right shapes. */
export function freshSecrets() {
  return { JWT_SECRET: randomBytes(48).toString("base64url"), TOKEN_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
}

/** The operator's application that the simulator knows (its front page shows it). It opens nothing outside the simulator. */
export const SIMULATED_APP = { TT_CLIENT_ID: "ttai-dev", TT_CLIENT_SECRET: "ttai-dev-secret-of-the-simulator" };

function template() {
  const { JWT_SECRET, TOKEN_ENCRYPTION_KEY } = freshSecrets();
  return `# Made by npm start, for this machine only. .dev.vars.example explains every variable.
JWT_SECRET=${JWT_SECRET}
TOKEN_ENCRYPTION_KEY=${TOKEN_ENCRYPTION_KEY}
TT_CLIENT_ID=${SIMULATED_APP.TT_CLIENT_ID}
TT_CLIENT_SECRET=${SIMULATED_APP.TT_CLIENT_SECRET}
`;
}

function link() {
  try {
    lstatSync(LINK);
  } catch {
    if (existsSync(dirname(LINK))) symlinkSync(relative(dirname(LINK), FILE), LINK);
  }
}

/** Writes `.dev.vars` where there is none, and links the other worker to it. */
export function ensureDevVars() {
  let word = "ok";
  if (!existsSync(FILE)) {
    writeFileSync(FILE, template(), { mode: 0o600, flag: "wx" });
    word = "written";
  }
  link();
  return word;
}

export function readDevVars(file = FILE) {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

/** Ends the start where a key is missing or too short; the line names it and shows the command that makes one. */
export function checkSecrets(vars, { legacy = false, file = ".dev.vars" } = {}) {
  const bad = (name, what) => new Stop(`${name} in ${file} ${what}; make one with: ${MAKE[name]}`);
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS"]) {
    const value = vars[name] ?? "";
    const wanted = name === "JWT_SECRET" && !legacy;
    const error = value === "" ? "is missing" : "is shorter than 32 characters";
    if (value.length < 32 && (wanted || (value !== "" && !legacy))) throw new Stop(`${name} in ${file} ${error}; make one with: ${MAKE.JWT_SECRET}`);
  }
  for (const name of ["TOKEN_ENCRYPTION_KEY", "TOKEN_ENCRYPTION_KEY_PREVIOUS"]) {
    const value = vars[name] ?? "";
    if (value === "" && name === "TOKEN_ENCRYPTION_KEY") throw bad(name, "is missing");
    const key = Buffer.from(value, "base64");
    if (value !== "" && (key.length !== 32 || key.toString("base64") !== value)) {
      throw new Stop(`${name} in ${file} is not the base64 of 32 bytes; make one with: ${MAKE.TOKEN_ENCRYPTION_KEY}`);
    }
  }
}

/** The text of a file of variables as wrangler reads it. Null leaves a variable out. */
export function devVarsText(vars) {
  const lines = [];
  for (const [name, value] of Object.entries(vars)) {
    if (value === null || value === undefined) continue;
    const text = String(value);
    if (/[\r\n']/.test(text)) throw new Stop(`${name} may not hold a line break or a single quote`);
    lines.push(`${name}='${text}'`);
  }
  return `${lines.join("\n")}\n`;
}
