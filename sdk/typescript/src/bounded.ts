// Times that a server names: whatever it says, a client neither asks without pause nor waits for ever.

/** The shortest that is believed. */
const BOUNDED_MS_MIN = 50;
/** The longest, unless there is reason for more. */
const BOUNDED_MS_MAX = 60_000;

/** `ms` within the bounds; `usual` if it is no number. */
export function bounded(ms: unknown, usual: number, max = BOUNDED_MS_MAX): number {
  return Math.min(Math.max(Number.isFinite(ms) ? (ms as number) : usual, BOUNDED_MS_MIN), max);
}
