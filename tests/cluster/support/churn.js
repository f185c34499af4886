// Clients that come, change, go, break off and go on elsewhere, at random; and witnesses that see all of it.
import assert from "node:assert/strict";
import { below, pick, random, unique } from "../../protocol/support/random.js";
import { eventually } from "../../protocol/support/wait.js";
import { mustAgree } from "./cluster.js";

const ROOMS_OF_ONE_MAX = 3;
const SETTLE_MS = 30_000;

/** One user who does one thing after the other, on whichever node, and knows what must come of it. */
export class Actor {
  /** Live presences by room: `{ self, state }`. */
  live = new Map();
  /** What was acked and must be seen once: `{ roomId, type, connId, ... }`. */
  done = [];

  constructor(cluster, rooms) {
    this.cluster = cluster;
    this.rooms = rooms;
    this.userId = unique("user");
  }

  async run(steps) {
    for (let step = 0; step < steps; step += 1) await this.#step();
  }

  async #step() {
    if (!this.client) return this.#connect();
    const dice = random();
    if (this.live.size === 0 || (dice < 0.25 && this.live.size < ROOMS_OF_ONE_MAX)) return this.#join(pick(this.rooms));
    const room = pick([...this.live.keys()]);
    if (dice < 0.7) return this.#patch(room);
    if (dice < 0.78) return this.#leave(room);
    if (dice < 0.82) return this.#join(room);
    if (dice < 0.88) return this.#resume({ cut: true });
    if (dice < 0.94) return this.#resume({ cut: false });
    return this.go(random() < 0.5);
  }

  async #connect() {
    this.client = await this.cluster.connect(pick(this.cluster.nodes));
  }

  async #join(roomId) {
    const state = { [unique("k")]: below(1_000) };
    const before = this.live.get(roomId)?.self;
    const { self } = await this.client.join(roomId, this.userId, { state });
    if (before) assert.deepEqual([self.connId, self.epoch], [before.connId, before.epoch + 1]);
    this.#joined(roomId, self, state);
  }

  async #patch(roomId) {
    const presence = this.live.get(roomId);
    const patch = { n: below(1_000_000), [`k${below(5)}`]: unique("v") };
    const { changed, version } = await this.client.patch(roomId, patch);
    assert.equal(changed, true);
    presence.state = { ...presence.state, ...patch };
    this.done.push({ roomId, type: "update", connId: presence.self.connId, version, state: presence.state });
  }

  async #leave(roomId) {
    assert.deepEqual(await this.client.ask("presence:leave", { roomId }), { ok: true });
    this.#left(roomId, "left");
    this.live.delete(roomId);
  }

  /** Goes on from a new socket, on any node, with the old one broken or still there. */
  async #resume({ cut }) {
    const old = this.client;
    if (cut) old.cut();
    await this.#connect();
    for (const [roomId, { self: { connId, key, epoch }, state }] of this.live) {
      const { self } = await this.client.join(roomId, this.userId, { resume: { connId, key, epoch: epoch + 1 } });
      assert.deepEqual([self.connId, self.epoch], [connId, epoch + 1]);
      this.#joined(roomId, self, state);
      if (!cut) await old.hears("presence:lost", { roomId, connId, reason: "replaced" });
    }
    if (!cut) old.close();
  }

  /** Goes away, with a goodbye or without. */
  go(politely) {
    if (politely) this.client?.close();
    else this.client?.cut();
    for (const roomId of this.live.keys()) this.#left(roomId, "disconnected");
    this.live.clear();
    this.client = null;
  }

  #left(roomId, reason) {
    const { connId, epoch } = this.live.get(roomId).self;
    this.done.push({ roomId, type: "leave", connId, epoch, reason });
  }

  #joined(roomId, self, state) {
    this.live.set(roomId, { self, state });
    this.done.push({ roomId, type: "join", connId: self.connId, epoch: self.epoch, state });
  }
}

