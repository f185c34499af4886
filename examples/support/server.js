// A server of one's own on a free port: RTM_BIN, or what cargo builds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Events that the examples relay, see docs/cookbook. */
const RELAY_EVENTS = "cursor:move,device:command,device:result";

export async function startServer(env = {}) {
  const binary = process.env.RTM_BIN;
  const [command, args] = binary ? [binary, []] : ["cargo", ["run", "--release", "--quiet", "--"]];
  // The server refuses variables that it does not know, and these are the examples' own.
  const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("RTM_")));
  const server = spawn(command, args, {
    cwd: ROOT,
    env: { ...outer, PORT: "0", RELAY_EVENTS, LOG_LEVEL: "error", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "close");
  const stop = async () => {
    server.kill("SIGTERM");
    await ended;
  };
  for await (const line of createInterface(server.stdout)) {
    const [, url] = /^\s+address\s+(http:\S+)/.exec(line) ?? [];
    if (url) return { url, stop };
  }
  throw new Error("the server did not start; its reason is above");
}
