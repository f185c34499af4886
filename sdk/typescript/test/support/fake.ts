// A socket and a server that are only memory: every answer comes when the test lets it.
import { vi } from "vitest";

type Listener = (...args: never[]) => void;
type Answer = (reply: unknown) => void;

/** The part of Socket.IO's client that the SDK uses. */
export class FakeSocket {
  static latest: FakeSocket;
  readonly options: Record<string, unknown>;
  connected = false;
  auth: unknown;
  sendBuffer: unknown[] = [];
  /** What was emitted and not yet taken by `next`. */
  readonly sent: { event: string; payload: never; args: unknown[]; answer: Answer }[] = [];
  /** Its pings have run out: it keeps what is emitted, as the real one does. */
  stale = false;
  /** How often `connect` was called. */
  attempts = 0;
  /** How often a farewell was sent. */
  farewells = 0;
  readonly io = {
    on: (_: string, ping: () => void) => this.#pings.add(ping),
    off: (_: string, ping: () => void) => this.#pings.delete(ping),
    engine: { transport: { close: () => this.lose("transport close") } },
  };
  #pings = new Set<() => void>();
  #listeners = new Map<string, Set<Listener>>();
  #once = new Set<Listener>();
  #any = new Set<Listener>();
  #timeoutMs: number | undefined;
  #lost = new Set<() => void>();

  constructor(_: string, options: Record<string, unknown>) {
    this.options = options;
    FakeSocket.latest = this;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
    return this;
  }

  once(event: string, listener: Listener): this {
    this.#once.add(listener);
    return this.on(event, listener);
  }

  off(event: string, listener: Listener): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  onAny(listener: Listener): this {
    this.#any.add(listener);
    return this;
  }

  offAny(listener: Listener): this {
    this.#any.delete(listener);
    return this;
  }

  listeners(event: string): number {
    return this.#listeners.get(event)?.size ?? 0;
  }

  pingListeners(): number {
    return this.#pings.size;
  }

  timeout(ms: number): this {
    this.#timeoutMs = ms;
    return this;
  }

  emit(event: string, ...args: unknown[]): this {
    const ack = typeof args.at(-1) === "function" ? (args.pop() as (...replies: unknown[]) => void) : undefined;
    let answer: Answer = (reply) => ack?.(reply);
    if (this.#timeoutMs !== undefined) {
      let settled = false;
      const settle = (...replies: unknown[]): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        this.#lost.delete(lost);
        ack?.(...replies);
      };
      const timer = setTimeout(() => settle(new Error("timeout")), this.#timeoutMs);
      const lost = (): void => settle(new Error("disconnected"));
      this.#lost.add(lost);
      answer = (reply) => settle(null, reply);
    }
    this.#timeoutMs = undefined;
    if (this.stale) this.sendBuffer.push(event);
    else this.sent.push({ event, payload: args[0] as never, args, answer });
    return this;
  }

  connect(): this {
    this.attempts += 1;
    return this;
  }

  disconnect(): this {
    if (!this.connected) return this;
    this.farewells += 1;
    this.lose("io client disconnect");
    return this;
  }

  // What the test does to it.

  accept(): void {
    this.connected = true;
    this.fire("connect");
  }

  refuse(message: string): void {
    this.fire("connect_error", new Error(message));
  }

  lose(reason: string): void {
    this.connected = false;
    this.fire("disconnect", reason);
    for (const lost of [...this.#lost]) lost();
  }

  /** The server pings. */
  ping(): void {
    for (const ping of [...this.#pings]) ping();
  }

  /** The server emits something. */
  hear(event: string, ...args: unknown[]): void {
    for (const listener of [...this.#any]) listener(...([event, ...args] as never[]));
    this.fire(event, ...args);
  }

  fire(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      if (this.#once.delete(listener)) this.off(event, listener);
      listener(...(args as never[]));
    }
  }

  /** The next message to the server, which must be of this name. */
  next<T = Record<string, unknown>>(event: string): { payload: T; args: unknown[]; answer: Answer } {
    const at = this.sent.findIndex((message) => message.event === event);
    if (at < 0) throw new Error(`no ${event} was sent, only ${this.sent.map((message) => message.event).join()}`);
    return this.sent.splice(at, 1)[0];
  }

  count(event: string): number {
    return this.sent.filter((message) => message.event === event).length;
  }
}

/** Lets all promises settle that can, without time passing. */
export const settled = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

/** An answer to a join, of a room with these members beside oneself. */
export function joined(self: { connId: string; epoch: number }, version: number, others: unknown[] = [], state: object = {}): unknown {
  const own = { ...self, userId: "ada", state, lastSeenMs: 0 };
  return { ok: true, snapshot: [own, ...others], self: { ...self, key: `key of ${self.connId}` }, version, ttlMs: 30_000 };
}

export const refusal = (code: string, more: object = {}): object => ({ ok: false, error: "No.", code, retryable: false, ...more });
