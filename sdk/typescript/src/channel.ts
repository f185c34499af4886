// A room as an application sees it: its members, its events, one's own state. How one gets and stays there is `seat.ts`.
import { abortable, ask } from "./ask.js";
import type {
  CustomEmitOptions,
  JoinOptions,
  PresenceChannelEventMap,
  PresenceChannelOptions,
  PresenceHeartbeatParams,
  PresenceHeartbeatResponse,
  PresenceJoinParams,
  PresenceJoinResponse,
  PresenceStatePatch,
  Sender,
} from "./channel-types.js";
import type { Logger } from "./config.js";
import type { Connection } from "./connection.js";
import { type Emitter, createEmitter } from "./emitter.js";
import { type Failure, RtmError, failure } from "./errors.js";
import type { State } from "./protocol.js";
import type { Members } from "./roster.js";
import type { CallIn, CallName, CallOut, EventName, EventsOf, FreeName, Schema, StateOf } from "./schema.js";
import { Seat } from "./seat.js";

const JOIN_TIMEOUT_MS = 15_000;
const OFFLINE_QUEUE_MAX = 64;

type LocalEvents<S extends Schema> = PresenceChannelEventMap<S>;
type LocalName = keyof PresenceChannelEventMap;

interface Outgoing {
  send(): void;
  reject(error: RtmError): void;
}

/** Events of these names are the channel's own; a server's event of the same name does not reach its handlers. */
const LOCAL: string[] = [
  "connected",
  "disconnected",
  "joinAck",
  "heartbeatAck",
  "presenceEvent",
  "snapshot",
  "members",
  "error",
] satisfies LocalName[];

export class PresenceChannel<S extends Schema = Schema> {
  readonly #connection: Connection;
  readonly #seat: Seat;
  readonly #handlers: Emitter;
  readonly #waitingMax: number;
  /** What was emitted without a connection, in order. */
  readonly #waiting: Outgoing[] = [];
  readonly #logger: Logger;
  readonly #stopped: (() => unknown)[];

  /** @internal Channels come from `RealtimeClient`. */
  constructor(
    connection: Connection,
    rooms: Map<string, Seat>,
    options: PresenceChannelOptions,
    logger: Logger,
    stopped: () => unknown,
  ) {
    this.#connection = connection;
    this.#logger = logger;
    this.#handlers = createEmitter(logger);
    this.#waitingMax = options.offlineQueueMax ?? OFFLINE_QUEUE_MAX;
    this.#seat = new Seat(connection, rooms, options, (event, payload) => this.#fire(event, payload));
    this.#stopped = [
      stopped,
      connection.listen(this.#seat),
      connection.listen({
        up: () => this.#flush(),
        ended: (error) => this.#reject(error),
        heard: (event, args) => this.#heard(event, args),
      }),
    ];
  }

  /** The room, from the first call of `join` to `leave`. */
  get roomId(): string | undefined {
    return this.#seat.roomId;
  }

  /** This client's own presence, once joined. */
  get self(): { readonly connId: string; readonly epoch: number } | undefined {
    const { self } = this.#seat;
    return self && { connId: self.connId, epoch: self.epoch };
  }

  /** Whether the room is joined on the connection there is now. */
  get joined(): boolean {
    return this.#seat.seated;
  }

  /**
   * Everyone in the room by user, each with their connections, this client included. A new map for each change. While there is no connection
   * it shows the room as last known; after a reconnect `members` is fired with the difference.
   */
  get members(): Members<StateOf<S>> {
    return this.#seat.roster.members as Members<StateOf<S>>;
  }

  /** The version of the room that `members` shows, or `null` before the first join. */
  get version(): number | null {
    return this.#seat.roster.version;
  }

  /**
   * Joins a room, and stays in it across reconnects until `leave` or `stop`, or until the server takes it away. The answer is the server's, a refusal included
   * (`ok: false`); it rejects only if there is none in time. Called again in the same room, it replaces the state, if one is given.
   */
  async join(
    params: PresenceJoinParams<StateOf<S>>,
    { signal = AbortSignal.timeout(JOIN_TIMEOUT_MS) }: JoinOptions = {},
  ): Promise<PresenceJoinResponse<StateOf<S>>> {
    const seat = this.#seat;
    const first = !seat.self;
    try {
      return (await abortable(seat.join(params as PresenceJoinParams), signal)) as PresenceJoinResponse<StateOf<S>>;
    } catch (error) {
      if (first) await this.leave();
      throw error;
    }
  }

  /** Calls `handler` on every event of that name: the channel's own, or any that the server sends to this room. */
  on<E extends keyof LocalEvents<S>>(event: E, handler: (payload: LocalEvents<S>[E]) => void): () => void;
  on<E extends EventName<S>>(event: E, handler: (payload: EventsOf<S>[E], sender?: Sender) => void): () => void;
  on<T = unknown>(event: FreeName<S>, handler: (payload: T, sender?: Sender) => void): () => void;
  on(event: string, handler: (...args: never[]) => void): () => void {
    return this.#handlers.add(event, handler);
  }

