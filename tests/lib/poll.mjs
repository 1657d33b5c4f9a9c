// Waiting for something that another process does: asked again and again, with a deadline, never a fixed sleep.

/** Asks `question` until its answer is truthy, and gives that answer. `what` names it in the error of the deadline. */
export async function poll(what, question, { within = 15_000, every = 60 } = {}) {
  const until = Date.now() + within;
  let last;
  for (;;) {
    try {
      const answer = await question();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= until) throw new Error(`${what}: not within ${within} ms; last answer: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await new Promise((next) => setTimeout(next, every));
  }
}
