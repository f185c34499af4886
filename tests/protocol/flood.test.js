// Too much of everything: bytes, attachments, events, namespaces, connections. Its sender is answered, limited or cut; nobody else notices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Polling, request } from "./support/http.js";
import { bytes, unique } from "./support/random.js";
import { RawSocket } from "./support/raw.js";
import { besiege } from "./support/siege.js";
import { BINARY, frame, PING, Tcp, TEXT, upgradeRequest } from "./support/tcp.js";
import { eventually } from "./support/wait.js";

const FLOOD_MS = 20_000;
const { server, mustServe } = await besiege();

/** Waits until a flood's last packet is answered, or its sender is cut. */
async function mustEnd(raw, what) {
  raw.send('4299["presence:sync",{"roomId":"nowhere"}]');
  await raw.answer(99, FLOOD_MS).catch((error) => assert.ok(raw.closed, `${what}: ${error.message}`));
  const cut = raw.closed;
  raw.cut();
  return cut ? "cut" : "answered";
}

test("a 3 MB WebSocket message, as text, as bytes, in one frame and in many", async () => {
  const join = `425["presence:join",${JSON.stringify({ roomId: "room", userId: "eve", state: { pad: "x".repeat(3_000_000) } })}]`;
  for (const [what, send] of Object.entries({
    text: (raw) => raw.send(join),
    bytes: (raw) => raw.send(bytes(3_000_000)),
    attachment: (raw) => raw.send('451-5["x",{"_placeholder":true,"num":0}]', Buffer.alloc(3_000_000)),
    fragments: (raw) => {
      for (let at = 0; at < join.length; at += 10_000) raw.ws.send(join.slice(at, at + 10_000), { fin: at + 10_000 >= join.length });
    },
  })) {
    const raw = await RawSocket.enter(server);
    send(raw);
    assert.equal(await mustEnd(raw, what), "cut", `3 MB of ${what} were read`);
    await mustServe(`3 MB of ${what}`);
  }
});

test("a 3 MB polled message, announced and in chunks", async () => {
  const body = `425["presence:join",{"roomId":"room","userId":"eve","pad":"${"x".repeat(3_000_000)}"}]`;
  for (const headers of [{ "content-length": body.length }, { "transfer-encoding": "chunked" }]) {
    const polling = await (await Polling.open(server)).enter();
    const status = await polling.post(body, { "content-type": "text/plain", ...headers }).then(
      (answer) => answer.status,
      (error) => error.code,
    );
    assert.ok([400, 413, "ECONNRESET", "EPIPE"].includes(status), `${status}`);
    await mustServe("3 MB polled");
  }
});

test("1,000 binary attachments, sent and only announced", async () => {
  const places = Array.from({ length: 1_000 }, (_, num) => ({ _placeholder: true, num }));
  const packet = `451000-5["presence:join",${JSON.stringify(places)}]`;
  for (const attachments of [places.map(() => bytes(100)), []]) {
    const raw = await RawSocket.enter(server);
    raw.send(packet, ...attachments);
    await mustEnd(raw, "attachments");
    await mustServe("1,000 attachments");
  }
});

/** Waits until `count` of the promises are fulfilled, or can no longer be. */
function fulfilled(count, promises) {
  return new Promise((resolve, reject) => {
    let left = count;
    let spare = promises.length - count;
    const one = () => (left -= 1) === 0 && resolve();
    for (const promise of promises) promise.then(one, (error) => (spare -= 1) < 0 && reject(error));
  });
}

const EVENTS = [
  [20_000, "heartbeats without an ack", () => '42["presence:heartbeat",null]'],
  [20_000, "joins and leaves in turn", (n) => (n % 2 ? '42["presence:leave",null]' : '42["presence:join",{"roomId":"flood","userId":"eve"}]')],
  [20_000, "joins of ever new rooms", (n) => `42["presence:join",{"roomId":"flood-${n}","userId":"eve"}]`],
  // Each comes back with the whole state: what leaves the server grows with the square.
  [2_000, "patches with ever new keys", (n) => `42["presence:heartbeat",{"roomId":"flood","patchState":{"k${n}":${n}}}]`],
  [20_000, "events nobody knows", (n) => `42["nobody:knows-${n}",{"n":${n}}]`],
  [20_000, "unreadable events", () => '42["presence:join",5]'],
  [20_000, "acks nobody waits for", (n) => `43${n}[{}]`],
  [20_000, "pongs", () => "3"],
];
for (const [count, what, packet] of EVENTS) {
  test(`${count} ${what}`, async () => {
    const raw = await RawSocket.enter(server);
    await raw.ask("presence:join", { roomId: "flood", userId: "eve" });
    raw.send(...Array.from({ length: count }, (_, n) => packet(n)));
    await mustEnd(raw, what);
    await mustServe(what);
  });
}

