// What bad neighbours cost everybody else: the p99 of heartbeats and presence events beside a relay flood and beside a hostile connection,
// against the same without them, by turns in one run. docs/benchmarks.md has the bounds and how to read it.
//   node tests/interference/run.js [rounds = 5]        the server on the first core, all else on the second
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const RTM = path.resolve(process.env.RTM_BIN ?? path.join(here, "../../target/release/rtm"));
const ROUNDS = Number(process.argv[2] ?? 5);
if (!Number.isInteger(ROUNDS) || ROUNDS < 1) {
  console.error("usage: node tests/interference/run.js [rounds]   a whole number from 1");
  process.exit(2);
}
const LOAD = ["--rooms", "20", "--users", "10", "--heartbeats", "2", "--patch-every", "2", "--ramp", "2s", "--warm-up", "1s", "--duration", "8s"];
const FIGURES = ["heartbeat.p99", "event.update.p99"];
/** How many times its quiet value a p99 may be. */
const BOUNDS = { relay: 1.5, hostile: 5 };

const home = mkdtempSync(path.join(tmpdir(), "rtm-interference-"));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Runs `work` while a process lives; returns what the process says when it is told to end. */
async function beside(command, args, ready, work) {
  const child = spawn(command, args, { cwd: home, stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env.PATH, ...ready.env } });
  let said = "";
  child.stdout.on("data", (data) => (said += data));
  try {
    await ready.when();
    return [await work(), (child.kill("SIGTERM"), await once(child, "close"), said)];
  } finally {
    child.kill("SIGKILL");
  }
}

async function answers(port) {
  for (let tries = 0; tries < 200; tries += 1) {
    const ok = await fetch(`http://127.0.0.1:${port}/readyz`).then((response) => response.ok, () => false);
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("the server does not answer");
}

function measure(port) {
  const report = path.join(home, "report.json");
  const args = ["-c", "1", RTM, "bench", "presence", "--url", `http://127.0.0.1:${port}`, ...LOAD, "--json", report];
  const { status, stdout, stderr } = spawnSync("taskset", args, { encoding: "utf8", cwd: home });
  if (status !== 0) throw new Error(`rtm bench ended with ${status}:\n${stdout}${stderr}`);
  const { figures } = JSON.parse(readFileSync(report, "utf8"));
  return Object.fromEntries(FIGURES.map((name) => [name, figures[name]]));
}

/** A measurement on a server of its own, so that no turn inherits from the one before. */
async function turn(kind) {
  const port = await freePort();
  const env = { PORT: String(port), RELAY_EVENTS: "cursor:move", RELAY_EVENTS_PER_SECOND: "100", LOG_LEVEL: "error" };
  const served = { env, when: () => answers(port) };
  const [outcome] = await beside("taskset", ["-c", "0", RTM], served, async () => {
    if (kind === "quiet") return [measure(port), ""];
    // It yields to who measures: what is looked for is what it costs the server, not the machine.
    const flood = ["-c", "1", "chrt", "--idle", "0", process.execPath, path.join(here, "flood.js"), String(port), kind];
    return beside("taskset", flood, { when: () => new Promise((resolve) => setTimeout(resolve, 1_000)) }, () => measure(port));
  });
  return outcome;
}

const results = { quiet: [], relay: [], hostile: [] };
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const kind of Object.keys(results)) {
    const [figures, flood] = await turn(kind);
    results[kind].push(figures);
    console.log(`${round}/${ROUNDS} ${kind.padEnd(8)} ${FIGURES.map((name) => `${name} ${figures[name].toFixed(2)} ms`).join(", ")}  ${flood.trim()}`);
  }
}
rmSync(home, { recursive: true });

let broken = 0;
console.log(`\nmedians of ${ROUNDS} turns`);
for (const name of FIGURES) {
  const of = (kind) => median(results[kind].map((figures) => figures[name]));
  for (const [kind, bound] of Object.entries(BOUNDS)) {
    const ratio = of(kind) / of("quiet");
    if (ratio > bound) broken += 1;
    console.log(`${name.padEnd(18)} quiet ${of("quiet").toFixed(2)} ms, ${kind} ${of(kind).toFixed(2)} ms: ${ratio.toFixed(2)} times, ${bound} allowed`);
  }
}
process.exitCode = broken ? 1 : 0;
