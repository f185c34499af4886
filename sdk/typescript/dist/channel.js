// A room as an application sees it: its members, its events, one's own state. How one gets and stays there is `seat.ts`.
import { abortable, ask } from "./ask.js";
import { createEmitter } from "./emitter.js";
import { RtmError } from "./errors.js";
import { Seat } from "./seat.js";
const JOIN_TIMEOUT_MS = 15_000;
const OFFLINE_QUEUE_MAX = 64;
/** Events of these names are the channel's own; a server's event of the same name does not reach its handlers. */
const LOCAL = [
    "connected",
    "disconnected",
    "joinAck",
    "heartbeatAck",
    "presenceEvent",
    "snapshot",
    "members",
    "error",
];
export class PresenceChannel {
    #connection;
    #seat;
    #handlers;
    #waitingMax;
    /** What was emitted without a connection, in order. */
    #waiting = [];
    #logger;
    #stopped;
    /** @internal Channels come from `RealtimeClient`. */
    constructor(connection, rooms, options, logger, stopped) {
        this.#connection = connection;
        this.#logger = logger;
        this.#handlers = createEmitter(() => logger);
        this.#waitingMax = options.offlineQueueMax ?? OFFLINE_QUEUE_MAX;
        this.#seat = new Seat(connection, rooms, options, (event, payload) => this.#fire(event, payload));
        this.#stopped = [
            stopped,
            connection.listen(this.#seat),
            connection.listen({
                up: () => this.#flush(),
                ended: (error) => this.#reject(error),
                heard: (event, args) => this.#heard(event, args),
            }),
        ];
    }
    /** The room, from the first call of `join` to `leave`. */
    get roomId() {
        return this.#seat.roomId;
    }
    /** This client's own presence, once joined. */
    get self() {
        const { self } = this.#seat;
        return self && { connId: self.connId, epoch: self.epoch };
    }
    /** Whether the room is joined on the connection there is now. */
    get joined() {
        return this.#seat.seated;
    }
    /**
     * Everyone in the room by user, each with their connections, this client included. A new map for each change. While there is no connection
     * it shows the room as last known; after a reconnect `members` is fired with the difference.
     */
    get members() {
        return this.#seat.roster.members;
    }
    /** The version of the room that `members` shows, or `null` before the first join. */
    get version() {
        return this.#seat.roster.version;
    }
    /**
     * Joins a room, and stays in it across reconnects until `leave`, `stop` or `lost`. The answer is the server's, a refusal included
     * (`ok: false`); it rejects only if there is none in time. Called again in the same room, it replaces the state, if one is given.
     */
    async join(params, { signal = AbortSignal.timeout(JOIN_TIMEOUT_MS) } = {}) {
        const seat = this.#seat;
        const first = !seat.self;
        try {
            return (await abortable(seat.join(params), signal));
        }
        catch (error) {
            if (first)
                await this.leave();
            throw error;
        }
    }
    on(event, handler) {
        return this.#handlers.add(event, handler);
    }
    once(event, handler) {
        return this.#handlers.add(event, handler, true);
    }
    /** Takes a handler off, or all of an event. */
    off(event, handler) {
        this.#handlers.remove(event, handler);
    }
    emit(event, first, second) {
        const args = first === undefined ? [] : [first];
        if (typeof second === "function")
            args.push(second);
        else if (second?.ack) {
            const { timeoutMs, signal } = second;
            return abortable(new Promise((resolve, reject) => this.#send({ event, args, timeoutMs, resolve, reject })), signal);
        }
        this.#send({ event, args, reject: (error) => this.#fire("error", error) });
    }
    /** Changes top-level keys of one's own state. Calls in quick succession become one update; it survives reconnects. */
    updateState(patch) {
        return this.sendHeartbeat({ patchState: patch });
    }
    /** Sends a heartbeat now, beside those that are sent by themselves. */
    async sendHeartbeat({ patchState } = {}) {
        const seat = this.#seat;
        if (!seat.self)
            throw new RtmError("not_joined", "Cannot send heartbeat before join");
        return patchState ? seat.patch(patchState) : seat.heartbeat();
    }
    /** Leaves the room. The channel can join again, or another. */
    async leave() {
        this.#reject(new RtmError("not_joined", "Not in the room"));
        await this.#seat.leave();
    }
    /** Leaves the room for good: no handler is called any more. */
    async stop() {
        await this.leave();
        for (const stopped of this.#stopped)
            stopped();
        this.#handlers.clear();
    }
    #send(outgoing) {
        const { socket } = this.#connection;
        const { event, args, timeoutMs, resolve, reject } = outgoing;
        // A channel that is in no room, and is not about to be, needs only a connection.
        if (!socket.connected || (this.roomId !== undefined && !this.joined)) {
            if (this.#waiting.length < this.#waitingMax)
                this.#waiting.push(outgoing);
            else
                reject(new RtmError("queue_full", "Queue full"));
        }
        else if (resolve) {
            ask(socket, event, args, timeoutMs ?? this.#seat.ackTimeoutMs, (reply, lost) => {
                if (lost)
                    reject(new RtmError(lost.code, `Custom event '${event}' acknowledgement timeout`, true));
                else
                    resolve(reply);
            });
        }
        else
            socket.emit(event, ...args);
    }
    #flush() {
        for (const outgoing of this.#waiting.splice(0))
            this.#send(outgoing);
    }
    #reject(error) {
        for (const { reject } of this.#waiting.splice(0))
            reject(error);
    }
    #heard(event, args) {
        if (LOCAL.includes(event))
            return;
        // A relayed event tells its room beside the payload, one of the chat in it.
        const told = (event.startsWith("chat:") ? args[0] : args[1]);
        if (told?.roomId !== undefined && told.roomId !== this.roomId)
            return;
        this.#handlers.fire(event, ...args);
    }
    #fire(event, payload) {
        if (event === "error")
            this.#logger.warn(event, payload);
        this.#handlers.fire(event, payload);
        if (event === "connected")
            this.#flush();
    }
}
//# sourceMappingURL=channel.js.map