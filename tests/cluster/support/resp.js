// A connection to Redis, for looking at it: commands in, parsed answers out, and the lines of MONITOR.
import net from "node:net";
import { Watch, within } from "../../protocol/support/wait.js";

const ANSWER_MS = 10_000;

export class Resp {
  #buffer = Buffer.alloc(0);
  #waiting = [];
  #watch = new Watch();
  /** What MONITOR tells, line by line. */
  lines = [];

  static async connect(port) {
    const resp = new Resp();
    resp.stream = net.connect(port, "127.0.0.1");
    resp.stream.on("data", (data) => resp.#read(data));
    for (const end of ["error", "close"]) resp.stream.on(end, () => resp.#fail());
    await within(new Promise((resolve, reject) => resp.stream.once("connect", resolve).once("error", reject)), ANSWER_MS, "a connection to Redis");
    return resp;
  }

  /** Sends a command and returns its answer: a number, a text, a list or null. */
  ask(...words) {
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const parts = words.map((word) => Buffer.from(String(word)));
    const chunks = [Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from("\r\n")])];
    this.stream.write(Buffer.concat(chunks));
    return within(answer, ANSWER_MS, `Redis's answer to ${words[0]}`);
  }

  async info(section) {
    const text = await this.ask("INFO", section);
    return Object.fromEntries(text.split("\r\n").filter((line) => line.includes(":")).map((line) => line.split(/:(.*)/s)));
  }

  /** The first line of MONITOR that passes a test. */
  line(what, fits) {
    return this.#watch.until(what, () => this.lines.find(fits), ANSWER_MS);
  }

  close() {
    this.stream.destroy();
  }

  #read(data) {
    this.#buffer = this.#buffer.length ? Buffer.concat([this.#buffer, data]) : data;
    let at = 0;
    for (;;) {
      const parsed = parse(this.#buffer, at);
      if (!parsed) break;
      at = parsed.end;
      this.#take(parsed.value);
    }
    this.#buffer = this.#buffer.subarray(at);
  }

  #take(value) {
    if (typeof value === "string" && /^\d+\.\d+ \[/.test(value)) {
      this.lines.push(value);
      this.#watch.changed();
      return;
    }
    const waiting = this.#waiting.shift();
    if (value instanceof Error) waiting?.reject(value);
    else waiting?.resolve(value);
  }

  #fail() {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the connection to Redis is closed"));
  }
}

/** The value that starts at `at` and where it ends, or null if it is not all there yet. */
function parse(buffer, at) {
  const end = buffer.indexOf("\r\n", at);
  if (end < 0) return null;
  const head = buffer.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (buffer.toString("latin1", at, at + 1)) {
    case "+":
      return { value: head, end: next };
    case "-":
      return { value: new Error(head), end: next };
    case ":":
      return { value: Number(head), end: next };
    case "$":
      return text(buffer, next, Number(head));
    case "*":
      return list(buffer, next, Number(head));
    default:
      throw new Error(`Redis answers ${buffer.toString("utf8", at, end)}`);
  }
}

function text(buffer, at, length) {
  if (length < 0) return { value: null, end: at };
  if (buffer.length < at + length + 2) return null;
  return { value: buffer.toString("utf8", at, at + length), end: at + length + 2 };
}

function list(buffer, at, length) {
  const values = [];
  let end = at;
  for (let nth = 0; nth < length; nth += 1) {
    const parsed = parse(buffer, end);
    if (!parsed) return null;
    values.push(parsed.value);
    end = parsed.end;
  }
  return { value: length < 0 ? null : values, end };
}
