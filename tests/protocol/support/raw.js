// Engine.IO over WebSocket without a Socket.IO client: any text or bytes as a packet, and a peer that can stop reading or answering.
import { WebSocket } from "ws";
import { ANSWER_MS, Watch } from "./wait.js";

export class RawSocket {
  #watch = new Watch();
  #nextAck = 0;
  /** Every text frame received, in order. */
  received = [];
  closed = false;

  /** Opens a transport; no namespace is entered yet. `early` packets leave with the end of the handshake. */
  static async open(server, { early = [], ...options } = {}) {
    const raw = new RawSocket(server, options);
    raw.ws.once("open", () => raw.send(...early));
    await raw.until("0");
    return raw;
  }

  /** Opens a transport and enters the namespace `/`. */
  static async enter(server, options) {
    const raw = await RawSocket.open(server, { early: ["40"], ...options });
    const answer = await raw.until((text) => text.startsWith("40") || text.startsWith("44"));
    if (answer.startsWith("44")) throw new Error(`not let in: ${answer}`);
    return raw;
  }

  constructor(server, { pong = true, query = "", ...options } = {}) {
    const url = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket${query}`;
    this.ws = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.ws.on("message", (data, isBinary) => {
      const text = isBinary ? `(${data.length} bytes)` : data.toString();
      if (text === "2" && pong) this.send("3");
      this.received.push(text);
      this.#watch.changed();
    });
    this.ws.on("error", (error) => (this.error = error));
    this.ws.on("close", () => {
      this.closed = true;
      this.#watch.changed();
    });
  }

  /** Sends frames as they are: strings as text, buffers as binary. A closed stream swallows them. */
  send(...frames) {
    for (const frame of frames) {
      if (this.ws.readyState === WebSocket.OPEN) this.ws.send(frame);
    }
  }

  emit(name, ...args) {
    this.send(`42${JSON.stringify([name, ...args])}`);
  }

  /** Emits with an ack id and returns the ack's first argument; `payload` may be JSON text, to keep its spelling. */
  async ask(name, payload, ms) {
    const id = this.#nextAck++;
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    this.send(`42${id}[${JSON.stringify(name)}${text === undefined ? "" : `,${text}`}]`);
    return this.answer(id, ms);
  }

  async answer(id, ms) {
    const packet = await this.until(`43${id}[`, ms);
    return JSON.parse(packet.slice(`43${id}`.length))[0];
  }

  /** The first frame that starts with a text or passes a test, received or still to come. */
  until(wanted, ms = ANSWER_MS) {
    const fits = typeof wanted === "string" ? (text) => text.startsWith(wanted) : wanted;
    const what = `a frame ${wanted}`;
    let next = 0;
    return this.#watch.until(
      what,
      () => {
        while (next < this.received.length) {
          const frame = this.received[next++];
          if (fits(frame)) return frame;
        }
        if (this.closed) throw new Error(`closed before ${what} (${this.error?.message ?? "no error"})`);
        return null;
      },
      ms,
    );
  }

  /** Presence events received, parsed. */
  events() {
    return this.received
      .filter((text) => text.startsWith('42["presence:event",'))
      .map((text) => JSON.parse(text.slice(2))[1]);
  }

  closes(ms = ANSWER_MS) {
    return this.#watch.until("the end of the stream", () => this.closed, ms);
  }

  stopReading() {
    this.ws.pause();
  }

  startReading() {
    this.ws.resume();
  }

  /** Breaks the stream without a word. */
  cut() {
    this.ws.terminate();
  }
}
