// Random names and choices from one printed seed, so that a failed run can be repeated with RTM_SEED.
export const seed = Number(process.env.RTM_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;
console.log(`seed ${seed} (repeat with RTM_SEED=${seed})`);

let state = seed;
let names = 0;

/** A number in [0, 1); mulberry32. */
export function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

export function below(limit) {
  return Math.floor(random() * limit);
}

export function pick(list) {
  return list[below(list.length)];
}

/** A name no other call of this run returns. */
export function unique(prefix) {
  names += 1;
  return `${prefix}-${seed.toString(36)}-${names}`;
}

export function bytes(length) {
  return Buffer.from(Array.from({ length }, () => below(256)));
}
