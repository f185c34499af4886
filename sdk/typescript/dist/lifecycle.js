// What a page's life means to its connection. Outside a browser nothing of it ever happens.
/** Follows the page until the returned function is called. */
export function watchPage(life) {
    const scope = globalThis;
    const page = globalThis.document;
    const stop = new AbortController();
    const listen = (target, type, handler) => target?.addEventListener?.(type, handler, { signal: stop.signal });
    // A page that is closed or left for good needs no farewell: its socket closes, and the server's linger applies.
    listen(scope, "pagehide", (event) => event.persisted && life.hidden());
    listen(scope, "pageshow", (event) => event.persisted && life.shown());
    listen(scope, "online", life.woken);
    listen(page, "resume", life.woken);
    listen(page, "visibilitychange", () => document.visibilityState === "visible" && life.woken());
    return () => stop.abort();
}
//# sourceMappingURL=lifecycle.js.map