// A lock file that holds the number of the process that owns it. A lock whose owner is gone is taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Whether a process with this number runs. */
export function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Takes the lock, or gives the number of the process that holds it. */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (;;) {
      try {
        // A link appears with its content, or not at all: nobody can read a lock without an owner.
        linkSync(mine, file);
        return { held: true, release: () => rmSync(file, { force: true }) };
      } catch (error) {
        if (error.code !== "EEXIST") throw error;
      }
      const owner = Number(read(file));
      if (owner === process.pid || (owner && alive(owner))) return { held: false, owner };
      // Move the stale lock away under a name of our own first: only one process can win that.
      const stale = `${file}.stale.${process.pid}`;
      try {
        renameSync(file, stale);
        const moved = Number(read(stale));
        if (moved && alive(moved)) linkSync(stale, file);
        unlinkSync(stale);
      } catch (error) {
        if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Waits for the lock, tells once whom it waits for, and holds it while `work` runs. */
export async function withLock(file, work, waiting = () => {}) {
  let told = false;
  for (;;) {
    const lock = tryLock(file);
    if (lock.held) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (!told) waiting(lock.owner);
    told = true;
    await new Promise((next) => setTimeout(next, 200));
  }
}
