// A bare TCP stream to the server, for bytes that no HTTP or WebSocket library would send.
import crypto from "node:crypto";
import net from "node:net";
import { ANSWER_MS, Watch } from "./wait.js";

export const TEXT = 1;
export const BINARY = 2;
export const PING = 9;

export class Tcp {
  #watch = new Watch();
  text = "";
  closed = false;

  constructor(server) {
    this.stream = net.connect(server.port, "127.0.0.1");
    this.stream.on("data", (data) => {
      this.text += data.toString("latin1");
      this.#watch.changed();
    });
    this.stream.on("error", () => {});
    for (const end of ["end", "close"]) {
      this.stream.on(end, () => {
        this.closed = true;
        this.#watch.changed();
      });
    }
  }

  /** A stream that has upgraded to WebSocket and entered the namespace `/`. */
  static async webSocket(server) {
    const tcp = new Tcp(server);
    tcp.send(upgradeRequest());
    await tcp.until("\r\n\r\n");
    tcp.send(frame(TEXT, "40"));
    await tcp.until('40{"sid"');
    return tcp;
  }

  send(...chunks) {
    if (!this.stream.destroyed) this.stream.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))));
  }

  until(text, ms = ANSWER_MS) {
    return this.#watch.until(
      JSON.stringify(text),
      () => {
        if (this.closed && !this.text.includes(text)) throw new Error(`closed before ${JSON.stringify(text)}`);
        return this.text.includes(text);
      },
      ms,
    );
  }

  closes(ms = ANSWER_MS) {
    return this.#watch.until("the end of the stream", () => this.closed, ms);
  }

  destroy() {
    this.stream.destroy();
  }
}

export function upgradeRequest(path = "/socket.io/?EIO=4&transport=websocket") {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${crypto.randomBytes(16).toString("base64")}`,
    "\r\n",
  ].join("\r\n");
}

/** A WebSocket frame with every bit as asked. The mask is zeros, so the payload stays readable. */
export function frame(opcode, payload, { fin = true, reserved = 0, masked = true, claim } = {}) {
  const body = Buffer.from(payload);
  const length = claim ?? BigInt(body.length);
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (length < 126n) head.push(mask | Number(length));
  else if (length < 65_536n) head.push(mask | 126, Number(length >> 8n), Number(length & 0xffn));
  else head.push(mask | 127, ...Array.from({ length: 8 }, (_, at) => Number((length >> BigInt(56 - 8 * at)) & 0xffn)));
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), body]);
}
