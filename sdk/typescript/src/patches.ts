// Changes of one's own state that the server has not confirmed. At most one is under way; those made meanwhile become one.
import type { State } from "./protocol.js";

export interface Patches<R> {
  /** Resolves with what this, alone or with others, is answered. */
  add(state: State): Promise<R>;
  /** What to send now: nothing while an answer is awaited. */
  take(): State | undefined;
  /** All that is not confirmed, under way from now on: a join brings it along. */
  takeAll(): State | undefined;
  /** The one under way was answered. */
  settle(reply: R): void;
  /** The one under way may or may not have been done: it is sent again, under what came after it. */
  again(): void;
}

interface Patch<R> {
  state: State;
  done: Promise<R>;
  settle(reply: R): void;
}

export function createPatches<R>(): Patches<R> {
  let sent: Patch<R> | undefined;
  let next: Patch<R> | undefined;

  const take = (): State | undefined => {
    if (sent) return undefined;
    sent = next;
    next = undefined;
    return sent?.state;
  };
  const again = (): void => {
    if (!sent) return;
    const { settle } = sent;
    if (next) void next.done.then(settle);
    next = { ...sent, ...next, state: { ...sent.state, ...next?.state } };
    sent = undefined;
  };
  return {
    add(state) {
      let settle!: Patch<R>["settle"];
      const done = next?.done ?? new Promise<R>((resolve) => (settle = resolve));
      next = { settle, done, ...next, state: { ...next?.state, ...state } };
      return done;
    },
    take,
    takeAll() {
      again();
      return take();
    },
    settle(reply) {
      sent?.settle(reply);
      sent = undefined;
    },
    again,
  };
}
