// The server's own scripts, as it sends them to Redis.
import { readFileSync } from "node:fs";

const FOLDER = new URL("../../../adapters/redis/src/scripts/", import.meta.url);
const NAMES = ["commit", "read", "renew", "due"];
const read = (name) => readFileSync(new URL(`${name}.lua`, FOLDER), "utf8");

export function script(name) {
  return read("common") + read(name);
}

/** Tells Redis all scripts, which a node otherwise does when one is first needed. */
export function loadScripts(redis) {
  return redis.with(async (resp) => {
    for (const name of NAMES) await resp.ask("SCRIPT", "LOAD", script(name));
  });
}
