// Nodes that share one Redis, and their clients. All of it ends with the test, in an order in which every end can be checked.
import assert from "node:assert/strict";
import { Client } from "../../protocol/support/client.js";
import { Server } from "../../protocol/support/server.js";
import { eventually, within } from "../../protocol/support/wait.js";
import { RedisServer } from "./redis.js";

const EXIT_MS = 20_000;

/** Both ways in which events travel: sharded channels, and the plain ones of Redis 6. */
export const PUBLISHINGS = ["sharded", "plain"];

/** A running cluster that ends with its test, which fails if a node or what a client was sent is not as it should be. */
export async function cluster(t, { nodes = 2, publishing = "auto", env = {}, binary } = {}) {
  const all = new Cluster(await RedisServer.start(), { REDIS_PUBLISHING: publishing, ...env }, binary);
  t.after(() => all.end());
  await Promise.all(Array.from({ length: nodes }, () => all.start()));
  return all;
}

class Cluster {
  nodes = [];
  #clients = [];
  #timers = [];

  constructor(redis, env, binary) {
    this.redis = redis;
    this.env = env;
    this.binary = binary;
  }

  /** Starts one more node, or one in another's place. */
  async start(at = this.nodes.length) {
    const slot = at;
    if (at === this.nodes.length) this.nodes.push(null);
    const node = await Server.start({ REDIS_URL: this.redis.url, ...this.env }, this.binary);
    this.nodes[slot] = node;
    return node;
  }

  async connect(node, options) {
    const client = new Client(node.url, options);
    this.#clients.push(client);
    return client.connected();
  }

  /** `count` clients, evenly over the nodes. */
  connectAll(count, options) {
    return Promise.all(Array.from({ length: count }, (_, nth) => this.connect(this.nodes[nth % this.nodes.length], options)));
  }

  /** Has a client heartbeat without ever waiting for an answer. */
  beat(client, everyMs) {
    const timer = setInterval(() => client.socket.emit("presence:heartbeat", null), everyMs);
    this.#timers.push(timer);
    return () => clearInterval(timer);
  }

  /** Ends a node without a word: `kill -9`. Returns when, by `performance.now()`. */
  async crash(node) {
    node.ended = true;
    node.signal("SIGKILL");
    const at = performance.now();
    await within(node.exited, EXIT_MS, "the end of a killed node");
    return at;
  }

  /** How many clients there were, and how many presence events they were sent. */
  delivered() {
    const events = this.#clients.reduce((sum, client) => sum + client.heard("presence:event").length, 0);
    return { clients: this.#clients.length, events };
  }

  async end() {
    try {
      for (const timer of this.#timers) clearInterval(timer);
      for (const client of this.#clients) client.close();
      for (const client of this.#clients) client.check();
      await Promise.all(this.nodes.map((node) => node && !node.ended && node.stop()));
      for (const node of this.nodes) node.mustNotHavePanicked();
    } finally {
      // What they were sent would stay until the last test of the file.
      for (const client of this.#clients) client.log.length = 0;
      this.#clients = [];
      for (const node of this.nodes) node?.kill();
      await this.redis.stop();
    }
  }
}

/** What a snapshot says of each member that is the same on every node, by connId. */
export function essence(snapshot) {
  return Object.fromEntries(snapshot.map(({ connId, userId, state, epoch }) => [connId, { userId, state, epoch }]));
}

/** Waits until the nodes of all clients show the room at the same version, asserts that they show the same, and returns it. */
export async function mustAgree(clients, roomId) {
  return eventually(`one version of ${roomId} on all nodes`, async () => {
    const [first, ...rest] = await Promise.all(clients.map((client) => client.sync(roomId)));
    for (const other of rest) assert.equal(other.version, first.version, `the nodes show ${roomId} at different versions`);
    for (const other of rest) assert.deepEqual(essence(other.snapshot), essence(first.snapshot), `the nodes show ${roomId} differently`);
    return essence(first.snapshot);
  });
}
