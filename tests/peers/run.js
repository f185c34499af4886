// The npm Socket.IO server and rtm under the same load, by turns in one run. docs/benchmarks.md says how to read it.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { answers, commandLine, freePort, median, twoCores, withRig } from "../support/rig.js";

const USAGE = `usage: node tests/peers/run.js [--rounds N] [--seconds N] [--only NAME]

Measures rtm and the npm Socket.IO server (on ws, in memory) by turns: each turn on a server of its own, the server on core 0, the load on core 1.
Needs a release build of rtm (or RTM_BIN), and \`npm ci\` in tests/peers.

  --rounds N    how often each pair is measured; medians are shown (default 3)
  --seconds N   how long each is measured (default 4)
  --only NAME   one of: heartbeat, room-10, room-100, room-1000

Exit codes: 0 measured, 1 something failed or a delivery was lost, 2 the options cannot be understood, 130 interrupted.`;

const { values, whole } = commandLine(USAGE, {
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "4" },
  only: { type: "string" },
});
const [ROUNDS, SECONDS] = [whole("rounds"), whole("seconds")];

const here = path.dirname(fileURLToPath(import.meta.url));
const TIME = ["--ramp", "3s", "--warm-up", "1s", "--duration", `${SECONDS}s`];
/** A thousand connections; in each room one message is on its way at a time. */
const broadcast = (rooms, users) => ({
  load: ["fanout", "--rooms", `${rooms}`, "--users", `${users}`, "--senders", "1", "--in-flight", "1", "--until", "delivery", ...TIME],
  unit: "delivery",
  cpu: "server.cpu_per_event",
  p99: "event.update.p99",
  rate: "events.rate",
});
const SCENARIOS = {
  heartbeat: {
    load: ["presence", "--rooms", "50", "--users", "10", "--saturate", "--patch-every", "0", ...TIME],
    unit: "heartbeat",
    cpu: "server.cpu_per_operation",
    p99: "heartbeat.p99",
    rate: "heartbeat.rate",
  },
  "room-10": broadcast(100, 10),
  "room-100": broadcast(10, 100),
  "room-1000": broadcast(1, 1_000),
};
const chosen = Object.entries(SCENARIOS).filter(([name]) => !values.only || name === values.only);
if (chosen.length === 0) {
  console.error(`--only ${values.only}: there is no such scenario\n\n${USAGE}`);
  process.exit(2);
}

const SERVERS = {
  "socket.io": async (rig, core) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { PORT: String(port), NODE_ENV: "production" };
    const ready = () => answers(url);
    return { url, ...(await rig.start("the relay", process.execPath, [path.join(here, "relay.js")], { env, core, ready })) };
  },
  rtm: (rig, core) => rig.serve({ core }),
};

async function measure(rig, cores, kind, scenario) {
  const server = await SERVERS[kind](rig, cores.server);
  const args = [...scenario.load, "--url", server.url, "--server-pid", String(server.pid)];
  const { report } = await rig.bench(args, { core: cores.load });
  await server.stop();
  const { figures } = report;
  return { cpu: figures[scenario.cpu] * 1_000, p99: figures[scenario.p99], rate: figures[scenario.rate], cores: figures["server.cpu"] };
}

await withRig("peers", async (rig) => {
  if (!existsSync(path.join(here, "node_modules/socket.io"))) throw new Error("socket.io is not installed: npm ci in tests/peers");
  const cores = twoCores();
  const results = new Map(chosen.map(([name]) => [name, { "socket.io": [], rtm: [] }]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [name, scenario] of chosen) {
      // Who is first changes, so that nobody always has the machine as the other left it.
      const order = Object.keys(SERVERS);
      if (round % 2 === 0) order.reverse();
      for (const kind of order) {
        const seen = await measure(rig, cores, kind, scenario);
        results.get(name)[kind].push(seen);
        const { cpu, p99, rate, cores: used } = seen;
        console.log(
          `${round}/${ROUNDS} ${name.padEnd(10)} ${kind.padEnd(10)} ${cpu.toFixed(2)} µs per ${scenario.unit}, p99 ${p99.toFixed(1)} ms, ` +
            `${Math.round(rate)} a second, ${used.toFixed(2)} cores`,
        );
      }
    }
  }
  console.log(`\nmedians of ${ROUNDS} (lowest to highest), server CPU µs per heartbeat or delivery\n`);
  console.log("| | socket.io | rtm | ratio | p99 ms socket.io / rtm |\n|---|---|---|---|---|");
  for (const [name, of] of results) {
    const middle = (kind, figure) => median(of[kind].map((seen) => seen[figure]));
    const range = (kind) => {
      const all = of[kind].map(({ cpu }) => cpu);
      return `${middle(kind, "cpu").toFixed(1)} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`;
    };
    const ratio = middle("rtm", "cpu") / middle("socket.io", "cpu");
    const p99 = ["socket.io", "rtm"].map((kind) => middle(kind, "p99").toFixed(1)).join(" / ");
    console.log(`| ${name} | ${range("socket.io")} | ${range("rtm")} | ${ratio.toFixed(2)} | ${p99} |`);
  }
});
