// A group of Redis servers watched by Sentinels.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { eventually } from "../../protocol/support/wait.js";
import { follows, RedisServer, START_MS } from "./redis.js";
import { freePort } from "./ports.js";

const NAME = "main";
const SENTINELS = 3;
/** How long a primary is silent before its Sentinels hold a vote. */
const DOWN_AFTER_MS = 1_000;

class Sentinel extends RedisServer {
  static async watch(primaryPort) {
    for (;;) {
      const sentinel = new Sentinel(await freePort(), [], "redis-sentinel", []);
      sentinel.config = path.join(sentinel.folder, "sentinel.conf");
      writeFileSync(
        sentinel.config,
        [
          `port ${sentinel.port}`,
          "bind 127.0.0.1",
          `dir ${sentinel.folder}`,
          `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2`,
          `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
          `sentinel failover-timeout ${NAME} 5000`,
          "",
        ].join("\n"),
      );
      if (await sentinel.launch()) return sentinel;
      sentinel.forget();
    }
  }
}

export class SentinelGroup {
  static async start() {
    const group = new SentinelGroup();
    const primary = await RedisServer.start();
    const replica = await RedisServer.start(["--replicaof", "127.0.0.1", primary.port]);
    await follows(replica);
    group.servers = [primary, replica];
    group.sentinels = [];
    for (let nth = 0; nth < SENTINELS; nth += 1) group.sentinels.push(await Sentinel.watch(primary.port));
    await eventually("Sentinels that know each other and the replica", async () => {
      for (const sentinel of group.sentinels) {
        const about = await sentinel.cli("INFO", "sentinel");
        if (!about.includes(`slaves=1,sentinels=${SENTINELS}`)) throw new Error(about);
      }
    }, START_MS);
    return group;
  }

  get url() {
    const [first, ...others] = this.sentinels.map((sentinel) => `127.0.0.1:${sentinel.port}`);
    const nodes = others.map((node) => `&node=${node}`).join("");
    return `redis-sentinel://${first}?sentinelServiceName=${NAME}${nodes}`;
  }

  /** The server that the Sentinels name. */
  async primary() {
    const port = Number((await this.sentinels[0].cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)).split("\n")[1]);
    return this.servers.find((server) => server.port === port);
  }

  async failOver() {
    await this.sentinels[0].cli("SENTINEL", "FAILOVER", NAME);
  }

  /** Waits until another server than `old` takes writes, and `old`, if it lives, does not. */
  async failedOver(old) {
    return eventually("another primary", async () => {
      const now = await this.primary();
      if (now === old || (await now.info("replication", "role")) !== "master") throw new Error("not yet");
      if (old.child.signalCode === null && (await old.info("replication", "role")) === "master") throw new Error("two primaries");
      return now;
    }, 60_000);
  }

  async stop() {
    for (const server of [...this.sentinels, ...this.servers]) await server.stop();
  }
}
