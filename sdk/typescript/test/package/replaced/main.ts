// An application written for the replaced project's SDK: every name of it is used, and every documented local event must fire.
import { PresenceChannel, RealtimeClient } from "rtm-sdk";
import type {
  ClientModule,
  ClientModuleContext,
  ConnectionStateSnapshot,
  CustomEmitOptions,
  Logger,
  PresenceChannelEventMap,
  PresenceChannelOptions,
  PresenceEventEnvelope,
  PresenceHeartbeatParams,
  PresenceHeartbeatResponse,
  PresenceJoinParams,
  PresenceJoinResponse,
  PresenceStatePatch,
  RealtimeClientConfig,
} from "rtm-sdk";

declare const process: { argv: string[]; exit(code: number): never };
const baseUrl = process.argv[2] ?? "";

const logger: Logger = {
  debug: (message: string, meta?: unknown) => void [message, meta],
  info: (message: string, meta?: unknown) => void [message, meta],
  warn: (message: string, meta?: unknown) => void [message, meta],
  error: (message: string, meta?: unknown) => void [message, meta],
};

const lifecycle: string[] = [];
const recorder: ClientModule = {
  name: "recorder",
  onConnected({ socket, logger: log, config: given }: ClientModuleContext): void {
    log.info("connected", { id: socket.id, to: given.baseUrl });
    lifecycle.push("onConnected");
  },
  async onDisconnected() {
    lifecycle.push("onDisconnected");
  },
  onShutdown: () => void lifecycle.push("onShutdown"),
};

const presence: PresenceChannelOptions = {
  heartbeatIntervalMs: 50,
  heartbeatAckTimeoutMs: 2_000,
  maxMissedHeartbeats: 2,
  presenceEventName: "presence:event",
};
const config: RealtimeClientConfig = {
  baseUrl,
  authProvider: async () => ({ Authorization: "Bearer abc", token: "abc" }),
  logger,
  reconnection: true,
  reconnectionAttempts: 5,
  reconnectionDelayMax: 5_000,
  presence,
};

const fired = new Set<keyof PresenceChannelEventMap>();
const record = (channel: PresenceChannel): void => {
  channel.on("connected", ({ connId }) => connId && fired.add("connected"));
  channel.on("disconnected", ({ reason }) => reason && fired.add("disconnected"));
  channel.on("joinAck", (response: PresenceJoinResponse) => fired.add(response.ok ? "joinAck" : "error"));
  channel.on("heartbeatAck", (response: PresenceHeartbeatResponse) => response.ok && fired.add("heartbeatAck"));
  channel.on("presenceEvent", (event: PresenceEventEnvelope) => event.type === "join" && fired.add("presenceEvent"));
  channel.on("snapshot", (members: ConnectionStateSnapshot[]) => members.length > 0 && fired.add("snapshot"));
  channel.on("error", (error: Error) => error.message && fired.add("error"));
};

const client = new RealtimeClient(config);
client.use(recorder);
await client.connect();
check("isConnected", client.isConnected());
check("getSocket", client.getSocket()?.connected === true);
check("use after connect", throws(() => client.use(recorder), 'Cannot register module "recorder" after connection is established'));

const channel = client.createPresenceChannel({ maxMissedHeartbeats: 3 });
record(channel);
const params: PresenceJoinParams = { roomId: "room-42", userId: "user-123", state: { mic: true } };
const response = await channel.join(params);
if (!response.ok) throw new Error(response.error);
check("self", response.self.epoch >= 0 && response.snapshot.some(({ connId }) => connId === response.self.connId));

const other = await client.joinRoom({ roomId: "room-43", userId: "user-123" }, { heartbeatIntervalMs: 1_000 });
check("joinRoom", other.response.ok && other.channel instanceof PresenceChannel);

const params2: PresenceHeartbeatParams = { patchState: { camera: true } };
const beat = await channel.sendHeartbeat(params2);
check("sendHeartbeat", beat.ok && beat.changed);
const patch: PresenceStatePatch = { typing: true };
const updated = await channel.updateState(patch);
check("updateState", updated.ok && updated.changed && typeof updated.epoch === "number");

// Nobody serves these events, so the server's answer is a refusal: an answer all the same.
let once = 0;
const off = channel.on("chat:message", (message: { text: string }) => void message.text);
channel.once("chat:message", () => (once += 1));
channel.off("chat:message");
off();
channel.emit("chat:typing");
channel.emit("chat:typing", { on: true });
const options: CustomEmitOptions = { ack: true, timeoutMs: 3_000 };
const answer = await channel.emit<{ ok: boolean }>("reaction:add", { emoji: "👍" }, options);
check("emit with options", answer.ok === false);
check("emit with callback", !(await new Promise<{ ok: boolean }>((resolve) => channel.emit("ask", { n: 1 }, resolve))).ok);
check("emit with callback alone", !(await new Promise<{ ok: boolean }>((resolve) => channel.emit("ask", resolve))).ok);

// A refused join is an answer and an error.
const refused = client.createPresenceChannel();
record(refused);
const refusal = await refused.join({ roomId: "", userId: "user-123" });
check("refused join", !refusal.ok && refusal.error.length > 0);

await other.channel.leave();
await other.channel.stop();
await client.disconnect();
check("disconnect", !client.isConnected() && client.getSocket() === null);
await client.shutdown();

const documented: (keyof PresenceChannelEventMap)[] = ["connected", "disconnected", "joinAck", "heartbeatAck", "presenceEvent", "snapshot", "error"];
for (const name of documented) check(`event ${name}`, fired.has(name));
check("hooks", lifecycle.join() === "onConnected,onDisconnected,onShutdown");
check("once", once === 0);
console.log("every name works");

function check(name: string, holds: boolean): void {
  if (holds) return;
  console.error(`${name} does not work`);
  process.exit(1);
}

function throws(act: () => unknown, message: string): boolean {
  try {
    act();
  } catch (error) {
    return error instanceof Error && error.message === message;
  }
  return false;
}
