// What every failover must leave behind, whatever the topology.
import assert from "node:assert/strict";
import { unique } from "../../protocol/support/random.js";
import { eventually } from "../../protocol/support/wait.js";
import { HEAL_MS } from "./member.js";
import { converge, Stage, untilReady } from "./stage.js";

/** Enough rooms to live on every master of a cluster. */
const ROOMS = 8;

/** Two nodes, and some rooms with a member of each node in it, who patches all the time. */
export class Troupe {
  static async gather(t, group, env) {
    const troupe = new Troupe();
    troupe.stage = new Stage(t);
    troupe.stage.own(group);
    troupe.nodes = [await troupe.stage.node(group.url, env), await troupe.stage.node(group.url, env)];
    troupe.rooms = [];
    for (let nth = 0; nth < ROOMS; nth += 1) {
      const room = unique("room");
      const members = [await troupe.stage.member(troupe.nodes[0], room, "ann"), await troupe.stage.member(troupe.nodes[1], room, "bob")];
      await converge(members, ["ann", "bob"]);
      troupe.rooms.push(members);
    }
    troupe.members = troupe.rooms.flat();
    troupe.versions = new Map(troupe.members.map((member) => [member, member.room.version]));
    return troupe;
  }

  /** Does `work` while everybody patches, and returns when all of them get `ok` again. */
  async under(work) {
    let over = false;
    const answers = [];
    const load = this.members.map(async (member) => {
      for (let n = 0; !over; n += 1) {
        const answer = await member.timed("presence:heartbeat", { roomId: member.roomId, patchState: { n } });
        answers.push({ ...answer, room: member.roomId });
        if (!answer.ack.ok) await new Promise((resolve) => setTimeout(resolve, 50));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await work();
    const from = performance.now();
    await eventually("patches of everybody again", async () => {
      for (const member of this.members) {
        const ack = await member.patch({ healed: performance.now() });
        assert.equal(ack.ok, true, `${member.userId} in ${member.roomId}: ${JSON.stringify(ack)}`);
      }
    }, HEAL_MS);
    over = true;
    await Promise.all(load);
    const wrong = answers.filter(({ ack }) => !ack.ok && ack.code !== "unavailable");
    assert.deepEqual(wrong, []);
    const refused = answers.filter(({ ack }) => !ack.ok);
    const rooms = new Set(refused.map(({ room }) => room)).size;
    return { rooms, healedMs: Math.round(performance.now() - from), longestMs: Math.round(Math.max(...answers.map(({ took }) => took))), refused };
  }

  /** Everybody is still there, on every node, in the epoch that it was given, and events flow. */
  async mustBeWhole() {
    await Promise.all(this.nodes.map((node) => untilReady(node)));
    await Promise.all(
      this.rooms.map(async (members) => {
        for (const [at, member] of members.entries()) {
          const mark = { whole: unique("mark") };
          await member.patched(mark);
          await members[1 - at].seesState(member.userId, mark);
        }
        const newcomers = await Promise.all(this.nodes.map((node, at) => this.#arrive(node, members[0].roomId, `new-${at}`)));
        await converge([...members, ...newcomers], ["ann", "bob", "new-0", "new-1"]);
        for (const shown of [...members, ...newcomers]) {
          for (const { self } of members) assert.equal(shown.room.epochOf(self.connId), self.epoch, "an epoch changed");
        }
      }),
    );
    for (const member of this.members) {
      assert.ok(member.room.version > this.versions.get(member), "a version fell");
      assert.deepEqual(member.room.leaves, [], `leaves shown to ${member.userId}`);
      member.mustHaveStayed();
    }
  }

  async #arrive(node, room, user) {
    return eventually(`a join of ${user}`, () => this.stage.member(node, room, user), HEAL_MS);
  }
}
