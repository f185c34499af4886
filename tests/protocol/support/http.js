// Plain HTTP and Engine.IO long polling, packet by packet.
import assert from "node:assert/strict";
import http from "node:http";
import { ANSWER_MS, within } from "./wait.js";

const SEPARATOR = "\x1e";
const POLLING = "/socket.io/?EIO=4&transport=polling";

/** One request on a connection of its own: `{ status, headers, body }`. */
export function request(server, path, { method = "GET", headers = {}, body, localAddress, ms = ANSWER_MS } = {}) {
  let sent;
  const answer = new Promise((resolve, reject) => {
    sent = http.request(new URL(path, server.url), { method, headers, localAddress, agent: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return within(answer, ms, `${method} ${path}`).catch((error) => {
    sent.destroy();
    throw error;
  });
}

/** A polling session that polls only when it is told to. */
export class Polling {
  #packets = [];
  #nextAck = 0;

  static async open(server, options) {
    const { status, body } = await request(server, POLLING, options);
    assert.equal(status, 200, body);
    const polling = new Polling();
    polling.server = server;
    polling.options = options;
    polling.sid = JSON.parse(body.split(SEPARATOR)[0].slice(1)).sid;
    return polling;
  }

  get path() {
    return `${POLLING}&sid=${this.sid}`;
  }

  get(options) {
    return request(this.server, this.path, { ...this.options, ...options });
  }

  post(body, headers = { "content-type": "text/plain;charset=UTF-8" }) {
    return request(this.server, this.path, { ...this.options, method: "POST", headers, body });
  }

  async send(...packets) {
    const { status, body } = await this.post(packets.join(SEPARATOR));
    assert.equal(status, 200, body);
  }

  /** Polls until a packet starts with `prefix`; answers the pings it meets. */
  async until(prefix) {
    for (;;) {
      const at = this.#packets.findIndex((packet) => packet.startsWith(prefix));
      if (at >= 0) return this.#packets.splice(at, 1)[0];
      const { status, body } = await this.get();
      assert.equal(status, 200, body);
      const packets = body.split(SEPARATOR);
      if (packets.includes("2")) await this.send("3");
      this.#packets.push(...packets);
    }
  }

  async enter() {
    await this.send("40");
    await this.until("40");
    return this;
  }

  async ask(name, ...args) {
    const id = this.#nextAck++;
    await this.send(`42${id}${JSON.stringify([name, ...args])}`);
    const packet = await this.until(`43${id}[`);
    return JSON.parse(packet.slice(`43${id}`.length))[0];
  }
}
