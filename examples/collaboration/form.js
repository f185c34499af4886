// A form that several people edit at once: whose cursor is where, and who holds which field.

/** How often a cursor is sent, at most, in milliseconds. */
const CURSOR_MS = 50;

/**
 * Who holds a field is in everyone's state: `{ name, field }`. The first whose claim the server shows holds it; as everyone is told of
 * changes in one order, all agree, and whoever comes second withdraws. A holder whose connection ends holds nothing.
 */
export class SharedForm {
  #channel;
  #holders = new Map();
  #off;
  #cursorDue = 0;
  /** Called when a holder has changed. */
  onHolders = () => {};

  constructor(channel) {
    this.#channel = channel;
    this.#off = channel.on("members", () => this.#look());
    this.#look();
  }

  /** The connection that holds a field: `{ connId, userId, state }`, or nothing. */
  holder(field) {
    return this.#holders.get(field);
  }

  /** Asks for a field. True once it is held; false if somebody else has it. */
  async claim(field) {
    const holder = this.holder(field);
    if (holder) return this.#isMine(holder);
    const { version, ok } = await this.#channel.updateState({ field });
    if (!ok) return false;
    // The answer says when the claim took effect; by then every earlier one has been shown.
    if (this.#channel.version < version) await this.#shown(version);
    if (this.#isMine(this.holder(field))) return true;
    await this.release();
    return false;
  }

  /** Gives the field back that is held. */
  release() {
    return this.#channel.updateState({ field: null });
  }

  /** Shows the others where one's cursor is. It is never stored; one that is lost is followed by the next. */
  moveCursor(x, y) {
    const now = performance.now();
    if (now < this.#cursorDue) return;
    this.#cursorDue = now + CURSOR_MS;
    this.#channel.emit("cursor:move", { x, y });
  }

  /** Calls `handler` with every cursor of the others: `({ x, y }, { userId, connId })`. */
  onCursor(handler) {
    return this.#channel.on("cursor:move", handler);
  }

  close() {
    this.#off();
  }

  #isMine(holder) {
    return holder?.connId === this.#channel.self?.connId;
  }

  #look() {
    const claims = new Map();
    for (const { connections } of this.#channel.members.values()) {
      for (const connection of connections) {
        const { field } = connection.state;
        if (field) claims.set(field, [...(claims.get(field) ?? []), connection]);
      }
    }
    const before = this.#holders;
    this.#holders = new Map();
    for (const [field, connections] of claims) {
      const still = connections.find(({ connId }) => connId === before.get(field)?.connId);
      this.#holders.set(field, still ?? connections[0]);
    }
    const same = before.size === this.#holders.size && [...before].every(([field, { connId }]) => this.#holders.get(field)?.connId === connId);
    if (!same) this.onHolders();
  }

  #shown(version) {
    return new Promise((resolve) => {
      const off = this.#channel.on("members", () => {
        if (this.#channel.version < version) return;
        off();
        resolve();
      });
    });
  }
}
