// A network that can fail: a TCP proxy between clients and a server, whose lines are cut or go silent.
import { type Server, type Socket, connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";

export class Proxy {
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  /** Where new lines lead. */
  target: number;
  /** New lines are refused. */
  down = false;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get lines(): readonly Line[] {
    return [...this.#lines];
  }

  cutAll(): void {
    for (const line of this.lines) line.cut();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.down) return void client.destroy();
    const line = new Line(client, connect(this.target, "127.0.0.1"), () => this.#lines.delete(line));
    this.#lines.add(line);
  }
}

export class Line {
  readonly #ends: [Socket, Socket];

  constructor(client: Socket, server: Socket, over: () => void) {
    this.#ends = [client, server];
    client.pipe(server);
    server.pipe(client);
    for (const end of this.#ends) {
      end.on("error", () => this.cut());
      end.on("close", () => (this.cut(), over()));
    }
  }

  /** Both sides see it end. */
  cut(): void {
    for (const end of this.#ends) end.destroy();
  }

  /** Neither side sees anything, and nothing passes any more. */
  silence(): void {
    for (const end of this.#ends) {
      end.unpipe();
      end.pause();
    }
  }
}
