// A Redis Cluster of three masters, each with a replica.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { eventually } from "../../protocol/support/wait.js";
import { follows, RedisServer, START_MS } from "./redis.js";

const run = promisify(execFile);
const MASTERS = 3;
/** How long a master is silent before its replica takes over. */
const NODE_TIMEOUT_MS = 2_000;

export class RedisCluster {
  static async start() {
    const cluster = new RedisCluster();
    const options = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT_MS, "--cluster-config-file", "nodes.conf"];
    cluster.servers = [];
    for (let nth = 0; nth < 2 * MASTERS; nth += 1) cluster.servers.push(await RedisServer.start(options, { cli: ["-c"] }));
    const addresses = cluster.servers.map((server) => `127.0.0.1:${server.port}`);
    await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "1", "--cluster-yes"], { timeout: 2 * START_MS });
    await cluster.whole();
    for (const server of cluster.servers) {
      if ((await server.info("replication", "role")) === "slave") await follows(server);
    }
    return cluster;
  }

  get url() {
    const [first, ...others] = this.servers.map((server) => `127.0.0.1:${server.port}`);
    return `redis-cluster://${first}?${others.map((node) => `node=${node}`).join("&")}`;
  }

  /** The servers that answer. */
  get alive() {
    return this.servers.filter((server) => server.child.signalCode === null && !server.frozen);
  }

  /** The masters, each with `slots`: the first and the last one of each range. */
  async masters() {
    const lines = (await this.alive[0].cli("CLUSTER", "NODES")).split("\n").filter((line) => /\bmaster\b/.test(line) && !/fail/.test(line));
    return lines.map((line) => {
      const [, address, ...rest] = line.split(" ");
      const port = Number(/:(\d+)/.exec(address)[1]);
      const server = this.servers.find((server) => server.port === port);
      const ranges = rest.slice(6).filter((range) => /^\d/.test(range));
      return { server, slots: ranges.map((range) => [range.split("-").at(0), range.split("-").at(-1)].map(Number)) };
    });
  }

  /** The master that keeps a key, and a replica of it. */
  async keeperOf(key) {
    const slot = Number(await this.alive[0].cli("CLUSTER", "KEYSLOT", key));
    const { server: master } = (await this.masters()).find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last));
    const replicas = [];
    for (const server of this.alive) {
      if (server !== master && Number(await server.info("replication", "master_port")) === master.port) replicas.push(server);
    }
    return { master, replica: replicas[0] };
  }

  /** Moves one slot with its keys, as an operator's resharding does: one key after the other; `midway` when the first is over. */
  async move(slot, from, to, midway = async () => {}) {
    const [fromId, toId] = [await from.cli("CLUSTER", "MYID"), await to.cli("CLUSTER", "MYID")];
    await to.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
    await from.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
    for (let moved = 0; ; moved += 1) {
      if (moved === 1) await midway();
      const keys = (await from.cli("CLUSTER", "GETKEYSINSLOT", slot, 1)).split("\n").filter(Boolean);
      if (!keys.length) break;
      for (const key of keys) await from.cli("MIGRATE", "127.0.0.1", to.port, key, 0, 5_000);
    }
    for (const server of [to, from]) await server.cli("CLUSTER", "SETSLOT", slot, "NODE", toId);
  }

  /** Waits until every server that lives says that all slots are served. */
  async whole() {
    await eventually("a whole cluster", async () => {
      for (const server of this.alive) {
        const about = await server.cli("CLUSTER", "INFO");
        if (!about.includes("cluster_state:ok") || !about.includes("cluster_slots_ok:16384")) throw new Error(about);
      }
    }, 60_000);
  }

  async stop() {
    for (const server of this.servers) await server.stop();
  }
}
