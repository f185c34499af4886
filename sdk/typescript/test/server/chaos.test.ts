// A minute of everything that goes wrong at once; then all that is left must be right. `RTM_CHAOS_MS` sets its length, `RTM_CHAOS_SEED`
// repeats its choices (not its timing).
import { expect, it } from "vitest";
import { SECRET, secondsFromNow, token } from "../../../../tests/protocol/support/tokens.js";
import { type AuthContext, type PresenceChannel, RealtimeClient, type State } from "../../src/index.ts";
import { createAuthModule } from "../../src/modules/auth.ts";
import { Proxy } from "../support/proxy.ts";
import { random } from "../support/random.ts";
import { Server, quiet, shown, told, untilAll } from "../support/real.ts";

const CHAOS_MS = Number(process.env.RTM_CHAOS_MS ?? 60_000);
const CALM_MS = 30_000;
const CLIENTS = 50;
const ROOMS = 5;
const ROOMS_EACH = 2;
const ENV = {
  PRESENCE_TTL_MS: "3000",
  PRESENCE_REAPER_INTERVAL_MS: "200",
  PRESENCE_LINGER_MS: "700",
  SHUTDOWN_TIMEOUT_MS: "1500",
  AUTH_JWT_SECRET: SECRET,
  AUTH_JWT_LEEWAY_MS: "0",
};
/** Why the server cut a line, in its log. */
const EXPIRED = /identity_expired/g;
/** How long tokens last while there is chaos. */
const [LIFE_S_MIN, LIFE_S_MAX] = [2, 4];

interface Person {
  userId: string;
  client: RealtimeClient;
  channels: PresenceChannel[];
  /** What its token provider last gave lasts. */
  lasting: () => boolean;
  /** What each channel should show in the end. */
  wanted: State[];
}

