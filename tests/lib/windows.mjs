// The windows of the rate limits: full minutes of this machine's clock, which is the server's as well.

const WINDOW = 60_000;

/** Waits until a window has this much left, at least; then what is counted in one window can be done in one. */
export async function roomyWindow({ seconds = 35 } = {}) {
  const left = WINDOW - (Date.now() % WINDOW);
  if (left < seconds * 1000) await new Promise((next) => setTimeout(next, left + 50));
}

/** Waits until the next window has begun. */
export async function nextWindow() {
  await new Promise((next) => setTimeout(next, WINDOW - (Date.now() % WINDOW) + 50));
}
