// One connection to the server, with the channels and modules that share it.
import { abortable } from "./ask.js";
import { PresenceChannel } from "./channel.js";
import { Connection } from "./connection.js";
import { createEmitter } from "./emitter.js";
import { ConnectError } from "./errors.js";
import { createModules } from "./modules.js";
const consoleLogger = { debug() { }, info() { }, warn: console.warn, error: console.error };
export class RealtimeClient {
    #config;
    #logger;
    #connection;
    #modules;
    #channels = new Set();
    #rooms = new Map();
    #handlers;
    /** Settles when the modules have been told of the current connection. */
    #ready = Promise.resolve();
    constructor(config) {
        this.#config = config;
        this.#logger = config.logger ?? consoleLogger;
        this.#handlers = createEmitter(() => this.#logger);
        this.#connection = new Connection(config);
        this.#modules = createModules({ socket: this.#connection.socket, logger: this.#logger, config });
        this.#connection.listen({
            // Asynchronously, so that the channels, which listen too, have asked to join by then.
            up: () => (this.#ready = this.#ready.then(() => this.#modules.connected())),
            down: () => (this.#ready = this.#ready.then(() => this.#modules.disconnected())),
            failed: (error) => {
                this.#logger.error("Cannot connect", error);
                this.#handlers.fire("error", error);
            },
            status: (status) => this.#handlers.fire("status", status),
        });
    }
    /** What the connection is doing. */
    get status() {
        return this.#connection.status;
    }
    /** Adds a feature. Only before `connect`. */
    use(module) {
        if (this.getSocket())
            throw new Error(`Cannot register module "${module.name}" after connection is established`);
        this.#modules.add(module);
        return this;
    }
    /**
     * Connects, and stays connected until `disconnect`: lost connections are made anew, and rooms joined again. Resolves with the first
     * connection; rejects with a {@link ConnectError} when it gives up, or when `signal` aborts.
     */
    async connect({ signal } = {}) {
        if (this.isConnected())
            return this.#logger.warn("Already connected");
        const connection = this.#connection;
        let unlisten;
        const connected = new Promise((up, ended) => (unlisten = connection.listen({ up, ended })));
        connection.open();
        try {
            await abortable(connected, signal);
            await this.#ready;
        }
        catch (error) {
            await this.disconnect();
            throw error;
        }
        finally {
            unlisten();
        }
    }
    /** Ends the connection, and with it this client's presences. Channels join again on the next `connect`. */
    async disconnect() {
        this.#connection.close(new ConnectError("disconnected", "client disconnect"));
        await this.#ready;
    }
    /** Leaves all rooms, ends modules and connection. */
    async shutdown() {
        await Promise.all([...this.#channels].map((channel) => channel.stop()));
        await this.#modules.shutdown();
        await this.disconnect();
    }
    isConnected() {
        return this.#connection.socket.connected;
    }
    /** The socket, from the first `connect` on: the same through all reconnects. */
    getSocket() {
        return this.status === "idle" ? null : this.#connection.socket;
    }
    /** A channel for one room, of which there may be many. */
    createPresenceChannel(options) {
        if (!this.getSocket())
            throw new Error("Cannot create presence channel before connection. Call connect() first.");
        const channel = new PresenceChannel(this.#connection, this.#rooms, { ...this.#config.presence, ...options }, this.#logger, () => this.#channels.delete(channel));
        this.#channels.add(channel);
        return channel;
    }
    /** A new channel that joins a room. Check `response.ok`: a refusal is an answer too, and stops the channel. */
    async joinRoom(params, options = {}) {
        const channel = this.createPresenceChannel(options);
        let response;
        try {
            response = await channel.join(params, options);
        }
        finally {
            if (!response?.ok)
                await channel.stop();
        }
        return { channel, response };
    }
    /** The returned function takes the handler off. */
    on(event, handler) {
        return this.#handlers.add(event, handler);
    }
}
//# sourceMappingURL=client.js.map