// Who this window is, and its client: one for all views.
import { RealtimeClient } from "rtm-sdk";
import { createChatModule } from "rtm-sdk/chat";
import { createHooks } from "rtm-sdk/react";
import type { Move, Person } from "./workers/messages.js";

export interface Board {
  state: Person;
  events: { "cursor:move": Move };
  chat: { text: string };
}

export const { RealtimeProvider, RoomProvider, useClient, useStatus, useChannel, useRoom, useSelf, useMembers, useMyState, useEvent, useBroadcast } =
  createHooks<Board>();

const FIRST = ["Amber", "Calm", "Clever", "Coral", "Gentle", "Golden", "Jade", "Quick", "Silver", "Violet"];
const SECOND = ["Badger", "Crane", "Finch", "Fox", "Heron", "Lynx", "Otter", "Owl", "Seal", "Wren"];
const pick = (from: string[]): string => from[Math.floor(Math.random() * from.length)] as string;

/** Kept per tab, so that two tabs are two users, and a reload is the same one. */
function kept(key: string, make: () => string): string {
  const before = sessionStorage.getItem(key);
  if (before) return before;
  const made = make();
  sessionStorage.setItem(key, made);
  return made;
}

export const SERVER = location.origin;
export const token = (): string | undefined => sessionStorage.getItem("rtm-token") ?? undefined;

/** Whom the token names: with one, every client of this page is that user. */
function subject(): string | undefined {
  const [, body] = token()?.split(".") ?? [];
  if (!body) return undefined;
  try {
    return (JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))) as { sub?: string }).sub;
  } catch {
    return undefined;
  }
}

/** The user as whom a client of this page may join. */
export const permitted = (userId: string): string => subject() ?? userId;

export const me = {
  userId: subject() ?? kept("rtm-user", () => `user-${Math.random().toString(36).slice(2, 8)}`),
  name: kept("rtm-name", () => `${pick(FIRST)} ${pick(SECOND)}`),
};

export const chat = createChatModule<Board>();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
export const client = new RealtimeClient<Board>({
  baseUrl: SERVER,
  logger: quiet,
  reconnectionDelayMax: 2_000,
  authProvider: () => (token() ? { token: token() as string } : {}),
}).use(chat) as RealtimeClient<Board>;

/** A hue for each user, the same everywhere. */
export function hue(userId: string): number {
  let sum = 7;
  for (const sign of userId) sum = (sum * 31 + sign.charCodeAt(0)) % 3_600;
  return (sum * 47) % 360;
}
/** For what is seen on any ground. */
export const light = (userId: string): string => `oklch(60% 0.14 ${hue(userId)})`;
export const colour = (userId: string): string => `oklch(48% 0.13 ${hue(userId)})`;
