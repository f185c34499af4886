// A kick, written to Redis as another node writes it: a tombstone in place of the record, by the server's own script.
import { script } from "./scripts.js";

const WRITER = 77;
const KEEP_MS = 60_000;
const FORMAT = "1";

/** `publish`: the command that the nodes' channels are made for. */
export function kick(redis, { roomId, connId, publish = "SPUBLISH" }) {
  return redis.with(async (resp) => {
    const [records] = (await resp.ask("KEYS", "*")).filter((key) => key.endsWith(`:room:${roomId}`));
    const part = records.slice(0, -`room:${roomId}`.length);
    const [head, bytes] = (await resp.ask("HGET", records, connId)).split(/\n(.*)/s);
    const revision = head.split(" ")[1];
    const record = JSON.parse(bytes.slice(FORMAT.length));
    const { user, epoch } = record;
    const event = { conn: connId, user, epoch, writer: WRITER, attempt: 1, at: Date.now(), kind: { left: "kicked" } };
    const keys = [records, `${part}leases`, `${part}tombstones`, `${part}versions`, `${part}events:${roomId}`];
    const written = `${epoch}:${WRITER.toString(16).padStart(16, "0")}:1`;
    const args = [roomId, connId, revision, written, "ended", "-", format({ ...record, phase: "kicked" }), KEEP_MS, format(event), 0, publish];
    const [outcome] = await resp.ask("EVAL", script("commit"), keys.length, ...keys, ...args);
    if (outcome !== "applied") throw new Error(`the kick of ${connId} is answered ${outcome}`);
  });
}

function format(value) {
  return FORMAT + JSON.stringify(value);
}
