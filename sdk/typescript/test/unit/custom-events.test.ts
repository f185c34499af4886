import { describe, expect, it, vi } from "vitest";
import { connected, fakeTime, reconnect, seated } from "../support/setup.ts";
import { joined } from "../support/fake.ts";

fakeTime();

describe("custom events", () => {
  it("go out at once in a room, and come in once per handler", async () => {
    const { socket, channel } = await seated();
    const handler = vi.fn();
    const once = vi.fn();
    channel.on("wave", handler);
    channel.on("wave", handler);
    channel.once("wave", once);
    channel.emit("wave", { at: 1 });
    channel.emit("bare");
    expect(socket.next("wave").args).toEqual([{ at: 1 }]);
    expect(socket.next("bare").args).toEqual([]);
    const sender = { roomId: "r", userId: "bob", connId: "b1" };
    socket.hear("wave", { at: 2 }, sender);
    socket.hear("wave", { at: 3 }, { ...sender, roomId: "s" });
    socket.hear("wave", { at: 4 });
    expect(handler.mock.calls).toEqual([[{ at: 2 }, sender], [{ at: 4 }]]);
    expect(once.mock.calls).toEqual([[{ at: 2 }, sender]]);
    channel.off("wave", handler);
    socket.hear("wave", { at: 5 });
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it("of the server cannot pose as the channel's own", async () => {
    const { socket, fired } = await seated();
    fired.length = 0;
    for (const name of ["snapshot", "error", "members", "connected"]) socket.hear(name, {});
    expect(fired).toEqual([]);
  });

  it("are answered to a callback or a promise", async () => {
    const { socket, channel } = await seated();
    const ack = vi.fn();
    channel.emit("ask", { n: 1 }, ack);
    socket.next("ask").answer("one");
    channel.emit("ask", ack);
    socket.next("ask").answer("two");
    expect(ack.mock.calls).toEqual([["one"], ["two"]]);
    const answer = channel.emit<{ ok: boolean }>("ask", {}, { ack: true, timeoutMs: 100 });
    socket.next("ask").answer({ ok: false });
    expect(await answer).toEqual({ ok: false });
  });

  it("that are not answered reject", async () => {
    const { socket, channel } = await seated();
    const late = expect(channel.emit("ask", {}, { ack: true, timeoutMs: 100 })).rejects.toMatchObject({
      message: "Custom event 'ask' acknowledgement timeout",
      code: "timeout",
    });
    await vi.advanceTimersByTimeAsync(100);
    await late;
    const lost = expect(channel.emit("ask", {}, { ack: true })).rejects.toMatchObject({ code: "disconnected" });
    socket.lose("transport close");
    await lost;
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(channel.emit("ask", {}, { ack: true, signal: stop })).rejects.toThrow("enough");
  });

  it("wait for the room, in order, and no more than the queue holds", async () => {
    const { socket, channel, fired } = await seated({ presence: { offlineQueueMax: 2 } });
    socket.lose("transport close");
    channel.emit("a", 1);
    const answer = channel.emit("b", 2, { ack: true, timeoutMs: 100 });
    channel.emit("c", 3);
    await expect(channel.emit("d", 4, { ack: true })).rejects.toMatchObject({ code: "queue_full" });
    expect(fired.at(-1)).toMatchObject({ name: "error", payload: { code: "queue_full" } });
    await reconnect(socket);
    expect(socket.sent.map(({ event }) => event)).toEqual(["presence:join"]);
    await vi.advanceTimersByTimeAsync(1_000);
    socket.next("presence:join").answer(joined({ connId: "c1", epoch: 20 }, 1));
    expect(socket.sent.map(({ event }) => event)).toEqual(["a", "b"]);
    socket.next("b").answer("yes");
    expect(await answer).toBe("yes");
  });

  it("that wait are refused when the room is left or the connection given up", async () => {
    const { client, socket, channel } = await seated();
    socket.lose("transport close");
    const left = expect(channel.emit("a", 1, { ack: true })).rejects.toMatchObject({ code: "not_joined" });
    await channel.leave();
    await left;
    const ended = expect(channel.emit("b", 1, { ack: true })).rejects.toMatchObject({ code: "disconnected" });
    await client.disconnect();
    await ended;
  });

  it("need no room where none is joined", async () => {
    const { client, socket } = await connected();
    const channel = client.createPresenceChannel();
    channel.emit("hello", 1);
    expect(socket.next("hello").payload).toBe(1);
    socket.lose("transport close");
    channel.emit("hello", 2);
    await reconnect(socket);
    expect(socket.next("hello").payload).toBe(2);
  });
});
