import { describe, expect, it, vi } from "vitest";
import { connected, errors, fakeTime, names, reconnect, seated } from "../support/setup.ts";
import { joined, refusal, settled } from "../support/fake.ts";

fakeTime();

const ok = { ok: true, changed: false, epoch: 10 };

describe("heartbeats", () => {
  it("are sent every third of the server's TTL, with the epoch", async () => {
    const { socket, fired } = await seated();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(socket.count("presence:heartbeat")).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    const { payload, answer } = socket.next("presence:heartbeat");
    expect(payload).toEqual({ roomId: "r", epoch: 10 });
    answer(ok);
    expect(fired.at(-1)).toEqual({ name: "heartbeatAck", payload: ok });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.count("presence:heartbeat")).toBe(1);
  });

  it.each([
    [undefined, 10_000],
    [null, 10_000],
    ["300", 10_000],
    [NaN, 10_000],
    [1e999, 10_000],
    [-1, 16],
    [0, 16],
    [1e15, 28_800_000],
  ])("neither stop nor come without pause when the server's TTL is %j", async (ttlMs, intervalMs) => {
    const { client, socket } = await connected();
    void client.joinRoom({ roomId: "r", userId: "ada" });
    socket.next("presence:join").answer({ ...(joined({ connId: "c1", epoch: 1 }, 1) as object), ttlMs });
    await vi.advanceTimersByTimeAsync(intervalMs - 1);
    expect(socket.count("presence:heartbeat")).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.count("presence:heartbeat")).toBe(1);
  });

  it("are driven by the server's pings where timers are throttled", async () => {
    const { socket } = await seated();
    vi.setSystemTime(Date.now());
    for (let minute = 0; minute < 4; minute += 1) {
      // Time passes, and no timer fires.
      vi.spyOn(performance, "now").mockReturnValue(1_000_000 + minute * 10_000);
      socket.ping();
      expect(socket.count("presence:heartbeat")).toBe(1);
      socket.next("presence:heartbeat").answer(ok);
      socket.ping();
      expect(socket.count("presence:heartbeat"), "a second ping at once").toBe(0);
    }
  });

  it("follow the option, and none are sent if it is not above zero", async () => {
    const { socket } = await seated({ presence: { heartbeatIntervalMs: 500 } });
    await vi.advanceTimersByTimeAsync(500);
    expect(socket.count("presence:heartbeat")).toBe(1);
    const none = await seated({ presence: { heartbeatIntervalMs: 0 } });
    await vi.advanceTimersByTimeAsync(60_000);
    none.socket.ping();
    expect(none.socket.count("presence:heartbeat")).toBe(0);
  });

  it("unanswered are errors, and one too many makes the connection anew", async () => {
    const { socket, fired } = await seated({ presence: { heartbeatAckTimeoutMs: 2_000, maxMissedHeartbeats: 1 } });
    await vi.advanceTimersByTimeAsync(12_000);
    expect(errors(fired).map(({ message }) => message)).toEqual(["Heartbeat acknowledgement timeout"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(errors(fired).map(({ message }) => message).slice(1)).toEqual(["Heartbeat acknowledgement timeout", "Too many missed heartbeats"]);
    expect(names(fired).at(-1)).toBe("disconnected");
    await vi.advanceTimersByTimeAsync(250);
    expect([socket.attempts, socket.farewells]).toEqual([2, 0]);
  });

  it("by hand resolve with the server's answer, or with the lack of one", async () => {
    const { socket, channel } = await seated();
    const first = channel.sendHeartbeat();
    socket.next("presence:heartbeat").answer(ok);
    expect(await first).toEqual(ok);
    const second = channel.sendHeartbeat();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(await second).toMatchObject({ ok: false, error: "Heartbeat acknowledgement timeout", code: "timeout" });
    socket.lose("transport close");
    expect(await channel.sendHeartbeat()).toMatchObject({ ok: false, code: "disconnected" });
  });

  it.each(["not_present", "unknown_epoch", "stale_epoch"])("answered %s lead to a join", async (code) => {
    const { socket, channel } = await seated();
    void channel.sendHeartbeat();
    socket.next("presence:heartbeat").answer(refusal(code, { changed: false }));
    const { payload, answer } = socket.next<{ resume: { epoch: number } }>("presence:join");
    expect(payload.resume.epoch).toBeGreaterThan(10);
    answer(joined({ connId: "c1", epoch: payload.resume.epoch }, 200, [], { n: 0 }));
    void channel.sendHeartbeat();
    expect(socket.next("presence:heartbeat").payload).toMatchObject({ epoch: payload.resume.epoch });
  });

  it("answered unavailable are not missed: they count at the server", async () => {
    const { socket, fired } = await seated({ presence: { maxMissedHeartbeats: 0 } });
    await vi.advanceTimersByTimeAsync(10_000);
    socket.next("presence:heartbeat").answer(refusal("unavailable", { retryable: true }));
    expect(errors(fired)).toEqual([]);
    expect(socket.attempts).toBe(1);
  });

  it("are not kept for a later connection by a socket whose pings have run out", async () => {
    const { socket, channel } = await seated();
    socket.sendBuffer.push("an application's own");
    socket.stale = true;
    void channel.sendHeartbeat();
    expect(socket.sendBuffer).toEqual(["an application's own"]);
  });

  it("stop with the connection", async () => {
    const { socket } = await seated();
    socket.lose("transport close");
    socket.ping();
    await vi.advanceTimersByTimeAsync(240);
    expect(socket.count("presence:heartbeat")).toBe(0);
  });
});