it("50 clients, cuts, silences, restarts, tokens that end and token providers that fail: in the end every view is the server's", { timeout: CHAOS_MS + 90_000 }, async () => {
  const seed = Number(process.env.RTM_CHAOS_SEED ?? Date.now() % 1_000_000);
  console.log(`chaos seed ${seed}, ${CHAOS_MS} ms`);
  const chance = random(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(chance() * list.length)];
  const counts = { cuts: 0, silences: 0, restarts: 0, kills: 0, tokens: 0, refused: 0, refreshes: 0, expired: 0, updates: 0, resumed: 0, fresh: 0 };
  const unhandled: unknown[] = [];
  process.on("unhandledRejection", (reason) => unhandled.push(reason));

  let server = await Server.start(ENV);
  /** How many connections this server has ended because their tokens had. */
  const expired = (): number => server.stderr.match(EXPIRED)?.length ?? 0;
  const proxy = await Proxy.start(server.port);
  let calm = false;
  const people: Person[] = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      let lasting = false;
      const userId = `u${n % 40}`;
      const authProvider = async ({ reason }: AuthContext): Promise<string> => {
        counts.tokens += 1;
        if (!calm && chance() < 0.2) throw new Error("no token now");
        if (reason === "refresh") counts.refreshes += 1;
        // One that is refused is replaced at once; a second one in a row would be final.
        if (!calm && reason === "reconnect" && chance() < 0.1) {
          counts.refused += 1;
          return token({ sub: userId, exp: secondsFromNow(-1) });
        }
        lasting = calm;
        const lifeS = LIFE_S_MIN + Math.floor(chance() * (LIFE_S_MAX - LIFE_S_MIN));
        return token({ sub: userId, exp: secondsFromNow(calm || reason === "rejected" ? 3_600 : lifeS) });
      };
      // The provider may fail from the start on; the client goes on by itself.
      const client = new RealtimeClient({ baseUrl: proxy.url, logger: quiet, authProvider, reconnectionDelayMax: 1_000 });
      // The others' connections end with their tokens.
      if (n % 2) client.use(createAuthModule());
      await client.connect();
      const channels = await Promise.all(
        Array.from({ length: ROOMS_EACH }, async (__, k) => {
          const { channel, response } = await client.joinRoom({ roomId: `r${(n + k) % ROOMS}`, userId, state: { n, k } });
          expect(response.ok).toBe(true);
          channel.on("connected", ({ resumed }) => (counts[resumed ? "resumed" : "fresh"] += 1));
          return channel;
        }),
      );
      return { userId, client, channels, lasting: () => lasting, wanted: channels.map((__, k) => ({ n, k })) };
    }),
  );

  const lost: string[] = [];
  for (const { userId, channels } of people) for (const channel of channels) channel.on("error", ({ code }) => code !== "timeout" && lost.push(`${userId} ${code}`));

  const restart = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    proxy.down = true;
    counts.expired += expired();
    if (signal === "SIGTERM") await server.stop();
    else {
      server.kill();
      await server.exited;
    }
    server = await Server.start(ENV);
    proxy.target = server.port;
    proxy.down = false;
  };

  const deeds: [number, () => unknown][] = [
    [0.5, () => update()],
    [0.3, () => (counts.cuts++, pick(proxy.lines)?.cut())],
    [0.08, () => silence()],
    [0.01, () => (counts.cuts += proxy.lines.length, proxy.cutAll())],
    [0.01, () => (counts.restarts++, restart("SIGTERM"))],
    [0.01, () => (counts.kills++, restart("SIGKILL"))],
  ];
  const update = (): void => {
    const { channels, wanted } = pick(people) as Person;
    const at = Math.floor(chance() * ROOMS_EACH);
    const patch = { [`k${Math.floor(chance() * 3)}`]: chance() };
    counts.updates += 1;
    wanted[at] = { ...wanted[at], ...patch };
    // Nobody waits for it: what it wants must come about all the same.
    void channels[at].updateState(patch);
  };
  const silence = (): void => {
    const line = pick(proxy.lines);
    counts.silences += 1;
    line?.silence();
    // The client may not find out before: a network that was gone for a while.
    setTimeout(() => line?.cut(), 500 + chance() * 3_000);
  };

  for (const end = performance.now() + CHAOS_MS; performance.now() < end; ) {
    let luck = chance();
    for (const [share, deed] of deeds) {
      luck -= share;
      if (luck >= 0) continue;
      await deed();
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + chance() * 20));
  }

  calm = true;
  proxy.cutAll();
  const all = people.flatMap(({ channels, wanted, client }) => channels.map((channel, at) => ({ channel, client, wanted: wanted[at] })));
  const present = ROOMS * ((CLIENTS * ROOMS_EACH) / ROOMS);
  expect(all).toHaveLength(present);
  // Each room is full again, with what everyone wants to show, at every client.
  const missing = (): string => {
    for (const { userId, lasting } of people) if (!lasting()) return `the token of ${userId} will end`;
    for (const { channel } of all) {
      if (!channel.joined) return `${channel.self?.connId} is not in ${channel.roomId}`;
      const seen = new Map([...channel.members.values()].flatMap(({ connections }) => connections.map(({ connId, state }) => [connId, state])));
      const here = all.filter((other) => other.channel.roomId === channel.roomId);
      if (seen.size !== here.length) return `${channel.self?.connId} sees ${seen.size} of ${here.length} in ${channel.roomId}`;
      for (const other of here) {
        const state = seen.get(other.channel.self?.connId ?? "");
        if (!same(state, other.wanted)) return `${channel.self?.connId} sees ${JSON.stringify(state)} of ${JSON.stringify(other.wanted)} in ${channel.roomId}`;
      }
    }
    return "";
  };
  await untilAll(all.map(({ channel }) => channel), missing, CALM_MS);
  for (const { channel, client } of all) expect(shown(channel), `${channel.roomId} at ${channel.self?.connId}`).toEqual(await told(client, channel.roomId as string));
  counts.expired += expired();
  console.log(JSON.stringify(counts));
  expect(lost).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(counts.resumed).toBeGreaterThan(0);
  for (const count of [counts.refused, counts.refreshes, counts.expired]) expect(count).toBeGreaterThan(0);
  expect(counts.restarts + counts.kills).toBeGreaterThan(0);

  await Promise.all(people.map(({ client }) => client.shutdown()));
  await server.stop();
  await proxy.stop();
});

function same(a: State | undefined, b: State): boolean {
  const sorted = (state: State): string => JSON.stringify(Object.entries(state).sort(([x], [y]) => (x < y ? -1 : 1)));
  return a !== undefined && sorted(a) === sorted(b);
}
