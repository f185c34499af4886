// The messages of tests/wire, which the Rust crate reads and writes too: the SDK asks with what the server accepts, and takes what it says.
import { describe, expect, it } from "vitest";
import { orThrow } from "../../src/modules/request.ts";
import type {
  ErrorCode,
  ErrorReply,
  HeartbeatReply,
  JoinReply,
  Lost,
  PresenceEvent,
  SyncReply,
} from "../../src/protocol.ts";
import { applyEvent, applySnapshot, emptyRoster } from "../../src/roster.ts";
import { errors, fakeTime, logger, names, seated } from "../support/setup.ts";
import { FakeSocket, settled } from "../support/fake.ts";
import { fixtures, messages, shape, shapes, texts } from "../support/wire.ts";
import { RealtimeClient } from "../../src/index.ts";

fakeTime();

/** Each file is read by a test below; one that is added must be too. */
const READ = [
  "connect-error.json",
  "error.reply.json",
  "presence-event.json",
  "presence-heartbeat.reply.json",
  "presence-join.reply.json",
  "presence-leave.reply.json",
  "presence-lost.json",
  "presence-sync.reply.json",
  "server-draining.json",
];
/** Read by the tests of the modules: `wire-modules.test.ts`. */
const MODULES = /^(chat|auth)-/;
/** What the server reads and the SDK writes: see the requests below. `state.json` and `event-packet.json` are about raw text. */
const WRITTEN = ["event-packet.json", "state.json", "presence-heartbeat.request.json", "presence-join.request.json", "presence-leave.request.json", "presence-sync.request.json"];

it("every fixture is known", () => {
  const files = fixtures().filter((name) => !MODULES.test(name));
  expect(files.sort()).toEqual([...READ, ...WRITTEN].sort());
});

describe("what the server says", () => {
  it.each(messages<JoinReply>("presence-join.reply.json"))("join reply: %s", (_, reply) => {
    const { roster } = applySnapshot(emptyRoster, orThrow(reply));
    const shown = [...roster.members.values()].flatMap(({ connections }) => connections);
    expect(shown.map(({ connId }) => connId).sort()).toEqual(reply.snapshot.map(({ connId }) => connId).sort());
    expect(shown).toContainEqual(expect.objectContaining({ connId: reply.self.connId }));
  });

  it.each(messages<SyncReply>("presence-sync.reply.json"))("sync reply: %s", (_, reply) => {
    expect(applySnapshot(emptyRoster, orThrow(reply)).roster.version).toBe(reply.version);
  });

  it.each(messages<HeartbeatReply>("presence-heartbeat.reply.json"))("heartbeat reply: %s", async (_, reply) => {
    const { socket, channel } = await seated();
    const answer = channel.sendHeartbeat();
    socket.next("presence:heartbeat").answer(reply);
    expect(orThrow(await answer as HeartbeatReply)).toEqual(reply);
  });

  it.each(messages<{ ok: true }>("presence-leave.reply.json"))("leave reply: %s", async (_, reply) => {
    const { socket, channel } = await seated();
    const leaving = channel.leave();
    socket.next("presence:leave").answer(reply);
    await leaving;
  });

  it.each(messages<PresenceEvent>("presence-event.json"))("event: %s", (_, event) => {
    const before = applySnapshot(emptyRoster, { version: event.prev, snapshot: [{ ...event, state: {}, lastSeenMs: 0 }] }).roster;
    const { roster = before } = applyEvent(before, event) ?? {};
    expect(roster.version).toBe(event.version);
    expect(roster.members.get(event.userId)?.connections.find(({ connId }) => connId === event.connId)?.state ?? null).toEqual(event.state);
  });

  it.each(messages<Lost>("presence-lost.json"))("lost: %s", async (_, { reason }) => {
    const { socket, fired } = await seated();
    fired.length = 0;
    socket.hear("presence:lost", { roomId: "r", connId: "c1", reason });
    expect(names(fired).includes("error")).toBe(reason !== "expired");
    expect(socket.count("presence:join")).toBe(reason === "expired" ? 1 : 0);
  });

  it.each(messages<{ reconnectInMs: [number, number] }>("server-draining.json"))("draining: %s", async (_, draining) => {
    const { socket } = await seated();
    socket.hear("server:draining", draining);
    const { vi } = await import("vitest");
    await vi.advanceTimersByTimeAsync(draining.reconnectInMs[1]);
    expect(socket.attempts).toBe(2);
  });

  it.each(messages<ErrorReply>("error.reply.json"))("error: %s", async (_, reply) => {
    const { socket, channel, fired } = await seated();
    const answer = channel.sendHeartbeat();
    socket.next("presence:heartbeat").answer(reply);
    expect(await answer).toEqual(reply);
    const silent: ErrorCode[] = ["not_present", "stale_epoch", "unknown_epoch", "rate_limited", "unavailable", "draining"];
    expect(errors(fired).map(({ code }) => code)).toEqual(silent.includes(reply.code) ? [] : [reply.code]);
    expect(() => orThrow(reply)).toThrow(reply.error);
  });

  it.each(texts("connect-error.json"))("refused connection: %s", async (_, text) => {
    const client = new RealtimeClient({ baseUrl: "http://fake", logger });
    const codes: string[] = [];
    client.on("error", ({ code }) => codes.push(code));
    client.connect().catch(() => undefined);
    await settled();
    FakeSocket.latest.refuse(text);
    expect(codes).toEqual([(JSON.parse(text) as { code: string }).code]);
    await client.disconnect();
  });
});

describe("what the SDK asks is among what the server is tested with", () => {
  it("join, resume, heartbeat, leave and sync", async () => {
    const { socket, channel } = await seated();
    void channel.sendHeartbeat();
    expect(shapes("presence-heartbeat.request.json")).toContain(shape({ roomId: "", epoch: 0, patchState: {} }));
    expect(socket.next("presence:heartbeat").payload).toEqual({ roomId: "r", epoch: 10 });
    socket.hear("presence:lost", { roomId: "r", connId: "c1", reason: "expired" });
    expect(shapes("presence-join.request.json")).toContain(shape(socket.next("presence:join").payload));
    void channel.leave();
    expect(shapes("presence-leave.request.json")).toContain(shape(socket.next("presence:leave").payload));
    const other = await seated();
    other.socket.hear("presence:event", { roomId: "r", version: 999, prev: 998 });
    expect(shapes("presence-sync.request.json")).toContain(shape(other.socket.next("presence:sync").payload));
  });
});
