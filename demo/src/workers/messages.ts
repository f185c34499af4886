// What the page and its workers tell each other.
import type { Status } from "rtm-sdk";

export interface Person {
  name: string;
  mood?: string;
  note?: string;
  bot?: boolean;
}

export interface Move {
  x: number;
  y: number;
  /** Milliseconds that the way there takes. */
  ms?: number;
}

/** A member as one client sees it. */
export interface Seen {
  userId: string;
  connections: number;
  state: Person;
}

export type ToActor =
  | { type: "start"; url: string; token: string | undefined; roomId: string; userId: string; state: Person; guest: boolean }
  | { type: "cut" | "mend" | "freeze" | "thaw" | "leave" }
  | { type: "state"; patch: Partial<Person> }
  | { type: "move"; move: Move };

export type FromActor =
  | { type: "view"; status: Status; joined: boolean; members: Seen[]; ttlMs: number }
  | { type: "log"; text: string; tone: "plain" | "good" | "bad" }
  | { type: "moved"; userId: string; move: Move };

export type ToBots = { type: "bots"; url: string; token: string | undefined; userId: string | undefined; roomId: string; count: number };

export interface BotStats {
  /** Connections that are open, and presences that are in a room. */
  connections: number;
  presences: number;
  /** Each second: events that bots sent, and that all bots together were sent. */
  sent: number;
  heard: number;
}
