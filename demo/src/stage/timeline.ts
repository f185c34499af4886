// What happened to whom, latest first.

export interface Entry {
  nth: number;
  /** Seconds since the stage was set. */
  at: string;
  userId: string;
  name: string;
  text: string;
  tone: "plain" | "good" | "bad";
}

const KEPT_MAX = 200;

export function createTimeline() {
  const began = performance.now();
  const subscribers = new Set<() => void>();
  let entries: Entry[] = [];
  let nth = 0;
  const set = (next: Entry[]): void => {
    entries = next;
    for (const subscriber of subscribers) subscriber();
  };
  return {
    add(userId: string, name: string, text: string, tone: Entry["tone"]): void {
      const at = `${((performance.now() - began) / 1_000).toFixed(2)} s`;
      set([{ nth: ++nth, at, userId, name, text, tone }, ...entries].slice(0, KEPT_MAX));
    },
    clear: () => set([]),
    snapshot: () => entries,
    subscribe(subscriber: () => void): () => void {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  };
}
