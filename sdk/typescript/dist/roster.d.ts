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
    /** What an event was to the roster: `gap` means that something before it was missed, and a sync is due. */
    readonly verdict?: "applied" | "ignored" | "gap";
    readonly roster: Roster<T>;
    /** Nothing, if no member is another than before. */
    readonly changes?: MemberChanges<T> | undefined;
}
export declare const emptyRoster: Roster;
/** The room as an answer to join or sync gave it. It sets the version, up or down. */
export declare function applySnapshot<T>(roster: Roster<T>, { snapshot, version }: {
    snapshot: readonly SnapshotEntry<T>[];
    version: number;
}): Outcome<T>;
/** One event, by the rule of the protocol. */
export declare function applyEvent<T>(roster: Roster<T>, event: PresenceEvent<T>): Outcome<T>;
//# sourceMappingURL=roster.d.ts.map