// When the next heartbeat is due. A timer asks, and so does each ping of the server: a hidden tab's timers fire once a minute, but it is
// still handed every message at once.
export class Heartbeat {
    #send;
    #timer;
    #intervalMs = 0;
    #sentAt = 0;
    constructor(send) {
        this.#send = send;
    }
    /** Beats every `intervalMs` from now on; never, if that is not above zero. */
    start(intervalMs) {
        this.#intervalMs = intervalMs;
        this.sent();
    }
    stop() {
        this.start(0);
    }
    /** A heartbeat has just been sent, by whomever: the next is due an interval later. */
    sent() {
        clearTimeout(this.#timer);
        this.#sentAt = performance.now();
        if (this.#intervalMs > 0)
            this.#timer = setTimeout(this.#send, this.#intervalMs);
    }
    /** The server has pinged. */
    pinged() {
        if (this.#intervalMs > 0 && performance.now() - this.#sentAt >= this.#intervalMs / 2)
            this.#send();
    }
}
//# sourceMappingURL=heartbeat.js.map