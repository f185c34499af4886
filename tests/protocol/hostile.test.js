// No packet kills or hangs anything: its sender is answered or cut, and everyone else is served as if nothing had been.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { Polling } from "./support/http.js";
import { BINARY, ENGINE, mutant, nested, SOCKET } from "./support/packets.js";
import { unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { assertTooLarge } from "./support/refusal.js";
import { besiege } from "./support/siege.js";

const PROBE_MS = 2_000;
const { server, mustServe } = await besiege();

function show(frames) {
  return frames.map((frame) => (typeof frame === "string" ? JSON.stringify(frame.slice(0, 60)) : `${frame.length} bytes`)).join(", ");
}

/** A sender lives on and is answered, or its stream is closed. Nothing between. */
async function mustBeAnsweredOrCut(raw, what) {
  raw.send('4277["presence:sync",{"roomId":"nowhere"}]');
  await raw.answer(77, PROBE_MS).catch(() => assert.ok(raw.closed, `neither answered nor cut after ${what}`));
  raw.cut();
}

const messages = SOCKET.map((text) => [`4${text}`]);

test("malformed packets over WebSocket, from a client in the namespace", async () => {
  for (const frames of [...ENGINE.map((frame) => [frame]), ...messages, ...BINARY]) {
    const raw = await RawSocket.enter(server);
    raw.send(...frames);
    await mustBeAnsweredOrCut(raw, show(frames));
    await mustServe(show(frames));
  }
});

test("malformed packets over WebSocket, before any CONNECT", async () => {
  for (const frames of [...ENGINE.map((frame) => [frame]), ...messages, ...BINARY]) {
    const raw = await RawSocket.open(server);
    raw.send(...frames, "40");
    await mustBeAnsweredOrCut(raw, show(frames));
  }
  await mustServe("packets before CONNECT");
});

test("malformed packets over polling", async () => {
  const bodies = [...ENGINE.filter((frame) => typeof frame === "string"), ...messages.flat(), "b".repeat(1_000), "4\x1e".repeat(2_000)];
  for (const body of [...bodies, Buffer.from([0xff, 0xfe, 0x34]), Buffer.from([0x34, 0xc3])]) {
    const polling = await (await Polling.open(server)).enter();
    const { status } = await polling.post(body);
    if (status === 200) {
      await polling.ask("presence:sync", { roomId: "nowhere" }).catch((error) => assert.match(error.message, /400|404|ECONN|socket hang up/i, show([body])));
    } else {
      assert.ok(status >= 400 && status < 500, `${status} for ${show([body])}`);
    }
    await mustServe(`a polled ${show([body])}`);
  }
});

test("good packets gone wrong", async () => {
  for (let round = 0; round < 40; round += 1) {
    const raw = await RawSocket.enter(server);
    const frames = Array.from({ length: 10 }, mutant);
    raw.send(...frames);
    await mustBeAnsweredOrCut(raw, show(frames));
  }
  await mustServe("mutants");
});

test("a client may come back into the namespace, or leave it and go on", async () => {
  const raw = await RawSocket.enter(server);
  raw.send("41", '421["presence:heartbeat",null]', "40", '422["presence:heartbeat",null]', "40", "41", "41");
  raw.send(...Array.from({ length: 100 }, () => ["40", "41"]).flat());
  await mustBeAnsweredOrCut(raw, "CONNECT and DISCONNECT in turn");
  await mustServe("CONNECT and DISCONNECT in turn");
});

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a last argument that is no function is no ack, and the event is performed (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const room = unique("room");
    const watcher = await connect();
    await watcher.join(room, "watcher");
    const strange = ["not a function", 5, true, null, { ack: true }, ["ack"], { _placeholder: true, num: 0 }];
    for (const [at, ack] of strange.entries()) {
      const client = await connect({ ...options, track: false });
      const userId = `user-${at}`;
      client.socket.emit("presence:join", { roomId: room, userId }, ack);
      await watcher.sees({ type: "join", userId });
      client.socket.emit("presence:heartbeat", { patchState: { at } }, ack);
      await watcher.sees({ type: "update", userId });
      client.socket.emit("presence:leave", null, ack);
      await watcher.sees({ type: "leave", userId });
      const answer = await client.ask("presence:join", { roomId: room, userId }, ack, "more");
      assert.equal(answer.ok, true);
    }
    await mustServe("acks that are none");
  });
}

test("5,000 levels of nesting are refused or cut", async () => {
  const deep = nested('{"n":', "}");
  const join = `425["presence:join",{"roomId":"room","userId":"eve","state":${deep}}]`;
  const raw = await RawSocket.enter(server);
  raw.send(join);
  const answer = await raw.answer(5, PROBE_MS).catch(() => assert.ok(raw.closed, "neither answered nor cut"));
  if (answer) assert.ok(["bad_request", "too_large"].includes(answer.code), JSON.stringify(answer));
  raw.cut();

  const polling = await (await Polling.open(server)).enter();
  const { status } = await polling.post(join);
  if (status === 200) assert.match(await polling.until("435["), /"code":"(bad_request|too_large)"/);
  else assert.ok([400, 413].includes(status), `${status}`);
  await mustServe("deep nesting");
});

test("2,000 levels of nesting, from the stock client", async (t) => {
  const { connect } = clientsOf(t, server);
  const state = JSON.parse(nested('{"n":', "}", 2_000));
  for (const [name, options] of Object.entries(TRANSPORTS)) {
    const ann = await connect(options);
    const asked = ann.ask("presence:join", { roomId: unique("room"), userId: "ann", state });
    const outcome = await Promise.race([asked, ann.disconnected()]);
    if (outcome.code) assert.ok(["bad_request", "too_large"].includes(outcome.code), JSON.stringify(outcome));
    else assert.deepEqual(ann.disconnects, [outcome]);
    await mustServe(`deep nesting over ${name}`);
  }
});

test("ids of 10 KB with any character", async (t) => {
  const { connect } = clientsOf(t, server);
  const ann = await connect();
  for (const character of ["x", "é", "👻", "*", "{}", '"', "\\", " ", "\u2028", "%00", "__proto__"]) {
    const id = character.repeat(10_240 / character.length);
    assertTooLarge(await ann.ask("presence:join", { roomId: id, userId: "ann" }), "MAX_ID_BYTES", 256);
    assertTooLarge(await ann.ask("presence:join", { roomId: "room", userId: id }), "MAX_ID_BYTES", 256);
    for (const event of ["presence:heartbeat", "presence:sync"]) {
      assert.equal((await ann.ask(event, { roomId: id })).ok, false);
    }
    await ann.ask("presence:leave", { roomId: id });
  }
  for (const control of ["\u0000", "\u0007", "\u001b", "\u0085"]) {
    const ack = await ann.ask("presence:join", { roomId: control.repeat(10_240), userId: "ann" });
    assert.ok(["bad_request", "too_large"].includes(ack.code), JSON.stringify(ack));
  }
  await mustServe("ids of 10 KB");
});
