import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedForm } from "../collaboration/form.js";
import { until } from "../support/until.js";
import { cut, seen, stage } from "../support/stage.js";

const enter = await stage();

async function editors(t, count) {
  const room = crypto.randomUUID();
  const editors = [];
  for (let n = 0; n < count; n += 1) {
    const { client, channel } = await enter(t, room, `user-${n}`, { field: null });
    editors.push({ client, channel, form: new SharedForm(channel) });
  }
  for (const { channel } of editors) await until(channel, () => channel.members.size === count);
  return editors;
}

test("of many who reach for a field at once one holds it, and all agree who", async (t) => {
  const all = await editors(t, 6);
  for (let round = 0; round < 20; round += 1) {
    const held = await Promise.all(all.map(({ form }) => form.claim("title")));
    assert.equal(held.filter(Boolean).length, 1, `round ${round}: ${held}`);
    const winner = all[held.indexOf(true)];
    for (const { channel, form } of all) {
      const { connId } = winner.channel.self;
      const others = () => [...channel.members.values()].filter(({ connections: [first] }) => first.state.field).length;
      await until(channel, () => others() === 1 && form.holder("title")?.connId === connId);
    }
    await winner.form.release();
    for (const { channel, form } of all) await until(channel, () => !form.holder("title"));
  }
});

test("a field is held through a broken connection, and free when its holder is gone", async (t) => {
  const [ann, bob] = await editors(t, 2);
  assert.equal(await ann.form.claim("title"), true);
  assert.equal(await bob.form.claim("title"), false);
  const back = new Promise((resolve) => ann.channel.on("connected", resolve));
  cut(ann.client);
  await back;
  await until(bob.channel, () => bob.channel.members.size === 2);
  assert.equal(await bob.form.claim("title"), false);
  await ann.client.shutdown();
  await seen(bob.form, "onHolders", () => !bob.form.holder("title"));
  assert.equal(await bob.form.claim("title"), true);
});

test("a cursor is seen by the others and not by its owner, and no faster than every 50 ms", async (t) => {
  const [ann, bob] = await editors(t, 2);
  const heard = [];
  ann.form.onCursor((cursor) => heard.push(["ann", cursor]));
  const last = new Promise((resolve) => {
    bob.form.onCursor((cursor, { userId }) => {
      heard.push([userId, cursor]);
      if (cursor.x === -1) resolve();
    });
  });
  for (let x = 0; x < 100; x += 1) ann.form.moveCursor(x, 0);
  // Until one is let through.
  const again = setInterval(() => ann.form.moveCursor(-1, 0), 1);
  await last;
  clearInterval(again);
  assert.deepEqual(heard.slice(0, 2), [["user-0", { x: 0, y: 0 }], ["user-0", { x: -1, y: 0 }]]);
});
