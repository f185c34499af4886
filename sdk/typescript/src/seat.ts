// A client's place in one room, from connection to connection: it joins, resumes, heartbeats, patches, and keeps the roster.
import { ask } from "./ask.js";
import { bounded } from "./bounded.js";
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
/** How long a presence lives without a heartbeat, if the server does not say, and what of it is believed. */
const TTL_MS = 30_000;
const TTL_MS_MAX = 86_400_000;
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
  /** The state that a join is to set, until one has. */
  #given: State | undefined;
  #joins: ((reply: PresenceJoinResponse) => void)[] = [];
  /** Names the stay on one connection: answers to what an earlier one asked are void. */
  #turn = 0;
  /** The highest epoch that was given or asked for. */
  #epochMax = 0;
  /** The server says it with each join; until then, its default. */
  #ttlMs = TTL_MS;
  #missed = 0;
  #syncing = false;
  /** To what was refused for now. */
  #timer: ReturnType<typeof setTimeout> | undefined;

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
      return failure("room_in_use", "Already in the room");
    }
    this.#rooms.set(roomId, this);
    this.#params = params;
    this.#given = params.state ?? this.#given;
    return new Promise((resolve) => {
      this.#joins.push(resolve);
      this.#enter();
    });
  }

  heartbeat(patch?: State): Promise<PresenceHeartbeatResponse> {
    if (!patch) return new Promise((resolve) => this.#beat(patch, resolve));
    // Those of one turn become one.
    queueMicrotask(() => this.#flush());
    return this.#patches.add(patch);
  }

  async leave(reply: Failure): Promise<void> {
    const { roomId } = this;
    if (!this.#params) return;
    const { socket } = this.#connection;
    // Asked also if the join is not answered yet: it may have been done.
    const left = new Promise((resolve) => ask<LeaveReply>(socket, PRESENCE_LEAVE, [{ roomId }], LEAVE_MS, resolve));
    this.#end(reply);
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
  ended({ reply }: RtmError): void {
    if (this.self) this.#settle(reply);
    else this.#end(reply);
  }

  ping(): void {
    if (this.seated) this.#heartbeat.pinged();
  }

  /** Nobody knows what the connection is worth: ask, and bear no silence. */
  woken(): void {
    this.#missed = Infinity;
    this.#beat();
  }

  heard(event: string, [payload]: unknown[]): void {
    const told = payload as PresenceEvent | Lost;
    // Anything may have been sent, or nothing.
    if (!this.#params || (told as typeof told | null)?.roomId !== this.roomId) return;
    if (event === (this.#options.presenceEventName ?? PRESENCE_EVENT)) this.#changed(told as PresenceEvent);
    else if (event === PRESENCE_LOST && told.connId === this.self?.connId) {
      const { reason } = told as Lost;
      if (reason === "expired") this.#again();
      else this.#lost(failure(reason, `Presence ${reason}`));
    }
  }

  /** Joins, or joins again: by resume, if there was a presence on an earlier connection. */
  #enter(): void {
    if (!this.#params || !this.#connection.socket.connected) return;
    const { roomId, userId } = this.#params;
    const turn = this.#turn;
    const { self, seated } = this;
    const given = this.#given;
    const joins = this.#joins.length;
    // Every join raises the epoch at the server, also one whose answer is lost.
    const epoch = ++this.#epochMax;
    const patch = seated ? undefined : this.#patches.takeAll();
    const shown = given ?? (seated ? undefined : this.#shown);
    const request: Loose<JoinRequest> = {
      roomId,
      userId,
      state: patch ? { ...shown, ...patch } : shown,
      resume: self && !seated ? { connId: self.connId, key: self.key, epoch } : undefined,
    };
    this.#ask<JoinReply>(PRESENCE_JOIN, request, (reply) => {
      this.#fire("joinAck", reply);
      // A handler may have left the room.
      if (turn !== this.#turn) return;
      if (!reply.ok && reply.retryable) return this.#later(reply);
      if (!reply.ok && patch) {
        // It may be the patch that is refused.
        this.#patches.settle(reply);
        this.#fail(reply);
        return this.#enter();
      }
      if (this.#given === given) this.#given = undefined;
      if (reply.ok) this.#entered(reply);
      else if (!this.seated) return this.#lost(reply);
      this.#answer(reply, joins);
      this.#flush();
    });
  }

  #entered(reply: JoinReply): void {
    const { seated, self } = this;
    const { connId, epoch } = reply.self;
    const outcome = applySnapshot(this.roster, reply);
    this.self = reply.self;
    this.#epochMax = Math.max(this.#epochMax, epoch);
    this.#ttlMs = bounded(reply.ttlMs, TTL_MS, TTL_MS_MAX);
    this.#missed = 0;
    this.seated = true;
    this.#heartbeat.start(this.#intervalMs);
    if (!seated) this.#patches.settle({ ok: true, changed: true, epoch, version: reply.version });
    this.#apply(outcome, "snapshot", reply.snapshot);
    if (!seated && this.seated) this.#fire("connected", { connId, resumed: connId === self?.connId });
  }

  #beat(patchState?: State, done?: (reply: PresenceHeartbeatResponse) => void): void {
    const { self, roomId } = this;
    if (!self || !this.seated) return done?.(failure("disconnected", "Not in the room", true));
    const turn = this.#turn;
    const request: Loose<HeartbeatRequest> = { roomId, epoch: self.epoch, patchState };
    // The next one is due an interval after this, whoever asked for it.
    this.#heartbeat.start();
    const judged = (reply: PresenceHeartbeatResponse): void => {
      this.#fire("heartbeatAck", reply);
      done?.(reply);
      // An answer to an epoch that a later join has replaced says nothing about the present.
      if (turn !== this.#turn || this.self !== self) return;
      if (reply.ok) this.#missed = 0;
      else if (leadsToJoin(reply)) this.#again();
      else if (reply.code === "timeout") {
        this.#fail(reply);
        if (++this.#missed <= (this.#options.maxMissedHeartbeats ?? MISSED_MAX)) return;
        const silence = failure("timeout", "Too many missed heartbeats", true);
        this.#fail(silence);
        this.#connection.drop(silence.error);
      } else if (!reply.retryable) this.#fail(reply);
    };
    ask<HeartbeatReply>(this.#connection.socket, PRESENCE_HEARTBEAT, [request], this.ackTimeoutMs, judged, "Heartbeat");
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
        this.#later(reply);
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
    if (outcome.gap && !this.#syncing) this.#sync();
  }

  #sync(): void {
    this.#syncing = true;
    this.#ask<SyncReply>(PRESENCE_SYNC, { roomId: this.roomId }, (reply) => {
      if (reply.ok) {
        this.#apply(applySnapshot(this.roster, reply), "snapshot", reply.snapshot);
        this.#syncing = false;
      } else if (reply.retryable) this.#later(reply);
      else this.#again();
    });
  }

  /** The server knows this presence no more, or under another epoch. */
  #again(): void {
    this.#unseat();
    this.#enter();
  }

  /** The room is closed to this client: it will not join again by itself. */
  #lost(reply: Failure): void {
    this.#end(reply);
    this.#fail(reply);
    this.#fire("disconnected", { reason: reply.code });
  }

  /** Nothing that waits will come about. */
  #settle(reply: Failure): void {
    this.#answer(reply);
    this.#patches.takeAll();
    this.#patches.settle(reply);
  }

  /** Asks what only matters during this stay. */
  #ask<T>(event: string, payload: object, done: (reply: T | Failure) => void): void {
    const turn = this.#turn;
    ask<T>(this.#connection.socket, event, [payload], ANSWER_MS, (reply) => turn === this.#turn && done(reply));
  }

  /** The roster is there before anybody is told of it. */
  #apply({ roster, changes }: Outcome, event?: keyof PresenceChannelEventMap, payload?: unknown): void {
    this.roster = roster;
    if (event) this.#fire(event, payload);
    if (changes) this.#fire("members", { ...changes, members: roster.members });
  }

  get #intervalMs(): number {
    return this.#options.heartbeatIntervalMs ?? this.#ttlMs / 3;
  }

  #end(reply: Failure): void {
    this.#unseat();
    this.#rooms.delete(this.roomId as string);
    this.#params = this.self = this.#given = undefined;
    this.#apply(applySnapshot(this.roster, { snapshot: [], version: null }));
    this.#settle(reply);
  }

  #unseat(): void {
    this.#turn += 1;
    this.seated = this.#syncing = false;
    this.#heartbeat.start(0);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fail(reply: Failure): void {
    this.#fire("error", new RtmError(reply));
  }

  /** What is still due then: a join, a sync, the patches. */
  #later({ retryAfterMs }: Failure): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.seated || this.#joins.length) this.#enter();
      if (this.#syncing) this.#sync();
      this.#flush();
    }, bounded(retryAfterMs, RETRY_MS));
  }

  /** Answers the joins that were waiting when what `reply` answers was asked. */
  #answer(reply: PresenceJoinResponse, joins = Infinity): void {
    for (const resolve of this.#joins.splice(0, joins)) resolve(reply);
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
