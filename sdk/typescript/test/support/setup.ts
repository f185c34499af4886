// A client over a fake socket, with fake time. Import this before the SDK: it puts the fake in place.
import { afterEach, beforeEach, vi } from "vitest";
import type { ClientModule, PresenceChannel, RealtimeClientConfig, RtmError } from "../../src/index.ts";
import { FakeSocket, joined, settled } from "./fake.ts";

vi.mock("socket.io-client", () => ({ io: (url: string, options: Record<string, unknown>) => new FakeSocket(url, options) }));

const { RealtimeClient } = await import("../../src/index.ts");

export const logged: { level: string; message: string; meta: unknown }[] = [];
const log =
  (level: string) =>
  (message: string, meta?: unknown): void =>
    void logged.push({ level, message, meta });
export const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };

export function fakeTime(): void {
  beforeEach(() => {
    logged.length = 0;
    vi.useFakeTimers();
    // Waits are then half of their limit.
    vi.spyOn(Math, "random").mockReturnValue(0.5);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** A client that is connected. */
export async function connected(config: Partial<RealtimeClientConfig> = {}, modules: ClientModule[] = []) {
  const client = new RealtimeClient({ baseUrl: "http://fake", logger, ...config });
  for (const module of modules) client.use(module);
  const socket = FakeSocket.latest;
  const connecting = client.connect();
  await settled();
  socket.accept();
  await connecting;
  return { client, socket };
}

/** A client that is connected, with a channel that is joined, and all that the channel has fired. */
export async function seated(config: Partial<RealtimeClientConfig> = {}) {
  const { client, socket } = await connected(config);
  const channel = client.createPresenceChannel();
  const fired = listen(channel);
  const joining = channel.join({ roomId: "r", userId: "ada", state: { n: 0 } });
  socket.next("presence:join").answer(joined({ connId: "c1", epoch: 10 }, 100, [], { n: 0 }));
  const response = await joining;
  return { client, socket, channel, fired, response };
}

/** Reconnects a client whose socket was lost. */
export async function reconnect(socket: FakeSocket): Promise<void> {
  await vi.advanceTimersByTimeAsync(250);
  socket.accept();
  await settled();
}

const NAMES = ["connected", "disconnected", "joinAck", "heartbeatAck", "presenceEvent", "snapshot", "members", "error"] as const;

export function listen(channel: PresenceChannel): { name: string; payload: unknown }[] {
  const fired: { name: string; payload: unknown }[] = [];
  for (const name of NAMES) channel.on(name, (payload: unknown) => void fired.push({ name, payload }));
  return fired;
}

export const names = (fired: { name: string }[]): string[] => fired.map(({ name }) => name);
export const errors = (fired: { name: string; payload: unknown }[]): RtmError[] =>
  fired.filter(({ name }) => name === "error").map(({ payload }) => payload as RtmError);
