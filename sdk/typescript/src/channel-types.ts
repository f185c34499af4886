// A channel's options, events and answers. Types only, most of them under the names that clients of the replaced project know.
import type { Failure, RtmError } from "./errors.js";
import type { HeartbeatReply, JoinReply, PresenceEvent, SnapshotEntry, State } from "./protocol.js";
import type { MemberChanges, Members } from "./roster.js";
import type { Schema, StateOf } from "./schema.js";

export interface PresenceChannelOptions {
  /** Time between heartbeats, in milliseconds (a third of the server's `ttlMs`). Zero or less: none. */
  heartbeatIntervalMs?: number | undefined;
  /** How long the answer to a heartbeat may take, in milliseconds (80 % of the interval, at least 1,000). */
  heartbeatAckTimeoutMs?: number | undefined;
  /** Unanswered heartbeats in a row that are borne (2). One more, and the connection is made anew. */
  maxMissedHeartbeats?: number | undefined;
  /** The server's event for changes in a room (`presence:event`). */
  presenceEventName?: string | undefined;
  /** Custom events that are kept while there is no connection (64). */
  offlineQueueMax?: number | undefined;
}

export interface PresenceJoinParams<T = State> {
  roomId: string;
  /** May be left out where a token names the user. */
  userId?: string | undefined;
  /** What to show (`{}`). */
  state?: T | undefined;
}

export interface JoinOptions {
  /** Gives the join up, which rejects with the signal's reason (after 15 s, reconnects included). */
  signal?: AbortSignal | undefined;
}

export type PresenceJoinAck<T = State> = JoinReply<T>;
export type PresenceJoinError = Failure;
export type PresenceJoinResponse<T = State> = PresenceJoinAck<T> | PresenceJoinError;
export type PresenceHeartbeatAck = HeartbeatReply;
export type PresenceHeartbeatError = Failure;
export type PresenceHeartbeatResponse = PresenceHeartbeatAck | PresenceHeartbeatError;
export type PresenceEventEnvelope<T = State> = PresenceEvent<T>;
export type ConnectionStateSnapshot<T = State> = SnapshotEntry<T>;
/** Top-level keys to replace. */
export type PresenceStatePatch<T = State> = Partial<T>;

export interface PresenceHeartbeatParams<T = State> {
  patchState?: PresenceStatePatch<T> | undefined;
}

export interface CustomEmitOptions {
  /** Whether an answer is wanted, as a promise. */
  ack?: boolean | undefined;
  /** How long to wait for it once it is sent, in milliseconds (the heartbeats' ack timeout). */
  timeoutMs?: number | undefined;
  /** Ends the wait, which rejects with the signal's reason. What was emitted is not taken back. */
  signal?: AbortSignal | undefined;
}

/** Who sent a relayed event: its second argument. */
export interface Sender {
  roomId: string;
  userId: string;
  connId: string;
}

/** What a channel fires by itself. */
export type PresenceChannelEventMap<S extends Schema = Schema> = {
  /** In the room: after the first join, and again after each reconnect. */
  connected: { connId: string; /** The presence that was there before goes on. */ resumed: boolean };
  /**
   * Not in the room. The channel joins again by itself, unless `reason` is the code of the `error` before it: `kicked`, `replaced`, or that of
   * a refused join.
   */
  disconnected: { reason: string };
  /** The answer to a join. */
  joinAck: PresenceJoinResponse<StateOf<S>>;
  /** The answer to a heartbeat, or that there was none. */
  heartbeatAck: PresenceHeartbeatResponse;
  /** A change that the server announced, once each. What happened during an outage is not replayed: see `members`. */
  presenceEvent: PresenceEventEnvelope<StateOf<S>>;
  /** Everyone in the room, after a join, a resume or a repair. */
  snapshot: ConnectionStateSnapshot<StateOf<S>>[];
  /** `channel.members` has changed: by an event, or by all that was missed at once. */
  members: MemberChanges<StateOf<S>> & { members: Members<StateOf<S>> };
  error: RtmError;
};
