// What the other wire types are made of. Generated from the Rust crate in sdk/protocol: change it there.

/**
 * The JSON literal `true`.
 */
export type True = true;

/**
 * The JSON literal `false`.
 */
export type False = false;

/**
 * A JSON object as an ordered map from key to raw JSON text. Order and number text stay as they
 * were sent, and any key (`__proto__` too) is plain data. Of a key that is given twice the last
 * value counts, at the first place, as in JavaScript.
 *
 * A string inside a value may hold an unpaired surrogate escape such as `\ud800`: it is text like
 * any other. A key may not.
 */
export type State = { [key: string]: unknown };

/**
 * Any JSON, such as a chat message's body.
 */
export type Json = unknown;
