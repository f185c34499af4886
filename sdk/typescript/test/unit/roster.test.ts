// The reducer against a model of the server: whatever is lost, repeated or swapped on the way, a roster shows some version the room has
// had, never goes back, and after a sync shows the room.
import { describe, expect, it } from "vitest";
import type { PresenceEvent, SnapshotEntry, State } from "../../src/protocol.ts";
import { type Members, type Roster, applyEvent, applySnapshot, emptyRoster } from "../../src/roster.ts";
import { random } from "../support/random.ts";

const ROUNDS = 400;
const STEPS = 60;

describe("a roster", () => {
  it("is the room after random events, however they arrive", () => {
    for (let seed = 1; seed <= ROUNDS; seed += 1) play(seed);
  });

  it("is the room without a sync when every event arrives", () => {
    const room = new Room(7);
    let roster: Roster = applySnapshot(emptyRoster, room.snapshot()).roster;
    for (let step = 0; step < 500; step += 1) {
      const outcome = applyEvent(roster, room.change());
      expect(outcome?.gap).toBeUndefined();
      roster = outcome?.roster as Roster;
      expect(entries(roster.members)).toEqual(room.entries());
    }
  });

  it("applies an event whose version is the one before it, as after a repair", () => {
    const { roster } = applySnapshot(emptyRoster, { version: 5, snapshot: [] });
    const first = applyEvent(roster, event({ connId: "a", prev: 5, version: 9 }));
    const second = applyEvent(first?.roster as Roster, event({ connId: "b", prev: 9, version: 9 }));
    expect(entries(second?.roster.members as Members)).toHaveLength(2);
  });

  it("takes a snapshot's version, also a lower one", () => {
    const high = applySnapshot(emptyRoster, { version: 9, snapshot: [] }).roster;
    expect(applySnapshot(high, { version: 3, snapshot: [] }).roster.version).toBe(3);
  });

  it("groups connections by user, in one order whatever the order of events", () => {
    const both = [entry({ connId: "b" }), entry({ connId: "a" })];
    const forth = applySnapshot(emptyRoster, { version: 1, snapshot: both }).roster;
    const back = applySnapshot(emptyRoster, { version: 1, snapshot: both.toReversed() }).roster;
    expect([...forth.members.values()]).toEqual([...back.members.values()]);
    expect(forth.members.get("u")?.connections.map(({ connId }) => connId)).toEqual(["a", "b"]);
  });

  it("tells of users, not of connections", () => {
    let { roster } = applySnapshot(emptyRoster, { version: 1, snapshot: [] });
    const told = [];
    const steps = [
      event({ connId: "a", prev: 1, version: 2 }),
      event({ connId: "b", prev: 2, version: 3 }),
      event({ connId: "a", prev: 3, version: 4, type: "leave", state: null }),
      event({ connId: "b", prev: 4, version: 5, type: "leave", state: null }),
    ];
    for (const step of steps) {
      const outcome = applyEvent(roster, step);
      told.push(Object.entries(outcome?.changes ?? {}).flatMap(([kind, users]) => (users.length ? [kind] : [])));
      roster = outcome?.roster ?? roster;
    }
    expect(told).toEqual([["joined"], ["updated"], ["updated"], ["left"]]);
  });

  it("tells only of members that changed, and says nothing of a snapshot without a difference", () => {
    const { roster } = applySnapshot(emptyRoster, { version: 1, snapshot: [entry({ connId: "a" }), entry({ connId: "b", userId: "v" })] });
    const later = [entry({ connId: "a", lastSeenMs: 99 }), entry({ connId: "b", userId: "v", state: { n: 1 } })];
    const outcome = applySnapshot(roster, { version: 2, snapshot: later });
    expect(outcome.changes?.updated.map(({ userId }) => userId)).toEqual(["v"]);
    expect(applySnapshot(outcome.roster, { version: 3, snapshot: later }).changes).toBeUndefined();
  });

  it("takes any name for plain data", () => {
    const snapshot = [entry({ userId: "__proto__", connId: "constructor", state: JSON.parse('{"__proto__":{"x":1}}') as State })];
    const { roster } = applySnapshot(emptyRoster, { version: 1, snapshot });
    expect(roster.members.get("__proto__")?.connections[0].connId).toBe("constructor");
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

/** One client on a line that loses, repeats and swaps what the server sends. */
function play(seed: number): void {
  const chance = random(seed);
  const room = new Room(seed);
  let roster: Roster = applySnapshot(emptyRoster, room.snapshot()).roster;
  const line: PresenceEvent[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const change = room.change();
    if (chance() < 0.85) line.push(change);
    if (chance() < 0.15) line.push(change);
    if (chance() < 0.15) line.sort(() => chance() - 0.5);
    while (line.length > 0 && chance() < 0.7) {
      const outcome = applyEvent(roster, line.shift() as PresenceEvent) ?? { roster };
      if (outcome.gap) expect(outcome.roster).toBe(roster);
      expect(outcome.roster.version).toBeGreaterThanOrEqual(roster.version as number);
      roster = outcome.gap && chance() < 0.5 ? applySnapshot(roster, room.snapshot()).roster : outcome.roster;
      expect(entries(roster.members), `seed ${seed}: a state the room never had`).toEqual(room.history.get(roster.version as number));
    }
  }
  for (const late of line) roster = applyEvent(roster, late)?.roster ?? roster;
  const { roster: synced } = applySnapshot(roster, room.snapshot());
  expect(entries(synced.members), `seed ${seed}`).toEqual(room.entries());
}

/** The server's side: a room that changes at random, and all it has ever been. */
class Room {
  readonly #chance: () => number;
  readonly #present = new Map<string, SnapshotEntry>();
  readonly history = new Map<number, SnapshotEntry[]>();
  #version = 100;

  constructor(seed: number) {
    this.#chance = random(seed * 31);
    this.history.set(this.#version, []);
  }

  change(): PresenceEvent {
    const connId = `c${Math.floor(this.#chance() * 8)}`;
    const userId = `u${Number(connId.slice(1)) % 3}`;
    const there = this.#present.get(connId);
    const prev = this.#version;
    this.#version += 1 + Math.floor(this.#chance() * 5);
    const common = { roomId: "r", userId, connId, ts: this.#version, version: this.#version, prev };
    const epoch = (there?.epoch ?? 0) + (this.#chance() < 0.3 ? 1 : 0);
    const state = { n: this.#chance() };
    let told: PresenceEvent;
    if (there && this.#chance() < 0.4) {
      this.#present.delete(connId);
      told = { ...common, type: "leave", state: null, epoch: there.epoch, reason: "left" };
    } else {
      this.#present.set(connId, { connId, userId, state, epoch, lastSeenMs: this.#version });
      told = { ...common, type: there && epoch === there.epoch ? "update" : "join", state, epoch };
    }
    this.history.set(this.#version, this.entries());
    return told;
  }

  snapshot(): { version: number; snapshot: SnapshotEntry[] } {
    return { version: this.#version, snapshot: [...this.#present.values()] };
  }

  entries(): SnapshotEntry[] {
    return sorted([...this.#present.values()]);
  }
}

function entries(members: Members): SnapshotEntry[] {
  return sorted([...members.values()].flatMap(({ connections }) => connections));
}

function sorted(list: readonly SnapshotEntry[]): SnapshotEntry[] {
  return [...list].sort((a, b) => (a.connId < b.connId ? -1 : 1));
}

function entry(fields: Partial<SnapshotEntry>): SnapshotEntry {
  return { connId: "c", userId: "u", state: {}, lastSeenMs: 0, epoch: 1, ...fields };
}

function event(fields: Partial<PresenceEvent>): PresenceEvent {
  return { type: "join", roomId: "r", userId: "u", connId: "c", state: {}, ts: 0, epoch: 1, version: 1, prev: 0, ...fields };
}