test("20,000 heartbeats with an ack are each answered, unless their sender is cut", async () => {
  const raw = await RawSocket.enter(server);
  const ids = Array.from({ length: 20_000 }, (_, n) => n + 100);
  raw.send(...ids.map((id) => `42${id}["presence:heartbeat",null]`));
  // What is refused is answered at once, what is not, when it is done: the last answer may be that of an earlier heartbeat.
  const unanswered = new Set(ids);
  await raw
    .until((text) => unanswered.delete(Number(/^43(\d+)\[/.exec(text)?.[1])) && unanswered.size === 0, FLOOD_MS)
    .catch((error) => assert.ok(raw.closed, `${error.message}: ${unanswered.size} of them are not answered, such as ${[...unanswered][0]}`));
  raw.cut();
  await mustServe("heartbeats with an ack");
});

test("2,000 namespaces that do not exist", async () => {
  const raw = await RawSocket.enter(server);
  raw.send(...Array.from({ length: 2_000 }, (_, n) => `40/${unique("ns")}-${n},{}`));
  await mustEnd(raw, "namespaces");
  await mustServe("2,000 namespaces");
});

test("namespaces with names of 900 KB", async () => {
  const connect = `40/${"n".repeat(900_000)},`;
  for (let n = 0; n < 100; n += 1) {
    const tcp = await Tcp.webSocket(server);
    tcp.send(frame(TEXT, connect));
    await tcp.closes(FLOOD_MS);
  }
  await mustServe("long names of namespaces");

  const polling = await Polling.open(server);
  for (let n = 0; n < 100; n += 1) {
    const { status } = await polling.post(connect);
    assert.equal(status, 400);
  }
  await mustServe("long names of namespaces, polled");
});

test("300,000 packets in one polled body", async () => {
  for (const packet of ["40", "41", "2", "3", "40/x", '42["x"]']) {
    const polling = await (await Polling.open(server)).enter();
    const body = Array.from({ length: Math.min(300_000, Math.floor(999_999 / (packet.length + 1))) }, () => packet).join("\x1e");
    assert.equal((await polling.post(body)).status, 413, packet);
    await mustServe(`a body full of ${packet}`);
  }
});

test("10,000 packets in one polled body are as many as it may hold", async () => {
  for (const packet of ["40", "3", "40/x", '42["x"]', '42["presence:join",{"roomId":"flood","userId":"eve"}]']) {
    const polling = await (await Polling.open(server)).enter();
    const { status } = await polling.post(Array.from({ length: 10_000 }, () => packet).join("\x1e"));
    assert.equal(status, 200, packet);
    await mustServe(`10,000 times ${packet}`);
  }
});

test("1,000 connections that come and go, entered or not", async () => {
  for (let wave = 0; wave < 10; wave += 1) {
    const raws = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? RawSocket.enter(server) : RawSocket.open(server))),
    );
    for (const raw of raws) raw.cut();
  }
  await mustServe("1,000 connections");
});

test("500 polling sessions that are opened and forgotten", async () => {
  for (let wave = 0; wave < 5; wave += 1) {
    await Promise.all(Array.from({ length: 100 }, () => request(server, "/socket.io/?EIO=4&transport=polling")));
  }
  await mustServe("500 polling sessions");
});

test("50,000 fragments of nothing, and of one message without an end", async () => {
  for (const fragment of ["", "x".repeat(100)]) {
    const tcp = await Tcp.webSocket(server);
    const part = frame(0, fragment, { fin: false });
    tcp.send(frame(TEXT, '42["x","', { fin: false }), ...Array.from({ length: 50_000 }, () => part));
    await mustServe("fragments without an end");
    tcp.destroy();
  }
});

