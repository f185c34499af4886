// What a client knows of a room: a pure function of the snapshots and events it was sent. It knows no socket and no clock.
import type { PresenceEvent, SnapshotEntry, State } from "./protocol.js";

/** One presence: a user's connection, and what it shows. */
export type Connection<T = State> = Readonly<SnapshotEntry<T>>;

/** A user in a room, with one connection for each device or tab, ordered by `connId`: the same at every client. */
export interface Member<T = State> {
  readonly userId: string;
  readonly connections: readonly Connection<T>[];
}

/** A room by user. A member that an event does not change stays the same object. */
export type Members<T = State> = ReadonlyMap<string, Member<T>>;

export interface Roster<T = State> {
  /** The version of the room that this is, or `null` before the first snapshot. */
  readonly version: number | null;
  readonly members: Members<T>;
}

/** What became of the members: each user is in at most one of the three. */
export interface MemberChanges<T = State> {
  readonly joined: readonly Member<T>[];
  /** As they were. */
  readonly left: readonly Member<T>[];
  readonly updated: readonly Member<T>[];
}

export interface Outcome<T = State> {
  /** Something before an event was missed, and a sync is due. */
  readonly gap?: true;
  readonly roster: Roster<T>;
  /** Nothing, if no member is another than before. */
  readonly changes?: MemberChanges<T> | undefined;
}

export const emptyRoster: Roster = { version: null, members: new Map() };

/** The room as an answer to join or sync gave it. It sets the version, up or down. */
export function applySnapshot<T>(
  roster: Roster<T>,
  { snapshot, version }: { snapshot: readonly SnapshotEntry<T>[]; version: number | null },
): Outcome<T> {
  const members = new Map<string, Member<T>>();
  for (const entry of snapshot) {
    const { userId, connId } = entry;
    members.set(userId, withConnection(members.get(userId), userId, connId, entry) as Member<T>);
  }
  return { roster: { version, members }, changes: difference(roster.members, members) };
}

/** One event, by the rule of the protocol. Nothing, if the roster already holds it. */
export function applyEvent<T>(roster: Roster<T>, event: PresenceEvent<T>): Outcome<T> | undefined {
  const { version, members } = roster;
  // In this order: after a repair several events may carry one version, and then `prev` is that version.
  if (event.prev !== version) return version !== null && event.version <= version ? undefined : { roster, gap: true };
  const { userId, connId, state, ts, epoch } = event;
  const next = new Map(members);
  const member = withConnection(next.get(userId), userId, connId, state && { connId, userId, state, lastSeenMs: ts, epoch });
  if (member) next.set(userId, member);
  else next.delete(userId);
  return { roster: { version: event.version, members: next }, changes: difference(members, next) };
}

/** The member with that connection as `entry` says, or without it; nobody, if there is no other. */
function withConnection<T>(
  member: Member<T> | undefined,
  userId: string,
  connId: string,
  entry: SnapshotEntry<T> | null,
): Member<T> | undefined {
  const connections = member?.connections.filter((other) => other.connId !== connId) ?? [];
  if (entry) connections.push(entry);
  connections.sort((a, b) => (a.connId < b.connId ? -1 : 1));
  return connections.length ? { userId, connections } : undefined;
}

function difference<T>(before: Members<T>, after: Members<T>): MemberChanges<T> | undefined {
  const joined: Member<T>[] = [];
  const updated: Member<T>[] = [];
  for (const [userId, now] of after) {
    const old = before.get(userId);
    if (!old) joined.push(now);
    else if (now !== old && essence(now) !== essence(old)) updated.push(now);
  }
  const left = [...before.values()].filter(({ userId }) => !after.has(userId));
  return joined.length + left.length + updated.length ? { joined, left, updated } : undefined;
}

/** What makes a difference. When a connection was last heard of does not: it moves on without an event. */
function essence<T>({ connections }: Member<T>): string {
  return JSON.stringify(connections.map(({ connId, epoch, state }) => [connId, epoch, state]));
}
