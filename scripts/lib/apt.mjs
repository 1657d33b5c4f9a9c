// Debian packages: installed where this process may do that, else named in one line for the person who may.
import { capture, run, which } from "./exec.mjs";
import { Stop } from "./say.mjs";

async function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (which("sudo") && (await capture("sudo", ["-n", "true"])).code === 0) return ["sudo", "-n"];
  return null;
}

/** Installs packages; `why` names what is missing in words for the line that is shown where this is not possible. */
export async function aptInstall(packages, { why, log }) {
  const prefix = which("apt-get") ? await asRoot() : null;
  if (!prefix) {
    const hint = which("apt-get") || process.platform === "linux" ? `sudo apt-get install -y ${packages.join(" ")}` : "install them with this system's package manager";
    throw new Stop(`${why} missing; run: ${hint}`);
  }
  const command = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  const go = (...args) => run(command[0], [...command.slice(1), ...args], { log, what: `apt-get ${args[0]} (for ${why})` });
  await go("update", "-qq");
  await go("install", "-y", "--no-install-recommends", ...packages);
}
