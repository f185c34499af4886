// What one client was told of one room, by the rule of the protocol, also across repairs: the `prev` chain never breaks, versions never
// fall, epochs never fall within a stay, and no event is without effect.
import { isDeepStrictEqual } from "node:util";

export class Observer {
  members = new Map();
  version = null;
  faults = [];
  /** Every `leave`, in order. */
  leaves = [];
  #early = [];

  /** A join's or a sync's answer. */
  set({ snapshot, version }) {
    if (this.version !== null) this.#compare(snapshot, version);
    this.#early = [];
    this.version = version;
    this.members = new Map(snapshot.map((entry) => [entry.connId, entry]));
  }

  hear(event) {
    if (this.version === null) this.#early.push(event);
    else if (event.prev === this.version) this.#apply(event);
    else this.#fault(`prev is not the version held, ${this.version}`, event);
  }

  users() {
    return [...this.members.values()].map((member) => member.userId).sort();
  }

  epochOf(connId) {
    return this.members.get(connId)?.epoch;
  }

  #apply(event) {
    const { type, connId, userId, state, epoch, version, prev } = event;
    const shown = this.members.get(connId);
    if (version < prev) this.#fault("a version that falls", event);
    this.version = version;
    if (type === "leave") {
      if (!shown) this.#fault("a leave of someone absent", event);
      this.leaves.push(event);
      this.members.delete(connId);
      return;
    }
    if (type === "join" && shown && epoch <= shown.epoch) this.#fault("a join that raises no epoch", event);
    if (type === "update" && !shown) this.#fault("an update of someone absent", event);
    if (type === "update" && shown?.epoch !== epoch) this.#fault("an update of another epoch", event);
    if (type === "update" && isDeepStrictEqual(shown?.state, state)) this.#fault("an update that changes nothing", event);
    this.members.set(connId, { connId, userId, state, epoch });
  }

  #compare(snapshot, version) {
    if (version !== this.version) this.#fault(`held version ${this.version}, told ${version}`, null);
    const essence = (entries) => new Map([...entries].map(({ connId, userId, state, epoch }) => [connId, { userId, state, epoch }]));
    if (!isDeepStrictEqual(essence(snapshot), essence(this.members.values()))) this.#fault("a snapshot unlike the events before it", snapshot);
  }

  #fault(text, what) {
    this.faults.push(`${text}: ${JSON.stringify(what)?.slice(0, 400)}`);
  }
}
