import { describe, expect, it, vi } from "vitest";
import { connected, fakeTime, logger, reconnect, seated } from "../support/setup.ts";
import { FakeSocket, joined, settled } from "../support/fake.ts";
import { type AuthContext, ConnectError, type RealtimeClientConfig, RealtimeClient, type RtmError, type Status } from "../../src/index.ts";

fakeTime();

const create = (config: Partial<RealtimeClientConfig> = {}) => {
  const client = new RealtimeClient({ baseUrl: "http://fake", logger, ...config });
  const errors: RtmError[] = [];
  const statuses: Status[] = [];
  client.on("error", (error) => errors.push(error));
  client.on("status", (status) => statuses.push(status));
  return { client, socket: FakeSocket.latest, errors, statuses };
};

const refused = (code: string) => JSON.stringify({ code, message: "No." });

describe("connecting", () => {
  it("asks for WebSocket only, and leaves reconnects to the client", () => {
    create();
    expect(FakeSocket.latest.options).toMatchObject({ transports: ["websocket"], forceNew: true, reconnection: false });
  });

  it("goes on after a failure, with growing waits", async () => {
    const { client, socket, errors, statuses } = create();
    const connecting = client.connect();
    await settled();
    for (const wait of [500, 1_000, 2_000, 2_500, 2_500]) {
      socket.refuse("xhr poll error");
      await vi.advanceTimersByTimeAsync(wait - 1);
      const before = socket.attempts;
      await vi.advanceTimersByTimeAsync(1);
      expect(socket.attempts).toBe(before + 1);
    }
    socket.accept();
    await connecting;
    expect(errors).toHaveLength(5);
    expect(errors[0]).toMatchObject({ code: "connect_failed", retryable: true });
    expect(statuses.slice(0, 3)).toEqual(["connecting", "waiting", "connecting"]);
    expect(client.status).toBe("connected");
  });

  it("gives up after the attempts that it was given", async () => {
    const { client, socket } = create({ reconnectionAttempts: 2 });
    const rejected = expect(client.connect()).rejects.toThrow(ConnectError);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await vi.advanceTimersByTimeAsync(5_000);
      socket.refuse("xhr poll error");
    }
    await rejected;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([socket.attempts, client.status]).toEqual([3, "idle"]);
  });

  it("gives up at once without reconnection", async () => {
    const { client, socket } = create({ reconnection: false });
    const rejected = expect(client.connect()).rejects.toMatchObject({ code: "connect_failed" });
    await settled();
    socket.refuse("xhr poll error");
    await rejected;
  });

  it("ends when its signal aborts", async () => {
    const { client, socket } = create();
    const stop = new AbortController();
    const rejected = expect(client.connect({ signal: stop.signal })).rejects.toThrow("enough");
    await settled();
    stop.abort(new Error("enough"));
    await rejected;
    socket.refuse("late");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.attempts).toBe(1);
  });

  it("twice is one connection", async () => {
    const { client, socket } = create();
    const both = Promise.all([client.connect(), client.connect()]);
    await settled();
    socket.accept();
    await both;
    await client.connect();
    expect(socket.attempts).toBe(1);
  });

  it("is not undone by a handler of a channel", async () => {
    const { client } = await connected();
    expect(() => client.use({ name: "late" })).toThrow('Cannot register module "late" after connection is established');
    expect(() => create().client.createPresenceChannel()).toThrow("Call connect() first");
  });
});

