// What a node does with the Redis that it finds when it starts: begins to work, or says what is wrong and ends.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { Server } from "../protocol/support/server.js";
import { within } from "../protocol/support/wait.js";
import { Certificates } from "./support/certificates.js";
import { freePort } from "./support/ports.js";
import { RedisServer } from "./support/redis.js";
import { converge, Stage } from "./support/stage.js";

/** How long a node waits for a Redis that cannot be reached, and what a busy machine may add. */
const PATIENCE_MS = 10_000;
const SLACK_MS = 5_000;
const SECRET = "s3cr3t-of-the-test";

/** Starts a node that must give up: its exit, what it said, and after how many ms. */
async function refusal(url, { env = {}, ms = PATIENCE_MS + SLACK_MS } = {}) {
  const started = performance.now();
  const node = new Server({ REDIS_URL: url, ...env });
  try {
    const exit = await within(node.exited, ms, `the end of a node that cannot start\n${node.log()}`);
    return { exit, said: node.stdout + node.stderr, took: performance.now() - started };
  } finally {
    node.kill();
  }
}

/** At once: no trying again for what no time will heal. */
const AT_ONCE = { ms: SLACK_MS };

describe("a node that must not start", { concurrency: true }, () => {
  test("nobody answers at all: it tries for a while, then says so", async (t) => {
    const { exit, said, took } = await refusal(`redis://127.0.0.1:${await freePort()}`);
    assert.deepEqual(exit, { code: 1, signal: null }, said);
    assert.match(said, /Redis .*REDIS_URL/);
    assert.ok(took > PATIENCE_MS / 2, `gave up after ${took} ms`);
    t.diagnostic(`gave up after ${Math.round(took)} ms`);
  });

  const REFUSALS = {
    "a wrong password": { options: ["--requirepass", SECRET], url: (port) => `redis://:wr0ng-${SECRET}@127.0.0.1:${port}`, says: /WRONGPASS|password/ },
    "no password": { options: ["--requirepass", SECRET], url: (port) => `redis://127.0.0.1:${port}`, says: /NOAUTH|[Aa]uth/ },
    "a user that does not exist": { options: [], url: (port) => `redis://nobody:${SECRET}@127.0.0.1:${port}`, says: /WRONGPASS|password/ },
    "a policy that drops records": { options: ["--maxmemory-policy", "allkeys-lru"], url: (port) => `redis://127.0.0.1:${port}`, says: /maxmemory-policy is allkeys-lru.*noeviction/ },
    "a database that does not exist": { options: [], url: (port) => `redis://127.0.0.1:${port}/99`, says: /DB index/ },
  };
  for (const [what, { options, url, says }] of Object.entries(REFUSALS)) {
    test(`${what}: it says so at once, and no secret`, async (t) => {
      const redis = await RedisServer.start(options, { cli: options.includes("--requirepass") ? ["-a", SECRET, "--no-auth-warning"] : [] });
      t.after(() => redis.stop());
      const { exit, said } = await refusal(url(redis.port), AT_ONCE);
      assert.deepEqual(exit, { code: 1, signal: null }, said);
      assert.match(said, says);
      assert.ok(!said.includes(SECRET), said);
    });
  }

  test("keys of a version that lays them out differently: it says so at once", async (t) => {
    const redis = await RedisServer.start();
    t.after(() => redis.stop());
    await redis.cli("SET", "mine:layout", "7 of another kind");
    const { exit, said } = await refusal(redis.url, { env: { REDIS_PREFIX: "mine" }, ...AT_ONCE });
    assert.deepEqual(exit, { code: 1, signal: null }, said);
    assert.match(said, /laid out as .*7 of another kind.*REDIS_PREFIX/);
    assert.equal(await redis.cli("GET", "mine:layout"), "7 of another kind");
  });

  test("a certificate of nobody's: it says so", async (t) => {
    const { redis } = await overTls(t);
    const { exit, said } = await refusal(`rediss://127.0.0.1:${redis.tlsPort}`);
    assert.deepEqual(exit, { code: 1, signal: null }, said);
    assert.match(said, /certificate/i);
  });
});

describe("a node that starts", { concurrency: true }, () => {
  /** Two members of one room on two nodes see each other. */
  async function mustWork(t, redis, url, env = {}) {
    const stage = new Stage(t);
    stage.own(redis);
    const nodes = [await stage.node(url, env), await stage.node(url, env)];
    const room = unique("room");
    const members = [await stage.member(nodes[0], room, "ann"), await stage.member(nodes[1], room, "bob")];
    await members[0].patched({ there: true });
    await members[1].seesState("ann", { there: true });
    await converge(members, ["ann", "bob"]);
    return nodes;
  }

  test("waits for a Redis that comes a moment later", async (t) => {
    const redis = await RedisServer.start();
    t.after(() => redis.stop());
    await redis.kill();
    const node = new Server({ REDIS_URL: redis.url });
    t.after(() => node.kill());
    await node.says(/cannot be reached; trying again/);
    await redis.restart();
    await node.listening();
    await node.stop();
  });

  test("with a password, a user with few rights and a database of its own", async (t) => {
    const redis = await RedisServer.start();
    const rights = "resetchannels &few:* ~few:* -@all +@connection +@read +@write +@pubsub +@scripting +info +time";
    await redis.cli("ACL", "SETUSER", "rtm", "on", `>${SECRET}`, ...rights.split(" "));
    const nodes = await mustWork(t, redis, `redis://rtm:${SECRET}@127.0.0.1:${redis.port}/3`, { REDIS_PREFIX: "few" });
    assert.equal(await redis.cli("DBSIZE"), "0", "something was written to database 0");
    assert.match(await redis.info("keyspace", "db3"), /keys=/);
    for (const node of nodes) assert.ok(!(node.stdout + node.stderr).includes(SECRET), "the password is shown");
  });

  test("over TLS, with an authority of one's own", async (t) => {
    const { redis, certificates } = await overTls(t);
    await mustWork(t, redis, `rediss://127.0.0.1:${redis.tlsPort}`, { SSL_CERT_FILE: certificates.authority });
  });
});

async function overTls(t) {
  const certificates = new Certificates();
  const tlsPort = await freePort();
  const files = ["--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key, "--tls-ca-cert-file", certificates.authority];
  const redis = await RedisServer.start(["--tls-port", tlsPort, "--tls-auth-clients", "no", ...files]);
  redis.tlsPort = tlsPort;
  t.after(async () => {
    await redis.stop();
    certificates.stop();
  });
  return { redis, certificates };
}
