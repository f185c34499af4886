// One room's messages around an outage: what is heard while the missed ones are being fetched waits for them, and nothing is told twice.

/** Messages remembered by id, so that a fetched one and a heard one are told once. */
const SEEN_MAX = 1_024;
/** Messages that wait at most; beyond that the oldest are told out of turn. */
const HELD_MAX = 1_024;

export class Backlog<M extends { msgId: string }> {
  readonly #tell: (message: M) => void;
  readonly #seen = new Set<string>();
  #last = "";
  #held: M[] | undefined;

  constructor(tell: (message: M) => void) {
    this.#tell = tell;
  }

  hear(message: M): void {
    if (!this.#held) return this.#once(message);
    this.#held.push(message);
    if (this.#held.length > HELD_MAX) this.#once(this.#held.shift() as M);
  }

  /** Holds back what is heard until `release`, which may come only on a later connection. Returns the latest message that was told. */
  hold(): string {
    this.#held ??= [];
    return this.#last;
  }

  /** Tells what was fetched. */
  tell(fetched: readonly M[]): void {
    for (const message of fetched) this.#once(message);
  }

  /** Tells what was held back. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.tell(held);
  }

  #once(message: M): void {
    const { msgId } = message;
    if (this.#seen.has(msgId)) return;
    this.#seen.add(msgId);
    for (const oldest of this.#seen) if (this.#seen.size > SEEN_MAX) this.#seen.delete(oldest);
    this.#last = msgId;
    this.#tell(message);
  }
}
