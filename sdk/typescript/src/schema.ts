// What an application exchanges, given once as a type: it types states, events, calls and chat messages.
import type { State } from "./protocol.js";

/**
 * The shape of a schema. Each part may be left out, and is then untyped.
 *
 * ```ts
 * interface Board {
 *   state: { name: string; cursor?: [number, number] };
 *   events: { wave: { at: number } };
 *   calls: { vote: { in: { option: number }; out: { ok: true; total: number } } };
 *   chat: { text: string };
 * }
 * const client = new RealtimeClient<Board>({ baseUrl });
 * ```
 */
export interface Schema {
  /** What a presence shows. */
  state?: object;
  /** Custom events by name, with their payloads. */
  events?: object;
  /** Custom events that are answered, by name, each `{ in, out }`. */
  calls?: object;
  /** The body of a chat message. */
  chat?: unknown;
}

export type StateOf<S extends Schema> = S extends { state: infer T extends object } ? T : State;
export type EventsOf<S extends Schema> = S extends { events: infer T extends object } ? T : object;
export type CallsOf<S extends Schema> = S extends { calls: infer T extends object } ? T : object;
export type ChatOf<S extends Schema> = S extends { chat: infer T } ? T : unknown;

export type EventName<S extends Schema> = keyof EventsOf<S> & string;
export type CallName<S extends Schema> = keyof CallsOf<S> & string;
export type CallIn<S extends Schema, N extends CallName<S>> = CallsOf<S>[N] extends { in: infer T } ? T : unknown;
export type CallOut<S extends Schema, N extends CallName<S>> = CallsOf<S>[N] extends { out: infer T } ? T : unknown;

/** Any name, as long as the schema does not say which there are. */
export type FreeName<S extends Schema> = S extends { events: object } | { calls: object } ? never : string;
