// Many connections on one node for a while, some of which always come and go: no error, no presence ended that should not be, and memory that stays.
// docs/benchmarks.md has more.
import { readFileSync } from "node:fs";
import { commandLine, twoCores, withRig } from "../support/rig.js";

const USAGE = `usage: node tests/soak/run.js [--connections N] [--seconds N] [--warm-up N] [--growth PERCENT]

Joins so many connections to rooms of 10 on one node, each with a heartbeat every 10 s; each second 1 % of them are replaced by new ones. The server
has core 0, the load core 1. Needs a release build of rtm (or RTM_BIN), and as many open files (ulimit -Hn) as connections.

  --connections N    joined at a time (default 15000)
  --seconds N        of load in all (default 300)
  --warm-up N        seconds of load before memory is looked at (default 60)
  --growth PERCENT   by how much memory may have grown from then on to the end (default 5)

Exit codes: 0 all was well; 1 something failed; 2 the options cannot be understood; 3 an error, or memory has grown; 4 an event was lost or doubled,
a presence was ended, or a connection broke; 130 interrupted.`;

const { whole } = commandLine(USAGE, {
  connections: { type: "string", default: "15000" },
  seconds: { type: "string", default: "300" },
  "warm-up": { type: "string", default: "60" },
  growth: { type: "string", default: "5" },
});
const [CONNECTIONS, SECONDS, WARM_UP, GROWTH] = [whole("connections"), whole("seconds"), whole("warm-up"), whole("growth")];
/** A tenth of the connections are those who come and go: each stays for ten seconds, so that a hundredth of all is replaced each second. */
const [ROOM, STAYING, HOLD_S] = [10, 9, 10];
const ROOMS = Math.floor(CONNECTIONS / ROOM);
/** The server's own files, and those of connections that are on their way out. */
const SPARE_FILES = 1_000;
const PROCESSES = 2;

function filesAllowed() {
  const line = readFileSync("/proc/self/limits", "utf8").match(/^Max open files\s+(\d+)/m);
  return line ? Number(line[1]) : Infinity;
}

await withRig("soak", async (rig) => {
  const cores = twoCores();
  if (ROOMS < 1) throw new Error(`--connections ${CONNECTIONS}: at least ${ROOM}`);
  if (WARM_UP >= SECONDS) throw new Error("--warm-up must be shorter than --seconds");
  if (filesAllowed() < CONNECTIONS + SPARE_FILES) {
    throw new Error(`the server needs ${CONNECTIONS + SPARE_FILES} open files, and ${filesAllowed()} are allowed: raise that (ulimit -n)`);
  }
  const server = await rig.serve({ core: cores.server });
  const args = ["churn", "--rooms", `${ROOMS}`, "--users", `${STAYING}`, "--rate", `${ROOMS / HOLD_S}`, "--hold", `${HOLD_S}s`, "--reconnect"];
  const time = ["--ramp", `${Math.ceil(CONNECTIONS / 500)}s`, "--warm-up", `${WARM_UP}s`, "--duration", `${SECONDS - WARM_UP}s`];
  // Each address has 28,000 ports, and those of connections that have ended are held for a minute.
  const from = ["--processes", `${PROCESSES}`, "--local-addresses", "127.0.0.1-127.0.0.8"];
  const verdict = ["--max-error-rate", "0", "--threshold", `server.rss_growth<${GROWTH}%`, "--threshold", `connections.lost<1`];
  const of = ["--url", server.url, "--server-pid", `${server.pid}`];
  const { code, report } = await rig.bench([...args, ...time, ...from, ...verdict, ...of], { core: cores.load, show: true, codes: [0, 3, 4] });
  const mib = (bytes) => (bytes / 1_048_576).toFixed(0);
  const { connections, server: used, audit } = report;
  console.log(
    `${ROOMS * ROOM} connections for ${SECONDS} s: ${connections.made} made, ${connections.cycles} came and went, ${audit.expected} events due, ` +
      `${audit.received} received; memory ${mib(used.rss_begin)} MiB after ${WARM_UP} s, ${mib(used.rss_end)} MiB at the end`,
  );
  return code;
});
