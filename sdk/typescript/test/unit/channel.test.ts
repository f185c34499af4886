import { describe, expect, it, vi } from "vitest";
import { connected, errors, fakeTime, listen, logged, names, reconnect, seated } from "../support/setup.ts";
import { joined, refusal, settled } from "../support/fake.ts";

fakeTime();

const event = (fields: object) => ({
  type: "join",
  roomId: "r",
  userId: "bob",
  connId: "b1",
  state: { n: 1 },
  ts: 5,
  epoch: 1,
  version: 101,
  prev: 100,
  ...fields,
});

describe("joining", () => {
  it("fires joinAck, snapshot, members and connected, in this order, before it resolves", async () => {
    const { fired, response, channel } = await seated();
    expect(names(fired)).toEqual(["joinAck", "snapshot", "members", "connected"]);
    expect(fired[3].payload).toEqual({ connId: "c1", resumed: false });
    expect(response.ok).toBe(true);
    expect(channel.members.get("ada")?.connections[0].state).toEqual({ n: 0 });
    expect(channel.self).toEqual({ connId: "c1", epoch: 10 });
    expect(channel.version).toBe(100);
  });

  it("answers a refusal as the server gave it, and fires it as an error with its code", async () => {
    const { client, socket } = await connected();
    const channel = client.createPresenceChannel();
    const fired = listen(channel);
    const joining = channel.join({ roomId: "r", userId: "ada" });
    socket.next("presence:join").answer(refusal("forbidden"));
    expect(await joining).toMatchObject({ ok: false, error: "No.", code: "forbidden" });
    expect(errors(fired)).toMatchObject([{ code: "forbidden", retryable: false }]);
    expect(channel.roomId).toBeUndefined();
  });

  it("is repeated while the server asks for it", async () => {
    const { client, socket } = await connected();
    const joining = client.joinRoom({ roomId: "r", userId: "ada" });
    socket.next("presence:join").answer(refusal("rate_limited", { retryable: true, retryAfterMs: 700 }));
    await vi.advanceTimersByTimeAsync(699);
    expect(socket.count("presence:join")).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    socket.next("presence:join").answer(joined({ connId: "c1", epoch: 1 }, 1));
    expect((await joining).response.ok).toBe(true);
  });

  it("waits for a reconnect, and asks again without a presence to resume", async () => {
    const { client, socket } = await connected();
    const joining = client.joinRoom({ roomId: "r", userId: "ada", state: { a: 1 } });
    socket.next("presence:join");
    socket.lose("transport close");
    await reconnect(socket);
    const { payload, answer } = socket.next("presence:join");
    expect(payload).toEqual({ roomId: "r", userId: "ada", state: { a: 1 } });
    answer(joined({ connId: "c1", epoch: 1 }, 1));
    expect((await joining).response.ok).toBe(true);
  });

  it("ends by itself when the server stays away, and leaves nothing behind", async () => {
    const { client, socket } = await connected();
    const limit = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(limit.signal);
    socket.lose("transport close");
    const late = expect(client.joinRoom({ roomId: "r", userId: "ada" })).rejects.toThrow("too late");
    limit.abort(new Error("too late"));
    await late;
    expect(timeout).toHaveBeenCalledWith(15_000);
    await reconnect(socket);
    expect(socket.count("presence:join")).toBe(0);
  });

  it("rejects with the reason of its signal, and takes the join back", async () => {
    const { client, socket } = await connected();
    const stop = new AbortController();
    const joining = client.joinRoom({ roomId: "r", userId: "ada" }, { signal: stop.signal });
    const rejected = expect(joining).rejects.toThrow("enough");
    stop.abort(new Error("enough"));
    await settled();
    expect(socket.next("presence:leave").payload).toEqual({ roomId: "r" });
    await vi.advanceTimersByTimeAsync(1_000);
    await rejected;
  });

  it("is for one channel a room, and one room a channel", async () => {
    const { client, channel } = await seated();
    const other = client.createPresenceChannel();
    expect(await other.join({ roomId: "r", userId: "ada" })).toMatchObject({ ok: false, code: "room_in_use" });
    expect(await channel.join({ roomId: "s", userId: "ada" })).toMatchObject({ ok: false, code: "room_in_use" });
    void channel.leave();
    const again = other.join({ roomId: "r", userId: "ada" });
    await settled();
    expect(other.roomId).toBe("r");
    void other.leave();
    await again;
  });

  it("again in the same room replaces the state and keeps the connection", async () => {
    const { socket, channel } = await seated();
    const joining = channel.join({ roomId: "r", userId: "ada", state: { n: 5 } });
    socket.next("presence:join").answer(refusal("unavailable", { retryable: true }));
    await vi.advanceTimersByTimeAsync(1_000);
    const { payload, answer } = socket.next("presence:join");
    expect(payload).toEqual({ roomId: "r", userId: "ada", state: { n: 5 } });
    answer(joined({ connId: "c1", epoch: 11 }, 101, [], { n: 5 }));
    expect((await joining).ok).toBe(true);
    expect(channel.self?.epoch).toBe(11);
  });
});

