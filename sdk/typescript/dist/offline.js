// Custom events that wait for the connection, in order and bounded.
import { RequestError, RtmError, failure } from "./errors.js";
export class OfflineQueue {
    #max;
    #waiting = [];
    constructor(max) {
        this.#max = max;
    }
    push(outgoing) {
        this.#waiting = this.#waiting.filter(({ dropped }) => !dropped);
        if (this.#waiting.length < this.#max)
            this.#waiting.push(outgoing);
        else
            outgoing.reject(new RequestError(failure("queue_full", `More than ${this.#max} events wait for a connection`)));
    }
    /** Empties it, in order. */
    flush(send) {
        for (const outgoing of this.#waiting.splice(0))
            if (!outgoing.dropped)
                send(outgoing);
    }
}
//# sourceMappingURL=offline.js.map