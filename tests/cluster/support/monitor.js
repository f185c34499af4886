// What nodes ask of Redis: every command that a client sends, by MONITOR. What a script calls does not count.
import { unique } from "../../protocol/support/random.js";
import { scriptOfHash } from "./scripts.js";

/** What happens by time and not because somebody asks. */
const UPKEEP = ["renew", "due", "ping", "chat:lasts"];

export class Monitor {
  static async start(redis) {
    const monitor = new Monitor();
    monitor.watching = await redis.connect();
    monitor.asking = await redis.connect();
    const [, own] = /(?:^| )addr=(\S+)/.exec(await monitor.asking.ask("CLIENT", "INFO"));
    monitor.own = own;
    await monitor.watching.ask("MONITOR");
    return monitor;
  }

  /** Runs `work` and returns the commands of others meanwhile, each as a word, in order. */
  async during(work) {
    await this.#mark();
    this.watching.lines.length = 0;
    await work();
    await this.#mark();
    return this.watching.lines.map((line) => command(line, this.own)).filter(Boolean);
  }

  /** Ends what was sent before: Redis works in order. */
  async #mark() {
    const mark = unique("mark");
    await this.asking.ask("ECHO", mark);
    await this.watching.line("the mark", (line) => line.endsWith(`"ECHO" "${mark}"`));
  }

  close() {
    this.watching.close();
    this.asking.close();
  }
}

/** Without upkeep. */
export function asked(commands) {
  return commands.filter((name) => !UPKEEP.includes(name));
}

/** How often each occurs. */
export function counts(commands) {
  const counted = {};
  for (const name of commands) counted[name] = (counted[name] ?? 0) + 1;
  return counted;
}

function command(line, own) {
  const [, from, name, rest] = /^\S+ \[\d+ (\S+)\] "([^"]*)"(.*)$/s.exec(line);
  if (from === "lua" || from === own) return null;
  const script = /^evalsha$/i.test(name) && scriptOfHash(/^ "([0-9a-f]{40})"/.exec(rest)[1]);
  return script || name.toLowerCase();
}
