// Four players, two games; then the host leaves, and the lobby goes on.
import { join } from "../support/join.js";
import { until } from "../support/until.js";
import { Lobby } from "./lobby.js";

export async function scene(url, say) {
  const enter = async (userId, rating) => {
    const { client, channel } = await join(url, "lobby", userId, Lobby.state(rating));
    const lobby = new Lobby(channel);
    const matched = () => new Promise((resolve) => (lobby.onMatch = resolve));
    return { userId, client, channel, lobby, matched };
  };
  const ann = await enter("ann", 1500);
  const bob = await enter("bob", 1900);
  const cid = await enter("cid", 1550);
  say("all", `host is ${cid.lobby.host.userId}`);

  const play = async (...players) => {
    const matches = players.map((player) => player.matched());
    for (const { lobby } of players) await lobby.ready();
    for (const [at, match] of matches.entries()) say(players[at].userId, `plays against ${(await match).against}`);
  };
  await bob.lobby.ready();
  await play(ann, cid);
  say("bob", "waits: nobody is near 1900");

  await ann.client.shutdown();
  await until(cid.channel, () => cid.channel.members.size === 2);
  say("all", `ann has left; host is ${cid.lobby.host.userId}`);
  const dora = await enter("dora", 1850);
  const bobs = bob.matched();
  await dora.lobby.ready();
  say("bob", `plays against ${(await bobs).against}`);
  await Promise.all([bob, cid, dora].map(({ client }) => client.shutdown()));
}
