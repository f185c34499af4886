// Real redis-server processes, each in a folder of its own.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { eventually } from "../../protocol/support/wait.js";
import { freePort } from "./ports.js";

const run = promisify(execFile);
// Each server and each node ends with this process.
process.setMaxListeners(0);
// A file that takes too long is told to end: with its servers.
process.once("SIGTERM", () => process.exit(1));
/** How long a server may take to start, and a command to be answered. */
export const START_MS = 20_000;
const CLI_MS = 5_000;

export class RedisServer {
  #options;
  #cli;

  /** A server that keeps nothing on disk unless `options` say so: `--name value` pairs, in one list. */
  static async start(options = [], { program = "redis-server", cli = [] } = {}) {
    for (;;) {
      const server = new RedisServer(await freePort(), options, program, cli);
      // Somebody else may have taken the port meanwhile.
      if (await server.launch()) return server;
      server.forget();
    }
  }

  constructor(port, options, program, cli) {
    this.port = port;
    this.program = program;
    this.folder = mkdtempSync(path.join(tmpdir(), "rtm-redis-"));
    this.#options = options.map((option) => String(option).replaceAll("{folder}", this.folder));
    this.#cli = cli;
    process.on("exit", this.#end);
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  get options() {
    return this.#options;
  }

  get pid() {
    return this.child.pid;
  }

  /** The answer of one command, as `redis-cli` prints it. */
  async cli(...command) {
    const where = ["-h", "127.0.0.1", "-p", this.port, ...this.#cli, "-e"];
    const { stdout } = await run("redis-cli", [...where, ...command].map(String), { timeout: CLI_MS });
    return stdout.trim();
  }

  /** One field of `INFO`. */
  async info(section, field) {
    return new RegExp(`^${field}:(.*)$`, "m").exec(await this.cli("INFO", section))?.[1].trim();
  }

  signal(name) {
    this.child.kill(name);
  }

  freeze() {
    this.frozen = true;
    this.signal("SIGSTOP");
  }

  thaw() {
    this.frozen = false;
    this.signal("SIGCONT");
  }

  /** Ends it as a power cut would: what it did not save is gone. */
  async kill() {
    this.signal("SIGKILL");
    await this.ended;
  }

  /** Starts it again at its port, with what is in its folder, and with other options if there are any. */
  async restart(options = this.#options) {
    this.#options = options;
    await eventually(`port ${this.port} free again`, async () => {
      if (!(await this.launch())) throw new Error(`somebody else listens at ${this.port}`);
    });
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    this.forget();
  }

  /** False if its port was taken. */
  async launch() {
    const basics = this.program === "redis-sentinel" ? [] : ["--port", this.port, "--bind", "127.0.0.1", "--dir", this.folder];
    const quiet = this.program === "redis-sentinel" ? [] : ["--save", "", "--appendonly", "no"];
    this.output = "";
    this.child = spawn(this.program, [...this.#first(), ...basics, ...quiet, ...this.#options].map(String), { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    let over = false;
    this.ended = new Promise((resolve) => {
      this.child.once("exit", () => {
        over = true;
        resolve();
      });
    });
    return eventually(
      `${this.program} at ${this.port}\n${this.output}`,
      async () => {
        if (over) return false;
        const pid = Number(await this.info("server", "process_id"));
        if (pid !== this.pid) throw new Error(`process ${pid} answers, not ${this.pid}`);
        return true;
      },
      START_MS,
    );
  }

  /** A configuration file comes before all options. */
  #first() {
    return this.config ? [this.config] : [];
  }

  forget() {
    process.off("exit", this.#end);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #end = () => this.child?.kill("SIGKILL");
}

/** Waits until a replica follows its primary. */
export async function follows(replica) {
  await eventually("a replica in step", async () => {
    if ((await replica.info("replication", "master_link_status")) !== "up") throw new Error("the link is down");
  }, START_MS);
}
