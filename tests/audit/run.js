// Two nodes on one Redis, and whether every event reaches every member on both of them once, in order. docs/benchmarks.md has more.
import { commandLine, withRig } from "../support/rig.js";

const USAGE = `usage: node tests/audit/run.js [--events N] [--nodes N]

Starts nodes and a Redis, and lets members of 20 rooms of 10, spread over the nodes, change their states until at least so many events were due.
Needs a release build of rtm (or RTM_BIN), and redis-server.

  --events N   events that must have been due (default 200000)
  --nodes N    nodes (default 2)

Exit codes: 0 all came, once and in order; 1 something failed, or too little was due; 4 the audit failed; 2 the options cannot be understood; 130 interrupted.`;

const { whole } = commandLine(USAGE, { events: { type: "string", default: "200000" }, nodes: { type: "string", default: "2" } });
const [EVENTS, NODES] = [whole("events"), whole("nodes")];
const [ROOMS, USERS, UPDATES_PER_ROOM] = [20, 10, 25];
/** An open loop, so that how long it takes is known; a second more, as the joins are due as well, and the last second is cut. */
const SECONDS = Math.ceil(EVENTS / (ROOMS * UPDATES_PER_ROOM * USERS)) + 1;

await withRig("audit", async (rig) => {
  const redis = await rig.redis();
  const nodes = await Promise.all(Array.from({ length: NODES }, () => rig.serve({ env: { REDIS_URL: redis.url } })));
  const load = ["fanout", "--rooms", `${ROOMS}`, "--users", `${USERS}`, "--rate", `${UPDATES_PER_ROOM}`, "--ramp", "3s", "--duration", `${SECONDS}s`];
  // Late is another matter than lost: on a busy machine a delivery may be.
  const args = [...load, "--late", "60s", "--settle", "60s", "--ack-timeout", "60s", "--max-error-rate", "0"];
  const { code, report } = await rig.bench([...args, "--url", nodes.map(({ url }) => url).join(",")], { show: true, codes: [0, 4] });
  const { expected, received, views, faults } = report.audit;
  const wrong = Object.entries(faults).filter(([, count]) => count > 0);
  console.log(
    `${NODES} nodes: ${expected} events due, ${received} received, ${faults.duplicate} twice, ${faults.missing} missing, ` +
      `${faults.out_of_order} out of order; ${views} views compared with what each node shows`,
  );
  if (code === 4 || wrong.length > 0) return 4;
  if (expected < EVENTS) throw new Error(`only ${expected} of ${EVENTS} events were due: nothing is proven`);
});
