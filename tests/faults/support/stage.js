// What one test needs, ended with it in the right order: clients, nodes, then what they talk to.
import { Server } from "../../protocol/support/server.js";
import { eventually } from "../../protocol/support/wait.js";
import { HEAL_MS, Member } from "./member.js";

/** Short, so that "longer than the TTL" is soon over; long enough for a machine that is busy. */
export const TTL_MS = 3_000;
export const GRACE_MS = TTL_MS / 3;
export const SWEEP_MS = 500;
export const BEAT_MS = TTL_MS / 6;
/** The longest that any command may take while Redis does not answer. */
export const ANSWER_MAX_MS = 2_500;

export class Stage {
  #owned = [];
  nodes = [];
  members = [];

  constructor(t) {
    t.after(() => this.#close());
  }

  /** Ends `thing` with the test, after everything that was added later. */
  own(thing) {
    this.#owned.push(thing);
    return thing;
  }

  async node(url, env = {}, binary) {
    const times = { PRESENCE_TTL_MS: String(TTL_MS), PRESENCE_REAPER_INTERVAL_MS: String(SWEEP_MS) };
    const node = await Server.start({ REDIS_URL: url, ...times, LOG_LEVEL: process.env.RTM_FAULT_LOG ?? "info", ...env }, binary);
    this.nodes.push(node);
    return node;
  }

  async member(node, roomId, userId, more = {}) {
    const member = await Member.join(node, roomId, userId, { beatMs: BEAT_MS, ...more });
    this.members.push(member);
    return member;
  }

  async #close() {
    const problems = [];
    const attempt = async (work) => {
      try {
        await work();
      } catch (error) {
        problems.push(error);
      }
    };
    for (const member of this.members) member.close();
    for (const node of this.nodes) {
      await attempt(() => node.mustBeAlive());
      await attempt(() => (node.exit ? null : node.stop()));
    }
    for (const thing of this.#owned.reverse()) await attempt(() => thing.stop());
    for (const member of this.members) await attempt(() => member.check());
    if (problems.length) throw problems[0];
  }
}

/** What `/readyz` says: `{ status, reason }`. */
export async function readiness(node) {
  const response = await fetch(`${node.url}/readyz`);
  return { status: response.status, reason: (await response.json()).reason };
}

export async function untilReady(node, ready = true) {
  return eventually(`a node that is ${ready ? "" : "not "}ready`, async () => {
    const found = await readiness(node);
    if ((found.status === 200) !== ready) throw new Error(`${JSON.stringify(found)}\n${node.log()}`);
    return found;
  }, HEAL_MS);
}

/** Everybody sees exactly these users, and each room adds up with what its members were told. */
export async function converge(members, users) {
  await Promise.all(members.map((member) => member.sees(users)));
  await Promise.all(members.map((member) => member.sync()));
}
