// The stock Socket.IO client, with answers as promises, a log of all it was sent, and a roster for each room it is in.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { io } from "socket.io-client";
import { Roster } from "./roster.js";
import { ANSWER_MS, Watch, within } from "./wait.js";

/** The three ways a stock client reaches the server. */
export const TRANSPORTS = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

/** Clients that end with their test, which fails if what any of them was sent does not add up. */
export function clientsOf(t, server) {
  const clients = [];
  t.after(() => {
    for (const client of clients) client.close();
    for (const client of clients) client.check();
    server.mustBeAlive();
  });
  const create = (options) => {
    const client = new Client(server.url, options);
    clients.push(client);
    return client;
  };
  const connect = (options) => create(options).connected();
  return { create, connect };
}

export class Client {
  #watch = new Watch();
  #rosters = new Map();
  #faults = [];
  /** Every event received, in order: `{ name, args }`. */
  log = [];
  /** Why each connection ended. */
  disconnects = [];

  /** `track: false` for a client that the test drives by hand: its rosters are not kept. `repairs`: see `Roster`. */
  constructor(url, { track = true, repairs = false, ...options } = {}) {
    const defaults = { transports: ["websocket"], forceNew: true, reconnection: false };
    this.track = track;
    this.repairs = repairs;
    this.socket = io(url, { ...defaults, ...options });
    this.socket.onAny((name, ...args) => this.#hear(name, args));
    this.socket.on("connect", () => this.#watch.changed());
    this.socket.on("disconnect", (reason) => {
      this.disconnects.push(reason);
      this.#watch.changed();
    });
    this.socket.on("connect_error", (error) => {
      this.refusal = error;
      this.#watch.changed();
    });
  }

  async connected() {
    await this.until("a connection", () => {
      if (this.refusal) throw new Error(`refused: ${this.refusal.message}`, { cause: this.refusal });
      return this.socket.connected;
    });
    return this;
  }

  async upgraded() {
    const { engine } = this.socket.io;
    await within(
      new Promise((resolve) => (engine.transport.name === "websocket" ? resolve() : engine.once("upgrade", resolve))),
      ANSWER_MS,
      "the upgrade to WebSocket",
    );
    return this;
  }

  /** Sends an event and returns its ack. */
  ask(name, ...args) {
    const answer = new Promise((resolve) => {
      this.socket.emit(name, ...args, (ack, ...more) => {
        if (more.length) this.#faults.push(`an ack of ${more.length + 1} arguments for ${name}`);
        // At once, in the order of the packets: a promise would only come after the events that follow.
        this.#answered(name, args[0], ack);
        resolve(ack);
      });
    });
    const bounded = within(answer, ANSWER_MS, `the ack of ${name} ${JSON.stringify(args).slice(0, 200)}`);
    // Whoever awaits it sees it fail; a test that has failed elsewhere meanwhile must not be told twice.
    bounded.catch(() => {});
    return bounded;
  }

  async join(roomId, userId, more = {}) {
    const ack = await this.ask("presence:join", { roomId, userId, ...more });
    assert.equal(ack.ok, true, `join of ${roomId}: ${JSON.stringify(ack)}`);
    return ack;
  }

  async patch(roomId, patchState) {
    const ack = await this.ask("presence:heartbeat", { roomId, patchState });
    assert.equal(ack.ok, true, `patch in ${roomId}: ${JSON.stringify(ack)}`);
    return ack;
  }

  /** Asks for the room and so compares it with all that was heard (`Roster`). */
  async sync(roomId) {
    const ack = await this.ask("presence:sync", { roomId });
    assert.equal(ack.ok, true, `sync of ${roomId}: ${JSON.stringify(ack)}`);
    return ack;
  }

  until(what, find, ms) {
    return this.#watch.until(what, find, ms);
  }

  /** The first event of this name whose payload has these fields, already received or still to come. */
  hears(name, fields = {}, ms = ANSWER_MS) {
    const fits = having(name, fields);
    let next = 0;
    const find = () => {
      while (next < this.log.length) {
        const entry = this.log[next++];
        if (fits(entry)) return entry.args[0];
      }
      return null;
    };
    return this.until(`${name} ${JSON.stringify(fields).slice(0, 200)}`, find, ms);
  }

  heard(name, fields = {}) {
    return this.log.filter(having(name, fields)).map((entry) => entry.args[0]);
  }

  /** The next or an earlier `presence:event` with these fields. */
  sees(fields, ms) {
    return this.hears("presence:event", fields, ms);
  }

  saw(fields) {
    return this.heard("presence:event", fields);
  }

  disconnected(ms = ANSWER_MS) {
    return this.until("the end of the connection", () => this.disconnects[0], ms);
  }

  roster(roomId) {
    return this.#rosters.get(roomId);
  }

  /** Breaks the stream as a dead network would: no packet says goodbye. WebSocket only. */
  cut() {
    this.socket.io.engine.transport.ws?.terminate();
  }

  close() {
    this.socket.disconnect();
  }

  check() {
    const faults = [...this.#faults, ...[...this.#rosters.values()].flatMap((roster) => roster.finish())];
    assert.deepEqual(faults, [], "what this client was sent does not add up");
  }

  #hear(name, heard) {
    // The last argument of an event that asks for an answer is how to give it.
    const args = heard.filter((arg) => typeof arg !== "function");
    this.log.push({ name, args });
    if (args.length !== 1) this.#faults.push(`${name} with ${args.length} arguments`);
    if (this.track && name === "presence:event") this.#rosterOf(args[0].roomId).hear(args[0]);
    if (this.track && name === "presence:lost") this.#left(args[0].roomId);
    this.#watch.changed();
  }

  #answered(name, payload, ack) {
    if (!this.track || ack?.ok !== true) return;
    if (name === "presence:join" || name === "presence:sync") this.#rosterOf(payload.roomId).set(ack);
    if (name === "presence:leave") this.#left(payload?.roomId);
  }

  /** Forgets a room, or all; an event of it that comes later then lacks a join and is a fault. */
  #left(roomId) {
    const rooms = roomId === undefined ? [...this.#rosters.keys()] : [roomId];
    for (const room of rooms) {
      this.#faults.push(...(this.#rosters.get(room)?.finish() ?? []));
      this.#rosters.delete(room);
    }
  }

  #rosterOf(roomId) {
    if (!this.#rosters.has(roomId)) this.#rosters.set(roomId, new Roster({ repairs: this.repairs }));
    return this.#rosters.get(roomId);
  }
}

function having(name, fields) {
  const wanted = Object.entries(fields);
  return (entry) => entry.name === name && wanted.every(([key, value]) => isDeepStrictEqual(entry.args[0]?.[key], value));
}
