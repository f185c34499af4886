// A game lobby: players who are ready are matched by the host, and when the host goes another player is.

/** How far apart two ratings may be. */
const RATING_GAP_MAX = 200;

/**
 * There is no server code. Everyone's state is `{ rating, since, ready, table, against, tables }`; who is host follows from the members, the
 * same for all, and the host offers tables in its own state: `{ [table]: [userId, userId] }`. Players take the place they are offered.
 */
export class Lobby {
  #channel;
  #offs;
  #host;
  /** What this player has offered as host. */
  #tables = {};
  /** The table that this player has taken. The others see it a moment later, in its state. */
  #seat = null;
  /** Called when this player has been matched: `({ table, against })`. */
  onMatch = () => {};
  /** Called when a player became host. */
  onHost = () => {};

  constructor(channel) {
    this.#channel = channel;
    this.#offs = [channel.on("members", () => this.#look()), channel.on("connected", () => this.#look())];
    this.#look();
  }

  /** What to join with. */
  static state(rating) {
    return { rating, since: Date.now(), ready: false, table: null, against: null, tables: {} };
  }

  /** Players in the order in which they came: `{ userId, connId, state }`. */
  get players() {
    const players = [...this.#channel.members.values()].map(({ connections: [first] }) => first);
    return players.toSorted((a, b) => a.state.since - b.state.since || (a.connId < b.connId ? -1 : 1));
  }

  /** Who makes the matches: the player who has been here for longest. */
  get host() {
    return this.players[0];
  }

  get isHost() {
    return this.host !== undefined && this.#isMe(this.host);
  }

  /** Waits for a game, or no more. */
  ready(ready = true) {
    this.#seat = null;
    return this.#channel.updateState({ ready, table: null, against: null });
  }

  close() {
    for (const off of this.#offs) off();
  }

  #isMe({ connId }) {
    return connId === this.#channel.self?.connId;
  }

  #look() {
    const { host } = this;
    if (!host) return;
    if (host.userId !== this.#host) {
      this.#host = host.userId;
      this.onHost(host);
    }
    if (this.isHost) this.#offer();
    this.#sitDown();
  }

  /** As host: offers tables, and takes back what is over. A new host goes on from where the players are. */
  #offer() {
    const players = new Map(this.players.map((player) => [player.userId, player.state]));
    const tables = {};
    for (const [table, pair] of Object.entries(this.#tables)) {
      const seated = pair.filter((userId) => players.get(userId)?.table === table);
      if (pair.every((userId) => players.has(userId)) && seated.length < pair.length) tables[table] = pair;
    }
    for (const [userId, { table, against }] of players) {
      if (table && players.get(against)?.ready && !(table in tables)) tables[table] = [userId, against];
    }
    const offered = new Set(Object.values(tables).flat());
    const free = this.players.filter(({ userId, state }) => state.ready && !offered.has(userId));
    while (free.length > 1) {
      const first = free.shift();
      const at = free.findIndex(({ state }) => Math.abs(state.rating - first.state.rating) <= RATING_GAP_MAX);
      if (at >= 0) tables[crypto.randomUUID()] = [first.userId, free.splice(at, 1)[0].userId];
    }
    if (JSON.stringify(tables) === JSON.stringify(this.#tables)) return;
    this.#tables = tables;
    this.#channel.updateState({ tables });
  }

  /** Takes the place that the host offers. */
  #sitDown() {
    const me = this.players.find((player) => this.#isMe(player));
    if (!me?.state.ready || this.#seat) return;
    for (const [table, pair] of Object.entries(this.host.state.tables)) {
      if (!pair.includes(me.userId)) continue;
      const against = pair.find((userId) => userId !== me.userId);
      this.#seat = table;
      this.#channel.updateState({ ready: false, table, against });
      this.onMatch({ table, against });
      return;
    }
  }
}
