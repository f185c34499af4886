// The Socket.IO server of npm, for the Rust client to be tested against. Prints its URL.
import { createServer } from "node:http";
import { Server } from "socket.io";

const PING_INTERVAL_MS = 100;

const http = createServer();
const io = new Server(http, { pingInterval: PING_INTERVAL_MS, pingTimeout: 10_000 });
io.use((socket, next) => (socket.handshake.auth.token === "bad" ? next(new Error("bad token")) : next()));
io.on("connection", (socket) => {
  let pings = 0;
  socket.conn.on("packet", ({ type }) => (pings += type === "pong"));
  socket.on("echo", (payload, ack) => ack(payload));
  socket.on("ask-me", async (_, ack) => ack(await socket.timeout(10_000).emitWithAck("question", 42)));
  socket.on("send-binary", (_, ack) => {
    socket.emit("binary", { a: Buffer.from([1, 2]), b: Buffer.from([3]) });
    ack(true);
  });
  socket.on("after-pings", (_, ack) => {
    const look = () => (pings >= 3 ? ack(true) : setTimeout(look, PING_INTERVAL_MS));
    look();
  });
  socket.on("kick-me", () => socket.disconnect(true));
});
http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));
