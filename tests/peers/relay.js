// Presence as a plain application of the npm Socket.IO server does it: in memory, on one node, with a Map. It speaks as much of the protocol
// as `rtm bench` needs, sends the same fields, and keeps presences alive by heartbeats; it checks, fences, limits and resumes nothing.
//   PORT=3100 node relay.js
import { createServer } from "node:http";
import { Server } from "socket.io";

const TTL_MS = 30_000;
const SWEEP_MS = 3_000;
/** Rooms by id, each with its version and its presences by connection. */
const rooms = new Map();

const http = createServer((_, response) => response.end("ready"));
const io = new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });

function tell(room, type, entry, more) {
  const [prev, version] = [room.version, Math.max(room.version + 1, Date.now())];
  room.version = version;
  const { roomId, userId, connId, state, epoch } = entry;
  io.to(roomId).emit("presence:event", {
    type, roomId, userId, connId, state: type === "leave" ? null : state, ts: Date.now(), epoch, version, prev, ...more,
  });
}

function leave(socket, reason) {
  for (const roomId of socket.data.rooms) {
    const room = rooms.get(roomId);
    const entry = room.members.get(socket.id);
    room.members.delete(socket.id);
    socket.leave(roomId);
    if (entry) tell(room, "leave", entry, { reason });
    if (room.members.size === 0) rooms.delete(roomId);
  }
  socket.data.rooms.clear();
}

io.on("connection", (socket) => {
  socket.data.rooms = new Set();

  socket.on("presence:join", ({ roomId, userId, state = {} }, ack) => {
    if (!rooms.has(roomId)) rooms.set(roomId, { version: Date.now(), members: new Map() });
    const room = rooms.get(roomId);
    const now = Date.now();
    const entry = { roomId, userId, connId: socket.id, state, epoch: now, lastSeenMs: now };
    room.members.set(socket.id, entry);
    socket.data.rooms.add(roomId);
    socket.join(roomId);
    tell(room, "join", entry);
    const snapshot = [...room.members.values()].map(({ connId, userId, state, lastSeenMs, epoch }) => ({ connId, userId, state, lastSeenMs, epoch }));
    ack({ ok: true, snapshot, self: { connId: socket.id, epoch: now }, version: room.version, ttlMs: TTL_MS });
  });

  socket.on("presence:heartbeat", (beat, ack) => {
    const [roomId] = socket.data.rooms;
    const room = rooms.get(roomId);
    const entry = room?.members.get(socket.id);
    if (!entry) return ack({ ok: false, error: "not present" });
    entry.lastSeenMs = Date.now();
    const patch = beat?.patchState;
    const changed = patch !== undefined && Object.keys(patch).some((key) => JSON.stringify(patch[key]) !== JSON.stringify(entry.state[key]));
    if (changed) {
      entry.state = { ...entry.state, ...patch };
      tell(room, "update", entry);
    }
    ack({ ok: true, changed, epoch: entry.epoch, ...(changed && { version: room.version }) });
  });

  socket.on("presence:leave", (_, ack) => {
    leave(socket, "left");
    ack({ ok: true });
  });

  socket.on("disconnect", () => leave(socket, "disconnected"));
});

setInterval(() => {
  const oldest = Date.now() - TTL_MS;
  for (const room of rooms.values()) {
    for (const [connId, entry] of room.members) {
      if (entry.lastSeenMs >= oldest) continue;
      room.members.delete(connId);
      tell(room, "leave", entry, { reason: "expired" });
    }
  }
}, SWEEP_MS);

http.listen(Number(process.env.PORT), "127.0.0.1");
