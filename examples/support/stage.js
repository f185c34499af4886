// A server for one test file, and clients that end with their test.
import { after } from "node:test";
import { prepare } from "./prepare.js";
import { startServer } from "./server.js";

prepare();

export async function stage(env) {
  const server = await startServer(env);
  after(() => server.stop());
  // Only now: what it imports may just have been built.
  const { join } = await import("./join.js");
  return async (t, ...member) => {
    const joined = await join(server.url, ...member);
    t.after(() => joined.client.shutdown());
    return joined;
  };
}

/** Resolves when `check` holds, looked at whenever `hooked[hook]` is called. */
export function seen(hooked, hook, check) {
  return new Promise((resolve) => {
    hooked[hook] = () => check() && resolve();
    hooked[hook]();
  });
}

/** Cuts a client's connection as a broken network does; it comes back by itself. */
export function cut(client) {
  client.getSocket().io.engine.close();
}
