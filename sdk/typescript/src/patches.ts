// Changes of one's own state that the server has not confirmed. At most one is under way; those made meanwhile become one.
import type { State } from "./protocol.js";

interface Patch<R> {
  state: State;
  done: Promise<R>;
  settle(reply: R): void;
}

export class Patches<R> {
  #sent: Patch<R> | undefined;
  #next: Patch<R> | undefined;

  add(state: State): Promise<R> {
    let settle!: Patch<R>["settle"];
    const done = this.#next?.done ?? new Promise<R>((resolve) => (settle = resolve));
    this.#next = { settle, done, ...this.#next, state: { ...this.#next?.state, ...state } };
    return done;
  }

  /** What to send now: nothing while an answer is awaited. */
  take(): State | undefined {
    if (this.#sent) return undefined;
    this.#sent = this.#next;
    this.#next = undefined;
    return this.#sent?.state;
  }

  /** All that is not confirmed, under way from now on: a join brings it along. */
  takeAll(): State | undefined {
    this.again();
    return this.take();
  }

  /** The one under way was answered. */
  settle(reply: R): void {
    this.#sent?.settle(reply);
    this.#sent = undefined;
  }

  /** The one under way may or may not have been done: it is sent again, under what came after it. */
  again(): void {
    const sent = this.#sent;
    const next = this.#next;
    this.#sent = undefined;
    if (!sent) return;
    if (next) void next.done.then(sent.settle);
    this.#next = { ...sent, ...next, state: { ...sent.state, ...next?.state } };
  }
}