  /** `on` for one event only. */
  once<E extends keyof LocalEvents<S>>(event: E, handler: (payload: LocalEvents<S>[E]) => void): () => void;
  once<E extends EventName<S>>(event: E, handler: (payload: EventsOf<S>[E], sender?: Sender) => void): () => void;
  once<T = unknown>(event: FreeName<S>, handler: (payload: T, sender?: Sender) => void): () => void;
  once(event: string, handler: (...args: never[]) => void): () => void {
    return this.#handlers.add(event, handler, true);
  }

  /** Takes a handler off, or all of an event. */
  off(event: keyof LocalEvents<S> | EventName<S> | FreeName<S>, handler?: (...args: never[]) => void): void {
    this.#handlers.remove(event, handler);
  }

  /**
   * Sends a custom event. Without a connection it waits in the offline queue. With `{ ack: true }` the answer comes as a promise, which
   * rejects if there is none; an event that was sent is not sent again.
   */
  emit<E extends CallName<S>>(event: E, payload: CallIn<S, E>, options: CustomEmitOptions & { ack: true }): Promise<CallOut<S, E>>;
  emit<E extends CallName<S>>(event: E, payload: CallIn<S, E>, ack: (response: CallOut<S, E>) => void): void;
  emit<E extends EventName<S>>(event: E, payload: EventsOf<S>[E]): void;
  emit(event: FreeName<S>, payload?: unknown): void;
  emit<T = unknown>(event: FreeName<S>, ack: (response: T) => void): void;
  emit<T = unknown>(event: FreeName<S>, payload: unknown, ack: (response: T) => void): void;
  emit<T = unknown>(event: FreeName<S>, payload: unknown, options: CustomEmitOptions): Promise<T>;
  emit(event: string, first?: unknown, second?: ((response: never) => void) | CustomEmitOptions): Promise<unknown> | void {
    const { socket } = this.#connection;
    const args = first === undefined ? [] : [first];
    if (typeof second === "function") args.push(second);
    else if (second?.ack) {
      const { timeoutMs, signal } = second;
      const answer = new Promise((resolve, reject) => {
        const answered = (reply: unknown, lost?: Failure): void => (lost ? reject(new RtmError(lost)) : resolve(reply));
        const send = (): void => ask(socket, event, args, timeoutMs ?? this.#seat.ackTimeoutMs, answered, `Custom event '${event}'`);
        this.#send({ send, reject });
      });
      return abortable(answer, signal);
    }
    this.#send({ send: () => socket.emit(event, ...args), reject: (error) => this.#fire("error", error) });
  }

  /** Changes top-level keys of one's own state. Calls in quick succession become one update; it survives reconnects. */
  updateState(patch: PresenceStatePatch<StateOf<S>>): Promise<PresenceHeartbeatResponse> {
    return this.sendHeartbeat({ patchState: patch });
  }

  /** Sends a heartbeat now, beside those that are sent by themselves. */
  async sendHeartbeat({ patchState }: PresenceHeartbeatParams<StateOf<S>> = {}): Promise<PresenceHeartbeatResponse> {
    const seat = this.#seat;
    if (!seat.self) throw new RtmError(failure("not_joined", "Not in the room"));
    return seat.heartbeat(patchState as State | undefined);
  }

  /** Leaves the room. The channel can join again, or another. */
  async leave(): Promise<void> {
    const reply = failure("not_joined", "Not in the room");
    this.#reject(new RtmError(reply));
    await this.#seat.leave(reply);
  }

  /** Leaves the room for good: no handler is called any more. */
  async stop(): Promise<void> {
    await this.leave();
    for (const stopped of this.#stopped) stopped();
    this.#handlers.clear();
  }

  #send(outgoing: Outgoing): void {
    // A channel that is in no room, and is not about to be, needs only a connection.
    if (this.roomId === undefined ? this.#connection.socket.connected : this.joined) outgoing.send();
    else if (this.#waiting.length < this.#waitingMax) this.#waiting.push(outgoing);
    else outgoing.reject(new RtmError(failure("queue_full", "Queue full")));
  }

  #flush(): void {
    for (const outgoing of this.#waiting.splice(0)) this.#send(outgoing);
  }

  #reject(error: RtmError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #heard(event: string, args: unknown[]): void {
    if (LOCAL.includes(event)) return;
    // A relayed event tells its room beside the payload, others in it, if at all.
    const told = (args[1] ?? args[0]) as Partial<Sender> | null | undefined;
    if (told?.roomId !== undefined && told.roomId !== this.roomId) return;
    this.#handlers.fire(event, ...args);
  }

  #fire(event: LocalName, payload: unknown): void {
    if (event === "error") this.#logger.warn(event, payload);
    this.#handlers.fire(event, payload);
    if (event === "connected") this.#flush();
  }
}
