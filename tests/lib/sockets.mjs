// The runtime's own socket: where workerd listens behind wrangler's proxy, which passes no disconnect on and costs time.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The ports on which a process listens, by the tables of the kernel. */
function listening(pid) {
  const inodes = new Set();
  for (const file of readdirSync(`/proc/${pid}/fd`)) {
    try {
      inodes.add(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${file}`))?.[1]);
    } catch {
      // Closed in the meantime.
    }
  }
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[3] === "0A" && inodes.has(row[9])).map((row) => Number.parseInt(row[1].split(":")[1], 16));
}

/**
 * The port at which one of these processes of workerd answers by itself: the first at which `path` gives a JSON for which
 * `isIt` holds. `url` is the address of the proxy, whose host the request carries.
 */
export async function ownPort(pids, url, path, isIt) {
  const { host, port } = new URL(url);
  for (const candidate of pids.flatMap(listening)) {
    if (String(candidate) === port) continue;
    try {
      const response = await fetch(`http://127.0.0.1:${candidate}${path}`, { headers: { host }, signal: AbortSignal.timeout(2_000) });
      const text = await response.text();
      if (response.ok && isIt(JSON.parse(text))) return candidate;
    } catch {
      // Another of its sockets.
    }
  }
  throw new Error(`the runtime's own socket behind ${url} was not found`);
}

/** The processes of workerd among those of a stack. */
export async function runtimes(stack) {
  return (await stack.pids()).filter(({ command }) => command.includes("workerd") && command.includes(" serve ")).map(({ pid }) => pid);
}
