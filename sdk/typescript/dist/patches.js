export function createPatches() {
    let sent;
    let next;
    const take = () => {
        if (sent)
            return undefined;
        sent = next;
        next = undefined;
        return sent?.state;
    };
    const again = () => {
        if (!sent)
            return;
        const { settle } = sent;
        if (next)
            void next.done.then(settle);
        next = { ...sent, ...next, state: { ...sent.state, ...next?.state } };
        sent = undefined;
    };
    return {
        add(state) {
            let settle;
            const done = next?.done ?? new Promise((resolve) => (settle = resolve));
            next = { settle, done, ...next, state: { ...next?.state, ...state } };
            return done;
        },
        take,
        takeAll() {
            again();
            return take();
        },
        settle(reply) {
            sent?.settle(reply);
            sent = undefined;
        },
        again,
    };
}
//# sourceMappingURL=patches.js.map