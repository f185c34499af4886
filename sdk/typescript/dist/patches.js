export class Patch {
    state;
    done;
    #settle;
    constructor(state) {
        this.state = state;
        this.done = new Promise((resolve) => (this.#settle = resolve));
    }
    settle(reply) {
        this.#settle(reply);
    }
}
export class Patches {
    #sent;
    #next;
    add(state) {
        if (this.#next)
            this.#next.state = { ...this.#next.state, ...state };
        else
            this.#next = new Patch({ ...state });
        return this.#next.done;
    }
    /** What to send now: nothing while an answer is awaited. */
    take() {
        if (this.#sent)
            return undefined;
        this.#sent = this.#next;
        this.#next = undefined;
        return this.#sent;
    }
    /** All that is not confirmed, under way from now on: a join brings it along. */
    takeAll() {
        this.again();
        return this.take();
    }
    /** The one under way was answered. */
    settle(reply) {
        this.#sent?.settle(reply);
        this.#sent = undefined;
    }
    /** The one under way may or may not have been done: it is sent again, under what came after it. */
    again() {
        const next = this.#next;
        this.#next = this.#sent ?? next;
        this.#sent = undefined;
        if (!next || !this.#next || this.#next === next)
            return;
        this.#next.state = { ...this.#next.state, ...next.state };
        void this.#next.done.then((reply) => next.settle(reply));
    }
    /** Nobody will send any of it any more. */
    settleAll(reply) {
        this.settle(reply);
        this.take();
        this.settle(reply);
    }
}
//# sourceMappingURL=patches.js.map