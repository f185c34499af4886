// React on a server: without a page, and without effects.
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { expect, it, vi } from "vitest";
import "../../support/setup.ts";
import { FakeSocket } from "../../support/fake.ts";
import { RealtimeClient } from "../../../src/index.ts";
import { RealtimeProvider, RoomProvider, useBroadcast, useEvent, useMembers, useMyState, useRoom, useSelf, useStatus } from "../../../src/react/index.ts";

it("shows an empty room with the first state, connects nothing, and warns of nothing", () => {
  const error = vi.spyOn(console, "error");
  const client = new RealtimeClient({ baseUrl: "http://fake" });
  const Room = () => {
    useEvent("wave", () => undefined);
    useBroadcast();
    const [state] = useMyState();
    const { joined } = useRoom();
    return JSON.stringify([useStatus(), useMembers((members) => members.size), useSelf() ?? null, joined, state]);
  };
  const html = renderToString(h(RealtimeProvider, { client }, h(RoomProvider, { roomId: "r", userId: "ada", state: { n: 0 } }, h(Room))));
  expect(JSON.parse(html.replaceAll("&quot;", '"'))).toEqual(["idle", 0, null, false, { n: 0 }]);
  expect(FakeSocket.latest.attempts).toBe(0);
  expect(error).not.toHaveBeenCalled();
});
