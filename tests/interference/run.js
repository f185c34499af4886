// What bad neighbours cost everybody else: the p99 of heartbeats and presence events beside a relay flood and beside a hostile connection,
// against the same without them, by turns in one run. docs/benchmarks.md has the bounds and how to read it.
import { fileURLToPath } from "node:url";
import { commandLine, median, twoCores, withRig } from "../support/rig.js";

const USAGE = `usage: node tests/interference/run.js [--rounds N]

Measures by turns, each on a server of its own: nobody else, a relay flood, a hostile connection. The server has core 0, all else core 1. Needs a
release build of rtm (or RTM_BIN), and chrt.

  --rounds N    turns of each (default 5, some 40 s each)

Exit codes: 0 within the bounds; 1 something failed, or a p99 is above its bound; 2 the options cannot be understood; 130 interrupted.`;

const ROUNDS = commandLine(USAGE, { rounds: { type: "string", default: "5" } }).whole("rounds");
const FLOOD = fileURLToPath(new URL("flood.js", import.meta.url));
const LOAD = ["--rooms", "20", "--users", "10", "--heartbeats", "2", "--patch-every", "2", "--ramp", "2s", "--warm-up", "1s", "--duration", "8s"];
const FIGURES = ["heartbeat.p99", "event.update.p99"];
/** How many times its quiet value a p99 may be. */
const BOUNDS = { relay: 1.5, hostile: 5 };
const FLOOD_STARTS_MS = 1_000;

/** A measurement on a server of its own, so that no turn inherits from the one before. */
async function turn(rig, kind) {
  const cores = twoCores();
  const env = { RELAY_EVENTS: "cursor:move", RELAY_EVENTS_PER_SECOND: "100", LOG_LEVEL: "error" };
  // Its limits are what is looked at.
  const server = await rig.serve({ core: cores.server, env, unlimited: false });
  // It yields to who measures: what is looked for is what it costs the server, not the machine.
  const flood = ["--idle", "0", process.execPath, FLOOD, new URL(server.url).port, kind];
  const ready = () => new Promise((resolve) => setTimeout(resolve, FLOOD_STARTS_MS));
  const neighbour = kind === "quiet" ? null : await rig.start("flood", "chrt", flood, { core: cores.load, ready });
  const { report } = await rig.bench(["presence", "--url", server.url, ...LOAD], { core: cores.load });
  const said = await neighbour?.stop();
  await server.stop();
  return [Object.fromEntries(FIGURES.map((name) => [name, report.figures[name]])), said ?? ""];
}

await withRig("interference", async (rig) => {
  const results = { quiet: [], relay: [], hostile: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const kind of Object.keys(results)) {
      const [figures, flood] = await turn(rig, kind);
      results[kind].push(figures);
      console.log(`${round}/${ROUNDS} ${kind.padEnd(8)} ${FIGURES.map((name) => `${name} ${figures[name].toFixed(2)} ms`).join(", ")}  ${flood.trim()}`);
    }
  }
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
  return broken ? 1 : 0;
});
