// What the scripts say to the person who runs them: one line per step, with its time, and one line when something ends.

/** An end that needs no stack trace: the message says what is wrong and what to do, in one line. */
export class Stop extends Error {}

let sink = process.stdout;

/** Sends the step lines elsewhere; scripts whose standard output is data use standard error. */
export function sayTo(stream) {
  sink = stream;
}

/** Switches step lines off or on again. */
export function quiet(on = true) {
  sink = on ? null : process.stdout;
}

export function say(line = "") {
  sink?.write(`${line}\n`);
}

export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * Runs one step and prints its line when it ends. The step may return a word that is shown instead of "ok".
 * A step that had nothing to do and took no time worth telling is still shown, so that the list is always the same.
 */
export async function step(name, work) {
  const began = Date.now();
  const interactive = sink?.isTTY;
  if (interactive) sink.write(`  ${name.padEnd(24)} ...`);
  const line = (word) => `${interactive ? "\r\x1b[K" : ""}  ${name.padEnd(24)} ${word.padEnd(10)} ${seconds(Date.now() - began).padStart(8)}`;
  try {
    const word = await work();
    say(line(typeof word === "string" ? word : "ok"));
    return word;
  } catch (error) {
    say(line("FAILED"));
    throw error;
  }
}

/** Prints the error of a script and gives its exit status. Only an unforeseen error shows a stack. */
export function report(error) {
  process.stderr.write(error instanceof Stop ? `error: ${error.message}\n` : `error: ${error?.stack ?? error}\n`);
  return 1;
}
