// From polling to WebSocket: whatever the order in which session, upgrade and namespace come about, the line is the new stream from then on.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientsOf } from "./support/client.js";
import { Polling } from "./support/http.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { serve } from "./support/server.js";
import { eventually, pause, QUIET_MS } from "./support/wait.js";

const TTL_MS = 2_000;
const CUT_MS = 10_000;
/** Long enough for a lease that nothing renews to run out. */
const BEYOND_LEASE_MS = 2 * TTL_MS;

const server = await serve({ PRESENCE_LEASE: "transport", PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: "500" });

/** Opens the second transport of a session and has it probed. */
async function probe(polling) {
  const raw = new RawSocket(server, { query: `&sid=${polling.sid}` });
  raw.ws.once("open", () => raw.send("2probe"));
  await raw.until("3probe");
  return raw;
}

/** Each returns a stream that has been upgraded and entered the namespace. */
const ORDERS = {
  "CONNECT, then the upgrade": async () => {
    const polling = await (await Polling.open(server)).enter();
    const raw = await probe(polling);
    raw.send("5");
    return raw;
  },
  "CONNECT while the upgrade is under way": async () => {
    const polling = await Polling.open(server);
    const raw = await probe(polling);
    // No poll waits for the answer, so it comes over the new stream.
    await polling.send("40");
    raw.send("5");
    await raw.until("40");
    return raw;
  },
  "the upgrade, then CONNECT": async () => {
    const polling = await Polling.open(server);
    const raw = await probe(polling);
    raw.send("5", "40");
    await raw.until("40");
    return raw;
  },
  "CONNECT, the upgrade, then out of the namespace and CONNECT again": async () => {
    const polling = await (await Polling.open(server)).enter();
    const raw = await probe(polling);
    raw.send("5", "41");
    // The transport ignores a CONNECT that comes before it has done with the end of the last one.
    await eventually("the welcome", () => {
      raw.send("40");
      return raw.until("40", QUIET_MS);
    });
    return raw;
  },
};

describe("upgrades", { concurrency: true }, () => {
  for (const [what, enter] of Object.entries(ORDERS)) {
    test(`what comes over the new stream counts as a sign of life (${what})`, async (t) => {
      const { connect } = clientsOf(t, server);
      const room = unique("room");
      const watcher = await connect();
      await watcher.join(room, "watcher");
      const raw = await enter();
      t.after(() => raw.cut());
      assert.equal((await raw.ask("presence:join", { roomId: room, userId: "upgraded" })).ok, true);
      await pause(BEYOND_LEASE_MS);
      assert.deepEqual(watcher.saw({ type: "leave" }), []);
      assert.equal((await watcher.sync(room)).snapshot.length, 2);
      raw.cut();
      await watcher.sees({ type: "leave", userId: "upgraded", reason: "disconnected" }, TTL_MS / 2);
    });

    test(`who stops reading the new stream is cut (${what})`, async (t) => {
      const { connect } = clientsOf(t, server);
      const room = unique("room");
      const writer = await connect();
      await writer.join(room, "writer", { state: { text: "x".repeat(60_000) } });
      const raw = await enter();
      t.after(() => raw.cut());
      await raw.ask("presence:join", { roomId: room, userId: "stalled" });
      raw.stopReading();
      const end = performance.now() + CUT_MS;
      const gone = () => writer.saw({ type: "leave", userId: "stalled" }).length > 0;
      for (let n = 0; !gone() && performance.now() < end; n += 1) await writer.patch(room, { n });
      assert.ok(gone(), "still shown after 10 s");
      raw.startReading();
      await raw.closes();
    });
  }
});