describe("updates of one's own state", () => {
  it("in one turn become one", async () => {
    const { socket, channel } = await seated();
    const all = [channel.updateState({ a: 1 }), channel.updateState({ b: 2 }), channel.updateState({ a: 3 })];
    await settled();
    const { payload, answer } = socket.next("presence:heartbeat");
    expect(payload).toEqual({ roomId: "r", epoch: 10, patchState: { a: 3, b: 2 } });
    answer({ ...ok, changed: true, version: 101 });
    expect(await Promise.all(all)).toEqual(Array(3).fill({ ...ok, changed: true, version: 101 }));
  });

  it("made while one is under way become one", async () => {
    const { socket, channel } = await seated();
    void channel.updateState({ a: 1 });
    await settled();
    const first = socket.next("presence:heartbeat");
    void channel.updateState({ a: 2 });
    void channel.updateState({ b: 2 });
    await settled();
    expect(socket.count("presence:heartbeat"), "one at a time").toBe(0);
    first.answer(ok);
    expect(socket.next("presence:heartbeat").payload).toMatchObject({ patchState: { a: 2, b: 2 } });
  });

  it("made offline or not answered are brought along by the join, newest on top", async () => {
    const { socket, channel } = await seated();
    const sent = channel.updateState({ a: 1, b: 1 });
    await settled();
    socket.next("presence:heartbeat");
    const made = channel.updateState({ b: 2 });
    socket.lose("transport close");
    const offline = channel.updateState({ c: 3 });
    await reconnect(socket);
    const { payload, answer } = socket.next("presence:join");
    expect(payload).toMatchObject({ state: { n: 0, a: 1, b: 2, c: 3 } });
    answer(joined({ connId: "c1", epoch: 12 }, 300));
    expect(await Promise.all([sent, made, offline])).toEqual(Array(3).fill({ ok: true, changed: true, epoch: 12, version: 300 }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.count("presence:heartbeat")).toBe(0);
  });

  it("refused are answered so, and do not keep a join from being done", async () => {
    const { socket, channel, fired } = await seated();
    socket.lose("transport close");
    const update = channel.updateState({ big: "…" });
    await reconnect(socket);
    const limit = { name: "MAX_STATE_BYTES", value: 1 };
    socket.next("presence:join").answer(refusal("too_large", { limit }));
    expect(await update).toMatchObject({ ok: false, code: "too_large", limit });
    expect(socket.next("presence:join").payload).toMatchObject({ state: { n: 0 } });
    expect(errors(fired)).toMatchObject([{ code: "too_large", reply: { limit } }]);
  });

  it("are repeated if the server cannot do them now", async () => {
    const { socket, channel } = await seated();
    const update = channel.updateState({ a: 1 });
    await settled();
    socket.next("presence:heartbeat").answer(refusal("rate_limited", { retryable: true, retryAfterMs: 400 }));
    void channel.updateState({ b: 1 });
    await vi.advanceTimersByTimeAsync(400);
    const { payload, answer } = socket.next("presence:heartbeat");
    expect(payload).toMatchObject({ patchState: { a: 1, b: 1 } });
    answer({ ...ok, changed: true });
    expect(await update).toMatchObject({ ok: true });
  });

  it("are answered when nobody will send them any more", async () => {
    const { client, socket, channel } = await seated();
    socket.lose("transport close");
    const update = channel.updateState({ a: 1 });
    await client.disconnect();
    expect(await update).toMatchObject({ ok: false, code: "disconnected" });
  });

  it("before a join are an error", async () => {
    const { client } = await seated();
    await expect(client.createPresenceChannel().updateState({})).rejects.toThrow("Not in the room");
  });
});
