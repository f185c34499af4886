// The hooks themselves, without the types of any schema. On the server they show an empty room, and connect nothing.
import { createContext, createElement, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { RealtimeClient } from "../client.js";
import type { Status } from "../config.js";
import type { State } from "../protocol.js";
import type { Members } from "../roster.js";
import type { Schema } from "../schema.js";
import { hold } from "./hold.js";
import type { RealtimeProviderProps, RoomProviderProps } from "./hooks.js";
import { linkOf } from "./link.js";
import { Room, type RoomSnapshot } from "./room.js";
import { type Equal, shallow, useSelected } from "./select.js";

const ClientContext = createContext<RealtimeClient | undefined>(undefined);
const RoomContext = createContext<Room | undefined>(undefined);

/** Effects before anything is painted; on the server there are none, and React would warn. */
const useEarlyEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

function RealtimeProvider({ client, children }: RealtimeProviderProps<Schema>) {
  useEffect(() => hold(linkOf(client)), [client]);
  return createElement(ClientContext.Provider, { value: client }, children);
}

function RoomProvider({ roomId, userId, state, options, schedule, children }: RoomProviderProps<Schema>) {
  const client = useClient();
  const [first] = useState({ ...options, state: state as State | undefined, schedule });
  const room = useMemo(() => new Room(client, { ...first, roomId, userId }), [client, roomId, userId, first]);
  useEffect(() => hold(room), [room]);
  return createElement(RoomContext.Provider, { value: room }, children);
}

function useClient(): RealtimeClient {
  return needed(useContext(ClientContext), "RealtimeProvider");
}

function useStatus(): Status {
  const client = useClient();
  const store = useMemo(() => ({ subscribe: (run: () => void) => client.on("status", () => run()), snapshot: () => client.status }), [client]);
  return useSelected(store, same, Object.is, "idle");
}

function useRoom() {
  const room = useRoomStore();
  const { joined, error } = useSelected(room, place, shallow, EMPTY);
  return { roomId: room.roomId, joined, error };
}

function useChannel() {
  const room = useRoomStore();
  return useSelected(room, () => room.channel, Object.is, EMPTY);
}

function useSelf() {
  return useSelected(useRoomStore(), self, Object.is, EMPTY);
}

function useMembers<T = Members>(selector?: (members: Members) => T, equal: Equal<T> = shallow): T {
  const select = useMemo(() => ({ members }: RoomSnapshot) => (selector ? selector(members) : (members as T)), [selector]);
  return useSelected(useRoomStore(), select, selector ? equal : Object.is, EMPTY);
}

function useMyState(): [State, (patch: State) => void] {
  const room = useRoomStore();
  return [useSelected(room, state, Object.is, room.snapshot()), room.setState];
}

function useEvent(event: string, handler: (payload: never) => void): void {
  const room = useRoomStore();
  const latest = useRef(handler);
  useEarlyEffect(() => void (latest.current = handler));
  useEffect(() => room.listen(event, (...args) => (latest.current as (...all: unknown[]) => void)(...args)), [room, event]);
}

function useBroadcast() {
  return useRoomStore().broadcast;
}

const EMPTY: RoomSnapshot = { members: new Map(), self: undefined, joined: false, state: {}, error: undefined };
const same = <T>(value: T): T => value;
const self = (snapshot: RoomSnapshot) => snapshot.self;
const state = (snapshot: RoomSnapshot): State => snapshot.state;
const place = ({ joined, error }: RoomSnapshot) => ({ joined, error });

function useRoomStore(): Room {
  return needed(useContext(RoomContext), "RoomProvider");
}

function needed<T>(value: T | undefined, provider: string): T {
  if (!value) throw new Error(`This hook needs a <${provider}> above it`);
  return value;
}

export const hooks = {
  RealtimeProvider,
  RoomProvider,
  useClient,
  useStatus,
  useChannel,
  useRoom,
  useSelf,
  useMembers,
  useMyState,
  useEvent,
  useBroadcast,
};
