// One connection to the server, with the channels and modules that share it.
import { abortable } from "./ask.js";
import { PresenceChannel } from "./channel.js";
import type { JoinOptions, PresenceChannelOptions, PresenceJoinParams, PresenceJoinResponse } from "./channel-types.js";
import type { ClientModule, Logger, RealtimeClientConfig, Status } from "./config.js";
import { Connection } from "./connection.js";
import { type Emitter, createEmitter } from "./emitter.js";
import type { RtmError } from "./errors.js";
import { Modules } from "./modules.js";
import type { Schema, StateOf } from "./schema.js";
import type { Seat } from "./seat.js";
import type { Socket } from "socket.io-client";

export interface ClientEventMap {
  /** What the connection is doing. */
  status: Status;
  /** An attempt to connect failed, or the token provider, or what a module did by itself. */
  error: RtmError;
}

export class RealtimeClient<S extends Schema = Schema> {
  readonly #config: RealtimeClientConfig;
  readonly #logger: Logger;
  readonly #connection: Connection;
  readonly #modules: Modules;
  readonly #channels = new Set<PresenceChannel<S>>();
  readonly #rooms = new Map<string, Seat>();
  readonly #handlers: Emitter;
  /** Calls of `connect` that are not settled. */
  #connecting = 0;

  constructor(config: RealtimeClientConfig) {
    this.#config = config;
    this.#logger = config.logger ?? console;
    this.#handlers = createEmitter(this.#logger);
    this.#connection = new Connection(config);
    const report = (error: RtmError): void => {
      this.#logger.error(error.message, error);
      this.#handlers.fire("error", error);
    };
    this.#modules = new Modules({ socket: this.#connection.socket, logger: this.#logger, config, report });
    this.#connection.listen({
      // Asynchronously, so that the channels, which listen too, have asked to join by then.
      up: () => this.#modules.tell("onConnected"),
      down: () => this.#modules.tell("onDisconnected"),
      failed: report,
      status: (status) => this.#handlers.fire("status", status),
    });
  }

  /** What the connection is doing. */
  get status(): Status {
    return this.#connection.status;
  }

  /** Adds a feature. Only before `connect`. */
  use(module: ClientModule): this {
    if (this.getSocket()) throw new Error(`Cannot register module "${module.name}" after connection is established`);
    this.#modules.all.push(module);
    return this;
  }

  /**
   * Connects, and stays connected until `disconnect`: lost connections are made anew, and rooms joined again. Resolves with the first
   * connection; rejects with a {@link ConnectError} when it gives up, or when `signal` aborts.
   */
  async connect({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.isConnected()) return this.#logger.warn("Already connected");
    const connection = this.#connection;
    let unlisten!: () => void;
    const connected = new Promise<void>((up, ended) => (unlisten = connection.listen({ up, ended })));
    connection.open();
    this.#connecting += 1;
    try {
      await abortable(connected.then(() => this.#modules.told), signal);
    } catch (error) {
      // Whoever else has asked to connect, maybe only since, still wants to.
      if (this.#connecting === 1) connection.close();
      throw error;
    } finally {
      this.#connecting -= 1;
      unlisten();
    }
  }

  /** Ends the connection, and with it this client's presences. Channels join again on the next `connect`. */
  disconnect(): Promise<void> {
    this.#connection.close();
    return this.#modules.told;
  }

  /** Leaves all rooms, ends modules and connection. */
  async shutdown(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.stop()));
    await this.#modules.tell("onShutdown");
    await this.disconnect();
  }

  isConnected(): boolean {
    return this.#connection.socket.connected;
  }

  /** The socket, from the first `connect` on: the same through all reconnects. */
  getSocket(): Socket | null {
    return this.status === "idle" ? null : this.#connection.socket;
  }

  /** A channel for one room, of which there may be many. */
  createPresenceChannel(options?: PresenceChannelOptions): PresenceChannel<S> {
    if (!this.getSocket()) throw new Error("Call connect() first");
    const channel: PresenceChannel<S> = new PresenceChannel(this.#connection, this.#rooms, { ...this.#config.presence, ...options }, this.#logger, () =>
      this.#channels.delete(channel),
    );
    this.#channels.add(channel);
    return channel;
  }

  /** A new channel that joins a room. Check `response.ok`: a refusal is an answer too, and stops the channel. */
  async joinRoom(
    params: PresenceJoinParams<StateOf<S>>,
    options: PresenceChannelOptions & JoinOptions = {},
  ): Promise<{ channel: PresenceChannel<S>; response: PresenceJoinResponse<StateOf<S>> }> {
    const channel = this.createPresenceChannel(options);
    let response: PresenceJoinResponse<StateOf<S>> | undefined;
    try {
      response = await channel.join(params, options);
    } finally {
      if (!response?.ok) await channel.stop();
    }
    return { channel, response };
  }

  /** The returned function takes the handler off. */
  on<E extends keyof ClientEventMap>(event: E, handler: (payload: ClientEventMap[E]) => void): () => void {
    return this.#handlers.add(event, handler);
  }
}
