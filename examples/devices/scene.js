// A lamp and a lock; an operator switches one, is refused by the other, and sees one go offline.
import { join } from "../support/join.js";
import { until } from "../support/until.js";
import { Controller, device } from "./devices.js";

export async function scene(url, say) {
  const lamp = await join(url, "house", "lamp", { device: true, on: false });
  device(lamp.channel, {
    async switch({ on }) {
      await lamp.channel.updateState({ on });
      return { on };
    },
  });
  const lock = await join(url, "house", "lock", { device: true, locked: true });
  device(lock.channel, {
    open() {
      throw new Error("battery low");
    },
  });
  const operator = await join(url, "house", "operator", {});
  const controller = new Controller(operator.channel);
  say("operator", `sees ${[...controller.devices.keys()].toSorted().join(" and ")}`);

  const { on } = await controller.command("lamp", "switch", { on: true });
  say("lamp", `answers: on is ${on}`);
  await until(operator.channel, () => controller.devices.get("lamp").on);
  say("operator", "sees the lamp shine");
  await controller.command("lock", "open").catch((error) => say("operator", `is told: ${error.message}`));

  await lamp.client.shutdown();
  await until(operator.channel, () => !controller.devices.has("lamp"));
  await controller.command("lamp", "switch", { on: false }).catch((error) => say("operator", `is told: ${error.message}`));
  await lock.client.shutdown();
  await operator.client.shutdown();
}