describe("events", () => {
  it("are applied and fired once, copies are not", async () => {
    const { socket, channel, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:event", event({}));
    socket.hear("presence:event", event({}));
    expect(names(fired)).toEqual(["presenceEvent", "members"]);
    expect([...channel.members.keys()]).toEqual(["ada", "bob"]);
  });

  it("of another room are not for this channel", async () => {
    const { socket, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:event", event({ roomId: "s" }));
    socket.hear("presence:event", null);
    socket.hear("presence:event");
    expect(fired).toEqual([]);
  });

  it("that show a gap are fired, and repaired by one sync", async () => {
    const { socket, channel, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:event", event({ prev: 105, version: 106 }));
    socket.hear("presence:event", event({ prev: 106, version: 107, type: "update" }));
    expect(names(fired)).toEqual(["presenceEvent", "presenceEvent"]);
    expect(socket.count("presence:sync")).toBe(1);
    const members = (joined({ connId: "c1", epoch: 10 }, 107, [{ userId: "bob", connId: "b1", state: {}, epoch: 1, lastSeenMs: 0 }]) as { snapshot: object[] }).snapshot;
    socket.next("presence:sync").answer({ ok: true, version: 107, snapshot: members });
    expect(names(fired).slice(2)).toEqual(["snapshot", "members"]);
    expect(channel.version).toBe(107);
    socket.hear("presence:event", event({ prev: 107, version: 108, type: "leave", state: null }));
    expect([...channel.members.keys()]).toEqual(["ada"]);
  });

  it("are told by the members as they are then, whatever the handlers do", async () => {
    const { socket, channel } = await seated();
    const seen: boolean[] = [];
    channel.on("presenceEvent", ({ userId }) => seen.push(channel.members.has(userId)));
    channel.on("presenceEvent", () => {
      throw new Error("a handler's own fault");
    });
    channel.on("members", ({ members, joined: [bob] }) => seen.push(members.get("bob") === bob));
    socket.hear("presence:event", event({}));
    expect(seen).toEqual([true, true]);
    expect(logged.at(-1)).toMatchObject({ level: "error", message: "presenceEvent handler failed" });
  });

  it("come under another name if the server has one", async () => {
    const { socket, channel } = await seated({ presence: { presenceEventName: "who" } });
    socket.hear("presence:event", event({ connId: "b2", userId: "eve" }));
    socket.hear("who", event({}));
    expect([...channel.members.keys()]).toEqual(["ada", "bob"]);
  });
});

describe("a reconnect", () => {
  it("resumes with a higher epoch each time, and tells the difference at once", async () => {
    const { socket, channel, fired } = await seated();
    socket.hear("presence:event", event({}));
    fired.length = 0;
    socket.lose("transport close");
    expect(names(fired)).toEqual(["disconnected"]);
    expect([...channel.members.keys()]).toEqual(["ada", "bob"]);
    await reconnect(socket);
    const first = socket.next<{ resume: { epoch: number } }>("presence:join").payload;
    expect(first).toEqual({ roomId: "r", userId: "ada", state: { n: 0 }, resume: { connId: "c1", key: "key of c1", epoch: first.resume.epoch } });
    expect(first.resume.epoch).toBeGreaterThan(10);
    socket.lose("transport close");
    await reconnect(socket);
    const second = socket.next<{ resume: { epoch: number } }>("presence:join");
    expect(second.payload.resume.epoch).toBeGreaterThan(first.resume.epoch);
    fired.length = 0;
    second.answer(joined({ connId: "c1", epoch: second.payload.resume.epoch }, 50, [{ userId: "eve", connId: "e", state: {}, epoch: 1, lastSeenMs: 0 }], { n: 0 }));
    expect(names(fired)).toEqual(["joinAck", "snapshot", "members", "connected"]);
    const changes = fired[2].payload as Record<string, { userId: string }[]>;
    expect(changes.joined.map(({ userId }) => userId)).toEqual(["eve"]);
    expect(changes.left.map(({ userId }) => userId)).toEqual(["bob"]);
    expect(fired[3].payload).toEqual({ connId: "c1", resumed: true });
  });

  it("shows what is shown, not what was joined with", async () => {
    const { socket } = await seated();
    socket.hear("presence:event", event({ type: "update", userId: "ada", connId: "c1", epoch: 10, state: { n: 9 } }));
    socket.lose("transport close");
    await reconnect(socket);
    expect(socket.next("presence:join").payload).toMatchObject({ state: { n: 9 } });
  });

  it("asks again for what an earlier socket answered too late", async () => {
    const { socket, channel } = await seated();
    const { answer } = (void channel.sendHeartbeat(), socket.next("presence:heartbeat"));
    socket.lose("transport close");
    await reconnect(socket);
    answer(refusal("not_present"));
    expect(socket.count("presence:join")).toBe(1);
  });
});

describe("a lost presence", () => {
  it("that expired is resumed at once", async () => {
    const { socket, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:lost", { roomId: "r", connId: "another", reason: "expired" });
    expect(socket.count("presence:join")).toBe(0);
    socket.hear("presence:lost", { roomId: "r", connId: "c1", reason: "expired" });
    expect(socket.next("presence:join").payload).toMatchObject({ resume: { connId: "c1" } });
    expect(names(fired)).toEqual([]);
  });

  it.each(["replaced", "kicked"])("that was %s is not resumed", async (reason) => {
    const { socket, channel, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:lost", { roomId: "r", connId: "c1", reason });
    expect(names(fired)).toEqual(["members", "error", "disconnected"]);
    expect(fired[2].payload).toEqual({ reason });
    expect(errors(fired)).toMatchObject([{ code: reason }]);
    expect(channel.members.size).toBe(0);
    socket.lose("transport close");
    await reconnect(socket);
    expect(socket.count("presence:join")).toBe(0);
    await expect(channel.sendHeartbeat()).rejects.toThrow("Not in the room");
  });

  it("that may not be resumed any more is lost", async () => {
    const { socket, fired } = await seated();
    socket.lose("transport close");
    await reconnect(socket);
    socket.next("presence:join").answer(refusal("forbidden"));
    expect(names(fired).slice(-2)).toEqual(["error", "disconnected"]);
    expect(fired.at(-1)?.payload).toEqual({ reason: "forbidden" });
  });
});

describe("leaving", () => {
  it("empties the room, tells the server, and needs no answer", async () => {
    const { socket, channel, fired } = await seated();
    fired.length = 0;
    const leaving = channel.leave();
    expect(socket.next("presence:leave").payload).toEqual({ roomId: "r" });
    await vi.advanceTimersByTimeAsync(1_000);
    await leaving;
    expect(names(fired)).toEqual(["members"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.sent).toEqual([]);
  });

  it("by stop takes off only what the channel itself has put on the socket", async () => {
    const { client, socket, channel } = await seated();
    const other = vi.fn();
    client.getSocket()?.on("presence:event", other);
    const own = vi.fn();
    channel.on("presenceEvent", own);
    const stopping = channel.stop();
    socket.next("presence:leave").answer({ ok: true });
    await stopping;
    socket.hear("presence:event", event({}));
    expect(other).toHaveBeenCalledOnce();
    expect(own).not.toHaveBeenCalled();
  });
});
