// Bad neighbours: connections that send as much as they are told to, and throw away what they get. Run by run.js, in a process of its own.
//   node flood.js PORT relay | hostile
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const [port, kind] = process.argv.slice(2);
const PONG_MS = 3_000;
const counts = { sent: 0, received_bytes: 0, refused: 0, cut: 0 };

/** A text frame of a client; the mask is zero, so that the text stays as it is. */
function frame(text) {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? [0x81, 0x80 | payload.length] : [0x81, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}

/** A WebSocket in the namespace, unread but for what tells that an event was refused. */
function enter(then) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  let entered = false;
  socket.on("data", (data) => {
    counts.received_bytes += data.length;
    if (data.includes("rate_limited")) counts.refused += 1;
    if (!entered && data.includes("40{")) {
      entered = true;
      then(socket);
    }
  });
  socket.once("connect", () => socket.write(frame("40")));
  const pongs = setInterval(() => socket.writable && socket.write(frame("3")), PONG_MS);
  socket.on("error", () => {});
  socket.on("close", () => clearInterval(pongs));
  return socket;
}

/** 50 members of five rooms, each relaying 60 events a second. */
function relay() {
  const [CLIENTS, ROOMS, RATE] = [50, 5, 60];
  const event = frame('42["cursor:move",{"x":123,"y":456}]');
  for (let n = 0; n < CLIENTS; n += 1) {
    enter((socket) => {
      socket.write(frame(`421["presence:join",{"roomId":"flood-${n % ROOMS}","userId":"user-${n}"}]`));
      const started = performance.now();
      let sent = 0;
      setInterval(() => {
        const due = Math.floor(((performance.now() - started) / 1_000) * RATE);
        for (; sent < due; sent += 1, counts.sent += 1) socket.write(event);
      }, 1_000 / RATE);
    });
  }
}

/** One connection that asks as fast as it is read from, and comes again when it is cut. */
function hostile() {
  const EVENTS = 500;
  const ask = frame('425["presence:heartbeat",{"patchState":{"n":1}}]');
  const many = Buffer.concat(Array.from({ length: EVENTS }, () => ask));
  const socket = enter((entered) => {
    entered.write(frame('421["presence:join",{"roomId":"hostile","userId":"eve"}]'));
    const push = () => {
      do counts.sent += EVENTS;
      while (entered.write(many));
    };
    entered.on("drain", push);
    push();
  });
  socket.on("close", () => {
    counts.cut += 1;
    setImmediate(hostile);
  });
}

({ relay, hostile })[kind]();
process.on("SIGTERM", () => {
  console.log(JSON.stringify(counts));
  process.exit(0);
});
