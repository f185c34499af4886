// What components hold while they are mounted. React may unmount and mount again at once (StrictMode does): the end waits for that.

export interface Held {
  start(): void;
  end(): void;
}

interface Hold {
  holders: number;
  ending: ReturnType<typeof setTimeout> | undefined;
}

const holds = new WeakMap<Held, Hold>();

/** Starts what nobody holds yet. The returned function lets go; with the last one it ends, unless somebody holds it again in the same turn. */
export function hold(held: Held): () => void {
  const it = holds.get(held) ?? { holders: 0, ending: undefined };
  holds.set(held, it);
  if (it.ending === undefined && it.holders === 0) held.start();
  clearTimeout(it.ending);
  it.ending = undefined;
  it.holders += 1;
  return () => {
    it.holders -= 1;
    if (it.holders > 0) return;
    it.ending = setTimeout(() => {
      it.ending = undefined;
      held.end();
    });
  };
}

/** Ends at once what waits for its end. */
export function endNow(held: Held): void {
  const it = holds.get(held);
  if (it?.ending === undefined) return;
  clearTimeout(it.ending);
  it.ending = undefined;
  held.end();
}
