// A node whose calendar is an hour off, in either direction.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { unique } from "../protocol/support/random.js";
import { pause } from "../protocol/support/wait.js";
import { RedisServer } from "./support/redis.js";
import { converge, GRACE_MS, Stage, SWEEP_MS, TTL_MS } from "./support/stage.js";

const HOUR_MS = 3_600_000;
/** How far clocks and answers may be apart on a busy machine. */
const SLACK_MS = 3_000;

for (const hours of [+1, -1]) {
  test(`a node's calendar is ${hours > 0 ? "an hour ahead" : "an hour behind"}: nothing changes for others`, async (t) => {
    const stage = new Stage(t);
    const redis = stage.own(await RedisServer.start());
    const [wrong, right] = [await stage.node(redis.url, faketime(hours)), await stage.node(redis.url)];
    const room = unique("room");
    const [ann, bob] = [await stage.member(wrong, room, "ann"), await stage.member(right, room, "bob")];
    await converge([ann, bob], ["ann", "bob"]);
    await ann.patched({ there: true });
    const { ts } = await bob.client.sees({ type: "update", userId: "ann" });
    assert.ok(Math.abs(ts - (Date.now() + hours * HOUR_MS)) < 60_000, `its calendar is right: ${ts}`);

    // Longer than any lease: nobody is swept, neither by the one nor by the other.
    await pause(2 * TTL_MS);
    for (const member of [ann, bob]) {
      assert.deepEqual(member.room.leaves, []);
      member.mustHaveStayed();
      assert.ok(member.beats.every(({ ack }) => ack.ok), "a heartbeat refused");
    }
    const { snapshot } = await bob.sync();
    for (const { userId, lastSeenMs } of snapshot) {
      const age = Date.now() - lastSeenMs;
      assert.ok(age > -SLACK_MS && age < TTL_MS + SLACK_MS, `${userId} last seen ${age} ms ago`);
    }

    // A presence moves from one to the other and back: epochs rise however the calendars differ.
    const cid = await stage.member(wrong, room, "cid");
    const epochs = [cid.self.epoch];
    for (const node of [right, wrong, right]) {
      const resume = { connId: cid.self.connId, key: cid.self.key, epoch: epochs.at(-1) + 1 };
      const next = await stage.member(node, room, "cid", { resume });
      assert.equal(next.self.connId, cid.self.connId);
      assert.ok(next.self.epoch > epochs.at(-1));
      epochs.push(next.self.epoch);
    }
    await Promise.all([ann, bob].map((member) => member.sees(["ann", "bob", "cid"])));

    // A node that dies takes its members with it in time, whatever it thought the time was.
    wrong.ended = true;
    wrong.kill();
    await wrong.exited;
    const died = performance.now();
    await bob.sees(["bob", "cid"]);
    const took = performance.now() - died;
    assert.ok(took < TTL_MS + GRACE_MS + SWEEP_MS + SLACK_MS, `after ${took} ms`);
    assert.deepEqual(bob.room.leaves.map(({ userId, reason }) => [userId, reason]), [["ann", "expired"]]);
    bob.mustHaveStayed();
  });
}

/** The environment of a process that sees the calendar shifted, and the steady clock as it is. */
function faketime(hours) {
  const root = "/usr/lib";
  const folders = readdirSync(root).map((arch) => path.join(root, arch, "faketime", "libfaketimeMT.so.1"));
  const library = folders.find((file) => existsSync(file));
  assert.ok(library, "libfaketime is not installed");
  return { LD_PRELOAD: library, FAKETIME: `${hours > 0 ? "+" : "-"}${Math.abs(hours)}h`, FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" };
}
