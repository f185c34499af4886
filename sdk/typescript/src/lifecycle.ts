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
  const stop = new AbortController();
  // What happens to the document passes the window on its way there.
  const options = { capture: true, signal: stop.signal };
  const listen = (type: string, handler: (event: Event) => void): void => globalThis.addEventListener?.(type, handler, options);

  // A page that is closed or left for good needs no farewell: its socket closes, and the server's linger applies.
  listen("pagehide", (event) => (event as PageTransitionEvent).persisted && life.hidden());
  listen("pageshow", (event) => (event as PageTransitionEvent).persisted && life.shown());
  listen("online", life.woken);
  listen("resume", life.woken);
  listen("visibilitychange", () => document.visibilityState === "visible" && life.woken());
  return () => stop.abort();
}
