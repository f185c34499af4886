// Whatever is sent, generated: its sender is answered or cut, and everyone else is served as if nothing had been.
// RTM_SEED repeats a run, RTM_RUNS makes a longer one.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event, frames, polled } from "./support/hostile.js";
import { Polling, request } from "./support/http.js";
import { seed } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { assertAnswer } from "./support/refusal.js";
import { besiege } from "./support/siege.js";

const RUNS = Number(process.env.RTM_RUNS ?? 40);
const ANSWER_MS = 5_000;
/** Ack ids above those that the generators use. */
const PROBE = 1_000;
const { server, mustServe } = await besiege();

/** Checks a property, and after each of its runs that the server still serves. */
function holds(arbitrary, property) {
  const run = async (value) => {
    await property(value);
    await mustServe("a generated attack");
  };
  // The first failure ends it: a server that is gone or grown fails every shrunken case as well.
  return fc.assert(fc.asyncProperty(arbitrary, run), { seed, numRuns: RUNS, endOnFailure: true });
}

/** The answers among frames, by ack id. Each one must be an answer that the contract knows. */
function answersIn(frames) {
  const acks = frames.map((text) => /^43(\d+)(\[.*)$/s.exec(text)).filter(Boolean);
  return new Map(
    acks.map(([, id, args]) => {
      const [answer, ...more] = JSON.parse(args);
      assertAnswer(answer);
      assert.deepEqual(more, []);
      return [Number(id), answer];
    }),
  );
}

test("every event that can be read is answered, or its sender is cut (websocket)", () =>
  holds(fc.array(event, { minLength: 1, maxLength: 30 }), async (events) => {
    const raw = await RawSocket.enter(server);
    raw.send(...events.map((event, n) => `42${PROBE + n}${event}`));
    for (const [n, event] of events.entries()) {
      // A refusal may overtake what waits for its turn.
      await raw.answer(PROBE + n, ANSWER_MS).catch((error) => assert.ok(raw.closed, `${event.slice(0, 200)}: ${error.message}`));
    }
    answersIn(raw.received);
    raw.cut();
  }));

test("every event that can be read is answered, or its sender is cut (polling)", () =>
  holds(fc.array(event, { minLength: 1, maxLength: 10 }), async (events) => {
    const polling = await (await Polling.open(server)).enter();
    const { status } = await polling.post(events.map((event, n) => `42${PROBE + n}${event}`).join("\x1e"));
    if (status !== 200) return assert.ok(status >= 400 && status < 500, `${status}`);
    for (const n of events.keys()) {
      const packet = await polling.until(`43${PROBE + n}[`).catch((error) => {
        // The session was cut, and says so.
        assert.match(error.message, /Session ID unknown|400/);
        return null;
      });
      if (packet === null) return;
      answersIn([packet]);
    }
  }));

for (const [who, enter] of [
  ["in the namespace", () => RawSocket.enter(server)],
  ["before it entered", () => RawSocket.open(server)],
]) {
  test(`any frames are answered or cut off (websocket, a client ${who})`, () =>
    holds(frames, async (frames) => {
      const raw = await enter();
      raw.send(...frames);
      await mustEnd(raw);
    }));
}

/** A client that sent anything is in one of two states: it can speak to the server, or its stream is closed. */
async function mustEnd(raw) {
  // The first frame completes what an announced attachment would wait for; the others lead back into the namespace.
  raw.send(Buffer.from([1]), "40", `42${PROBE}["presence:sync",{"roomId":"nowhere"}]`);
  await raw.answer(PROBE, ANSWER_MS).catch((error) => assert.ok(raw.closed, `neither answered nor cut: ${error.message}`));
  answersIn(raw.received);
  raw.cut();
}

test("any body is answered or ends its session (polling)", () =>
  holds(polled, async (body) => {
    const polling = await (await Polling.open(server)).enter();
    const { status } = await polling.post(body);
    assert.ok(status === 200 || (status >= 400 && status < 500), `${status}`);
    const again = await polling.post("3");
    assert.ok(again.status === 200 || (again.status >= 400 && again.status < 500), `${again.status}`);
  }));

const QUERY = {
  EIO: fc.oneof(fc.constantFrom("3", "4", "04"), fc.string()),
  transport: fc.oneof(fc.constantFrom("polling", "websocket", "webtransport", "polling=websocket"), fc.string()),
  sid: fc.string(),
  t: fc.string({ unit: "binary" }),
};
test("any query is answered", () =>
  holds(fc.tuple(fc.constantFrom("GET", "POST", "PUT"), fc.record(QUERY, { requiredKeys: [] })), async ([method, query]) => {
    const text = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%3D", "=")}`).join("&");
    const { status } = await request(server, `/socket.io/?${text}`, { method });
    assert.ok(status >= 200 && status < 500, `${status} for ${method} ${text}`);
  }));
