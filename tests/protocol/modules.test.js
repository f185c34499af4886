// PRESENCE_ENABLED=false: a module can be left out, and the server still runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf, TRANSPORTS } from "./support/client.js";
import { request } from "./support/http.js";
import { assertBadRequest } from "./support/refusal.js";
import { serve } from "./support/server.js";

const server = await serve({ PRESENCE_ENABLED: "false" });

for (const [name, options] of Object.entries(TRANSPORTS)) {
  test(`without presence its events are unknown ones (${name})`, async (t) => {
    const { connect } = clientsOf(t, server);
    const ann = await connect(options);
    ann.socket.emit("presence:join", { roomId: "room", userId: "ann" });
    for (const event of ["presence:join", "presence:heartbeat", "presence:leave", "presence:sync"]) {
      assertBadRequest(await ann.ask(event, { roomId: "room", userId: "ann" }));
    }
    assert.deepEqual(ann.log, []);
  });
}

test("without presence the server is healthy all the same", async () => {
  for (const path of ["/healthz", "/readyz"]) assert.equal((await request(server, path)).status, 200, path);
});
