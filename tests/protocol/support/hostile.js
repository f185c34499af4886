// Generators of what no client should send: payloads as JSON text (objects would lose `__proto__` and doubled keys), events, packets, frames, bodies.
import fc from "fast-check";

const EVENTS = ["presence:join", "presence:heartbeat", "presence:leave", "presence:sync"];
const FIELDS = ["roomId", "userId", "state", "resume", "epoch", "patchState", "connId", "key"];
const HOSTILE_KEYS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length", "then", "toJSON", ""];
const ROOMS = ["attacked", "attacked-too", "{}", "*", "__proto__"];

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.constantFrom(...ROOMS, ...HOSTILE_KEYS),
  fc.tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 4 }), fc.constantFrom(64, 300, 2_500)).map(([part, times]) => part.repeat(times)),
);
const text = anyText.map((value) => JSON.stringify(value));

/** JSON numbers of every size, and what only looks like one. */
const number = fc.oneof(
  fc.double().map(String),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.constantFrom("0", "-0", "1e999", "-1e-999", "9007199254740991", "9007199254740992", "1.5", "9".repeat(400), "01", "NaN", "Infinity", "0x10", "1e", "-"),
);

const literal = fc.constantFrom("true", "false", "null", "undefined", "[]", "{}", '""', '"\\ud800"', '"\\u0000"', '"', "}", "]");

const nested = fc
  .tuple(fc.constantFrom(["[", "]"], ['{"n":', "}"]), fc.constantFrom(1, 100, 127, 128, 129, 1_000, 5_000), fc.boolean())
  .map(([[open, close], levels, closed]) => `${open.repeat(levels)}1${closed ? close.repeat(levels) : ""}`);

const key = fc.oneof(fc.constantFrom(...FIELDS, ...HOSTILE_KEYS), anyText).map((name) => JSON.stringify(name));

const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    number,
    literal,
    nested,
    fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map(object),
  ),
}));

/** A payload that is right but for some of its fields. */
const nearly = fc
  .record({ roomId: fc.constantFrom(...ROOMS), userId: fc.constantFrom("eve", "mallory") })
  .chain(({ roomId, userId }) =>
    fc
      .array(fc.tuple(key, json), { maxLength: 3 })
      .map((fields) => object([['"roomId"', JSON.stringify(roomId)], ['"userId"', JSON.stringify(userId)], ...fields])),
  );

const args = fc.array(fc.oneof(nearly, json), { maxLength: 3 });
const name = fc.oneof(fc.constantFrom(...EVENTS), fc.constantFrom("connect", "disconnect", "error", "newListener"), anyText);

/** Events that Socket.IO can read, whatever is in them: name and arguments as JSON text. */
export const event = fc
  .tuple(name, args)
  .map(([name, args]) => `[${[JSON.stringify(name), ...args].join(",")}]`)
  .filter((packet) => isJson(packet));

const ackId = fc.oneof(fc.constant(""), fc.nat(99).map(String), fc.constantFrom("-1", "1.5", "18446744073709551615", "9".repeat(30), " 1", "1e3"));
const namespace = fc.oneof(fc.constantFrom("", "/,", "/admin,", "/", "/,,", "/?token=x,"), anyText.map((name) => `/${name},`));
const count = fc.constantFrom("", "0-", "1-", "2-", "10-", "11-", "1000-", "999999999999-", "-", "-1-");
const placeholder = fc.tuple(number, fc.boolean()).map(([num, is]) => `{"_placeholder":${is},"num":${num}}`);
const body = fc.oneof(event, fc.tuple(name, fc.oneof(json, placeholder)).map(([name, arg]) => `[${JSON.stringify(name)},${arg}]`), json, anyText);

/** What may stand behind the `4` of an Engine.IO message. */
const packet = fc
  .tuple(fc.constantFrom("0", "1", "2", "2", "2", "3", "4", "5", "6", "7", "x", ""), count, namespace, ackId, body)
  .map((parts) => parts.join(""));

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

/** One WebSocket frame, as text or bytes. */
export const frame = fc.oneof(
  { weight: 6, arbitrary: packet.map((text) => `4${text}`) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom("0", "1", "2", "3", "5", "6", "7", "b", "\x1e", ""), anyText).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: fc.tuple(event, ackId).map(([event, id]) => `42${id}${event}`) },
);

/** Frames, some of them many times over. */
export const frames = fc.array(fc.tuple(frame, fc.constantFrom(1, 1, 1, 1, 2, 500)), { minLength: 1, maxLength: 8 }).map((list) => {
  return list.flatMap(([frame, times]) => (frame.length > 1_000 ? [frame] : Array.from({ length: times }, () => frame)));
});

/** The body of a polling client's request. */
export const polled = fc.oneof(
  fc.tuple(frames, fc.constantFrom("\x1e", "\x1e", "", "\x1e\x1e")).map(([frames, separator]) => frames.map(asText).join(separator)),
  bytes,
);

function asText(frame) {
  return typeof frame === "string" ? frame : `b${frame.toString("base64")}`;
}

function object(fields) {
  return `{${fields.map(([key, value]) => `${key}:${value}`).join(",")}}`;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
