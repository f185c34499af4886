// A client's place in one room, from connection to connection: it joins, resumes, heartbeats, patches, and keeps the roster.
import { ask } from "./ask.js";
import { LostError, RequestError, RtmError, failure } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { Patches } from "./patches.js";
import { PRESENCE_EVENT, PRESENCE_HEARTBEAT, PRESENCE_JOIN, PRESENCE_LEAVE, PRESENCE_LOST, PRESENCE_SYNC, } from "./protocol.js";
import { applyEvent, applySnapshot, emptyRoster, isEmpty } from "./roster.js";
/** How long a join or a sync may take on one connection. */
const ANSWER_MS = 10_000;
/** How long a leave is waited for. */
const LEAVE_MS = 1_000;
/** How long the answer to a heartbeat may take at most when the page has just woken. */
const PROBE_MS = 3_000;
/** When to repeat what was refused for now, if the server does not say. */
const RETRY_MS = 1_000;
const UPDATE_INTERVAL_MS = 50;
const MISSED_MAX = 2;
const HEARTBEAT_INTERVAL_MS = 10_000;
export class Seat {
    /** The room as it was last known: while there is no connection, it is not emptied. */
    roster = emptyRoster;
    self;
    /** In the room, on the connection there is now. */
    seated = false;
    #connection;
    #rooms;
    #options;
    #fire;
    #heartbeat = new Heartbeat(() => this.#beat());
    #patches = new Patches();
    #params;
    #joins = [];
    /** Names the stay on one connection: answers to what an earlier one asked are void. */
    #turn = 0;
    /** The highest epoch that was given or asked for. */
    #epochMax = 0;
    #ttlMs;
    #missed = 0;
    #syncing = false;
    #updatedAt = -Infinity;
    #updateTimer;
    constructor(connection, rooms, options, fire) {
        this.#connection = connection;
        this.#rooms = rooms;
        this.#options = options;
        this.#fire = fire;
    }
    /** The room that this seat is for, joined or about to be. */
    get roomId() {
        return this.#params?.roomId;
    }
    get ackTimeoutMs() {
        return this.#options.heartbeatAckTimeoutMs ?? Math.max(this.#intervalMs * 0.8, 1_000);
    }
    join(params) {
        const { roomId } = params;
        const here = this.roomId ?? roomId;
        if (here !== roomId)
            return Promise.resolve(failure("room_in_use", `This channel is in room ${here}: leave it first`, false));
        if ((this.#rooms.get(roomId) ?? this) !== this) {
            return Promise.resolve(failure("room_in_use", `Another channel is in room ${roomId}`, false));
        }
        this.#rooms.set(roomId, this);
        this.#params = { ...params };
        return new Promise((resolve) => {
            this.#joins.push(resolve);
            this.#enter(params.state);
        });
    }
    async heartbeat() {
        return new Promise((resolve) => this.#beat(undefined, resolve));
    }
    patch(state) {
        const done = this.#patches.add(state);
        queueMicrotask(() => this.#flush());
        return done;
    }
    async leave() {
        const { roomId } = this;
        if (roomId === undefined)
            return;
        const { socket } = this.#connection;
        // Asked also if the join is not answered yet: it may have been done.
        const left = new Promise((resolve) => ask(socket, PRESENCE_LEAVE, { roomId }, LEAVE_MS, resolve));
        this.#end(failure("not_joined", "The channel has left the room", false));
        await left;
    }
    up() {
        this.#enter();
    }
    down(reason) {
        if (!this.#params)
            return;
        this.#unseat();
        this.#fire("disconnected", { reason });
    }
    /** The connection will not come back by itself. What waits for it is told; a room once joined is joined again on the next `connect`. */
    ended({ message }) {
        const reply = failure("disconnected", message, false);
        if (this.#params && !this.self)
            this.#end(reply);
        this.#answer(reply);
        this.#patches.settleAll(reply);
    }
    pinged() {
        if (!this.seated)
            return;
        this.#heartbeat.pinged();
        if (this.#updateTimer)
            this.#flushNow();
    }
    /** Nobody knows what the connection is worth: ask, and bear no silence. */
    woken() {
        if (!this.seated)
            return;
        this.#missed = this.#missedMax;
        this.#beat(undefined, undefined, Math.min(this.ackTimeoutMs, PROBE_MS));
    }
    heard(event, payload) {
        if (payload?.roomId !== this.roomId || !this.#params)
            return;
        if (event === (this.#options.presenceEventName ?? PRESENCE_EVENT))
            this.#changed(payload);
        else if (event === PRESENCE_LOST && payload.connId === this.self?.connId)
            this.#lost(payload.reason);
    }
    /** Joins, or joins again: by resume, if there was a presence on an earlier connection. */
    #enter(state) {
        if (!this.#params)
            return;
        const { roomId, userId, state: first } = this.#params;
        const turn = this.#turn;
        const request = { roomId };
        if (userId !== undefined)
            request.userId = userId;
        if (!this.seated && this.self) {
            const { connId, key } = this.self;
            request.resume = { connId, key, epoch: ++this.#epochMax };
            state ??= this.#shown ?? first ?? {};
        }
        const patch = this.seated ? undefined : this.#patches.takeAll();
        if (patch)
            state = { ...state, ...patch.state };
        if (state)
            request.state = state;
        ask(this.#connection.socket, PRESENCE_JOIN, request, ANSWER_MS, (reply) => {
            if (turn !== this.#turn)
                return;
            this.#fire("joinAck", reply);
            if (reply.ok)
                this.#entered(reply);
            else
                this.#refused(reply, patch !== undefined);
        });
    }
    #entered(reply) {
        const resumed = this.self?.connId === reply.self.connId;
        const { epoch } = (this.self = reply.self);
        this.#epochMax = Math.max(this.#epochMax, epoch);
        this.#ttlMs = reply.ttlMs;
        this.#missed = 0;
        if (!this.seated)
            this.#patches.settle({ ok: true, changed: true, epoch, version: reply.version });
        this.seated = true;
        this.#heartbeat.start(this.#intervalMs);
        this.#reset(reply);
        this.#fire("connected", { connId: reply.self.connId, resumed });
        this.#answer(reply);
        this.#flush();
    }
    #refused(reply, patched) {
        const { code } = reply;
        if (code === "disconnected")
            return;
        if (code === "stale_epoch" && (reply.epoch ?? -1) >= this.#epochMax) {
            // Only an earlier socket of this very client can be ahead: its answer was lost.
            this.#epochMax = reply.epoch ?? 0;
            this.#enter();
        }
        else if (patched && (code === "too_large" || code === "bad_request")) {
            this.#patches.settle(reply);
            this.#fire("error", new RequestError(reply));
            this.#enter();
        }
        else if (reply.retryable) {
            this.#later(reply, () => this.#enter());
        }
        else {
            const before = this.self;
            this.#fire("error", new RequestError(reply));
            this.#end(reply);
            if (before)
                this.#fire("lost", { reason: "refused" });
        }
    }
    #beat(patchState, done, timeoutMs = this.ackTimeoutMs) {
        const { self, roomId } = this;
        if (!self || !this.seated)
            return done?.(failure("disconnected", "Not in the room at the moment"));
        const turn = this.#turn;
        const request = { roomId, epoch: self.epoch, ...(patchState && { patchState }) };
        this.#heartbeat.sent();
        ask(this.#connection.socket, PRESENCE_HEARTBEAT, request, timeoutMs, (answer) => {
            const late = !answer.ok && answer.code === "timeout";
            const reply = late ? failure("timeout", "Heartbeat acknowledgement timeout") : answer;
            this.#fire("heartbeatAck", reply);
            done?.(reply);
            // An answer to an epoch that a later join has replaced says nothing about the present.
            if (turn === this.#turn && this.self === self)
                this.#judge(reply);
        });
    }
    #judge(reply) {
        if (reply.ok) {
            this.#missed = 0;
            return;
        }
        if (leadsToJoin(reply))
            return this.#again();
        if (reply.code === "disconnected")
            return;
        if (reply.code === "timeout" || !reply.retryable)
            this.#fire("error", new RequestError(reply));
        if (reply.code !== "timeout" || ++this.#missed <= this.#missedMax)
            return;
        this.#fire("error", new RequestError(failure("timeout", "Too many missed heartbeats")));
        this.#connection.drop("heartbeats unanswered");
    }
    #flush() {
        const wait = this.#updatedAt + (this.#options.updateIntervalMs ?? UPDATE_INTERVAL_MS) - performance.now();
        if (wait <= 0)
            this.#flushNow();
        else
            this.#updateTimer ??= setTimeout(() => this.#flushNow(), wait);
    }
    #flushNow() {
        clearTimeout(this.#updateTimer);
        this.#updateTimer = undefined;
        const turn = this.#turn;
        const patch = this.seated ? this.#patches.take() : undefined;
        if (!patch)
            return;
        this.#updatedAt = performance.now();
        this.#beat(patch.state, (reply) => {
            // What another connection was asked stays under way: the next join brings it along.
            if (turn !== this.#turn)
                return;
            if (!reply.ok && reply.retryable) {
                this.#patches.again();
                this.#later(reply, () => this.#flush());
            }
            else if (reply.ok || !leadsToJoin(reply)) {
                this.#patches.settle(reply);
                this.#flush();
            }
        });
    }
    #changed(event) {
        // Before the answer to a join there is nothing to apply it to, and the snapshot that comes will contain it.
        if (!this.seated)
            return this.#fire("presenceEvent", event);
        const { verdict, roster, changes } = applyEvent(this.roster, event);
        if (verdict === "ignored")
            return;
        this.#apply(roster, changes, () => this.#fire("presenceEvent", event));
        if (verdict === "gap")
            this.#sync();
    }
    #sync() {
        if (this.#syncing)
            return;
        this.#syncing = true;
        const { roomId } = this;
        const turn = this.#turn;
        ask(this.#connection.socket, PRESENCE_SYNC, { roomId }, ANSWER_MS, (reply) => {
            if (turn !== this.#turn)
                return;
            this.#syncing = false;
            if (reply.ok)
                this.#reset(reply);
            else if (reply.retryable)
                this.#later(reply, () => this.#sync());
            else
                this.#again();
        });
    }
    #lost(reason) {
        if (reason === "expired")
            return this.#again();
        this.#fire("error", new LostError(reason, `The presence was ${reason}`));
        this.#end(failure(reason, `The presence was ${reason}`, false));
        this.#fire("lost", { reason });
    }
    /** The server knows this presence no more, or under another epoch. */
    #again() {
        this.#unseat();
        this.#enter();
    }
    #unseat() {
        this.#turn += 1;
        this.seated = this.#syncing = false;
        this.#heartbeat.stop();
        clearTimeout(this.#updateTimer);
        this.#updateTimer = undefined;
    }
    #end(reply) {
        this.#unseat();
        if (this.#params)
            this.#rooms.delete(this.#params.roomId);
        this.#params = this.self = undefined;
        const { changes } = applySnapshot(this.roster, { snapshot: [], version: 0 });
        this.#apply(emptyRoster, changes);
        this.#answer(reply);
        this.#patches.settleAll(reply);
    }
    #reset(reply) {
        const { roster, changes } = applySnapshot(this.roster, reply);
        this.#apply(roster, changes, () => this.#fire("snapshot", reply.snapshot));
    }
    /** The roster is there before anybody is told of it. */
    #apply(roster, changes, tell) {
        this.roster = roster;
        tell?.();
        if (!isEmpty(changes))
            this.#fire("members", { ...changes, members: roster.members });
    }
    #answer(reply) {
        for (const resolve of this.#joins.splice(0))
            resolve(reply);
    }
    #later({ retryAfterMs = RETRY_MS }, repeat) {
        const turn = this.#turn;
        setTimeout(() => turn === this.#turn && repeat(), retryAfterMs);
    }
    get #intervalMs() {
        return this.#options.heartbeatIntervalMs ?? (this.#ttlMs ? this.#ttlMs / 3 : HEARTBEAT_INTERVAL_MS);
    }
    get #missedMax() {
        return this.#options.maxMissedHeartbeats ?? MISSED_MAX;
    }
    /** What the others see of this presence. */
    get #shown() {
        for (const { connections } of this.roster.members.values()) {
            for (const { connId, state } of connections)
                if (connId === this.self?.connId)
                    return state;
        }
        return undefined;
    }
}
function leadsToJoin({ code }) {
    return code === "not_present" || code === "unknown_epoch" || code === "stale_epoch";
}
//# sourceMappingURL=seat.js.map