// The one socket of a client, and when it is connected: token first, then an attempt, then the next. It knows nothing of rooms.
import { io } from "socket.io-client";
import { request } from "./ask.js";
import { Emitter } from "./emitter.js";
import { AuthError, ConnectError, RtmError, connectError, failure } from "./errors.js";
import { watchPage } from "./lifecycle.js";
import { AUTH_REFRESH, SERVER_DRAINING } from "./protocol.js";
/** The first wait after a lost connection is random, up to this; each failure doubles the limit. */
const RECONNECT_DELAY_MS = 500;
const RECONNECT_DELAY_MAX_MS = 5_000;
/** How long the server may take to accept a connection, from the first packet on. */
const CONNECT_TIMEOUT_MS = 20_000;
/** How long before its end a token is replaced: this part of what remains of it, in at most this time. */
const REFRESH_EARLY_PART = 0.2;
const REFRESH_EARLY_MAX_MS = 30_000;
/** The longest delay that a timer takes. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/**
 * Fires `up`, `down` with a reason, `ended` with an error once it will not come back by itself, `ping`, `wake`, `event` with whatever the
 * server emits, `status` and `error`.
 */
export class Connection extends Emitter {
    socket;
    #config;
    #status = "idle";
    /** Names the current attempt; what an earlier one still brings about is void. */
    #attempt = 0;
    #failures = 0;
    #unauthorized = 0;
    #timer;
    #refreshTimer;
    #drainTimer;
    #stopToken = new AbortController();
    #unwatch;
    #token;
    constructor(config, report) {
        super(report);
        this.#config = config;
        this.socket = io(config.baseUrl, {
            transports: config.transports ?? ["websocket"],
            forceNew: true,
            autoConnect: false,
            reconnection: false,
        });
        this.socket.on("connect", () => this.#connected());
        this.socket.on("connect_error", (error) => this.#failed(connectError(error)));
        this.socket.on("disconnect", (reason) => this.#disconnected(reason));
        this.socket.on(SERVER_DRAINING, (draining) => this.#drain(draining));
        this.socket.onAny((event, ...args) => this.fire("event", event, args));
        this.socket.io.on("ping", () => this.fire("ping"));
    }
    get status() {
        return this.#status;
    }
    /** Connects, and stays so until {@link close}. Nothing, if that is already under way. */
    open() {
        if (this.#status !== "idle")
            return;
        this.#failures = this.#unauthorized = 0;
        this.#unwatch = watchPage({
            hidden: () => this.#suspend(),
            shown: () => this.#status === "suspended" && this.#try("connect"),
            woken: () => this.#wake(),
        });
        this.#try("connect");
    }
    /** Disconnects with a farewell: the server ends this client's presences at once. */
    close(error) {
        const before = this.#status;
        if (before === "idle")
            return;
        this.#reset("idle");
        this.#unwatch?.();
        this.socket.disconnect();
        if (before === "connected")
            this.fire("down", "client disconnect");
        this.fire("ended", error);
    }
    /** Gives this transport up without a farewell, and connects again at once. */
    drop(reason) {
        if (this.#status !== "connected")
            return;
        this.#down(reason);
        // The engine's own `close` would wait for what is still to be written.
        this.socket.io.engine.transport.close();
        this.#try("reconnect");
    }
    /** Brings the server a fresh token of the same user while connected. */
    async refresh() {
        try {
            const auth = await this.#auth("expired");
            const token = this.#token;
            const reply = await request(this.socket, AUTH_REFRESH, { token });
            if (reply.ok) {
                this.socket.auth = auth;
                this.#refreshAt(reply.expiresAt);
            }
            return reply;
        }
        catch (error) {
            this.fire("error", error);
            return failure("auth_failed", String(error));
        }
    }
    async #try(reason) {
        this.#reset("connecting");
        const attempt = this.#attempt;
        try {
            const auth = await this.#auth(reason);
            if (attempt !== this.#attempt)
                return;
            this.socket.auth = auth;
            const late = new ConnectError("timeout", `The server did not accept within ${CONNECT_TIMEOUT_MS} ms`, true);
            this.#timer = setTimeout(() => this.#failed(late), CONNECT_TIMEOUT_MS);
            this.socket.connect();
        }
        catch (error) {
            if (attempt === this.#attempt)
                this.#failed(error);
        }
    }
    async #auth(reason) {
        try {
            const auth = (await this.#config.authProvider?.({ reason, signal: this.#stopToken.signal })) ?? {};
            const fields = typeof auth === "string" ? { token: auth } : auth;
            this.#token = fields.token ?? fields.Authorization?.replace(/^Bearer /i, "");
            return { ...fields, token: this.#token };
        }
        catch (error) {
            throw new AuthError("auth_failed", `The token provider failed: ${String(error)}`, true, error);
        }
    }
    #connected() {
        clearTimeout(this.#timer);
        this.#failures = this.#unauthorized = 0;
        this.#set("connected");
        this.#refreshAt(expiryOf(this.#token));
        this.fire("up");
    }
    #disconnected(reason) {
        if (this.#status === "connecting")
            return this.#failed(new ConnectError("connect_failed", reason, true));
        if (this.#status !== "connected")
            return;
        this.#down(reason);
        // A farewell of the server is meant: whoever sends it does not want this client back.
        if (reason === "io server disconnect")
            this.close(new ConnectError("disconnected", "The server ended the connection"));
        else if (this.#config.reconnection === false)
            this.close(new ConnectError("disconnected", reason, true));
        else
            this.#wait();
    }
    #down(reason) {
        this.#reset("waiting");
        this.fire("down", reason);
    }
    #failed(error) {
        if (this.#status !== "connecting")
            return;
        this.#reset("waiting");
        this.socket.disconnect();
        this.fire("error", error);
        const { reconnection = true, reconnectionAttempts = Infinity } = this.#config;
        this.#failures += 1;
        if (error.code === "unauthorized")
            this.#unauthorized += 1;
        // A refused token is replaced once; if the next one is refused too, asking again does not help.
        const hopeless = !error.retryable || this.#unauthorized > (this.#config.authProvider ? 1 : 0);
        if (!reconnection || hopeless || this.#failures > reconnectionAttempts)
            this.close(error);
        else
            this.#wait();
    }
    #wait() {
        const { reconnectionDelayMax = RECONNECT_DELAY_MAX_MS } = this.#config;
        const limit = Math.min(RECONNECT_DELAY_MS * 2 ** this.#failures, reconnectionDelayMax);
        this.#timer = setTimeout(() => this.#retry(), Math.random() * limit);
    }
    #retry() {
        this.#try(this.#unauthorized ? "rejected" : "reconnect");
    }
    #drain({ reconnectInMs: [min, max] }) {
        this.#drainTimer ??= setTimeout(() => this.drop("draining"), min + Math.random() * (max - min));
    }
    #suspend() {
        if (this.#status === "idle")
            return;
        const connected = this.#status === "connected";
        this.#reset("suspended");
        this.socket.disconnect();
        if (connected)
            this.fire("down", "page hidden");
    }
    #wake() {
        if (this.#status === "waiting")
            this.#retry();
        if (this.#status === "connected")
            this.fire("wake");
    }
    #refreshAt(expiresAt) {
        clearTimeout(this.#refreshTimer);
        if (!expiresAt)
            return;
        const left = expiresAt - Date.now();
        const early = Math.min(left * REFRESH_EARLY_PART, REFRESH_EARLY_MAX_MS);
        if (left > 0)
            this.#refreshTimer = setTimeout(() => void this.refresh(), Math.min(left - early, TIMER_MAX_MS));
    }
    #reset(status) {
        this.#attempt += 1;
        for (const timer of [this.#timer, this.#refreshTimer, this.#drainTimer])
            clearTimeout(timer);
        this.#drainTimer = undefined;
        this.#stopToken.abort();
        this.#stopToken = new AbortController();
        this.#set(status);
    }
    #set(status) {
        if (status === this.#status)
            return;
        this.#status = status;
        this.fire("status", status);
    }
}
/** When a JSON Web Token ends, in milliseconds since 1970; nothing for any other token. */
function expiryOf(token) {
    try {
        const [, claims = ""] = String(token).split(".");
        const { exp } = JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
        return exp && exp * 1_000;
    }
    catch {
        return undefined;
    }
}
//# sourceMappingURL=connection.js.map