test("5,000 polling sessions that never enter", async () => {
  for (let wave = 0; wave < 50; wave += 1) {
    await Promise.all(Array.from({ length: 100 }, () => request(server, "/socket.io/?EIO=4&transport=polling")));
  }
  await mustServe("5,000 polling sessions");
});

test("5,000 WebSockets that never enter", async () => {
  const raws = [];
  for (let wave = 0; wave < 50; wave += 1) {
    raws.push(...(await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(server)))));
  }
  await mustServe("5,000 WebSockets");
  for (const raw of raws) raw.cut();
});

const UNFINISHED = 999_000;
const UNFINISHED_MESSAGES = {
  "polled bodies": async () => {
    const polling = await (await Polling.open(server)).enter();
    const tcp = new Tcp(server);
    tcp.send(`POST ${polling.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n`, "4".repeat(UNFINISHED));
    return tcp;
  },
  "WebSocket frames": async () => {
    const tcp = await Tcp.webSocket(server);
    tcp.send(frame(TEXT, "4".repeat(UNFINISHED), { claim: 1_000_000n }));
    return tcp;
  },
  "WebSocket fragments": async () => {
    const tcp = await Tcp.webSocket(server);
    const part = frame(0, "x".repeat(9_990), { fin: false });
    tcp.send(frame(TEXT, "42", { fin: false }), ...Array.from({ length: UNFINISHED / 9_990 }, () => part));
    return tcp;
  },
};
for (const [what, begin] of Object.entries(UNFINISHED_MESSAGES)) {
  test(`100 unfinished messages of 1 MB: ${what}`, async () => {
    const tcps = await Promise.all(Array.from({ length: 100 }, begin));
    // No more than 8 MiB of them are kept.
    await fulfilled(100 - 8, tcps.map((tcp) => tcp.closes(FLOOD_MS)));
    await mustServe(`100 unfinished ${what}`);
    for (const tcp of tcps) tcp.destroy();
  });
}

test("100 pings of 1 MB are not collected", async () => {
  const tcps = await Promise.all(Array.from({ length: 100 }, () => Tcp.webSocket(server)));
  for (const tcp of tcps) tcp.send(frame(PING, "x".repeat(UNFINISHED), { claim: 1_000_000n }));
  await Promise.all(tcps.map((tcp) => tcp.closes(FLOOD_MS)));
  await mustServe("100 pings of 1 MB");
});

const COMPLETE = `425["nobody:knows",{"pad":"${"x".repeat(990_000)}"}]`;
/** Each has an event of 1 MB answered, and stays. */
const COMPLETE_MESSAGES = {
  "WebSocket frames": async () => {
    const tcp = await Tcp.webSocket(server);
    tcp.send(frame(TEXT, COMPLETE));
    await tcp.until("435[", FLOOD_MS);
    return tcp;
  },
  "polled bodies": async () => {
    const polling = await (await Polling.open(server)).enter();
    const tcp = new Tcp(server);
    tcp.send(`POST ${polling.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${COMPLETE.length}\r\n\r\n`, COMPLETE);
    await tcp.until("200 OK", FLOOD_MS);
    await polling.until("435[");
    return tcp;
  },
};
for (const [what, send] of Object.entries(COMPLETE_MESSAGES)) {
  test(`100 clients that stay after a message of 1 MB: ${what}`, async () => {
    const tcps = [];
    for (let n = 0; n < 100; n += 1) tcps.push(await send());
    await mustServe(`100 complete ${what}`);
    assert.ok(tcps.every((tcp) => !tcp.closed));
    for (const tcp of tcps) tcp.destroy();
  });
}

