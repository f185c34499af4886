// Clients of the real server, and what the server itself says of a room.
import { type Socket, io } from "socket.io-client";
import { onTestFinished } from "vitest";
import { Server } from "../../../../tests/protocol/support/server.js";
import { type Members, type PresenceChannel, RealtimeClient, type RealtimeClientConfig, type SnapshotEntry } from "../../src/index.ts";

export { Server };

/** How long anything may take that should happen at once: the tests share two cores. */
export const SOON_MS = 10_000;

/** A server that ends with the test, which fails if the server did not end well. */
export async function serve(env: Record<string, string> = {}): Promise<Server> {
  const server = await Server.start(env);
  onTestFinished(async () => {
    server.mustBeAlive();
    if (!server.exit) await server.stop();
  });
  return server;
}

export const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A client that ends with the test. */
export function client(baseUrl: string, config: Partial<RealtimeClientConfig> = {}): RealtimeClient {
  const it = new RealtimeClient({ baseUrl, logger: quiet, ...config });
  onTestFinished(() => it.shutdown());
  return it;
}

/** A channel of a client of its own. */
export async function join(baseUrl: string, roomId: string, userId: string, state: Record<string, unknown> = {}) {
  const it = client(baseUrl);
  await it.connect();
  const { channel, response } = await it.joinRoom({ roomId, userId, state });
  if (!response.ok) throw new Error(`join refused: ${response.error}`);
  return { client: it, channel, response };
}

/** Waits for an event of any of the channels after which `missing` is empty: it names what is not yet as it should be. */
export function untilAll(channels: PresenceChannel[], missing: () => string, ms = SOON_MS): Promise<void> {
  return new Promise((resolve, reject) => {
    const offs: (() => void)[] = [];
    const done = (error?: Error): void => {
      clearTimeout(timer);
      for (const off of offs) off();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => done(new Error(`not within ${ms} ms: ${missing()}`)), ms);
    let looking = false;
    // After all handlers of an event, and once for many events.
    const look = (): void => {
      if (looking) return;
      looking = true;
      setImmediate(() => {
        looking = false;
        if (!missing()) done();
      });
    };
    const events = ["members", "connected", "disconnected", "snapshot", "presenceEvent", "heartbeatAck"] as const;
    for (const channel of channels) for (const event of events) offs.push(channel.on(event, look));
    look();
  });
}

/** {@link untilAll} for one channel. */
export function until(channel: PresenceChannel, what: string, check: () => boolean): Promise<void> {
  return untilAll([channel], () => (check() ? "" : what));
}

export const users = (members: Members): string[] => [...members.keys()].sort();

/** What of a room all clients must agree on. */
export function essence(entries: Iterable<SnapshotEntry>): unknown[] {
  return [...entries]
    .map(({ connId, userId, state, epoch }) => ({ connId, userId, state, epoch }))
    .sort((a, b) => (a.connId < b.connId ? -1 : 1));
}

export const shown = (channel: PresenceChannel): unknown[] => essence([...channel.members.values()].flatMap(({ connections }) => connections));

/** The room as the server tells it to one of its members, past the SDK. */
export async function told(it: RealtimeClient, roomId: string): Promise<unknown[]> {
  const socket = it.getSocket() as Socket;
  const reply = (await socket.timeout(SOON_MS).emitWithAck("presence:sync", { roomId })) as { ok: boolean; snapshot: SnapshotEntry[] };
  if (!reply.ok) throw new Error(`sync refused: ${JSON.stringify(reply)}`);
  return essence(reply.snapshot);
}

/** A stock client, for what the SDK never does. */
export async function stock(url: string): Promise<Socket> {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false });
  onTestFinished(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  return socket;
}
