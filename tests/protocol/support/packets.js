// Packets no client should send. Each is one frame of Engine.IO; `binary` frames follow it where they are part of the offence.
import { below, bytes, pick, random } from "./random.js";

const JOIN = '{"roomId":"attacked","userId":"eve"}';
const DEEP = 5_000;

export const nested = (open, close, levels = DEEP) => `${open.repeat(levels)}1${close.repeat(levels)}`;

/** Engine.IO: unknown types, types only a server sends, broken text, broken bytes. */
export const ENGINE = [
  "", "0", "0{}", '0{"sid":"mine"}', "2", "2probe", "3probe", "5", "5 ", "6", "6noop", "7", "9", "x", "-1", " 4", "\u0000", "💥", "é", "4", "4é", "4💥",
  "b", "b!!!", "bAAAA", "b=", "\x1e", "\x1e\x1e", "4\x1e4", "1 ", "10",
  Buffer.alloc(0), Buffer.from([4]), Buffer.from([0xff, 0xfe]), Buffer.from("42[]"), Buffer.alloc(1_000, 0x80),
];

/** Socket.IO: what may stand behind the `4` of a message. */
export const SOCKET = [
  // CONNECT again, elsewhere, and with broken authentication.
  "0", "0{}", "0{", "0null", "0[]", '0{"token":', "0/admin,", "0/admin,{}", "0/", "0/,", "0/💥,{}", `0/${"n".repeat(5_000)},`, `0${nested("[", "]")}`,
  // DISCONNECT of what was never entered.
  "1/admin,", "1/", "1{}",
  // EVENT: no array, no name, no end.
  "2", "2{}", "2[]", '2"x"', "2null", "2[null]", "2[5]", "2[5,{}]", "2[[]]", "2[{}]", "2[true]", '2["presence:join"', '2["presence:join",', "2[\"\\ud800\"]",
  `2/admin,["presence:join",${JOIN}]`, `2/,["presence:join",${JOIN}]`, `2["presence:join",${JOIN}]trailing`, `2["presence:join",${JOIN}]["again"]`,
  `2["presence:join",{"roomId":"\\ud800","userId":"\\udfff"}]`, `2["presence:join",{"roomId":"attacked","roomId":"twice","userId":"eve","userId":5}]`,
  `2["presence:join",{"roomId":"attacked","userId":"eve","state":{"n":1e999999}}]`, `2["presence:join",{"roomId":"attacked","userId":"eve","state":{"n":${"9".repeat(5_000)}}}]`,
  `2["presence:join",{"roomId":"attacked","userId":"eve","state":NaN}]`, `2['presence:join',${JOIN}]`,
  // Names that are reserved on either side.
  ...["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "error"].map((name) => `25["${name}",{}]`),
  // Ack ids that are none.
  '2-1["x"]', '21.5["x"]', '299999999999999999999999["x"]', '218446744073709551615["x"]', '29223372036854775807["x"]', '29007199254740993["x"]', '200000["x"]', '2 1["x"]',
  // ACK nobody waits for, CONNECT_ERROR from a client.
  "3", "3[]", "30[]", "35{}", '35["x"]', "399999999999999999999[]", "4", "4{}", '4{"message":"x"}', '4/admin,{"message":"x"}',
  // BINARY: none, one too few, elsewhere, too many, no count.
  "5", "5-", "5[]", '5["x"]', '50-["x"]', '50-["x",{"_placeholder":true,"num":0}]', '5-1-["x"]', '51["x"]', '51-', '51-[]', '51-["x"]', '5999999999999-["x"]', '5999999-["x",{}]',
  "6", "60-[]", "61-[]", '61-7[{"_placeholder":true,"num":0}]',
  // Types that do not exist.
  "7", "8[]", '9["x"]', "x", "é", "💥", " ", "\u0000",
  // Depth, in every place that is parsed.
  `2${nested("[", "]")}`, `2${"[".repeat(DEEP)}`, `2["presence:join",${nested('{"n":', "}")}]`, `2["presence:join",{"roomId":"attacked","userId":"eve","state":${nested('{"n":', "}")}}]`,
  `27["presence:heartbeat",{"patchState":{"deep":${nested("[", "]")}}}]`, `2["nobody:knows",${nested("[", "]")}]`, `3${nested("[", "]")}`, `51-["x",${nested("[", "]")}]`,
];

/** BINARY packets with what follows them. */
export const BINARY = [
  ['451-["presence:join",{"_placeholder":true,"num":0}]', Buffer.from([1])],
  ['451-["presence:join",{"roomId":{"_placeholder":true,"num":0},"userId":"eve"}]', Buffer.from("room")],
  ['451-5["presence:join",{"roomId":"attacked","userId":"eve","state":{"b":{"_placeholder":true,"num":0}}}]', Buffer.from([0, 255])],
  ['451-["presence:join",{"_placeholder":true,"num":7}]', Buffer.from([1])],
  ['451-["presence:join",{"_placeholder":true,"num":-1}]', Buffer.from([1])],
  ['451-["presence:join",{"_placeholder":true,"num":"0"}]', Buffer.from([1])],
  ['451-["presence:join",{"_placeholder":true}]', Buffer.from([1])],
  ['452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', Buffer.from([1])],
  ['451-["x",{"_placeholder":true,"num":0}]', "42[\"presence:heartbeat\"]"],
  ['451-["x",{"_placeholder":true,"num":0}]', '451-["y",{"_placeholder":true,"num":0}]', Buffer.from([1])],
  ['451-[{"_placeholder":true,"num":0}]', Buffer.from("presence:join")],
  ['451-["x"]', Buffer.alloc(0), Buffer.alloc(0)],
  ['461-1[{"_placeholder":true,"num":0}]', Buffer.from([1])],
];

const GOOD = [
  '40', '40{"token":"t"}', `421["presence:join",${JOIN}]`, '422["presence:heartbeat",{"patchState":{"a":[1,{"b":null}]},"epoch":"5"}]',
  '423["presence:leave",null]', '424["presence:sync",{"roomId":"attacked"}]', '451-5["x",{"_placeholder":true,"num":0}]', '431["x"]', "3",
];

/** A good packet gone wrong: characters flipped, dropped, doubled, the end cut off or another packet stuck in. */
export function mutant() {
  let packet = pick(GOOD);
  for (let times = 1 + below(4); times > 0; times -= 1) {
    const [at, to] = [below(packet.length + 1), below(packet.length + 1)].sort((a, b) => a - b);
    packet = pick([
      () => packet.slice(0, at) + packet.slice(to),
      () => packet.slice(0, to) + packet.slice(at),
      () => packet.slice(0, at) + String.fromCodePoint(pick([below(128), below(0xd800), 0x1f4a5])) + packet.slice(at + 1),
      () => packet.slice(0, at) + pick(GOOD) + packet.slice(at),
      () => packet.slice(0, at),
    ])();
  }
  return random() < 0.1 ? bytes(below(200)) : packet;
}
