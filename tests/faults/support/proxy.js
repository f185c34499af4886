// A TCP proxy in front of a Redis, for the faults of a network: it delays, cuts one direction, swallows both, holds a single command, and heals.
import net from "node:net";

export class Proxy {
  #links = new Set();
  #server;
  delayMs = 0;
  /** Directions in which nothing arrives: `up` is towards Redis. What was sent meanwhile arrives when the cut heals. */
  #cut = new Set();
  #held = null;

  static async before(port) {
    const proxy = new Proxy();
    proxy.target = port;
    proxy.#server = net.createServer((client) => proxy.#accept(client));
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    proxy.port = proxy.#server.address().port;
    return proxy;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  cut(...directions) {
    for (const direction of directions) this.#cut.add(direction);
  }

  /** A command of this name gets as far as this, and holds up what comes after it on its connection. */
  hold(command) {
    this.#held = command;
  }

  heal() {
    this.#cut.clear();
    this.#held = null;
    for (const link of this.#links) link.pump();
  }

  isCut(direction) {
    return this.#cut.has(direction);
  }

  isHeld(chunk) {
    return this.#held !== null && chunk?.includes(this.#held);
  }

  async stop() {
    for (const link of this.#links) link.end();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client) {
    const redis = net.connect(this.target, "127.0.0.1");
    const [up, down] = [new Stream(this, "up", client, redis), new Stream(this, "down", redis, client)];
    const link = {
      pump: () => [up, down].forEach((stream) => stream.pump()),
      end: () => [client, redis].forEach((socket) => socket.destroy()),
    };
    this.#links.add(link);
    let open = 2;
    for (const socket of [client, redis]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => --open || this.#links.delete(link));
    }
  }
}

/** One direction of one connection: what comes is passed on in order, each piece when its delay is over. */
class Stream {
  #waiting = [];
  #timer = null;

  constructor(proxy, direction, from, to) {
    Object.assign(this, { proxy, direction, to });
    from.on("data", (chunk) => this.#take({ chunk }));
    from.on("close", () => this.#take({ end: true }));
  }

  #take(piece) {
    this.#waiting.push({ ...piece, due: performance.now() + this.proxy.delayMs });
    this.pump();
  }

  pump() {
    clearTimeout(this.#timer);
    while (this.#waiting.length && !this.proxy.isCut(this.direction)) {
      const early = this.#waiting[0].due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.pump(), early);
        return;
      }
      if (this.direction === "up" && this.proxy.isHeld(this.#waiting[0].chunk)) return;
      const { chunk, end } = this.#waiting.shift();
      if (end) this.to.destroy();
      else if (!this.to.destroyed) this.to.write(chunk);
    }
  }
}
