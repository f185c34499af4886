// A room as a store for React: an immutable snapshot, and who wants to know of the next one. It knows no component.
import type { PresenceChannel } from "../channel.js";
import type { PresenceChannelOptions, Sender } from "../channel-types.js";
import type { RealtimeClient } from "../client.js";
import { RtmError } from "../errors.js";
import type { State } from "../protocol.js";
import type { Members } from "../roster.js";
import { type Held, endNow, hold } from "./hold.js";
import { linkOf } from "./link.js";

/** Runs `flush` later, once. */
export type Schedule = (flush: () => void) => void;

export interface RoomOptions extends PresenceChannelOptions {
  roomId: string;
  userId?: string | undefined;
  state?: State | undefined;
  schedule?: Schedule | undefined;
}

export interface Self {
  readonly userId: string;
  readonly connId: string;
  readonly epoch: number;
}

export interface RoomSnapshot {
  readonly members: Members;
  /** This client's presence, once joined. */
  readonly self: Self | undefined;
  /** In the room, on the connection there is now. */
  readonly joined: boolean;
  /** One's own state, changes that the server has not confirmed included. */
  readonly state: State;
  /** Why the room is closed to this client. */
  readonly error: RtmError | undefined;
}

type Handler = (payload: never, sender?: Sender) => void;

const NOBODY: Members = new Map();

export class Room implements Held {
  readonly roomId: string;
  readonly #client: RealtimeClient;
  readonly #options: RoomOptions;
  readonly #subscribers = new Set<() => void>();
  /** Handlers of events, each with what takes it off the channel. */
  readonly #handlers = new Map<object, { event: string; handler: Handler; off: () => void }>();
  #channel: PresenceChannel | undefined;
  #release: (() => void) | undefined;
  #scheduled = false;
  /** What was changed before the first join was answered. */
  #early: State = {};
  #snapshot: RoomSnapshot;

  constructor(client: RealtimeClient, options: RoomOptions) {
    this.#client = client;
    this.#options = options;
    this.roomId = options.roomId;
    this.#snapshot = { members: NOBODY, self: undefined, joined: false, state: options.state ?? {}, error: undefined };
  }

  readonly snapshot = (): RoomSnapshot => this.#snapshot;

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  get channel(): PresenceChannel | undefined {
    return this.#channel;
  }

  start(): void {
    const link = linkOf(this.#client);
    this.#release = hold(link);
    // It may have given up since.
    if (this.#client.status === "idle") link.start();
    // The one before it in the same room may still wait for its end.
    const before = link.rooms.get(this.roomId);
    if (before) endNow(before);
    link.rooms.set(this.roomId, this);

    const { roomId, userId, schedule: _, state: _first, ...options } = this.#options;
    const channel = this.#client.createPresenceChannel(options);
    this.#channel = channel;
    const look = (): void => this.#look();
    channel.on("members", look);
    channel.on("disconnected", look);
    channel.on("connected", () => {
      const early = this.#early;
      this.#early = {};
      if (Object.keys(early).length) void channel.updateState(early);
      this.#look();
    });
    channel.on("error", (error) => this.#set({ error }));
    for (const [key, { event, handler }] of this.#handlers) this.#attach(key, event, handler);
    // There is a channel now: whoever waits for it shall not miss what it fires first.
    this.#set({});
    this.#join({ roomId, userId, state: this.#snapshot.state });
  }

  end(): void {
    const { rooms } = linkOf(this.#client);
    if (rooms.get(this.roomId) === this) rooms.delete(this.roomId);
    void this.#channel?.stop();
    this.#channel = undefined;
    this.#set({ members: NOBODY, self: undefined, joined: false });
    this.#release?.();
  }

  /** Merges top-level keys into one's own state: shown at once, told to the others as fast as the server answers. */
  readonly setState = (patch: State): void => {
    const { state } = this.#snapshot;
    this.#set({ state: { ...state, ...patch } });
    const channel = this.#channel;
    if (!channel?.self) {
      this.#early = { ...this.#early, ...patch };
      return;
    }
    void channel.updateState(patch).then((reply) => {
      if (!reply.ok && !reply.retryable) this.#set({ state: this.#shown() ?? state, error: new RtmError(reply) });
    }, () => undefined);
  };

  /** Sends an event to the others now, or never: what is said while there is no connection is dropped. */
  readonly broadcast = (event: string, payload: object): void => {
    if (this.#channel?.joined) this.#channel.emit(event, { ...payload, roomId: this.roomId });
  };

  listen(event: string, handler: Handler): () => void {
    const key = {};
    this.#attach(key, event, handler);
    return () => {
      this.#handlers.get(key)?.off();
      this.#handlers.delete(key);
    };
  }

  #attach(key: object, event: string, handler: Handler): void {
    // A function of its own, as a channel calls one handler once.
    const own: Handler = (payload, sender) => handler(payload, sender);
    const off = this.#channel?.on(event, own) ?? ((): void => undefined);
    this.#handlers.set(key, { event, handler, off });
  }

  #join(params: { roomId: string; userId: string | undefined; state: State }): void {
    const channel = this.#channel as PresenceChannel;
    // There is no limit to the wait: the room is joined when there is a connection.
    const { signal } = new AbortController();
    channel.join(params, { signal }).then((reply) => {
      if (!reply.ok && channel === this.#channel) this.#set({ error: new RtmError(reply) });
    }, () => undefined);
  }

  #look(): void {
    const channel = this.#channel;
    if (!channel) return;
    const { members, joined } = channel;
    this.#set({ members, joined, self: this.#self(), error: joined ? undefined : this.#snapshot.error });
  }

  /** The same object as long as it says the same. */
  #self(): Self | undefined {
    const channel = this.#channel;
    const before = this.#snapshot.self;
    const now = channel?.self;
    if (!channel || !now) return undefined;
    if (before?.connId === now.connId && before.epoch === now.epoch) return before;
    return { userId: this.#own()?.userId ?? this.#options.userId ?? "", ...now };
  }

  #own() {
    const connId = this.#channel?.self?.connId;
    for (const { connections } of this.#channel?.members.values() ?? []) {
      const own = connections.find((connection) => connection.connId === connId);
      if (own) return own;
    }
    return undefined;
  }

  #shown(): State | undefined {
    return this.#own()?.state;
  }

  #set(change: Partial<RoomSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      for (const subscriber of [...this.#subscribers]) subscriber();
    };
    (this.#options.schedule ?? ((run) => run()))(flush);
  }
}
