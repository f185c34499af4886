// @vitest-environment happy-dom
import { type ReactNode, StrictMode, act, createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connected, fakeTime, logger } from "../../support/setup.ts";
import { FakeSocket, joined, refusal, settled } from "../../support/fake.ts";
import { RealtimeClient } from "../../../src/index.ts";
import * as rtm from "../../../src/react/index.ts";

const { RealtimeProvider, RoomProvider } = rtm;

fakeTime();
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

type Client = Awaited<ReturnType<typeof connected>>["client"];

/** Renders into a page; the returned functions render something else, and unmount. */
async function render(node: ReactNode) {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  const to = (next: ReactNode) => act(async () => root.render(next));
  await to(node);
  const unmount = () => act(async () => root.unmount());
  onTestFinished(unmount);
  return { to, unmount };
}

const inRoom = (client: Client, child: ReactNode, props: object = {}): ReactNode =>
  h(RealtimeProvider, { client: client as never }, h(RoomProvider, { roomId: "r", userId: "ada", state: { n: 0 }, ...props }, child));

/** Answers the join of `r`, with these others in it. */
async function answer(socket: FakeSocket, others: object[] = [], connId = "c1") {
  await act(async () => {
    socket.next("presence:join").answer(joined({ connId, epoch: 10 }, 100, others as never, { n: 0 }));
    await settled();
  });
}

const other = (userId: string, n: number) => ({ connId: userId, userId, state: { n }, lastSeenMs: 1, epoch: 1 });

let version = 100;
afterEach(() => void (version = 100));
const tell = (socket: FakeSocket, fields: object) =>
  act(async () => {
    const prev = version;
    version += 1;
    socket.hear("presence:event", { type: "update", roomId: "r", state: { n: 1 }, ts: 5, epoch: 1, version, prev, ...fields });
    await settled();
  });

/** A component that keeps what a hook gave it, each time it rendered. */
function probe<T>(hook: () => T) {
  const seen: T[] = [];
  const Probe = () => {
    seen.push(hook());
    return null;
  };
  return { seen, node: h(Probe), last: () => seen.at(-1) as T };
}

describe("useMembers", () => {
  it("shows everyone, and each change", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => rtm.useMembers());
    await render(inRoom(client, node));
    expect(last().size).toBe(0);
    await answer(socket, [other("bob", 1)]);
    expect([...last().keys()].sort()).toEqual(["ada", "bob"]);
    await tell(socket, { type: "leave", userId: "bob", connId: "bob", state: null, reason: "left" });
    expect([...last().keys()]).toEqual(["ada"]);
  });

  it("renders a component only for what its selector sees, with a selector that is new each time, too", async () => {
    const { client, socket } = await connected();
    const names = probe(() => rtm.useMembers((members) => [...members.keys()].sort()));
    const all = probe(() => rtm.useMembers());
    await render(inRoom(client, h("div", null, names.node, all.node)));
    await answer(socket, [other("bob", 1)]);
    const [rendered, renderedAll] = [names.seen.length, all.seen.length];
    for (let n = 2; n < 7; n += 1) await tell(socket, { userId: "bob", connId: "bob", state: { n } });
    expect(all.seen.length).toBe(renderedAll + 5);
    expect(names.seen.length, "a change of state is not seen").toBe(rendered);
    await tell(socket, { type: "join", userId: "cleo", connId: "x1" });
    expect(names.last()).toEqual(["ada", "bob", "cleo"]);
    expect(names.seen.length).toBe(rendered + 1);
  });

  it("is heard of as `schedule` says: many changes are one", async () => {
    const { client, socket } = await connected();
    const flushes: (() => void)[] = [];
    const all = probe(() => rtm.useMembers());
    await render(inRoom(client, all.node, { schedule: (flush: () => void) => void flushes.push(flush) }));
    await answer(socket, [other("bob", 1)]);
    for (let n = 2; n < 7; n += 1) await tell(socket, { userId: "bob", connId: "bob", state: { n } });
    expect(all.seen.at(-1)?.size).toBe(0);
    expect(flushes).toHaveLength(1);
    const before = all.seen.length;
    await act(async () => flushes[0]());
    expect(all.last().get("bob")?.connections[0].state).toEqual({ n: 6 });
    expect(all.seen.length).toBe(before + 1);
  });
});

