// Identity: who is let in, as whom, with which rights, and for how long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { unique } from "./support/random.js";
import { assertRefused } from "./support/refusal.js";
import { serve, Server } from "./support/server.js";
import { keyPairs, SECRET, secondsFromNow, token, unsigned } from "./support/tokens.js";

const server = await serve({ AUTH_JWT_SECRET: SECRET, AUTH_JWT_AUDIENCE: "rtm", AUTH_JWT_LEEWAY_MS: "0" });
const good = (claims = {}) => token({ sub: "ann", aud: "rtm", ...claims });
const as = (user, claims) => ({ auth: { token: good({ sub: user, ...claims }) } });

async function refusal(t, options, on = server) {
  const { create } = clientsOf(t, on);
  const client = create(options);
  const error = await client.until("a refusal", () => client.refusal);
  assert.equal(client.socket.connected, false);
  return JSON.parse(error.message);
}

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`a token names the user of a join (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const ann = await connect({ ...options, ...as("ann") });
    const room = unique("room");
    const joined = await ann.ask("presence:join", { roomId: room });
    assert.equal(joined.ok, true, JSON.stringify(joined));
    assert.equal(joined.snapshot[0].userId, "ann");
    await ann.join(room, "ann");
    assertRefused(await ann.ask("presence:join", { roomId: unique("room"), userId: "bob" }), "forbidden");
  });

  test(`whoever proves nothing is refused (${name})`, async (t) => {
    for (const auth of [undefined, {}, { token: "" }, { token: null }, { token: { a: 1 } }, { token: "x.y.z" }]) {
      assert.equal((await refusal(t, { ...options, auth })).code, "unauthorized", JSON.stringify(auth));
    }
  });
}

test("expired, early, foreign and forged tokens are refused", async (t) => {
  const forged = {
    expired: good({ exp: secondsFromNow(-1) }),
    early: good({ nbf: secondsFromNow(60) }),
    "other audience": good({ aud: "other" }),
    "no audience": token({ sub: "ann" }),
    "no subject": token({ aud: "rtm" }),
    "other key": token({ sub: "ann", aud: "rtm" }, { secret: "another secret that is long enough too" }),
    none: unsigned({ sub: "ann", aud: "rtm" }),
    None: unsigned({ sub: "ann", aud: "rtm" }, "None"),
    "HS512 by name": token({ sub: "ann", aud: "rtm" }, { header: { alg: "HS512" } }),
    long: good({ pad: "x".repeat(20_000) }),
  };
  for (const [name, token] of Object.entries(forged)) {
    const refused = await refusal(t, { auth: { token } });
    assert.equal(refused.code, "unauthorized", name);
    assert.ok(refused.message.length > 10, name);
  }
});

test("a token comes in a header or, of old, in the query too", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  for (const options of [
    { extraHeaders: { Authorization: `Bearer ${good()}` } },
    { query: { token: good() } },
    { query: { Authorization: `Bearer ${good()}` } },
  ]) {
    const client = await connect(options);
    assert.equal((await client.ask("presence:join", { roomId: room })).ok, true);
  }
  // The one in the packet counts, also where it is bad.
  const refused = await refusal(t, { auth: { token: "bad" }, query: { token: good() } });
  assert.equal(refused.code, "unauthorized");
  const warned = server.stderr.match(/sends its token in the URL/g) ?? [];
  assert.equal(warned.length, 1, "it is said once");
  assert.ok(!server.stderr.includes(good().split(".")[2]), "a token is in the log");
});

test("rights hold for each room and event", async (t) => {
  const { connect } = clientsOf(t, server);
  const [open, readonly] = [unique("open"), unique("read")];
  const rtm = { rooms: { [`${open}*`]: ["join", "publish"], [readonly]: ["join"] } };
  const ann = await connect(as("ann", { rtm }));
  assertRefused(await ann.ask("presence:join", { roomId: unique("closed") }), "forbidden");
  assertRefused(await ann.ask("presence:join", { roomId: readonly, state: { a: 1 } }), "forbidden");
  assert.equal((await ann.ask("presence:join", { roomId: readonly })).ok, true);
  assertRefused(await ann.ask("presence:heartbeat", { patchState: { a: 1 } }), "forbidden");
  assertRefused(await ann.ask("presence:heartbeat", { roomId: readonly, patchState: { a: 1 } }), "forbidden");
  assert.equal((await ann.ask("presence:heartbeat", { roomId: readonly })).ok, true);
  assert.equal((await ann.ask("presence:join", { roomId: `${open}-1`, state: { a: 1 } })).ok, true);
  await ann.patch(`${open}-1`, { a: 2 });
  // A pattern is no right to look into another room.
  assertRefused(await ann.ask("presence:sync", { roomId: `${open}-2` }), "not_present");
});

test("a connection ends with its token unless it brings a fresh one in time", async (t) => {
  const { connect } = clientsOf(t, server);
  const room = unique("room");
  const exp = secondsFromNow(3);
  const [ann, bob] = [await connect(as("ann", { exp })), await connect(as("bob", { exp }))];
  await ann.ask("presence:join", { roomId: room });
  await bob.ask("presence:join", { roomId: room });
  const later = secondsFromNow(600);
  const refreshed = await bob.ask("auth:refresh", { token: good({ sub: "bob", exp: later }) });
  assert.deepEqual(refreshed, { ok: true, expiresAt: later * 1000 });
  assertRefused(await bob.ask("auth:refresh", { token: good({ sub: "eve" }) }), "forbidden");
  assertRefused(await bob.ask("auth:refresh", { token: unsigned({ sub: "bob" }) }), "unauthorized");
  assertRefused(await bob.ask("auth:refresh", {}), "bad_request", { field: "token" });
  assertRefused(await bob.ask("auth:refresh", { token: 5 }), "bad_request", { field: "token" });

  const reason = await ann.disconnected();
  assert.equal(reason, "transport close");
  const late = Date.now() - exp * 1000;
  assert.ok(late >= 0 && late <= 1_000 + 500, `it ended ${late} ms after its token`);
  await bob.sees({ type: "leave", userId: "ann" });
  await bob.sync(room);
});

test("a fresh token with fewer rights ends what it does not cover", async (t) => {
  const { connect } = clientsOf(t, server);
  const [kept, lost] = [unique("kept"), unique("lost")];
  const ann = await connect(as("ann"));
  const bob = await connect(as("bob"));
  for (const client of [ann, bob]) {
    await client.ask("presence:join", { roomId: kept });
    await client.ask("presence:join", { roomId: lost });
  }
  const rtm = { rooms: { [kept]: ["join"] } };
  assert.equal((await ann.ask("auth:refresh", { token: good({ rtm }) })).ok, true);
  await ann.hears("presence:lost", { roomId: lost, reason: "kicked" });
  await bob.sees({ type: "leave", roomId: lost, userId: "ann", reason: "kicked" });
  assert.equal((await ann.ask("presence:heartbeat", { roomId: kept })).ok, true);
  assertRefused(await ann.ask("presence:join", { roomId: lost }), "forbidden");
});

test("public keys check tokens of their own kind, and are no secrets", async (t) => {
  const pairs = keyPairs();
  for (const { alg, file, pem, token: sign } of pairs) {
    const keyed = await Server.start({ AUTH_JWT_PUBLIC_KEY_FILE: file });
    t.after(() => keyed.stop());
    const { connect } = clientsOf(t, keyed);
    const client = await connect({ auth: { token: sign({ sub: "ann" }) } });
    assert.equal((await client.ask("presence:join", { roomId: "r" })).ok, true, alg);
    for (const other of pairs.filter((pair) => pair.alg !== alg)) {
      assert.equal((await refusal(t, { auth: { token: other.token({ sub: "ann" }) } }, keyed)).code, "unauthorized");
    }
    const confused = token({ sub: "ann" }, { secret: pem });
    assert.equal((await refusal(t, { auth: { token: confused } }, keyed)).code, "unauthorized");
  }
});

test("without a key it is not open to other machines unless that is meant", async (t) => {
  const closed = new Server({ HOST: "0.0.0.0" });
  await closed.exited;
  assert.equal(closed.exit.code, 1);
  assert.match(closed.stderr, /AUTH_MODE=none/);
  const noKey = new Server({ AUTH_MODE: "jwt" });
  await noKey.exited;
  assert.equal(noKey.exit.code, 1);
  assert.match(noKey.stderr, /AUTH_JWT_SECRET/);
  const short = new Server({ AUTH_JWT_SECRET: "short" });
  await short.exited;
  assert.equal(short.exit.code, 2);
  assert.ok(!short.stderr.includes("short\n") && /openssl/.test(short.stderr), short.stderr);
});
