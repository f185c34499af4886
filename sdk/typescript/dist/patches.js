export class Patches {
    #sent;
    #next;
    add(state) {
        let settle;
        const done = this.#next?.done ?? new Promise((resolve) => (settle = resolve));
        this.#next = { settle, done, ...this.#next, state: { ...this.#next?.state, ...state } };
        return done;
    }
    /** What to send now: nothing while an answer is awaited. */
    take() {
        if (this.#sent)
            return undefined;
        this.#sent = this.#next;
        this.#next = undefined;
        return this.#sent?.state;
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
        const sent = this.#sent;
        const next = this.#next;
        this.#sent = undefined;
        if (!sent)
            return;
        if (next)
            void next.done.then(sent.settle);
        this.#next = { ...sent, ...next, state: { ...sent.state, ...next?.state } };
    }
}
//# sourceMappingURL=patches.js.map