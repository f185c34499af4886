// React hooks over a client and its rooms: `rtm-sdk/react`.
import type { Schema } from "../schema.js";
import { hooks } from "./components.js";
import type { Hooks } from "./hooks.js";

/** The hooks with the types of a schema: `const { useMembers } = createHooks<Board>()`. */
export function createHooks<S extends Schema = Schema>(): Hooks<S> {
  return hooks as unknown as Hooks<S>;
}

export const {
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
}: Hooks<Schema> = /* @__PURE__ */ createHooks();

export { type Equal, shallow } from "./select.js";
export type { Schedule, Self } from "./room.js";
export type { Hooks, RealtimeProviderProps, RoomProviderProps } from "./hooks.js";
