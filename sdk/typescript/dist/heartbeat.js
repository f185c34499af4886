// When the next heartbeat is due. A timer asks, and so does each ping of the server: a hidden tab's timers fire once a minute, but it is
// still handed every message at once.
export function createHeartbeat(send) {
    let timer;
    let intervalMs = 0;
    let sentAt = 0;
    const sent = () => {
        clearTimeout(timer);
        sentAt = performance.now();
        if (intervalMs > 0)
            timer = setTimeout(send, intervalMs);
    };
    return {
        start(every) {
            intervalMs = every;
            sent();
        },
        sent,
        pinged() {
            if (intervalMs > 0 && performance.now() - sentAt >= intervalMs / 2)
                send();
        },
    };
}
//# sourceMappingURL=heartbeat.js.map