// When the next heartbeat is due. A timer asks, and so does each ping of the server: a hidden tab's timers fire once a minute, but it is
// still handed every message at once.

export interface Heartbeat {
  /** Beats every `intervalMs` from now on; never, if that is not above zero. */
  start(intervalMs: number): void;
  /** A heartbeat has just been sent, by whomever: the next is due an interval later. */
  sent(): void;
  /** The server has pinged. */
  pinged(): void;
}

export function createHeartbeat(send: () => void): Heartbeat {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let intervalMs = 0;
  let sentAt = 0;
  const sent = (): void => {
    clearTimeout(timer);
    sentAt = performance.now();
    if (intervalMs > 0) timer = setTimeout(send, intervalMs);
  };
  return {
    start(every) {
      intervalMs = every;
      sent();
    },
    sent,
    pinged() {
      if (intervalMs > 0 && performance.now() - sentAt >= intervalMs / 2) send();
    },
  };
}
