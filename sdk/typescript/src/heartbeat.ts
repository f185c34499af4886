// When the next heartbeat is due. A timer asks, and so does each ping of the server: a hidden tab's timers fire once a minute, but it is
// still handed every message at once.

export interface Heartbeat {
  /** Beats every `intervalMs` (as before, if that is left out) from now on; never, if that is not above zero. */
  start(intervalMs?: number): void;
  /** The server has pinged. */
  pinged(): void;
}

export function createHeartbeat(send: () => void): Heartbeat {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let intervalMs = 0;
  let startedAt = 0;
  return {
    start(every = intervalMs) {
      clearTimeout(timer);
      intervalMs = every;
      startedAt = performance.now();
      if (every > 0) timer = setTimeout(send, every);
    },
    pinged() {
      if (intervalMs > 0 && performance.now() - startedAt >= intervalMs / 2) send();
    },
  };
}
