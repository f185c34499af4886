// What a client knows of one room, kept by the rule of the protocol: `prev` equal to the version held: apply; else not above it: ignore;
// else something was missed. On one connection of one node nothing may be missed, repeated or without effect: each is a fault.
import { isDeepStrictEqual } from "node:util";

const FIELDS = ["type", "roomId", "userId", "connId", "state", "ts", "epoch", "version", "prev"];
const LEAVE_REASONS = ["left", "disconnected", "expired", "kicked"];

export class Roster {
  members = new Map();
  version = null;
  self = null;
  faults = [];
  /** Events that came before the join's own ack. They must be part of its snapshot. */
  #early = [];
  #repairs;

  /**
   * `repairs`: the node may have to read the room again, as after a pause of its own. Then several events carry one version, a leave
   * has no reason, and whoever was taken for dead sees itself leave and join.
   */
  constructor({ repairs = false } = {}) {
    this.#repairs = repairs;
  }

  /** A join's or a sync's answer sets members and version. */
  set({ snapshot, version, self }) {
    if (self) this.self = self.connId;
    if (this.version !== null) this.#compare(snapshot, version);
    for (const event of this.#early.splice(0)) this.#mustContain(snapshot, version, event);
    this.version = version;
    this.members = new Map(snapshot.map((entry) => [entry.connId, entry]));
    if (this.members.size !== snapshot.length) this.#fault("a snapshot with one connId twice", snapshot);
  }

  hear(event) {
    checkShape(event, this.#repairs, (text) => this.#fault(text, event));
    if (this.version === null) this.#early.push(event);
    else if (event.prev === this.version) this.#apply(event);
    else if (event.version <= this.version) this.#fault(`an event again that version ${this.version} contains`, event);
    else this.#fault(`a gap after version ${this.version}`, event);
  }

  /** Members as `userId`, sorted. */
  users() {
    return [...this.members.values()].map((member) => member.userId).sort();
  }

  /** Whoever was never answered should have heard nothing. */
  finish() {
    for (const event of this.#early) this.#fault("an event without a join's ack", event);
    return this.faults;
  }

  #apply(event) {
    const shown = this.members.get(event.connId);
    if (event.version < event.prev || (event.version === event.prev && !this.#repairs)) this.#fault("a version that does not rise", event);
    this.version = event.version;
    if (event.type === "leave") {
      if (!shown) this.#fault("a leave of someone absent", event);
      if (event.connId === this.self && !this.#repairs) this.#fault("the leaver's own leave", event);
      this.members.delete(event.connId);
      return;
    }
    if (event.type === "join" && shown && event.epoch <= shown.epoch) this.#fault("a join that raises no epoch", event);
    if (event.type === "update") this.#checkUpdate(event, shown);
    const { connId, userId, state, epoch } = event;
    this.members.set(connId, { connId, userId, state, epoch, lastSeenMs: event.ts });
  }

  #checkUpdate(event, shown) {
    if (!shown) return this.#fault("an update of someone absent", event);
    if (shown.epoch !== event.epoch) this.#fault(`an update of epoch ${shown.epoch} with another`, event);
    if (isDeepStrictEqual(shown.state, event.state)) this.#fault("an update that changes nothing", event);
  }

  /** At every moment snapshot and events together are what the node shows. */
  #compare(snapshot, version) {
    if (version !== this.version) this.#fault(`held version ${this.version}, told ${version}`, snapshot);
    const told = new Map(snapshot.map((entry) => [entry.connId, essence(entry)]));
    const held = new Map([...this.members].map(([connId, entry]) => [connId, essence(entry)]));
    if (!isDeepStrictEqual(told, held)) this.#fault(`a snapshot unlike the events before it (${[...held.keys()]})`, snapshot);
  }

  #mustContain(snapshot, version, event) {
    if (event.version > version) this.#fault(`an event before the ack of version ${version} that lacks it`, event);
    const shown = snapshot.find((entry) => entry.connId === event.connId);
    if (event.type === "join" && !shown) this.#fault("a join before the ack of someone the snapshot lacks", event);
  }

  #fault(text, what) {
    this.faults.push(`${text}: ${JSON.stringify(what).slice(0, 600)}`);
  }
}

function essence({ userId, state, epoch }) {
  return { userId, state, epoch };
}

function checkShape(event, repairs, fault) {
  const hasReason = event.type === "leave" && !(repairs && event.reason === undefined);
  const expected = hasReason ? [...FIELDS, "reason"] : FIELDS;
  const missing = expected.filter((field) => !Object.hasOwn(event, field));
  const foreign = Object.keys(event).filter((field) => !expected.includes(field));
  if (missing.length || foreign.length) fault(`fields missing [${missing}], foreign [${foreign}]`);
  for (const field of ["ts", "epoch", "version", "prev"]) {
    if (!Number.isSafeInteger(event[field]) || event[field] < 0) fault(`${field} is no integer below 2^53`);
  }
  if (!["join", "update", "leave"].includes(event.type)) fault("an unknown type");
  if (event.type === "leave") {
    if (event.state !== null) fault("a leave with a state");
    if (hasReason && !LEAVE_REASONS.includes(event.reason)) fault("a leave for an unknown reason");
  } else if (event.state === null || typeof event.state !== "object" || Array.isArray(event.state)) {
    fault("a state that is no object");
  }
}
