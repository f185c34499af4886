// A client's place in one room, from connection to connection: it joins, resumes, heartbeats, patches, and keeps the roster.
import { ask } from "./ask.js";
import type {
  PresenceChannelEventMap,
  PresenceChannelOptions,
  PresenceHeartbeatResponse,
  PresenceJoinParams,
  PresenceJoinResponse,
} from "./channel-types.js";
import type { Connection } from "./connection.js";
import { type Failure, RtmError, failure } from "./errors.js";
import { createHeartbeat } from "./heartbeat.js";
import { createPatches } from "./patches.js";
import {
  type HeartbeatReply,
  type HeartbeatRequest,
  type JoinReply,
  type JoinRequest,
  type LeaveReply,
  type Lost,
  PRESENCE_EVENT,
  PRESENCE_HEARTBEAT,
  PRESENCE_JOIN,
  PRESENCE_LEAVE,
  PRESENCE_LOST,
  PRESENCE_SYNC,
  type PresenceEvent,
  type SelfEntry,
  type State,
  type SyncReply,
} from "./protocol.js";
import { type Outcome, type Roster, applyEvent, applySnapshot, emptyRoster } from "./roster.js";

/** How long a join or a sync may take on one connection. */
const ANSWER_MS = 10_000;
/** How long a leave is waited for. */
const LEAVE_MS = 1_000;
/** When to repeat what was refused for now, if the server does not say. */
const RETRY_MS = 1_000;
const MISSED_MAX = 2;

/** What is `undefined` is not sent. */
type Loose<T> = { [K in keyof T]: T[K] | undefined };
type Fire = <E extends keyof PresenceChannelEventMap>(event: E, payload: unknown) => void;

export class Seat {
  /** The room as it was last known: while there is no connection, it is not emptied. */
  roster: Roster = emptyRoster;
  self: SelfEntry | undefined;
  /** In the room, on the connection there is now. */
  seated = false;
  readonly #connection: Connection;
  readonly #rooms: Map<string, Seat>;
  readonly #options: PresenceChannelOptions;
  readonly #fire: Fire;
  readonly #heartbeat = createHeartbeat(() => this.#beat());
  readonly #patches = createPatches<PresenceHeartbeatResponse>();
  #params: PresenceJoinParams | undefined;
  #joins: ((reply: PresenceJoinResponse) => void)[] = [];
  /** Names the stay on one connection: answers to what an earlier one asked are void. */
  #turn = 0;
  /** The highest epoch that was given or asked for. */
  #epochMax = 0;
  /** The server says it with each join; until then, its default. */
  #ttlMs = 30_000;
  #missed = 0;
  #syncing = false;

  constructor(connection: Connection, rooms: Map<string, Seat>, options: PresenceChannelOptions, fire: Fire) {
    this.#connection = connection;
    this.#rooms = rooms;
    this.#options = options;
    this.#fire = fire;
  }

  /** The room that this seat is for, joined or about to be. */
  get roomId(): string | undefined {
    return this.#params?.roomId;
  }

  get ackTimeoutMs(): number {
    return this.#options.heartbeatAckTimeoutMs ?? Math.max(this.#intervalMs * 0.8, 1_000);
  }

