import { afterEach, describe, expect, it, vi } from "vitest";
import { fakeTime, seated } from "../support/setup.ts";
import { settled } from "../support/fake.ts";

fakeTime();

describe("a page", () => {
  afterEach(() => vi.unstubAllGlobals());

  const page = () => {
    const scope = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    vi.stubGlobal("addEventListener", scope.addEventListener.bind(scope));
    vi.stubGlobal("document", document);
    // As in a browser, what happens to the document passes the window first.
    const tell = (target: EventTarget, type: string, fields: object = {}) => {
      for (const on of new Set([scope, target])) on.dispatchEvent(Object.assign(new Event(type), fields));
    };
    return { scope, document, tell };
  };

  it("that enters the back/forward cache says farewell, and joins again when it comes back", async () => {
    const { scope, tell } = page();
    const { socket, client } = await seated();
    tell(scope, "pagehide", { persisted: true });
    expect([socket.farewells, client.status]).toEqual([1, "suspended"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.attempts).toBe(1);
    tell(scope, "pageshow", { persisted: true });
    await settled();
    socket.accept();
    expect(socket.next("presence:join").payload).toMatchObject({ resume: { connId: "c1" } });
  });

  it("that is closed sends nothing: the server's linger applies", async () => {
    const { scope, tell } = page();
    const { socket } = await seated();
    tell(scope, "pagehide", { persisted: false });
    expect(socket.farewells).toBe(0);
  });

  it.each(["visibilitychange", "resume", "online"])("that wakes (%s) does not wait to reconnect", async (type) => {
    const { scope, document, tell } = page();
    const { socket } = await seated();
    socket.lose("transport close");
    tell(type === "online" ? scope : document, type);
    await settled();
    expect(socket.attempts).toBe(2);
  });

  it("that wakes asks the server whether it is still there, and bears no silence", async () => {
    const { document, tell } = page();
    const { socket } = await seated();
    tell(document, "visibilitychange");
    socket.next("presence:heartbeat").answer({ ok: true, changed: false, epoch: 10 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(socket.attempts).toBe(1);
    tell(document, "visibilitychange");
    await vi.advanceTimersByTimeAsync(8_000);
    expect(socket.attempts).toBe(2);
  });

  it("is not listened to any more once disconnected", async () => {
    const { scope, tell } = page();
    const { client, socket } = await seated();
    await client.disconnect();
    tell(scope, "pageshow", { persisted: true });
    tell(scope, "online");
    await settled();
    expect(socket.attempts).toBe(1);
  });
});
