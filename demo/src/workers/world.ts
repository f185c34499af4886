// All that can wake the client in this worker: timers and sockets. Whoever holds these, holds the client: it is frozen. Whoever cuts them,
// cuts its network. Import this before the SDK.

interface Waiting {
  timer?: unknown;
  run: () => void;
}

let frozen = false;
let cut = false;
let waiting: Waiting[] = [];
const lines = new Set<Line>();

export const native = {
  setTimeout: globalThis.setTimeout.bind(globalThis),
  setInterval: globalThis.setInterval.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
  WebSocket: globalThis.WebSocket,
};

/** Runs at once, or when the client is thawed. */
function wake(run: () => void, timer?: unknown): void {
  if (frozen) waiting.push({ run, timer });
  else run();
}

export function freeze(): void {
  frozen = true;
}

export function thaw(): void {
  frozen = false;
  const all = waiting;
  waiting = [];
  while (all.length > 0) {
    // What runs may take a timer off that waits behind it.
    const next = all.shift() as Waiting;
    if (!cancelled.delete(next.timer)) next.run();
  }
}

export function cutNetwork(): void {
  cut = true;
  for (const line of lines) line.sever();
}

export function mendNetwork(): void {
  cut = false;
}

const cancelled = new Set<unknown>();

const patched = (set: typeof native.setTimeout) =>
  ((handler: () => void, ms?: number, ...args: []) => {
    const timer: unknown = set(() => wake(() => handler(...args), timer), ms);
    return timer;
  }) as typeof globalThis.setTimeout;

const clear = (timer?: unknown): void => {
  if (waiting.some((it) => it.timer === timer)) cancelled.add(timer);
  native.clearTimeout(timer as number);
};

/** A WebSocket whose network can be cut: this side is told at once, the other notices by itself, as when a cable is pulled. */
class Line {
  onopen: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  #real: WebSocket | undefined;
  #severed = false;

  constructor(url: string) {
    lines.add(this);
    if (cut) {
      native.setTimeout(() => this.sever(), 20);
      return;
    }
    const real = new native.WebSocket(url);
    this.#real = real;
    for (const name of ["onopen", "onmessage", "onerror"] as const) {
      real[name] = (event) => wake(() => this.#severed || this[name]?.(event));
    }
    real.onclose = (event) => {
      lines.delete(this);
      wake(() => this.#severed || this.onclose?.(event));
    };
  }

  get readyState(): number {
    return this.#severed ? native.WebSocket.CLOSED : (this.#real?.readyState ?? native.WebSocket.CONNECTING);
  }

  set binaryType(type: BinaryType) {
    if (this.#real) this.#real.binaryType = type;
  }

  send(data: string | ArrayBuffer): void {
    if (!this.#severed) this.#real?.send(data);
  }

  close(): void {
    if (!this.#severed) this.#real?.close();
  }

  sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    lines.delete(this);
    wake(() => {
      // As a browser does: what fails has an error before its end.
      this.onerror?.({});
      this.onclose?.({ code: 1006, reason: "", wasClean: false });
    });
  }
}

Object.assign(globalThis, { setTimeout: patched(native.setTimeout), setInterval: patched(native.setInterval as never), clearTimeout: clear, clearInterval: clear, WebSocket: Line });