  async join(params: PresenceJoinParams): Promise<PresenceJoinResponse> {
    const { roomId } = params;
    if ((this.roomId ?? roomId) !== roomId || (this.#rooms.get(roomId) ?? this) !== this) {
      return failure("room_in_use", "Room in use", false);
    }
    this.#rooms.set(roomId, this);
    this.#params = { ...params };
    return new Promise((resolve) => {
      this.#joins.push(resolve);
      this.#enter(params.state);
    });
  }

  heartbeat(patch?: State): Promise<PresenceHeartbeatResponse> {
    if (!patch) return new Promise((resolve) => this.#beat(undefined, resolve));
    // Those of one turn become one.
    queueMicrotask(() => this.#flush());
    return this.#patches.add(patch);
  }

  async leave(): Promise<void> {
    const { roomId } = this;
    if (roomId === undefined) return;
    const { socket } = this.#connection;
    // Asked also if the join is not answered yet: it may have been done.
    const left = new Promise((resolve) => ask<LeaveReply>(socket, PRESENCE_LEAVE, [{ roomId }], LEAVE_MS, resolve));
    this.#end(failure("not_joined", "Not in the room", false));
    await left;
  }

  up(): void {
    this.#enter();
  }

  down(reason: string): void {
    if (!this.#params) return;
    this.#unseat();
    this.#fire("disconnected", { reason });
  }

  /** The connection will not come back by itself. A room once joined is joined again on the next `connect`. */
  ended({ message }: RtmError): void {
    const reply = failure("disconnected", message, false);
    if (this.self) this.#answer(reply);
    else this.#end(reply);
  }

  ping(): void {
    if (this.seated) this.#heartbeat.pinged();
  }

  /** Nobody knows what the connection is worth: ask, and bear no silence. */
  woken(): void {
    this.#missed = this.#missedMax;
    this.#beat();
  }

  heard(event: string, [payload]: unknown[]): void {
    const told = payload as PresenceEvent | Lost | null | undefined;
    if (!told || !this.#params || told.roomId !== this.roomId) return;
    if (event === (this.#options.presenceEventName ?? PRESENCE_EVENT)) this.#changed(told as PresenceEvent);
    else if (event === PRESENCE_LOST && told.connId === this.self?.connId) {
      const { reason } = told as Lost;
      if (reason === "expired") this.#again();
      else this.#lost(failure(reason, `The presence was ${reason}`, false));
    }
  }

  /** Joins, or joins again: by resume, if there was a presence on an earlier connection. */
  #enter(given?: State): void {
    if (!this.#params) return;
    const { roomId, userId, state: first } = this.#params;
    const { self, seated } = this;
    const turn = this.#turn;
    // Every join raises the epoch at the server, also one whose answer is lost.
    const epoch = ++this.#epochMax;
    const patch = seated ? undefined : this.#patches.takeAll();
    const shown = given ?? (seated ? undefined : (this.#shown ?? first));
    const request: Loose<JoinRequest> = {
      roomId,
      userId,
      state: patch ? { ...shown, ...patch } : shown,
      resume: self && !seated ? { connId: self.connId, key: self.key, epoch } : undefined,
    };
    ask<JoinReply>(this.#connection.socket, PRESENCE_JOIN, [request], ANSWER_MS, (reply) => {
      if (turn !== this.#turn) return;
      this.#fire("joinAck", reply);
      if (reply.ok) this.#entered(reply);
      else this.#refused(reply, Boolean(patch), given);
    });
  }

  #entered(reply: JoinReply): void {
    const before = this.self?.connId;
    const { connId, epoch } = (this.self = reply.self);
    this.#epochMax = Math.max(this.#epochMax, epoch);
    this.#ttlMs = reply.ttlMs;
    this.#missed = 0;
    if (!this.seated) this.#patches.settle({ ok: true, changed: true, epoch, version: reply.version });
    this.seated = true;
    this.#heartbeat.start(this.#intervalMs);
    this.#reset(reply);
    this.#fire("connected", { connId, resumed: connId === before });
    this.#answer(reply);
    this.#flush();
  }

  #refused(reply: Failure, patched: boolean, given?: State): void {
    if (reply.code === "disconnected") return;
    if (patched && !reply.retryable) {
      // It may be the patch that is refused.
      this.#patches.settle(reply);
      this.#fail(reply);
      this.#enter(given);
    } else if (reply.retryable) {
      this.#later(reply, () => this.#enter(given));
    } else {
      this.#lost(reply);
    }
  }

  #beat(patchState?: State, done?: (reply: PresenceHeartbeatResponse) => void): void {
    const { self, roomId } = this;
    if (!self || !this.seated) return done?.(failure("disconnected", "Not in the room"));
    const turn = this.#turn;
    const request: Loose<HeartbeatRequest> = { roomId, epoch: self.epoch, patchState };
    this.#heartbeat.sent();
    const judged = (reply: PresenceHeartbeatResponse): void => {
      this.#fire("heartbeatAck", reply);
      done?.(reply);
      // An answer to an epoch that a later join has replaced says nothing about the present.
      if (turn === this.#turn && this.self === self) this.#judge(reply);
    };
    ask<HeartbeatReply>(this.#connection.socket, PRESENCE_HEARTBEAT, [request], this.ackTimeoutMs, judged, "Heartbeat");
  }

  #judge(reply: PresenceHeartbeatResponse): void {
    if (reply.ok) this.#missed = 0;
    else if (leadsToJoin(reply)) this.#again();
    else if (reply.code === "timeout" || !reply.retryable) {
      this.#fail(reply);
      if (reply.code !== "timeout" || ++this.#missed <= this.#missedMax) return;
      const silence = failure("timeout", "Too many missed heartbeats");
      this.#fail(silence);
      this.#connection.drop(silence.error);
    }
  }

  /** At most one patch is under way: how fast the server answers is how often a state is sent. */
  #flush(): void {
    const turn = this.#turn;
    const patch = this.seated && this.#patches.take();
    if (!patch) return;
    this.#beat(patch, (reply) => {
      // What another connection was asked stays under way: the next join brings it along.
      if (turn !== this.#turn || (!reply.ok && leadsToJoin(reply))) return;
      if (!reply.ok && reply.retryable) {
        this.#patches.again();
        this.#later(reply, () => this.#flush());
      } else {
        this.#patches.settle(reply);
        this.#flush();
      }
    });
  }

  #changed(event: PresenceEvent): void {
    // Before the answer to a join there is nothing to apply it to, and the snapshot that comes will contain it.
    if (!this.seated) return this.#fire("presenceEvent", event);
    const outcome = applyEvent(this.roster, event);
    if (!outcome) return;
    this.#apply(outcome, "presenceEvent", event);
    if (outcome.gap) this.#sync();
  }

  #sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    const { roomId } = this;
    const turn = this.#turn;
    ask<SyncReply>(this.#connection.socket, PRESENCE_SYNC, [{ roomId }], ANSWER_MS, (reply) => {
      if (turn !== this.#turn) return;
      this.#syncing = false;
      if (reply.ok) this.#reset(reply);
      else if (reply.retryable) this.#later(reply, () => this.#sync());
      else this.#again();
    });
  }

  /** The room is closed to this client: it will not join again by itself. */
  #lost(reply: Failure): void {
    this.#end(reply);
    this.#fail(reply);
    this.#fire("disconnected", { reason: reply.code });
  }

  /** The server knows this presence no more, or under another epoch. */
  #again(): void {
    this.#unseat();
    this.#enter();
  }

  #unseat(): void {
    this.#turn += 1;
    this.seated = this.#syncing = false;
    this.#heartbeat.start(0);
  }

  #end(reply: Failure): void {
    this.#unseat();
    if (this.#params) this.#rooms.delete(this.#params.roomId);
    this.#params = this.self = undefined;
    this.#apply({ ...applySnapshot(this.roster, { snapshot: [], version: 0 }), roster: emptyRoster });
    this.#answer(reply);
  }

  #reset(reply: JoinReply | SyncReply): void {
    this.#apply(applySnapshot(this.roster, reply), "snapshot", reply.snapshot);
  }

