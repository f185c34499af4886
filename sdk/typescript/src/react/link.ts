// A client as components share it: connected while one of them is mounted.
import type { RealtimeClient } from "../client.js";
import type { Schema } from "../schema.js";
import type { Held } from "./hold.js";
import type { Room } from "./room.js";

export interface Link extends Held {
  readonly rooms: Map<string, Room>;
}

const links = new WeakMap<object, Link>();

/** The link of a client: always the same. */
export function linkOf<S extends Schema>(client: RealtimeClient<S>): Link {
  let link = links.get(client);
  if (!link) {
    let ours = false;
    link = {
      rooms: new Map(),
      start() {
        // A client that the application has connected itself stays the application's.
        ours = client.status === "idle";
        // That it gives up is told by its `error` event and its status.
        if (ours) client.connect().catch(() => undefined);
      },
      end: () => void (ours && client.disconnect()),
    };
    links.set(client, link);
  }
  return link;
}