describe("the token provider", () => {
  it("is awaited before every attempt, and told why", async () => {
    const reasons: string[] = [];
    const authProvider = ({ reason }: AuthContext) => {
      reasons.push(reason);
      return Promise.resolve(`token ${reasons.length}`);
    };
    const { socket } = await connected({ authProvider });
    expect(socket.auth).toEqual({ token: "token 1" });
    socket.lose("transport close");
    await vi.advanceTimersByTimeAsync(250);
    socket.refuse(refused("unauthorized"));
    await vi.advanceTimersByTimeAsync(500);
    expect(socket.auth).toEqual({ token: "token 3" });
    expect(reasons).toEqual(["connect", "reconnect", "rejected"]);
  });

  it("may answer as in the replaced project", async () => {
    const { socket } = await connected({ authProvider: () => ({ Authorization: "Bearer abc", extra: "1" }) });
    expect(socket.auth).toEqual({ token: "abc", Authorization: "Bearer abc", extra: "1" });
  });

  it("that fails is reported, and no connection is attempted without it", async () => {
    let down = true;
    const authProvider = () => {
      if (down) throw new Error("the identity service is away");
      return "abc";
    };
    const { client, socket, errors } = create({ authProvider });
    const connecting = client.connect();
    await vi.advanceTimersByTimeAsync(499);
    expect(socket.attempts).toBe(0);
    expect(errors[0]).toMatchObject({ code: "auth_failed", cause: new Error("the identity service is away") });
    down = false;
    await vi.advanceTimersByTimeAsync(1);
    socket.accept();
    await connecting;
    expect(socket.auth).toEqual({ token: "abc" });
  });

  it("whose second token in a row is refused ends it", async () => {
    const { client, socket } = create({ authProvider: () => "abc" });
    const rejected = expect(client.connect()).rejects.toMatchObject({ code: "unauthorized", message: "No." });
    await settled();
    socket.refuse(refused("unauthorized"));
    await vi.advanceTimersByTimeAsync(500);
    socket.refuse(refused("unauthorized"));
    await rejected;
  });

  it("that answers too late does not connect", async () => {
    let give!: (token: string) => void;
    const authProvider = () => new Promise<string>((resolve) => (give = resolve));
    const { client, socket } = create({ authProvider });
    const rejected = expect(client.connect()).rejects.toMatchObject({ code: "disconnected" });
    await settled();
    await client.disconnect();
    give("late");
    await rejected;
    expect(socket.attempts).toBe(0);
  });

  it("is not there, and no token is: then being refused is final", async () => {
    const { client, socket } = create();
    const rejected = expect(client.connect()).rejects.toMatchObject({ code: "unauthorized" });
    await settled();
    socket.refuse(refused("unauthorized"));
    await rejected;
  });
});

describe("a connection that ends", () => {
  it("is made anew after a random wait", async () => {
    const { client, socket, fired } = await seated();
    socket.lose("ping timeout");
    expect(client.isConnected()).toBe(false);
    expect(client.getSocket()).toBe(socket);
    expect(fired.at(-1)).toEqual({ name: "disconnected", payload: { reason: "ping timeout" } });
    await reconnect(socket);
    expect(client.isConnected()).toBe(true);
  });

  it("by the server's farewell is not, and waiting joins are told", async () => {
    const { client, socket } = await connected();
    const joining = client.joinRoom({ roomId: "r", userId: "ada" });
    socket.lose("io server disconnect");
    expect((await joining).response).toMatchObject({ ok: false, code: "disconnected" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([socket.attempts, client.status]).toEqual([1, "idle"]);
  });

  it("by disconnect joins its rooms again on the next connect", async () => {
    const { client, socket, channel } = await seated();
    await client.disconnect();
    expect([socket.farewells, client.getSocket()]).toEqual([1, null]);
    const connecting = client.connect();
    await settled();
    socket.accept();
    await connecting;
    socket.next("presence:join").answer(joined({ connId: "c2", epoch: 1 }, 1));
    expect(channel.joined).toBe(true);
  });

  it("because its node drains does so within the range that it was told, once, without a farewell", async () => {
    const { socket } = await seated();
    socket.hear("server:draining", { reconnectInMs: [1_000, 3_000] });
    socket.hear("server:draining", { reconnectInMs: [1_000, 3_000] });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(socket.connected).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect([socket.connected, socket.farewells]).toEqual([false, 0]);
    await vi.advanceTimersByTimeAsync(250);
    expect(socket.attempts).toBe(2);
    socket.accept();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.attempts).toBe(2);
  });

  it.each([
    [[-5, 1], 50],
    [["1000", "3000"], 50],
    [[null, {}], 50],
    [[1e999, 1e999], 50],
    [[1e12, 1e13], 60_000],
    [[3_000, -1_000], 1_525],
    [7_000, 7_000],
    ["soon", 50],
    [null, 50],
  ])("because its node drains takes neither no time nor for ever, when it is told %j", async (reconnectInMs, ms) => {
    // Heartbeats that nobody answers would end it too.
    const { socket } = await seated({ presence: { heartbeatIntervalMs: 0 } });
    socket.hear("server:draining", { reconnectInMs });
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(socket.connected).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.connected).toBe(false);
  });

  it("by shutdown leaves every room first", async () => {
    const { client, socket } = await seated();
    const ending = client.shutdown();
    socket.next("presence:leave").answer({ ok: true });
    await ending;
    expect(socket.farewells).toBe(1);
    await client.shutdown();
  });
});
