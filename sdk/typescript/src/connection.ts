// The one socket of a client, and when it is connected: token first, then an attempt, then the next. It knows nothing of rooms.
import { io, type Socket } from "socket.io-client";
import { bounded } from "./bounded.js";
import type { AuthContext, RealtimeClientConfig, Status } from "./config.js";
import { ConnectError, type RtmError, connectError, failure } from "./errors.js";
import { watchPage } from "./lifecycle.js";
import { type Draining, SERVER_DRAINING } from "./protocol.js";
import { authOf } from "./token.js";

/** The first wait after a lost connection is random, up to this; each failure doubles the limit. */
const RECONNECT_DELAY_MS = 500;
const RECONNECT_DELAY_MAX_MS = 5_000;
/** How long an attempt may take, the token provider included. */
const ATTEMPT_MS = 20_000;

export interface ConnectionListener {
  up(): void;
  down(reason: string): void;
  /** It will not come back by itself. */
  ended(error: RtmError): void;
  /** The server has pinged. */
  ping(): void;
  /** The page has woken: nobody knows what the connection is worth. */
  woken(): void;
  /** The server has emitted something. */
  heard(event: string, args: unknown[]): void;
  status(status: Status): void;
  /** An attempt failed. */
  failed(error: RtmError): void;
}

export class Connection {
  readonly socket: Socket;
  readonly #config: RealtimeClientConfig;
  readonly #listeners = new Set<Partial<ConnectionListener>>();
  status: Status = "idle";
  /** Names the current attempt; what an earlier one still brings about is void. */
  #attempt = 0;
  #failures = 0;
  #rejected = false;
  /** To the next attempt, to giving the current one up, or to leaving a node that drains. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | undefined;

  constructor(config: RealtimeClientConfig) {
    this.#config = config;
    const socket = io(config.baseUrl, {
      transports: config.transports ?? ["websocket"],
      forceNew: true,
      autoConnect: false,
      reconnection: false,
    });
    this.socket = socket;
    socket.on("disconnect", (reason) => this.#disconnected(reason));
    socket.on("connect", () => this.#set("connected"));
    socket.on("connect_error", (error) => this.#failed(connectError(error.message, error)));
    socket.on(SERVER_DRAINING, (told?: Partial<Draining>) => {
      const [first, last] = [told?.reconnectInMs].flat();
      const min = bounded(first, 0);
      this.#timer ??= setTimeout(() => this.drop("draining"), min + (bounded(last, min) - min) * Math.random());
    });
    socket.onAny((event: string, ...args: unknown[]) => this.#tell("heard", event, args));
    socket.io.on("ping", () => this.#tell("ping"));
  }

  /** Tells `listener` of everything from now on, until the returned function is called. */
  listen(listener: Partial<ConnectionListener>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects, and stays so until {@link close}. Nothing, if that is already under way. */
  open(): void {
    if (this.status !== "idle") return;
    this.#unwatch = watchPage({
      hidden: () => this.#leave("suspended", "pagehide"),
      woken: () => {
        if (this.status === "connected") this.#tell("woken");
        else if (this.status !== "connecting") this.#try("reconnect");
      },
    });
    this.#try("connect");
  }

  /** Disconnects with a farewell: the server ends this client's presences at once. */
  close(reason = "client disconnect", error = new ConnectError(failure("disconnected", reason))): void {
    if (this.status === "idle") return;
    this.#leave("idle", reason);
    this.#unwatch?.();
    this.#tell("ended", error);
  }

  /** Gives this transport up without a farewell, and connects again. */
  drop(reason: string): void {
    if (this.status !== "connected") return;
    this.#disconnected(reason);
    // The engine's own `close` would wait for what is still to be written.
    this.socket.io.engine.transport.close();
  }

  async #try(reason: AuthContext["reason"]): Promise<void> {
    this.#set("connecting");
    const attempt = this.#attempt;
    this.#timer = setTimeout(() => this.#failed(connectError("timeout")), ATTEMPT_MS);
    try {
      const auth = await this.#config.authProvider?.({ reason });
      if (attempt !== this.#attempt) return;
      this.socket.auth = authOf(auth);
      this.socket.connect();
    } catch (error) {
      if (attempt === this.#attempt) this.#failed(new ConnectError(failure("auth_failed", "No token", true), error));
    }
  }

  #disconnected(reason: string): void {
    if (this.status === "connecting") return this.#failed(connectError(reason));
    if (this.status !== "connected") return;
    this.#set("waiting", reason);
    // A farewell of the server is meant: whoever sends it does not want this client back.
    if (reason === "io server disconnect" || this.#config.reconnection === false) this.close(reason);
    else this.#wait();
  }

  #failed(error: RtmError): void {
    if (this.status !== "connecting") return;
    this.#leave("waiting");
    this.#tell("failed", error);
    const { authProvider, reconnection = true, reconnectionAttempts = Infinity } = this.#config;
    this.#failures += 1;
    // A refused token is replaced once; if the next one is refused too, asking again does not help.
    const replace = error.code === "unauthorized" && authProvider && !this.#rejected;
    if (replace) this.#rejected = true;
    if (reconnection && (error.retryable || replace) && this.#failures <= reconnectionAttempts) this.#wait();
    else this.close(error.message, error);
  }

  #wait(): void {
    const limit = Math.min(RECONNECT_DELAY_MS * 2 ** this.#failures, this.#config.reconnectionDelayMax ?? RECONNECT_DELAY_MAX_MS);
    this.#timer = setTimeout(() => this.#try(this.#rejected ? "rejected" : "reconnect"), limit * Math.random());
  }

  /** Ends whatever there is of a connection, with a farewell. */
  #leave(status: Status, reason?: string): void {
    this.#set(status, reason);
    this.socket.disconnect();
  }

  #set(status: Status, reason = ""): void {
    const before = this.status;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt += 1;
    this.status = status;
    if (status === "connected" || status === "idle") {
      this.#failures = 0;
      this.#rejected = false;
    }
    this.#tell("status", status);
    if (before === "connected") this.#tell("down", reason);
    // Unless a handler of the status has ended it.
    if (this.status === "connected") this.#tell("up");
  }

  #tell<E extends keyof ConnectionListener>(event: E, ...args: Parameters<ConnectionListener[E]>): void {
    type Listener = Record<string, ((...args: unknown[]) => void) | undefined>;
    for (const listener of [...this.#listeners]) (listener as Listener)[event]?.(...args);
  }
}
