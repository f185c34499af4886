import { describe, expect, it, vi } from "vitest";
import { fakeTime, logger, reconnect, seated } from "../support/setup.ts";
import { FakeSocket, settled } from "../support/fake.ts";
import { RealtimeClient } from "../../src/index.ts";

/** How long the others wait for one hook. */
const HOOK_MS = 5_000;

fakeTime();

describe("modules", () => {
  it("are told of each connection, in order, and their handlers do not add up", async () => {
    const told: string[] = [];
    const heard = vi.fn();
    const once = vi.fn();
    const first = {
      name: "first",
      onConnected: ({ socket }: { socket: { on: (event: string, handler: () => void) => void; once: (event: string, handler: () => void) => void } }) => {
        told.push("first up");
        socket.on("news", heard);
        socket.once("news", once);
      },
      onDisconnected: () => void told.push("first down"),
      onShutdown: () => void told.push("first over"),
    };
    const second = { name: "second", onConnected: async () => void told.push("second up") };
    const client = new RealtimeClient({ baseUrl: "http://fake", logger }).use(first).use(second);
    const socket = FakeSocket.latest;
    const connecting = client.connect();
    await settled();
    socket.accept();
    await connecting;
    expect(told).toEqual(["first up", "second up"]);
    socket.lose("transport close");
    await reconnect(socket);
    socket.hear("news");
    expect([heard.mock.calls.length, once.mock.calls.length]).toEqual([1, 1]);
    await client.shutdown();
    expect(told).toEqual(["first up", "second up", "first down", "first up", "second up", "first over", "first down"]);
    expect(socket.listeners("news")).toBe(0);
  });

  it("that throw are logged and disturb nobody", async () => {
    const fail = () => {
      throw new Error("a module's own fault");
    };
    const error = vi.spyOn(logger, "error");
    const other = vi.fn();
    const client = new RealtimeClient({ baseUrl: "http://fake", logger })
      .use({ name: "bad", onConnected: fail, onDisconnected: () => Promise.reject(new Error("too")), onShutdown: fail })
      .use({ name: "good", onConnected: other });
    const connecting = client.connect();
    await settled();
    FakeSocket.latest.accept();
    await connecting;
    await client.shutdown();
    expect(other).toHaveBeenCalledOnce();
    expect(error.mock.calls.map(([message]) => message)).toEqual([
      "onConnected of bad failed",
      "onShutdown of bad failed",
      "onDisconnected of bad failed",
    ]);
  });

  it.each(["onConnected", "onDisconnected", "onShutdown"])("whose %s never comes back hold up nobody for long", async (hook) => {
    // On the clock of the test.
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const limit = new AbortController();
      setTimeout(() => limit.abort(new Error("too long")), ms);
      return limit.signal;
    });
    const error = vi.spyOn(logger, "error");
    const told: string[] = [];
    const note = (name: string) => async () => void told.push(name);
    const client = new RealtimeClient({ baseUrl: "http://fake", logger })
      .use({ name: "stuck", [hook]: () => new Promise<void>(() => {}) })
      .use({ name: "good", onConnected: note("up"), onDisconnected: note("down"), onShutdown: note("over") });
    const connecting = client.connect();
    await settled();
    FakeSocket.latest.accept();
    await vi.advanceTimersByTimeAsync(HOOK_MS);
    await connecting;
    const ending = client.shutdown();
    await vi.advanceTimersByTimeAsync(HOOK_MS);
    await ending;
    expect(told).toEqual(["up", "over", "down"]);
    expect(error.mock.calls.map(([message]) => message)).toEqual([`${hook} of stuck failed`]);
  });

  it("find the rooms already being joined", async () => {
    const { client, socket } = await seated();
    await client.disconnect();
    let joins = 0;
    const connecting = client.connect();
    await settled();
    socket.on("connect", () => (joins = socket.count("presence:join")));
    socket.accept();
    await connecting;
    expect(joins).toBe(1);
  });
});
