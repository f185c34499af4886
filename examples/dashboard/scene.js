// Two shops report their orders to one screen; one of them goes.
import { join } from "../support/join.js";
import { Dashboard, report } from "./dashboard.js";

export async function scene(url, say) {
  const screen = await join(url, "orders", "wall", { screen: true });
  const dashboard = new Dashboard(screen.channel);
  const shows = (check) =>
    new Promise((resolve) => {
      dashboard.onChange = () => check() && resolve();
      dashboard.onChange();
    });
  const shops = [];
  for (const [name, orders] of [["north", 12], ["south", 30]]) {
    const { client, channel } = await join(url, "orders", name, {});
    let taken = orders;
    shops.push({ name, client, stop: report(channel, () => ({ orders: taken++ }), 100) });
  }
  await shows(() => dashboard.sum("orders") > 45);
  say("wall", `${dashboard.sum("orders")} orders of ${[...dashboard.sources.keys()].join(" and ")}`);
  const [north, south] = shops;
  south.stop();
  await south.client.shutdown();
  await shows(() => dashboard.gone.has("south"));
  say("wall", `south is gone; ${dashboard.sum("orders")} orders of ${[...dashboard.sources.keys()].join(" and ")}`);
  north.stop();
  await north.client.shutdown();
  await screen.client.shutdown();
}
