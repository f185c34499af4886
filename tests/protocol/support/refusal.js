// The shape of a refusal: a sentence, a stable code, and whether asking again can help.
import assert from "node:assert/strict";

/** By code. `null`: the contract says "after join", which is neither yes nor no. */
const RETRYABLE = {
  bad_request: false,
  unauthorized: false,
  forbidden: false,
  not_present: null,
  stale_epoch: false,
  unknown_epoch: null,
  too_large: false,
  rate_limited: true,
  unavailable: true,
  draining: true,
};

/** Any answer at all: `ok`, or a refusal with one of the codes. */
export function assertAnswer(ack) {
  if (ack?.ok !== true) assertRefused(ack, Object.keys(RETRYABLE).find((code) => code === ack?.code) ?? "a known code");
}

export function assertRefused(ack, code, expected = {}) {
  const told = JSON.stringify(ack);
  assert.equal(ack?.ok, false, told);
  assert.equal(ack.code, code, told);
  assert.equal(typeof ack.error, "string", told);
  assert.ok(ack.error.length > 3, `no sentence: ${told}`);
  assert.equal(typeof ack.retryable, "boolean", told);
  if (RETRYABLE[code] !== null) assert.equal(ack.retryable, RETRYABLE[code], told);
  for (const [field, value] of Object.entries(expected)) assert.deepEqual(ack[field], value, `${field} of ${told}`);
}

/** `bad_request` naming the place: a field, or an empty text where the whole payload is at fault. */
export function assertBadRequest(ack, place) {
  assertRefused(ack, "bad_request");
  assert.equal(typeof ack.field, "string", JSON.stringify(ack));
  if (place) assert.ok(ack.field.split(/[^\w]/).includes(place), `${JSON.stringify(ack)} does not name ${place}`);
}

/** `too_large` naming the limit and its value. */
export function assertTooLarge(ack, name, value) {
  assertRefused(ack, "too_large");
  const limit = JSON.stringify(ack.limit ?? null);
  assert.ok(limit.includes(name), `${JSON.stringify(ack)} does not name ${name}`);
  assert.match(limit, new RegExp(`(^|\\D)${value}(\\D|$)`), `${JSON.stringify(ack)} does not tell ${value}`);
}
