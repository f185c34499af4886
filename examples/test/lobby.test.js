import assert from "node:assert/strict";
import { test } from "node:test";
import { Lobby } from "../lobby/lobby.js";
import { until } from "../support/until.js";
import { stage } from "../support/stage.js";

const enter = await stage();

async function player(t, room, userId, rating) {
  const { client, channel } = await enter(t, room, userId, Lobby.state(rating));
  const lobby = new Lobby(channel);
  const matches = [];
  lobby.onMatch = (match) => matches.push(match);
  return { userId, client, channel, lobby, matches };
}

/** Waits until everybody has a table, and checks that those at one table know each other. */
async function allSeated(players) {
  const seated = ({ lobby }) => lobby.players.every(({ state }) => state.table !== null);
  for (const each of players) await until(each.channel, () => seated(each));
  const tables = new Map();
  for (const { userId, matches } of players) {
    assert.equal(matches.length, 1, `${userId} was matched ${matches.length} times`);
    const [{ table, against }] = matches;
    tables.set(table, [...(tables.get(table) ?? []), [userId, against]]);
  }
  for (const pair of tables.values()) {
    const [[one, itsOther], [two, theOther]] = pair;
    assert.deepEqual([pair.length, itsOther, theOther], [2, two, one]);
  }
}

test("twenty players make ten games", async (t) => {
  const room = crypto.randomUUID();
  const players = [];
  for (let n = 0; n < 20; n += 1) players.push(await player(t, room, `user-${n}`, 1_500 + n));
  await Promise.all(players.map(({ lobby }) => lobby.ready()));
  await allSeated(players);
  assert.equal(new Set(players.map(({ lobby }) => lobby.host.userId)).size, 1);
});

test("ratings too far apart do not meet", async (t) => {
  const room = crypto.randomUUID();
  const [low, high, near] = [await player(t, room, "low", 1_000), await player(t, room, "high", 2_000), await player(t, room, "near", 1_900)];
  for (const { lobby } of [low, high, near]) await lobby.ready();
  await until(low.channel, () => low.lobby.players.filter(({ state }) => state.table).length === 2);
  assert.deepEqual([low.matches.length, high.matches[0].against, near.matches[0].against], [0, "near", "high"]);
});

test("when the host goes in the middle of it, the next one goes on", async (t) => {
  const room = crypto.randomUUID();
  const host = await player(t, room, "host", 1_500);
  const players = [];
  for (let n = 0; n < 8; n += 1) players.push(await player(t, room, `user-${n}`, 1_500));
  await Promise.all([...players.map(({ lobby }) => lobby.ready()), host.client.shutdown()]);
  for (const { channel } of players) await until(channel, () => !channel.members.has("host"));
  await allSeated(players);
  assert.equal(players[7].lobby.host.userId, "user-0");
});
