// A redis-server of a test's own, on a free port, ended with it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually, within } from "../../protocol/support/wait.js";
import { Resp } from "./resp.js";

const START_MS = 20_000;
const PORTS_TRIED_MAX = 20;

export class RedisServer {
  #folder = mkdtempSync(path.join(tmpdir(), "rtm-redis-"));

  /** A server that keeps nothing on disk. */
  static async start(options = []) {
    for (let tried = 0; tried < PORTS_TRIED_MAX; tried += 1) {
      const server = new RedisServer(await freePort(), options);
      try {
        await server.#answering();
        return server;
      } catch (error) {
        await server.stop();
        // Somebody else was given the port meanwhile.
        if (!server.collided) throw error;
      }
    }
    throw new Error(`no free port for redis-server in ${PORTS_TRIED_MAX} attempts`);
  }

  constructor(port, options) {
    this.port = port;
    const args = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.#folder, ...options];
    this.child = spawn("redis-server", args.map(String), { stdio: "ignore" });
    this.exited = new Promise((resolve) => {
      for (const end of ["exit", "error"]) this.child.once(end, (why) => resolve((this.exit ??= { why })));
    });
    process.on("exit", this.#end);
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  connect() {
    return Resp.connect(this.port);
  }

  /** Runs `look` over a connection of its own. */
  async with(look) {
    const resp = await this.connect();
    try {
      return await look(resp);
    } finally {
      resp.close();
    }
  }

  /** All keys, sorted. */
  keys() {
    return this.with(async (resp) => (await resp.ask("KEYS", "*")).sort());
  }

  async stop() {
    this.#end();
    await within(this.exited, START_MS, "the end of redis-server");
    process.off("exit", this.#end);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #end = () => {
    if (!this.exit) this.child.kill("SIGKILL");
  };

  /** Whoever answers at the port must be the process that was started. */
  async #answering() {
    const answer = eventually("an answer of redis-server", async () => {
      if (this.exit) return null;
      return (await this.with((resp) => resp.info("server"))).process_id;
    }, START_MS);
    const pid = await answer;
    this.collided = pid === null || Number(pid) !== this.child.pid;
    if (this.collided) throw new Error(`port ${this.port} is taken`);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer().once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
