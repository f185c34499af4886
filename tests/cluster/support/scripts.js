// The server's own scripts, as it sends them to Redis.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const PRESENCE = new URL("../../../adapters/redis/src/scripts/", import.meta.url);
const CHAT = new URL("../../../app/src/modules/chat/redis/scripts/", import.meta.url);
const NODES = new URL("../../../app/src/nodes/", import.meta.url);
const NAMES = ["commit", "read", "renew", "due"];
const CHAT_NAMES = ["append", "page", "since", "lasts", "mark_read", "receipts"];

function text(folder, name) {
  const read = (file) => readFileSync(new URL(`${file}.lua`, folder), "utf8");
  return read("common") + read(name);
}

export function script(name) {
  return text(PRESENCE, name);
}

const TEXTS = new Map([
  ...NAMES.map((name) => [name, script(name)]),
  ...CHAT_NAMES.map((name) => [`chat:${name}`, text(CHAT, name)]),
  ["shut_out", readFileSync(new URL("shut_out.lua", NODES), "utf8")],
]);
const BY_HASH = new Map([...TEXTS].map(([name, text]) => [createHash("sha1").update(text).digest("hex"), name]));

/** What a script is called, by the hash that Redis knows it by. */
export function scriptOfHash(hash) {
  return BY_HASH.get(hash);
}

/** Tells Redis all scripts, which a node otherwise does when one is first needed. */
export function loadScripts(redis) {
  return redis.with(async (resp) => {
    for (const text of TEXTS.values()) await resp.ask("SCRIPT", "LOAD", text);
  });
}
