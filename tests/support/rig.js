// What the rigs stand on: processes on chosen cores, all of which end with the rig, and `rtm bench` as what measures.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const RTM = path.resolve(process.env.RTM_BIN ?? fileURLToPath(new URL("../../target/release/rtm", import.meta.url)));
const READY_MS = 10_000;
/** A load far above what one connection may send by default. */
const UNLIMITED = { MAX_EVENTS_PER_SECOND: "1000000", MAX_EVENTS_BURST: "10000000" };

/** The command line, by `parseArgs`; `--help` prints the usage, and what cannot be understood ends with 2. */
export function commandLine(usage, options) {
  const wrong = (why) => {
    console.error(`${why}\n\n${usage}`);
    process.exit(2);
  };
  let values;
  try {
    ({ values } = parseArgs({ options: { ...options, help: { type: "boolean", short: "h" } } }));
  } catch (error) {
    wrong(error.message);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const whole = (name) => {
    const number = Number(values[name]);
    return Number.isInteger(number) && number > 0 ? number : wrong(`--${name} ${values[name]}: a whole number from 1`);
  };
  return { values, whole };
}

/** Runs `work` with a rig. Whatever happens, nothing that it started stays; an error is told in one line, and ends with 1. */
export async function withRig(name, work) {
  const rig = new Rig();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, async () => {
      await rig.end();
      process.exit(130);
    });
  }
  try {
    if (!existsSync(RTM)) throw new Error(`there is no ${RTM}: cargo build --release -p rtm, or set RTM_BIN`);
    process.exitCode = (await work(rig)) ?? 0;
  } catch (error) {
    if (!rig.ended) console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await rig.end();
  }
}

export class Rig {
  home = mkdtempSync(path.join(tmpdir(), "rtm-rig-"));
  ended = false;
  #children = new Set();

  /** A process that runs until it is ended. What it says is shown if it fails, and returned when it is stopped. */
  async start(name, command, args, { env = {}, core, ready } = {}) {
    const child = this.#spawn(command, args, { env, core });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said = (said + data).slice(-4_000)));
    const gone = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${name} ended with ${code ?? signal}:\n${said}`);
    });
    gone.catch(() => {});
    await Promise.race([ready(), gone]);
    const stop = async () => {
      await this.#stop(child);
      return said;
    };
    return { pid: child.pid, stop };
  }

  /** An `rtm` that serves, unless it is said otherwise without limits of events. */
  async serve({ env = {}, core, unlimited = true } = {}) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const started = await this.start("rtm", RTM, [], {
      env: { PORT: String(port), LOG_LEVEL: "warn", ...(unlimited ? UNLIMITED : {}), ...env },
      core,
      ready: () => answers(`${url}/readyz`),
    });
    return { url, ...started };
  }

  /** A Redis that keeps nothing. */
  async redis({ core } = {}) {
    const port = await freePort();
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.home];
    const started = await this.start("redis-server", "redis-server", args, { core, ready: () => opens(port) });
    return { url: `redis://127.0.0.1:${port}`, ...started };
  }

  /** `rtm bench`; its report as it writes it. `show`: let it tell how it goes. A code that is not among `codes` is an error. */
  async bench(args, { core, show = false, codes = [0] } = {}) {
    const file = path.join(this.home, "report.json");
    rmSync(file, { force: true });
    const child = this.#spawn(RTM, ["bench", ...args, "--json", file], { core, stdio: show ? "inherit" : "pipe" });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (said += data));
    const [code, signal] = await once(child, "close");
    if (!codes.includes(code)) throw new Error(`rtm bench ended with ${code ?? signal}\n${said}`);
    return { code, report: JSON.parse(readFileSync(file, "utf8")) };
  }

  async end() {
    if (this.ended) return;
    this.ended = true;
    await Promise.all([...this.#children].map((child) => this.#stop(child)));
    rmSync(this.home, { recursive: true, force: true });
  }

  #spawn(command, args, { env, core, stdio = "pipe" }) {
    const pinned = core === undefined ? [command, ...args] : ["taskset", "-c", String(core), command, ...args];
    const child = spawn(pinned[0], pinned.slice(1), {
      cwd: this.home,
      stdio: ["ignore", stdio, stdio],
      env: { PATH: process.env.PATH, ...env },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  async #stop(child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS);
    await gone;
    clearTimeout(timer);
  }
}

/** Cores 0 and 1, for who serves and who measures. */
export function twoCores() {
  if (process.platform !== "linux") throw new Error("pinning needs Linux");
  if (availableParallelism() < 2) throw new Error("two cores are needed: one for the server, one for the load");
  return { server: 0, load: 1 };
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function until(what, check) {
  const end = Date.now() + READY_MS;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const answers = (url) => until(url, () => fetch(url).then((response) => response.ok, () => false));

async function opens(port) {
  const { connect } = await import("node:net");
  const open = () =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve((socket.destroy(), true))).once("error", () => resolve(false));
    });
  await until(`port ${port}`, open);
}