/** One client on every node in every room, for the whole time. */
export class Witnesses {
  #byRoom = new Map();

  static async enter(cluster, rooms) {
    const witnesses = new Witnesses();
    witnesses.rooms = rooms;
    const clients = await Promise.all(cluster.nodes.map((node) => cluster.connect(node)));
    witnesses.clients = clients;
    for (const room of rooms) {
      const joined = [];
      for (const [at, client] of clients.entries()) joined.push(await client.join(room, `witness-${at}`));
      // Who came first has seen the others come; from the last join on all see the same.
      const from = joined.at(-1).version;
      witnesses.#byRoom.set(room, { clients, from, own: joined.map(({ self }) => self.connId) });
    }
    return witnesses;
  }

  /** Waits until all are shown nobody such any more. */
  async mustLose(fits, ms) {
    for (const client of this.clients) assert.deepEqual([client.heard("presence:lost"), client.disconnects], [[], []], "a witness is gone");
    const shows = (client) => this.rooms.some((room) => [...client.roster(room).members.values()].some(fits));
    await Promise.all(this.clients.map((client) => client.until("the end of all such presences", () => !shows(client), ms)));
  }

  /** Asserts that all nodes show exactly these presences: of each actor those that are live. */
  async mustShow(actors) {
    for (const room of this.rooms) {
      const expected = {};
      for (const { userId, live } of actors) {
        const presence = live.get(room);
        if (presence) expected[presence.self.connId] = { userId, state: presence.state, epoch: presence.self.epoch };
      }
      const { clients, own } = this.#byRoom.get(room);
      await eventually(`the members of ${room}`, async () => {
        const shown = await mustAgree(clients, room);
        for (const connId of own) delete shown[connId];
        assert.deepEqual(shown, expected);
      }, SETTLE_MS);
    }
  }

  /**
   * Asserts that all of a room's witnesses heard the same events in the same order, and everything that was done exactly once. What is
   * `besides` is not the actors': of it, each stay must have had one end.
   */
  mustHaveSeen(actors, { besides = () => false } = {}) {
    for (const room of this.rooms) {
      const { clients, from } = this.#byRoom.get(room);
      const [first, ...rest] = clients.map((client) => client.saw({ roomId: room }).filter(({ version }) => version > from).map(told));
      for (const other of rest) assert.deepEqual(other, first, `what two nodes told of ${room}`);
      const stays = byConnection(first);
      const unexplained = new Set(first);
      for (const change of actors.flatMap((actor) => actor.done.filter(({ roomId }) => roomId === room))) {
        const fits = (event) => Object.entries(change).every(([key, value]) => key === "state" || event[key] === value);
        const seen = (stays.get(change.connId) ?? []).filter(fits);
        assert.equal(seen.length, 1, `seen ${seen.length} times: ${JSON.stringify(change)}`);
        if (change.state) assert.deepEqual(seen[0].state, change.state);
        unexplained.delete(seen[0]);
      }
      for (const event of unexplained) {
        const stay = stays.get(event.connId);
        if (besides(event)) {
          assert.equal(stay.findIndex(({ type }) => type === "leave"), stay.length - 1, `no end, or not just one: ${JSON.stringify(stay)}`);
          continue;
        }
        // A stream that broke may be noticed before the presence goes on elsewhere.
        assert.deepEqual([event.type, event.reason], ["leave", "disconnected"], `nobody did ${JSON.stringify(event)}`);
        const back = stay.filter(({ type, epoch }) => type === "join" && epoch === event.epoch + 1);
        assert.equal(back.length, 1, `nobody left: ${JSON.stringify(event)}`);
      }
    }
  }
}

function byConnection(events) {
  const groups = new Map();
  for (const event of events) groups.set(event.connId, [...(groups.get(event.connId) ?? []), event]);
  return groups;
}

function told({ roomId, type, connId, userId, epoch, version, prev, state, reason }) {
  return { roomId, type, connId, userId, epoch, version, prev, state, reason };
}

