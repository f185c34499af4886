// How an application sets the client up, and what a module of its own looks like. Types only.
import type { Socket } from "socket.io-client";
import type { PresenceChannelOptions } from "./channel-types.js";
import type { RtmError } from "./errors.js";

export interface Logger {
  debug(message: string, meta?: unknown): void;
  info(message: string, meta?: unknown): void;
  warn(message: string, meta?: unknown): void;
  error(message: string, meta?: unknown): void;
}

/** What goes into Socket.IO's `auth`: a token, or an object with a `token` or an `Authorization` of the form `Bearer …`. */
export type Auth = string | ({ token?: string; Authorization?: string } & Record<string, unknown>);

export interface AuthContext {
  /** Why a token is asked for. After `rejected`, and for a `refresh` of one that ends soon, one from a cache does not help. */
  reason: "connect" | "reconnect" | "rejected" | "refresh";
}

export interface RealtimeClientConfig {
  /** Where the server is, such as `https://rtm.example.com`. */
  baseUrl: string;
  /** Asked before every attempt to connect. While it fails, there is no attempt. */
  authProvider?: ((context: AuthContext) => Auth | Promise<Auth>) | undefined;
  /** Default: warnings and errors to the console. */
  logger?: Logger | undefined;
  /** Whether to connect again after a failure (`true`). */
  reconnection?: boolean | undefined;
  /** Failed attempts in a row before it gives up (`Infinity`). */
  reconnectionAttempts?: number | undefined;
  /** The longest wait between two attempts, in milliseconds (5,000). The actual wait is random, up to a limit that doubles from 500. */
  reconnectionDelayMax?: number | undefined;
  /** Default options of channels. */
  presence?: PresenceChannelOptions | undefined;
  /** Socket.IO's transports, in order (`["websocket"]`, which needs no sticky sessions). */
  transports?: ("websocket" | "polling")[] | undefined;
}

/**
 * - `idle`: not asked to connect, disconnected, or given up
 * - `connecting`: a token is fetched or a connection attempted
 * - `connected`
 * - `waiting`: the next attempt comes by itself
 * - `suspended`: the page is in the back/forward cache
 */
export type Status = "idle" | "connecting" | "connected" | "waiting" | "suspended";

export interface ClientModuleContext {
  /** The client's socket. Handlers added through it are removed when this connection ends: add them in every `onConnected`. */
  socket: Socket;
  logger: Logger;
  config: RealtimeClientConfig;
  /** Tells the client's `error` handlers of a failure that nobody waits for. */
  report(error: RtmError): void;
}

/** A feature beside presence, with the client's socket. A module that throws is logged and disturbs nobody. */
export interface ClientModule {
  name: string;
  /** After every connect and reconnect. Rooms are being joined again by then. */
  onConnected?(context: ClientModuleContext): void | Promise<void>;
  /** After every end of a connection. */
  onDisconnected?(): void | Promise<void>;
  /** Once, when the client is shut down. */
  onShutdown?(): void | Promise<void>;
}
