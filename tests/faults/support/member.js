// A client in one room that heartbeats by itself and does nothing else, as an application's would: whatever fails behind its node, it is
// not to notice more than an answer `unavailable`.
import assert from "node:assert/strict";
import { Client } from "../../protocol/support/client.js";
import { eventually, Watch, within } from "../../protocol/support/wait.js";
import { Observer } from "./observer.js";

/** How long anything may take to heal, where the contract names no bound. The tests share two cores. */
export const HEAL_MS = 30_000;

/** No answer at all within this time is silence. */
const SILENCE_MS = 15_000;

export class Member {
  /** Every heartbeat's answer: `{ sent, took, ack }`, in ms. */
  beats = [];
  lost = [];
  room = new Observer();
  #timer = null;
  #watch = new Watch();

  static async join(node, roomId, userId, { beatMs, ...more } = {}) {
    const member = new Member(node, roomId, userId);
    await member.client.connected();
    const ack = await member.#enter(more);
    assert.equal(ack.ok, true, `join of ${userId}: ${JSON.stringify(ack)}`);
    if (beatMs) member.beat(beatMs);
    return member;
  }

  constructor(node, roomId, userId) {
    Object.assign(this, { node, roomId, userId });
    this.client = new Client(node.url, { track: false });
    this.client.socket.on("presence:event", (event) => {
      if (event.roomId === roomId) this.room.hear(event);
      this.#watch.changed();
    });
    this.client.socket.on("presence:lost", (lost) => this.lost.push(lost));
  }

  /** Asks and tells how long the answer took, for the caller to compare: it fails only if there is none at all. */
  async timed(name, payload) {
    const sent = performance.now();
    const answer = new Promise((resolve) => this.client.socket.emit(name, payload, resolve));
    const ack = await within(answer, SILENCE_MS, `an answer to ${name} of ${this.userId} in ${this.roomId}`);
    return { sent, took: performance.now() - sent, ack };
  }

  beat(everyMs) {
    const once = async () => this.beats.push(await this.timed("presence:heartbeat", { roomId: this.roomId }));
    // The last ones may find nobody to answer: what they would have said is asserted nowhere.
    this.#timer = setInterval(() => once().catch(() => {}), everyMs);
  }

  silent() {
    clearInterval(this.#timer);
  }

  async patch(state) {
    return (await this.timed("presence:heartbeat", { roomId: this.roomId, patchState: state })).ack;
  }

  /** Patches until that is answered `ok`. */
  async patched(state) {
    return eventually(`a patch of ${this.userId}`, async () => {
      const ack = await this.patch(state);
      assert.equal(ack.ok, true, JSON.stringify(ack));
      return ack;
    }, HEAL_MS);
  }

  /** Waits until this client sees exactly these users, by what it was told. */
  async sees(users, ms = HEAL_MS) {
    const wanted = [...users].sort();
    const seen = () => `${this.userId} sees [${this.room.users()}], not [${wanted}]`;
    try {
      await this.#watch.until("users", () => this.room.users().join() === wanted.join(), ms);
    } catch {
      throw new Error(`${seen()} after ${ms} ms; faults: ${this.room.faults.join("; ")}\n${this.node.log()}`);
    }
  }

  /** Waits until this client is told of a user's state. */
  async seesState(userId, state, ms = HEAL_MS) {
    const fits = (member) => member.userId === userId && Object.entries(state).every(([key, value]) => member.state[key] === value);
    try {
      await this.#watch.until(`${this.userId} sees ${JSON.stringify(state)} of ${userId}`, () => [...this.room.members.values()].some(fits), ms);
    } catch (error) {
      throw new Error(`${error.message}, but ${JSON.stringify([...this.room.members.values()]).slice(0, 1_000)}\n${this.node.log()}`);
    }
  }

  /** Asks for the room, and so compares it with all that was told. */
  async sync() {
    return eventually(`a sync of ${this.userId}`, async () => {
      const ack = await new Promise((resolve) =>
        this.client.socket.emit("presence:sync", { roomId: this.roomId }, (ack) => {
          // At once, in the order of the packets.
          if (ack.ok) this.room.set(ack);
          resolve(ack);
        }),
      );
      assert.equal(ack.ok, true, JSON.stringify(ack));
      return ack;
    }, HEAL_MS);
  }

  /** Refused or not, every heartbeat was answered as one of somebody who is present. */
  mustHaveStayed() {
    assert.deepEqual(this.lost, [], `${this.userId} was told that its presence ended`);
    const wrong = this.beats.filter(({ ack }) => ack.ok !== true && ack.code !== "unavailable");
    assert.deepEqual(wrong, [], `heartbeats of ${this.userId}`);
  }

  check() {
    assert.deepEqual(this.room.faults, [], `what ${this.userId} was told does not add up\n${this.node.log()}`);
  }

  close() {
    this.silent();
    this.client.close();
  }

  #enter(more) {
    return new Promise((resolve) => {
      this.client.socket.emit("presence:join", { roomId: this.roomId, userId: this.userId, ...more }, (ack) => {
        if (ack.ok) {
          this.self = ack.self;
          this.room.set(ack);
        }
        resolve(ack);
      });
    });
  }
}
