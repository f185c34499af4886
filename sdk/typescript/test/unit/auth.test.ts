import { describe, expect, it, vi } from "vitest";
import { connected, fakeTime, reconnect } from "../support/setup.ts";
import { refusal, settled } from "../support/fake.ts";
import { jwt } from "../support/jwt.ts";
import type { Auth, AuthContext, RtmError } from "../../src/index.ts";
import { createAuthModule } from "../../src/modules/auth.ts";

fakeTime();

const MINUTE = 60_000;
const endsIn = (ms: number): string => jwt({ exp: (Date.now() + ms) / 1_000 });

/** A client whose provider gives tokens of a minute, unless `provide` gives something else. */
async function refreshing(provide: (context: AuthContext) => Auth | Promise<Auth> = () => endsIn(MINUTE)) {
  const reasons: string[] = [];
  const authProvider = (context: AuthContext) => {
    reasons.push(context.reason);
    return provide(context);
  };
  const { client, socket } = await connected({ authProvider }, [createAuthModule()]);
  const errors: RtmError[] = [];
  client.on("error", (error) => errors.push(error));
  return { client, socket, reasons, errors };
}

describe("a token", () => {
  it("is refreshed when half of its time has passed, and again, on one connection", async () => {
    const { socket, reasons } = await refreshing();
    for (let round = 0; round < 5; round += 1) {
      await vi.advanceTimersByTimeAsync(MINUTE / 2 - 1);
      expect(socket.count("auth:refresh")).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      const { payload, answer } = socket.next<{ token: string }>("auth:refresh");
      expect(payload).toEqual({ token: endsIn(MINUTE) });
      answer({ ok: true, expiresAt: Date.now() + MINUTE });
      await settled();
    }
    expect([reasons, socket.attempts]).toEqual([["connect", ...Array<string>(5).fill("refresh")], 1]);
  });

  it("in any form that a provider may give is looked into", async () => {
    const { socket } = await refreshing(() => ({ Authorization: `Bearer ${endsIn(MINUTE)}` }));
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    expect(socket.next("auth:refresh").payload).toEqual({ token: endsIn(MINUTE) });
  });

  it.each(["opaque", "a.b.c", "..", jwt({}), jwt({ exp: "soon" }), ""])("whose end is not known is not: %s", async (token) => {
    const { socket, errors } = await refreshing(() => token);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect([socket.count("auth:refresh"), errors]).toEqual([0, []]);
  });

  it("that ends after longer than a timer takes waits that long", async () => {
    const year = 365 * 24 * 60 * MINUTE;
    const { socket } = await refreshing(() => endsIn(year));
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(socket.count("auth:refresh")).toBe(0);
    await vi.advanceTimersByTimeAsync(year / 2);
    expect(socket.count("auth:refresh")).toBe(1);
  });

  it("is refreshed at the server's ping where timers are throttled", async () => {
    const { socket } = await refreshing();
    vi.setSystemTime(Date.now() + MINUTE / 2);
    socket.ping();
    await settled();
    expect(socket.count("auth:refresh")).toBe(1);
    socket.ping();
    await settled();
    expect(socket.count("auth:refresh"), "one at a time").toBe(1);
  });
});

describe("a refresh", () => {
  it("that is refused is reported, and not repeated; the next connection asks again", async () => {
    const { socket, reasons, errors } = await refreshing();
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    socket.next("auth:refresh").answer(refusal("unauthorized"));
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(errors).toMatchObject([{ name: "RtmError", code: "unauthorized", message: "No." }]);
    expect([reasons, socket.attempts]).toEqual([["connect", "refresh"], 1]);
    socket.lose("transport close");
    await reconnect(socket);
    expect(reasons).toEqual(["connect", "refresh", "reconnect"]);
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    expect(socket.count("auth:refresh")).toBe(1);
  });

  it("whose provider fails, or that is not answered, is repeated while there is time", async () => {
    let failures = 2;
    const { socket, errors } = await refreshing(({ reason }) => {
      if (reason === "refresh" && failures-- > 0) throw new Error("away");
      return endsIn(MINUTE);
    });
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    expect(errors).toMatchObject([{ code: "auth_failed", cause: new Error("away") }]);
    await vi.advanceTimersByTimeAsync(MINUTE / 4 + MINUTE / 8);
    expect(socket.count("auth:refresh")).toBe(1);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(errors.map(({ code }) => code)).toEqual(["auth_failed", "auth_failed", "timeout"]);
  });

  it("for which there is no token is a failure too", async () => {
    const { errors } = await refreshing(({ reason }) => (reason === "refresh" ? {} : endsIn(MINUTE)));
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    expect(errors).toMatchObject([{ code: "auth_failed" }]);
  });

  it("is void once its connection has ended, and quietly so", async () => {
    let give!: (token: string) => void;
    const { client, socket, errors } = await refreshing(({ reason }) => (reason === "refresh" ? new Promise((resolve) => (give = resolve)) : endsIn(MINUTE)));
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    socket.lose("transport close");
    await reconnect(socket);
    give("late");
    await settled();
    expect([socket.count("auth:refresh"), errors]).toEqual([0, []]);
    await vi.advanceTimersByTimeAsync(MINUTE / 2);
    give(endsIn(MINUTE));
    await settled();
    expect(socket.count("auth:refresh")).toBe(1);
    socket.lose("transport close");
    await settled();
    expect(errors).toEqual([]);
    await client.shutdown();
    expect([vi.getTimerCount(), socket.pingListeners()]).toEqual([0, 1]);
  });
});
