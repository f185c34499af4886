// What must not happen when calls, answers and connections come in an unlucky order, or the server says what no server should.
import { describe, expect, it, vi } from "vitest";
import { connected, fakeTime, listen, logger, names, reconnect, seated } from "../support/setup.ts";
import { FakeSocket, joined, refusal, settled } from "../support/fake.ts";
import { ConnectError, RealtimeClient } from "../../src/index.ts";

fakeTime();

const create = (config: object = {}) => {
  const client = new RealtimeClient({ baseUrl: "http://fake", logger, ...config });
  return { client, socket: FakeSocket.latest };
};

describe("connect", () => {
  it("after disconnect, as a page that mounts twice does, is not undone by the first", async () => {
    const { client, socket } = create();
    const first = client.connect();
    const given = expect(first).rejects.toMatchObject({ code: "disconnected" });
    void client.disconnect();
    const second = client.connect();
    await given;
    socket.accept();
    await second;
    expect(client.status).toBe("connected");
  });

  it("after another one was aborted is not undone by it", async () => {
    const { client, socket } = create();
    const stop = new AbortController();
    const given = expect(client.connect({ signal: stop.signal })).rejects.toThrow("unmounted");
    stop.abort(new Error("unmounted"));
    const second = client.connect();
    await given;
    socket.accept();
    await second;
    expect(client.status).toBe("connected");
  });

  it("does not wait for ever for a token, nor for an answer", async () => {
    const { client, socket } = create({ authProvider: () => new Promise(() => undefined) });
    const failed = vi.fn();
    client.on("error", failed);
    void client.connect().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(failed).toHaveBeenCalledWith(expect.any(ConnectError));
    const silent = create();
    void silent.client.connect().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(20_500);
    expect(silent.socket.attempts).toBe(2);
    await Promise.all([client.disconnect(), silent.client.disconnect()]);
    expect([socket.attempts, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("can be aborted while a module does not come to an end", async () => {
    const { client, socket } = create();
    client.use({ name: "stuck", onConnected: () => new Promise<void>(() => undefined) });
    const stop = new AbortController();
    const given = expect(client.connect({ signal: stop.signal })).rejects.toThrow("enough");
    await settled();
    socket.accept();
    await settled();
    stop.abort(new Error("enough"));
    await given;
    expect(client.status).toBe("idle");
  });

  it("ended by a handler of its own status tells nobody that it is there", async () => {
    const { client, socket } = create();
    const up = vi.fn();
    client.use({ name: "told", onConnected: up });
    client.on("status", (status) => void (status === "connected" && client.disconnect()));
    const given = expect(client.connect()).rejects.toMatchObject({ code: "disconnected" });
    await settled();
    socket.accept();
    await given;
    await settled();
    expect(up).not.toHaveBeenCalled();
  });

  it("is not made anew when heartbeats fail if reconnection is off", async () => {
    const { client, socket } = await seated({ reconnection: false, presence: { maxMissedHeartbeats: 0 } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([client.status, socket.attempts]).toEqual(["idle", 1]);
  });
});

describe("a channel", () => {
  it("that joins again with what is refused stays in its room", async () => {
    const { socket, channel, fired } = await seated();
    fired.length = 0;
    const again = channel.join({ roomId: "r", userId: "ada", state: { big: true } });
    socket.next("presence:join").answer(refusal("too_large"));
    expect(await again).toMatchObject({ code: "too_large" });
    expect([channel.joined, channel.roomId, names(fired)]).toEqual([true, "r", ["joinAck"]]);
  });

  it("that joins again while the connection is lost sets its state on the next one", async () => {
    const { socket, channel } = await seated();
    const again = channel.join({ roomId: "r", userId: "ada", state: { n: 7 } });
    socket.next("presence:join");
    socket.lose("transport close");
    await reconnect(socket);
    const { payload, answer } = socket.next("presence:join");
    expect(payload).toMatchObject({ state: { n: 7 }, resume: { connId: "c1" } });
    answer(joined({ connId: "c1", epoch: 12 }, 101, [], { n: 7 }));
    expect((await again).ok).toBe(true);
  });

  it("that joins twice at once answers each call with its own answer, and is connected once", async () => {
    const { client, socket } = await connected();
    const channel = client.createPresenceChannel();
    const fired = listen(channel);
    const both = [channel.join({ roomId: "r", userId: "ada", state: { n: 1 } }), channel.join({ roomId: "r", userId: "ada", state: { big: true } })];
    socket.next("presence:join").answer(joined({ connId: "c1", epoch: 1 }, 1, [], { n: 1 }));
    socket.next("presence:join").answer(refusal("too_large"));
    expect(await Promise.all(both)).toMatchObject([{ ok: true }, { ok: false, code: "too_large" }]);
    expect(names(fired).filter((name) => name === "connected")).toHaveLength(1);
    expect(channel.joined).toBe(true);
  });

  it.each(["joinAck", "snapshot", "members"] as const)("that is left by a handler of %s stays out", async (event) => {
    const { client, socket } = await connected();
    const channel = client.createPresenceChannel();
    const fired = listen(channel);
    channel.on(event, () => void channel.leave());
    void channel.join({ roomId: "r", userId: "ada" });
    socket.next("presence:join").answer(joined({ connId: "c1", epoch: 1 }, 1));
    await settled();
    expect([channel.joined, channel.roomId, channel.members.size]).toEqual([false, undefined, 0]);
    expect(names(fired)).not.toContain("connected");
  });

  it("that is left while it joins again is not brought back by the answer", async () => {
    const { socket, channel } = await seated();
    socket.lose("transport close");
    await reconnect(socket);
    const { answer } = socket.next("presence:join");
    const leaving = channel.leave();
    answer(joined({ connId: "c1", epoch: 12 }, 101));
    socket.next("presence:leave").answer({ ok: true });
    await leaving;
    expect([channel.joined, channel.self]).toEqual([false, undefined]);
  });

  it("leaves no timer and no listener behind, whatever was refused for now", async () => {
    const { client, socket, channel } = await seated();
    void channel.updateState({ n: 1 });
    await settled();
    socket.next("presence:heartbeat").answer(refusal("rate_limited", { retryable: true, retryAfterMs: 2 ** 40 }));
    const ending = client.shutdown();
    socket.next("presence:leave").answer({ ok: true });
    await ending;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("heeds how long the server wants it to wait, up to a minute", async () => {
    const { client, socket } = await connected();
    void client.joinRoom({ roomId: "r", userId: "ada" }, { signal: new AbortController().signal });
    socket.next("presence:join").answer(refusal("rate_limited", { retryable: true, retryAfterMs: 2 ** 40 }));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(socket.count("presence:join")).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.count("presence:join")).toBe(1);
  });
});

it.each([
  ["700", 1_000],
  [null, 1_000],
  [NaN, 1_000],
  [-1, 50],
])("a refusal for now that asks for a pause of %j is neither repeated without pause nor for ever held back", async (retryAfterMs, ms) => {
  const { client, socket } = await connected();
  void client.joinRoom({ roomId: "r", userId: "ada" }, { signal: new AbortController().signal });
  socket.next("presence:join").answer(refusal("rate_limited", { retryable: true, retryAfterMs }));
  await vi.advanceTimersByTimeAsync(ms - 1);
  expect(socket.count("presence:join")).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.count("presence:join")).toBe(1);
});

describe("a server that talks nonsense", () => {
  const NONSENSE = [undefined, null, 5, "x", [], {}, { ok: true }, { ok: true, snapshot: [null], self: {} }, JSON.parse('{"__proto__":{"ok":true}}') as unknown];

  it.each(NONSENSE)("does not break a join: %j", async (reply) => {
    const { client, socket } = await connected();
    const joining = client.joinRoom({ roomId: "r", userId: "ada" });
    socket.next("presence:join").answer(reply);
    await vi.advanceTimersByTimeAsync(1_000);
    if (socket.count("presence:join")) socket.next("presence:join").answer(joined({ connId: "c1", epoch: 1 }, 1));
    await joining;
    expect(({} as { ok?: boolean }).ok).toBeUndefined();
  });

  it.each(NONSENSE)("does not break a channel: %j", async (told) => {
    const { client, socket, channel } = await seated();
    for (const event of ["presence:event", "presence:lost", "server:draining", "chat:message", "__proto__", "constructor"]) socket.hear(event, told);
    for (const event of ["presence:event", "presence:lost"]) socket.hear(event, { ...Object(told), roomId: "r" });
    void channel.sendHeartbeat();
    socket.next("presence:heartbeat").answer(told);
    await settled();
    await client.disconnect();
    expect(client.status).toBe("idle");
  });

  it.each(["null", "5", "[]", '{"code":5,"message":{}}', '"x"'])("does not break connecting: %s", async (words) => {
    const { client, socket } = create();
    void client.connect().catch(() => undefined);
    await settled();
    socket.refuse(words);
    expect(client.status).toBe("waiting");
    await client.disconnect();
  });
});

it("handlers that a module chains are taken off with the others", async () => {
  const { client, socket } = create();
  client.use({ name: "chains", onConnected: ({ socket: scoped }) => void scoped.on("a", () => undefined).on("b", () => undefined) });
  const connecting = client.connect();
  await settled();
  socket.accept();
  await connecting;
  socket.lose("transport close");
  await reconnect(socket);
  expect([socket.listeners("a"), socket.listeners("b")]).toEqual([1, 1]);
});
