// Many clients of the real server: each bot is a presence of its own. A browser opens some 250 WebSockets, so that beyond CONNECTIONS_MAX a
// connection carries presences in more than one room.
import { type PresenceChannel, RealtimeClient } from "rtm-sdk";
import { CONNECTIONS_MAX, floorOf, floorsOf } from "./floors.js";
import type { BotStats, Move, Person, ToBots } from "./messages.js";

interface Board {
  state: Person;
  events: { "cursor:move": Move };
}

/** Events that the server shall deliver to bots each second: every move goes to everyone, so that more bots move less often. */
const DELIVERIES_PER_SECOND = 8_000;
const MOVES_PER_SECOND_MAX = 4;
/** Joins under way: each one is told to everyone. */
const JOINING_MAX = 8;

const clients: RealtimeClient<Board>[] = [];
const bots: { floor: number; channel: PresenceChannel<Board> }[] = [];
let wanted: ToBots | undefined;
let changing = false;
let sent = 0;
let heard = 0;

self.onmessage = ({ data }: MessageEvent<ToBots>) => {
  wanted = data;
  void change();
};

/** Until there are as many as wanted, which may change meanwhile. */
async function change(): Promise<void> {
  if (changing) return;
  changing = true;
  while (wanted && bots.length !== wanted.count) {
    const { count } = wanted;
    if (bots.length > count) {
      const gone = bots.splice(Math.max(count, bots.length - JOINING_MAX));
      await Promise.all(gone.map(({ channel }) => channel.stop()));
      const spare = clients.splice(Math.min(bots.length, CONNECTIONS_MAX));
      await Promise.all(spare.map((client) => client.shutdown()));
    } else {
      const next = Array.from({ length: Math.min(JOINING_MAX, count - bots.length) }, (_, nth) => bots.length + nth);
      const added = await Promise.all(next.map(add));
      bots.push(...added);
    }
  }
  changing = false;
}

async function add(nth: number): Promise<(typeof bots)[number]> {
  const { url, token, userId = `bot-${run}-${nth + 1}`, roomId } = wanted as ToBots;
  const floor = Math.floor(nth / CONNECTIONS_MAX);
  const at = nth % CONNECTIONS_MAX;
  const client = (clients[at] ??= open(url, token));
  const channel = client.createPresenceChannel();
  const state = { name: `Bot ${nth + 1}`, bot: true };
  await channel.join({ roomId: floorOf(roomId, floor), userId, state }, { signal: new AbortController().signal }).catch(() => undefined);
  return { floor, channel };
}

function open(url: string, token: string | undefined): RealtimeClient<Board> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const client = new RealtimeClient<Board>({ baseUrl: url, logger: quiet, ...(token && { authProvider: () => token }) });
  void client.connect().catch(() => undefined);
  client.getSocket()?.onAny(() => (heard += 1));
  return client;
}

/** So that the bots of two windows are not the same users. */
const run = Math.random().toString(36).slice(2, 6);

const TICK_MS = 50;
let due = 0;
let turn = 0;
setInterval(() => {
  const crowd = floorsOf(bots.length).reduce((sum, size) => sum + size * size, 0);
  if (crowd === 0) return;
  const rate = Math.min(MOVES_PER_SECOND_MAX, DELIVERIES_PER_SECOND / crowd);
  due = Math.min(due + (rate * bots.length * TICK_MS) / 1_000, bots.length);
  for (; due >= 1; due -= 1) {
    const { floor, channel } = bots[turn++ % bots.length] as (typeof bots)[number];
    if (!channel.joined || !wanted) continue;
    const move = { x: Math.random(), y: Math.random(), ms: Math.round(1_000 / rate), roomId: floorOf(wanted.roomId, floor) };
    channel.emit("cursor:move", move);
    sent += 1;
  }
}, TICK_MS);

let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const seconds = (now - last) / 1_000;
  const stats: BotStats = {
    connections: clients.filter((client) => client.isConnected()).length,
    presences: bots.filter(({ channel }) => channel.joined).length,
    sent: Math.round(sent / seconds),
    heard: Math.round(heard / seconds),
  };
  last = now;
  sent = heard = 0;
  self.postMessage(stats);
}, 1_000);
