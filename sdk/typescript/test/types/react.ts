// Type tests of the hooks: `npm run check` compiles this, and fails if a line that must not compile does.
import { createElement } from "react";
import { expectTypeOf } from "vitest";
import type { Members, RealtimeClient, RtmError, State, Status } from "../../src/index.ts";
import * as untyped from "../../src/react/index.ts";
import { type Self, createHooks } from "../../src/react/index.ts";

interface Board {
  state: { name: string; cursor?: [number, number] };
  events: { wave: { at: number } };
}

const { RealtimeProvider, RoomProvider, useBroadcast, useClient, useEvent, useMembers, useMyState, useRoom, useSelf, useStatus } = createHooks<Board>();

export function Typed({ client }: { client: RealtimeClient<Board> }) {
  expectTypeOf(useClient()).toEqualTypeOf<RealtimeClient<Board>>();
  expectTypeOf(useStatus()).toEqualTypeOf<Status>();
  expectTypeOf(useSelf()).toEqualTypeOf<Self | undefined>();
  expectTypeOf(useRoom().error).toEqualTypeOf<RtmError | undefined>();
  expectTypeOf(useMembers()).toEqualTypeOf<Members<Board["state"]>>();
  expectTypeOf(useMembers((members) => members.get("ada")?.connections[0]?.state.name)).toEqualTypeOf<string | undefined>();
  useMembers((members) => members.size, (one, other) => one === other);
  const [state, setState] = useMyState();
  expectTypeOf(state).toEqualTypeOf<Board["state"]>();
  setState({ cursor: [1, 2] });
  // @ts-expect-error a key that the state has not
  setState({ colour: "red" });
  useEvent("wave", ({ at }, sender) => {
    expectTypeOf(at).toBeNumber();
    expectTypeOf(sender?.userId).toEqualTypeOf<string | undefined>();
  });
  // @ts-expect-error an event that the schema does not know
  useEvent("wavee", () => undefined);
  const broadcast = useBroadcast();
  broadcast("wave", { at: 1 });
  // @ts-expect-error a payload of another shape
  broadcast("wave", { at: "now" });
  // @ts-expect-error a state without its name
  createElement(RoomProvider, { roomId: "r", userId: "u", state: {} });
  return createElement(RealtimeProvider, { client }, createElement(RoomProvider, { roomId: "r", userId: "u", state: { name: "Ada" } }));
}

export function Untyped() {
  expectTypeOf(untyped.useMembers()).toEqualTypeOf<Members<State>>();
  untyped.useEvent("anything", (payload) => expectTypeOf(payload).toBeUnknown());
  untyped.useBroadcast()("anything", { at: 1 });
  return null;
}
