import assert from "node:assert/strict";
import { test } from "node:test";
import { Dashboard, report } from "../dashboard/dashboard.js";
import { cut, seen, stage } from "../support/stage.js";

const enter = await stage();

async function screen(t, room) {
  const { client, channel } = await enter(t, room, "wall", { screen: true });
  return { client, dashboard: new Dashboard(channel) };
}

test("figures of all sources, the latest of each", async (t) => {
  const room = crypto.randomUUID();
  const { dashboard } = await screen(t, room);
  for (const userId of ["north", "south"]) {
    const { channel } = await enter(t, room, userId, {});
    let orders = 0;
    // Far faster than anybody looks: only the latest has to arrive.
    t.after(report(channel, () => ({ orders: (orders = Math.min(orders + 1, 50)) }), 2));
  }
  await seen(dashboard, "onChange", () => dashboard.sum("orders") === 100);
  assert.deepEqual([...dashboard.sources.keys()].toSorted(), ["north", "south"]);
});

test("a source that goes is gone until it is back; a screen without a connection says so", async (t) => {
  const room = crypto.randomUUID();
  const { client, dashboard } = await screen(t, room);
  const source = await enter(t, room, "north", { orders: 7 });
  await seen(dashboard, "onChange", () => dashboard.sum("orders") === 7);
  await source.client.shutdown();
  await seen(dashboard, "onChange", () => dashboard.gone.has("north"));
  assert.equal(dashboard.sum("orders"), 0);
  await enter(t, room, "north", { orders: 8 });
  await seen(dashboard, "onChange", () => dashboard.sum("orders") === 8 && dashboard.gone.size === 0);

  const wentDead = seen(dashboard, "onChange", () => !dashboard.live);
  cut(client);
  await wentDead;
  assert.equal(dashboard.sum("orders"), 8, "as last known");
  await seen(dashboard, "onChange", () => dashboard.live);
});
