/** Waiting for what a test expects. */

/** How long anything may take. Generous, since it only ends tests that fail anyway. */
const DEADLINE_MS = 60_000;

const PAUSE_MS = 20;

/** The promise's value; fails with `what` after the deadline. */
export async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}.`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until there is an answer other than `undefined` and `false`. */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
): Promise<Exclude<Answer, undefined | false>> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await within(what, Promise.resolve(ask()));
    if (answer !== undefined && answer !== false) {
      return answer as Exclude<Answer, undefined | false>;
    }
    if (performance.now() > deadline) {
      throw new Error(`Waited in vain for ${what}.`);
    }
    await new Promise((resume) => setTimeout(resume, PAUSE_MS));
  }
}