  /** The roster is there before anybody is told of it. */
  #apply({ roster, changes }: Outcome, event?: keyof PresenceChannelEventMap, payload?: unknown): void {
    this.roster = roster;
    if (event) this.#fire(event, payload);
    if (changes) this.#fire("members", { ...changes, members: roster.members });
  }

  #fail(reply: Failure): void {
    this.#fire("error", new RtmError(reply));
  }

  #answer(reply: PresenceJoinResponse): void {
    for (const resolve of this.#joins.splice(0)) resolve(reply);
    if (reply.ok) return;
    this.#patches.takeAll();
    this.#patches.settle(reply);
  }

  #later({ retryAfterMs = RETRY_MS }: Failure, repeat: () => void): void {
    const turn = this.#turn;
    setTimeout(() => turn === this.#turn && repeat(), retryAfterMs);
  }

  get #intervalMs(): number {
    return this.#options.heartbeatIntervalMs ?? this.#ttlMs / 3;
  }

  get #missedMax(): number {
    return this.#options.maxMissedHeartbeats ?? MISSED_MAX;
  }

  /** What the others see of this presence. */
  get #shown(): State | undefined {
    for (const { connections } of this.roster.members.values()) {
      for (const { connId, state } of connections) if (connId === this.self?.connId) return state;
    }
    return undefined;
  }
}

/** `not_present`, `stale_epoch` and `unknown_epoch`: only a join helps. */
function leadsToJoin({ code }: Failure): boolean {
  return /_(present|epoch)$/.test(code);
}
