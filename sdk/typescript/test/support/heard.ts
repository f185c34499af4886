// What came so far, and waiting for what is to come.
import { SOON_MS } from "./real.ts";

export class Heard<T> {
  readonly all: T[] = [];
  readonly #looks = new Set<() => void>();

  readonly add = (it: T): void => {
    this.all.push(it);
    for (const look of this.#looks) look();
  };

  /** Resolves with all of it once `check` holds. */
  until(what: string, check: (all: T[]) => boolean, ms = SOON_MS): Promise<T[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(() => reject(new Error(`not within ${ms} ms: ${what}; heard ${JSON.stringify(this.all)}`))), ms);
      const done = (end: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        end();
      };
      const look = (): void => {
        if (check(this.all)) done(() => resolve(this.all));
      };
      this.#looks.add(look);
      look();
    });
  }
}
