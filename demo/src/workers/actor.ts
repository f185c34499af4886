// One client of its own, in a worker of its own, which the page can cut off, freeze or end.
import { cutNetwork, freeze, mendNetwork, native, thaw } from "./world.js";
import { type PresenceChannel, RealtimeClient } from "rtm-sdk";
import { type ChatModuleApi, createChatModule } from "rtm-sdk/chat";
import type { FromActor, Move, Person, ToActor } from "./messages.js";

interface Board {
  state: Person;
  events: { "cursor:move": Move & { roomId?: string } };
  chat: { text: string };
}

type Start = Extract<ToActor, { type: "start" }>;

let client: RealtimeClient<Board> | undefined;
let channel: PresenceChannel<Board> | undefined;
let ttlMs = 0;

const tell = (message: FromActor): void => self.postMessage(message);
const log = (text: string, tone: "plain" | "good" | "bad" = "plain"): void => tell({ type: "log", text, tone });

self.onmessage = ({ data }: MessageEvent<ToActor>) => {
  if (data.type === "start") void start(data);
  else if (data.type === "cut") cutNetwork();
  else if (data.type === "mend") mendNetwork();
  else if (data.type === "freeze") freeze();
  else if (data.type === "thaw") thaw();
  else if (data.type === "leave") void client?.shutdown().then(() => self.close());
  else if (data.type === "state") void channel?.updateState(data.patch).catch(() => undefined);
  else if (data.type === "move" && channel?.joined) channel.emit("cursor:move", data.move);
};

async function start({ url, token, roomId, userId, state, guest }: Start): Promise<void> {
  const chat = createChatModule<Board>();
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  client = new RealtimeClient<Board>({ baseUrl: url, logger: quiet, reconnectionDelayMax: 1_000, ...(token && { authProvider: () => token }) });
  client.use(chat);
  client.on("status", (status) => {
    if (status === "waiting") log("connection lost", "bad");
    show();
  });
  void client.connect().catch(() => undefined);
  channel = client.createPresenceChannel();
  channel.on("connected", ({ resumed }) => {
    log(resumed ? "resumed, same presence" : "joined", "good");
    show();
  });
  channel.on("joinAck", (reply) => void (reply.ok && (ttlMs = reply.ttlMs)));
  channel.on("disconnected", show);
  channel.on("members", ({ joined, left, updated }) => {
    for (const member of joined) if (member.userId !== userId) log(`sees ${name(member)} join`);
    for (const member of left) if (member.userId !== userId) log(`sees ${name(member)} leave`);
    for (const member of updated) if (member.userId !== userId) log(`sees ${name(member)} change`);
    show();
  });
  channel.on("presenceEvent", ({ type, reason, userId: who }) => {
    if (type === "leave" && who !== userId) log(`told: ${who} ${reason}`, "bad");
  });
  channel.on("cursor:move", (move, sender) => sender && tell({ type: "moved", userId: sender.userId, move }));
  if (guest) entertain(chat.api, roomId, userId);
  await channel.join({ roomId, userId, state }, { signal: new AbortController().signal }).catch(() => undefined);
}

function name(member: { userId: string; connections: readonly { state: Person }[] }): string {
  return member.connections[0]?.state.name ?? member.userId;
}

let showing = false;
/** At most once a frame. */
function show(): void {
  if (showing) return;
  showing = true;
  native.setTimeout(() => {
    showing = false;
    const members = [...(channel?.members.values() ?? [])].map(({ userId, connections }) => ({
      userId,
      connections: connections.length,
      state: connections[0]?.state ?? { name: userId },
    }));
    members.sort((a, b) => (a.userId < b.userId ? -1 : 1));
    tell({ type: "view", status: client?.status ?? "idle", joined: channel?.joined ?? false, members, ttlMs });
  }, 16);
}

const ANSWERS = [
  "I read that as soon as you sent it: see the tick.",
  "While I type, you see three dots; they end with my connection, too.",
  "Cut your network, and I can go on: you will get what you missed, in order.",
  "Each message has one place in the room, the same for everybody.",
];

/** Reads, types and answers, for whoever is alone with the demo. */
function entertain(chat: ChatModuleApi<{ text: string }>, roomId: string, userId: string): void {
  let turn = 0;
  chat.onMessage(({ msgId, userId: from }) => {
    if (from === userId) return;
    setTimeout(() => {
      void chat.markRead(roomId, msgId).catch(() => undefined);
      void chat.setTyping(roomId, true).catch(() => undefined);
      setTimeout(() => {
        const text = ANSWERS[turn++ % ANSWERS.length] as string;
        void chat.sendMessage(roomId, { text }).then(() => chat.setTyping(roomId, false)).catch(() => undefined);
      }, 1_600);
    }, 500);
  });
}
