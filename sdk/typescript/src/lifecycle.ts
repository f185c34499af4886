// What a page's life means to its connection. Outside a browser nothing of it ever happens.

export interface PageLife {
  /** The page goes into the back/forward cache: it may come back, but until then nobody is there. */
  hidden(): void;
  /** It came back from there. */
  shown(): void;
  /** It became visible, was thawed, or the network returned: what was thought of the connection may be outdated. */
  woken(): void;
}

/** Follows the page until the returned function is called. */
export function watchPage(life: PageLife): () => void {
  const scope: Partial<EventTarget> = globalThis;
  const page: EventTarget | undefined = globalThis.document;
  const stop = new AbortController();
  const listen = (target: Partial<EventTarget> | undefined, type: string, handler: (event: Event) => void): void =>
    target?.addEventListener?.(type, handler, { signal: stop.signal });

  // A page that is closed or left for good needs no farewell: its socket closes, and the server's linger applies.
  listen(scope, "pagehide", (event) => (event as PageTransitionEvent).persisted && life.hidden());
  listen(scope, "pageshow", (event) => (event as PageTransitionEvent).persisted && life.shown());
  listen(scope, "online", life.woken);
  listen(page, "resume", life.woken);
  listen(page, "visibilitychange", () => document.visibilityState === "visible" && life.woken());
  return () => stop.abort();
}