const ANNOUNCEMENT = '453-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]';
const ATTACHMENT_BYTES = 490_000;
/** Each sends what is not complete and waits until it is read; then tells how to wait for its end. */
const UNFINISHED_ATTACHMENTS = {
  "by WebSocket": async () => {
    const tcp = await Tcp.webSocket(server);
    const attachment = frame(BINARY, Buffer.alloc(ATTACHMENT_BYTES));
    tcp.send(frame(TEXT, ANNOUNCEMENT), attachment, attachment, frame(PING, ""));
    await Promise.race([tcp.until("\x8a\x00", FLOOD_MS).catch(() => assert.ok(tcp.closed)), tcp.closes(FLOOD_MS)]);
    return { closes: () => tcp.closes(FLOOD_MS), cut: () => tcp.destroy() };
  },
  polled: async () => {
    const polling = await (await Polling.open(server)).enter();
    const attachment = `b${Buffer.alloc(ATTACHMENT_BYTES).toString("base64")}`;
    for (const packet of [ANNOUNCEMENT, attachment, attachment]) {
      // 503: the body itself had to make room.
      let status = 503;
      while (status === 503) ({ status } = await polling.post(packet));
      assert.ok([200, 400].includes(status), `${status}`);
    }
    const refused = async () => assert.equal((await polling.get()).status, 400);
    return { closes: () => eventually("the end of the session", refused, FLOOD_MS), cut: () => {} };
  },
};
/** Announces attachments and sends the first while it polls, and the second when it has upgraded; its stream. */
async function upgradeAmid(announcement) {
  const attachment = Buffer.alloc(ATTACHMENT_BYTES);
  const polling = await (await Polling.open(server)).enter();
  // 503: the body itself had to make room.
  let status = 503;
  while (status === 503) ({ status } = await polling.post([announcement, `b${attachment.toString("base64")}`].join("\x1e")));
  const tcp = new Tcp(server);
  tcp.send(upgradeRequest(`/socket.io/?EIO=4&transport=websocket&sid=${polling.sid}`), frame(TEXT, "2probe"));
  await tcp.until("3probe").catch(() => assert.ok(tcp.closed));
  tcp.send(frame(TEXT, "5"), frame(BINARY, attachment), frame(PING, ""));
  await tcp.until("\x8a\x00", FLOOD_MS).catch(() => assert.ok(tcp.closed));
  return tcp;
}
UNFINISHED_ATTACHMENTS["polled at first, then by WebSocket"] = async () => {
  const tcp = await upgradeAmid(ANNOUNCEMENT);
  return { closes: () => tcp.closes(FLOOD_MS), cut: () => tcp.destroy() };
};

test("30 clients that stay after they upgraded amid a packet with 1 MB of attachments", async () => {
  const tcps = [];
  for (let n = 0; n < 30; n += 1) {
    const tcp = await upgradeAmid('452-7["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    await tcp.until("437[");
    tcps.push(tcp);
  }
  await mustServe("30 packets that were completed after an upgrade");
  assert.ok(tcps.every((tcp) => !tcp.closed), "what was complete was given up");
  for (const tcp of tcps) tcp.destroy();
});

for (const [what, begin] of Object.entries(UNFINISHED_ATTACHMENTS)) {
  test(`100 packets that wait for the last of 1 MB of attachments, ${what}`, async () => {
    const senders = await Promise.all(Array.from({ length: 100 }, begin));
    await mustServe(`100 unfinished attachments ${what}`);
    // No more than 8 MiB of them are kept.
    await fulfilled(100 - 8, senders.map((sender) => sender.closes()));
    await mustServe(`100 unfinished attachments given up ${what}`);
    for (const sender of senders) sender.cut();
  });
}

test("100 packets with 1 MB of attachments from sessions that have not entered", async () => {
  const attachment = Buffer.alloc(ATTACHMENT_BYTES);
  const tcps = Array.from({ length: 100 }, () => new Tcp(server));
  for (const tcp of tcps) {
    tcp.send(upgradeRequest(), frame(TEXT, ANNOUNCEMENT), frame(BINARY, attachment), frame(BINARY, attachment), frame(TEXT, "4"));
  }
  await Promise.all(tcps.map((tcp) => tcp.closes(FLOOD_MS)));
  await mustServe("attachments of WebSockets that have not entered");
  for (let n = 0; n < 100; n += 1) {
    const polling = await Polling.open(server);
    const { status } = await polling.post([ANNOUNCEMENT, `b${attachment.toString("base64")}`].join("\x1e"));
    assert.equal(status, 400);
  }
  await mustServe("attachments of polling sessions that have not entered");
});
