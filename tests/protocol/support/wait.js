// Waiting with a bound. Nothing in these tests waits for luck: every wait is for an event, and names what it waited for.

/** How long an answer may take before it counts as silence. Generous: the tests share two cores. */
export const ANSWER_MS = 5_000;

/** How long a test watches to see that nothing comes, where absence is what it asserts. */
export const QUIET_MS = 300;

export function within(promise, ms, what) {
  const late = new Error(`${what}: not within ${ms} ms`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Values that are looked for again after every change; the owner calls `changed()`. */
export class Watch {
  #seekers = new Set();

  changed() {
    for (const seek of [...this.#seekers]) seek();
  }

  /** The first truthy result of `find`, now or after a later change. */
  until(what, find, ms = ANSWER_MS) {
    let seek;
    const found = new Promise((resolve, reject) => {
      seek = () => {
        try {
          const value = find();
          if (value) resolve(value);
        } catch (error) {
          reject(error);
        }
      };
      this.#seekers.add(seek);
      seek();
    });
    return within(found, ms, what).finally(() => this.#seekers.delete(seek));
  }
}

/** Tries until `attempt` stops throwing: for what only a repeated question can show. */
export async function eventually(what, attempt, ms = ANSWER_MS) {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`, { cause: error });
      await pause(20);
    }
  }
}
