// The hooks' types: once for any application, and once for each schema.
import type { ReactNode } from "react";
import type { PresenceChannel } from "../channel.js";
import type { PresenceChannelOptions, Sender } from "../channel-types.js";
import type { RealtimeClient } from "../client.js";
import type { Status } from "../config.js";
import type { RtmError } from "../errors.js";
import type { Members } from "../roster.js";
import type { EventName, EventsOf, Schema, StateOf } from "../schema.js";
import type { Schedule, Self } from "./room.js";
import type { Equal } from "./select.js";

type Name<S extends Schema> = S extends { events: object } ? EventName<S> : string;
type Payload<S extends Schema, E extends string> = E extends keyof EventsOf<S> ? EventsOf<S>[E] : unknown;

export interface RealtimeProviderProps<S extends Schema> {
  /** Connected while this is mounted, unless it already is. Make it outside of components, or once. */
  client: RealtimeClient<S>;
  children?: ReactNode;
}

export interface RoomProviderProps<S extends Schema> {
  /** Another room, user or client is another stay: the old one is left. */
  roomId: string;
  /** May be left out where a token names the user. */
  userId?: string | undefined;
  /** The state to begin with; later ones come from `useMyState`. */
  state?: StateOf<S> | undefined;
  /** Options of the channel; those of the first render count. */
  options?: PresenceChannelOptions | undefined;
  /** When components hear of changes: at once, or with `requestAnimationFrame` at most once a frame. */
  schedule?: Schedule | undefined;
  children?: ReactNode;
}

export interface Hooks<S extends Schema> {
  RealtimeProvider(props: RealtimeProviderProps<S>): ReactNode;
  /** Is in a room while it is mounted. */
  RoomProvider(props: RoomProviderProps<S>): ReactNode;
  useClient(): RealtimeClient<S>;
  /** What the connection is doing. */
  useStatus(): Status;
  /** The room's channel, once mounted. */
  useChannel(): PresenceChannel<S> | undefined;
  /** Whether the room is joined on the connection there is now, and why it is closed to this client. */
  useRoom(): { roomId: string; joined: boolean; error: RtmError | undefined };
  /** This client's own presence, once joined. */
  useSelf(): Self | undefined;
  /** Everyone in the room by user, oneself included. */
  useMembers(): Members<StateOf<S>>;
  /** What `selector` makes of them; `equal` says what is no change (one level deep, by default). */
  useMembers<T>(selector: (members: Members<StateOf<S>>) => T, equal?: Equal<T>): T;
  /** One's own state, and what merges top-level keys into it. */
  useMyState(): [state: StateOf<S>, setState: (patch: Partial<StateOf<S>>) => void];
  /** Calls the latest `handler` on every event of that name in the room. */
  useEvent<E extends Name<S>>(event: E, handler: (payload: Payload<S, E>, sender?: Sender) => void): void;
  /** Sends an event to the others in the room, now or never: for what is outdated a moment later. */
  useBroadcast(): <E extends Name<S>>(event: E, payload: Payload<S, E> & object) => void;
}
