// Below Socket.IO: HTTP and WebSocket as no library speaks them. The stream is answered or closed, and everyone else is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Polling, request } from "./support/http.js";
import { bytes, unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { besiege } from "./support/siege.js";
import { frame, Tcp, TEXT, upgradeRequest } from "./support/tcp.js";
import { ANSWER_MS } from "./support/wait.js";

const CONNECT_TIMEOUT_MS = 1_500;
const { server, mustServe } = await besiege({ CONNECT_TIMEOUT_MS: String(CONNECT_TIMEOUT_MS) });
const EIO = "/socket.io/?EIO=4";

test("Engine.IO requests that make no sense are answered with 4xx", async () => {
  const { sid } = await Polling.open(server);
  const paths = [
    "/socket.io/", "/socket.io/?EIO=4", "/socket.io/?transport=polling", "/socket.io/?EIO=3&transport=polling", "/socket.io/?EIO=99&transport=polling",
    "/socket.io/?EIO=x&transport=polling", `${EIO}&transport=carrier-pigeon`, `${EIO}&transport=`, `${EIO}&transport=websocket`, `${EIO}&transport=polling&sid=nobody`,
    `${EIO}&transport=polling&sid=${"x".repeat(5_000)}`, `${EIO}&transport=polling&sid=%00%ff`, `${EIO}&transport=websocket&sid=${sid}`,
  ];
  for (const path of paths) {
    const { status } = await request(server, path);
    assert.ok(status >= 400 && status < 500, `${status} for ${path}`);
  }
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const { status } = await request(server, `${EIO}&transport=polling`, { method });
    assert.ok(status >= 400 && status < 500, `${status} for ${method}`);
  }
  const posted = await request(server, `${EIO}&transport=polling`, { method: "POST", body: "40" });
  assert.ok(posted.status >= 400 && posted.status < 500, `${posted.status}`);
  await mustServe("senseless requests");
});

test("a WebSocket upgrade for a session that is none is refused", async () => {
  for (const query of ["&sid=nobody", `&sid=${"x".repeat(100)}`]) {
    await assert.rejects(RawSocket.open(server, { query }));
  }
  const { sid } = await Polling.open(server);
  const raw = new RawSocket(server, { query: `&sid=${sid}` });
  raw.ws.once("open", () => raw.send("4", "2", "5", "2probe", "5", "5"));
  await raw.until("3probe").catch((error) => assert.ok(raw.closed, error.message));
  raw.cut();
  await mustServe("upgrades gone wrong");
});

test("a client whose upgrade stops half-way can come back", async () => {
  const polling = await (await Polling.open(server)).enter();
  const raw = new RawSocket(server, { query: `&sid=${polling.sid}` });
  raw.ws.once("open", () => raw.send("2probe"));
  await raw.until("3probe");
  raw.cut();
  // The transport ends such a session; a new one is served at once.
  await mustServe("half an upgrade");
});

test("two polls at once of one session do not hang", async () => {
  const polling = await (await Polling.open(server)).enter();
  const polls = await Promise.all(Array.from({ length: 3 }, () => polling.get({ ms: 20_000 }).catch((error) => ({ status: error.code }))));
  assert.ok(polls.some(({ status }) => status !== 200), "at most one poll may wait");
  await mustServe("polls at once");
});

test("a session that enters no namespace is closed after CONNECT_TIMEOUT_MS", async () => {
  const from = performance.now();
  // Opened first, so that its time is over when the other's is.
  const idle = await Polling.open(server);
  const raw = await RawSocket.open(server);
  const entered = await RawSocket.enter(server);
  await raw.closes(CONNECT_TIMEOUT_MS + ANSWER_MS);
  assert.ok(performance.now() - from >= CONNECT_TIMEOUT_MS - 50);
  assert.equal(entered.closed, false);
  const posted = await idle.post("40");
  assert.ok(posted.status >= 400, `a late CONNECT was answered ${posted.status}`);
  entered.cut();
});

const REQUESTS = {
  garbage: "GARBAGE\r\n\r\n",
  bytes: bytes(2_000),
  "a TLS greeting": Buffer.from("1603010200010001fc0303", "hex"),
  "a huge header": `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(2_000_000)}\r\n\r\n`,
  "10,000 headers": `GET / HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(10_000)}\r\n`,
  "a huge path": `GET /${"x".repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  "two lengths": `POST ${EIO}&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n40`,
  "a negative length": `POST ${EIO}&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n40`,
  "a bad chunk": `POST ${EIO}&transport=polling HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n40\r\n`,
  "an upgrade without a key": "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "an upgrade to elsewhere": "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
};
test("requests that are no HTTP are answered with 4xx or closed", async () => {
  for (const [what, text] of Object.entries(REQUESTS)) {
    const tcp = new Tcp(server);
    tcp.send(text);
    await Promise.race([tcp.until("HTTP/1.1 4"), tcp.closes()]).catch((error) => {
      assert.ok(tcp.closed, `${what}: ${error.message}, ${tcp.text.slice(0, 100)}`);
    });
    tcp.destroy();
    await mustServe(what);
  }
});

test("half a request, half a handshake and half a frame wait for nobody", async () => {
  const halves = Array.from({ length: 50 }, () => new Tcp(server));
  for (const tcp of halves) tcp.send("GET /socket.io/?EIO=4&tran");
  const streams = await Promise.all(Array.from({ length: 50 }, () => Tcp.webSocket(server)));
  for (const tcp of streams) tcp.send(frame(TEXT, '42["presence:jo', { claim: 500n }));
  await mustServe("half-sent requests and frames");
  for (const tcp of [...halves, ...streams]) tcp.destroy();
});

const FRAMES = {
  "an unmasked frame": [frame(TEXT, "3", { masked: false })],
  "reserved bits": [frame(TEXT, "3", { reserved: 7 })],
  "a reserved opcode": [frame(3, "3")],
  "a reserved control opcode": [frame(0xb, "3")],
  "a fragmented ping": [frame(9, "x", { fin: false })],
  "a ping of 200 bytes": [frame(9, "x".repeat(200))],
  "a continuation of nothing": [frame(0, "3")],
  "a message inside a message": [frame(TEXT, "3", { fin: false }), frame(TEXT, "3")],
  "text that is no UTF-8": [frame(TEXT, Buffer.from([0x34, 0xff, 0xfe]))],
  "a close of one byte": [frame(8, "x")],
  "a close with a code that is none": [frame(8, Buffer.from([0, 5]))],
  "a length of 2^62": [frame(TEXT, "3", { claim: 1n << 62n })],
  "a length of 2^63": [frame(TEXT, "3", { claim: 1n << 63n })],
  "a length of 4 GiB": [frame(2, "3", { claim: 1n << 32n })],
};
test("WebSocket frames that are none end their stream", async () => {
  for (const [what, frames] of Object.entries(FRAMES)) {
    const tcp = await Tcp.webSocket(server);
    tcp.send(...frames);
    await tcp.closes().catch((error) => assert.fail(`${what}: ${error.message}`));
    tcp.destroy();
    await mustServe(what);
  }
});

test("frames sent together with the upgrade request harm nobody", async () => {
  const tcp = new Tcp(server);
  tcp.send(upgradeRequest(), frame(TEXT, "40"), frame(TEXT, '421["presence:heartbeat",null]'));
  await tcp.until("HTTP/1.1 ");
  await mustServe("early frames");
  tcp.destroy();
});
