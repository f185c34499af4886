// One client in one room, for the examples.
import { RealtimeClient } from "rtm-sdk";

/** Connects and joins; throws what the server refuses. `modules` are added before. */
export async function join(url, roomId, userId, state, modules = []) {
  const client = new RealtimeClient({ baseUrl: url });
  for (const module of modules) client.use(module);
  await client.connect();
  const { channel, response } = await client.joinRoom({ roomId, userId, state });
  if (!response.ok) throw new Error(response.error);
  return { client, channel };
}