describe("useMyState", () => {
  it("shows a change at once, and sends it; one made before the join is answered goes after it", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => rtm.useMyState());
    await render(inRoom(client, node));
    await act(async () => last()[1]({ early: true }));
    expect(last()[0]).toEqual({ n: 0, early: true });
    await answer(socket);
    expect(socket.next("presence:heartbeat").payload).toMatchObject({ patchState: { early: true } });
    await act(async () => last()[1]({ n: 2 }));
    expect(last()[0]).toEqual({ n: 2, early: true });
  });

  it("goes back to what the others see when the server refuses, and says why", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => [...rtm.useMyState(), rtm.useRoom().error] as const);
    await render(inRoom(client, node));
    await answer(socket);
    await act(async () => last()[1]({ n: 2 }));
    await act(async () => {
      socket.next("presence:heartbeat").answer(refusal("too_large"));
      await settled();
    });
    expect(last()[0]).toEqual({ n: 0 });
    expect(last()[2]).toMatchObject({ code: "too_large" });
  });
});

describe("a room", () => {
  it("is joined once in StrictMode, stays joined, and is left once", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => ({ self: rtm.useSelf(), ...rtm.useRoom() }));
    const { unmount } = await render(h(StrictMode, null, inRoom(client, node)));
    await answer(socket);
    await act(async () => vi.advanceTimersByTimeAsync(100));
    expect(last()).toMatchObject({ joined: true, self: { userId: "ada", connId: "c1", epoch: 10 } });
    expect(socket.sent.filter(({ event }) => /join|leave/.test(event))).toEqual([]);
    await unmount();
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.sent.map(({ event }) => event)).toContain("presence:leave");
    expect(client.status, "the application's own connection is not ended").toBe("connected");
  });

  it("is left for another when `roomId` changes, and the same one is taken over from another user", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => rtm.useRoom());
    const { to } = await render(inRoom(client, node));
    await answer(socket);
    await to(inRoom(client, node, { userId: "bob" }));
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.next("presence:leave").payload).toEqual({ roomId: "r" });
    expect(socket.next("presence:join").payload).toMatchObject({ roomId: "r", userId: "bob" });
    await to(inRoom(client, node, { roomId: "other", userId: "bob" }));
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.next("presence:join").payload).toMatchObject({ roomId: "other" });
    expect(last().roomId).toBe("other");
  });

  it("that is closed to this client says so", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => rtm.useRoom());
    await render(inRoom(client, node));
    await act(async () => {
      socket.next("presence:join").answer(refusal("forbidden"));
      await settled();
    });
    expect(last()).toMatchObject({ joined: false, error: { code: "forbidden" } });
  });

  it("tells events to the latest handler, and takes it off with the component", async () => {
    const { client, socket } = await connected();
    const heard: unknown[] = [];
    const Listener = ({ tag }: { tag: string }) => {
      rtm.useEvent("wave", (payload, sender) => heard.push([tag, payload, sender?.userId]));
      return null;
    };
    const { to } = await render(inRoom(client, h(Listener, { tag: "one" })));
    await answer(socket);
    await to(inRoom(client, h(Listener, { tag: "two" })));
    const wave = () => socket.hear("wave", { at: 1 }, { roomId: "r", userId: "bob", connId: "bob" });
    wave();
    socket.hear("wave", { at: 2 }, { roomId: "elsewhere", userId: "bob", connId: "bob" });
    expect(heard).toEqual([["two", { at: 1 }, "bob"]]);
    await to(inRoom(client, null));
    wave();
    expect(heard).toHaveLength(1);
  });

  it("broadcasts while it is joined, with the room, and else drops", async () => {
    const { client, socket } = await connected();
    const { node, last } = probe(() => rtm.useBroadcast());
    await render(inRoom(client, node));
    last()("wave", { at: 0 });
    await answer(socket);
    last()("wave", { at: 1 });
    expect(socket.sent.filter(({ event }) => event === "wave").map(({ args, payload }) => payload ?? args)).toEqual([{ at: 1, roomId: "r" }]);
  });
});

describe("a provider", () => {
  it("connects a client that is not, StrictMode or not, and disconnects it after the last", async () => {
    const client = new RealtimeClient({ baseUrl: "http://fake", logger });
    const socket = FakeSocket.latest;
    const { node, last } = probe(() => rtm.useStatus());
    const { unmount } = await render(h(StrictMode, null, inRoom(client as never, node)));
    await act(async () => {
      await settled();
      socket.accept();
      await settled();
    });
    expect(last()).toBe("connected");
    expect(socket.attempts).toBe(1);
    await answer(socket);
    await unmount();
    await vi.advanceTimersByTimeAsync(1);
    expect(client.status).toBe("idle");
  });

  it("is asked for by name where it is missing", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { node } = probe(() => rtm.useMembers());
    await expect(render(node)).rejects.toThrow("<RoomProvider>");
    error.mockRestore();
  });
});
