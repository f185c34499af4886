// Ports nobody listens at, below those that the system gives to clients.
import net from "node:net";

const FIRST = 10_000;
const LAST = 22_000;
/** A server of a cluster speaks to the others at its port and this much above it. */
export const BUS_ABOVE = 10_000;

/** A port that is free, as is the one `BUS_ABOVE` it. Whoever takes it must check that it got it. */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await isFree(port)) && (await isFree(port + BUS_ABOVE))) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
