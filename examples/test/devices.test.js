import assert from "node:assert/strict";
import { test } from "node:test";
import { Controller, device } from "../devices/devices.js";
import { until } from "../support/until.js";
import { stage } from "../support/stage.js";

const enter = await stage();

async function house(t, commands) {
  const room = crypto.randomUUID();
  const { client, channel } = await enter(t, room, "lamp", { device: true, on: false });
  device(channel, commands);
  const operator = await enter(t, room, "operator", {});
  const controller = new Controller(operator.channel);
  await until(operator.channel, () => controller.devices.size === 1);
  return { client, channel, operator, controller };
}

test("a command is done by the device that it is for, and its answer comes back", async (t) => {
  const { channel, operator, controller } = await house(t, { switch: ({ on }) => channel.updateState({ on }).then(() => ({ on })) });
  const other = await enter(t, channel.roomId, "other", { device: true });
  device(other.channel, { switch: () => assert.fail("not for this one") });
  assert.deepEqual(await controller.command("lamp", "switch", { on: true }), { on: true });
  await until(operator.channel, () => controller.devices.get("lamp").on);
});

test("a device says no, does not know, or is not there: the operator is told which", async (t) => {
  const { client, operator, controller } = await house(t, {
    fail() {
      throw new Error("battery low");
    },
  });
  await assert.rejects(controller.command("lamp", "fail"), /^Error: lamp: battery low$/);
  await assert.rejects(controller.command("lamp", "toString"), /no such command/);
  await assert.rejects(controller.command("nobody", "fail"), /nobody is offline/);
  await client.shutdown();
  await until(operator.channel, () => !controller.devices.has("lamp"));
  await assert.rejects(controller.command("lamp", "fail"), /lamp is offline/);
});

test("a command whose answer was lost is repeated, and done once", async (t) => {
  let done = 0;
  const { channel, controller } = await house(t, { count: () => (done += 1) });
  const emit = channel.emit.bind(channel);
  let lost = 0;
  channel.emit = (event, ...args) => (event === "device:result" && lost++ === 0 ? undefined : emit(event, ...args));
  assert.equal(await controller.command("lamp", "count"), 1);
  assert.deepEqual([lost, done], [2, 1]);
});
