// The public surface, and nothing else.
export { RealtimeClient, type ClientEventMap } from "./client.js";
export { PresenceChannel } from "./channel.js";
export type * from "./channel-types.js";
export type {
  Auth,
  AuthContext,
  ClientModule,
  ClientModuleContext,
  Logger,
  RealtimeClientConfig,
  Status,
} from "./config.js";
export { ConnectError, RtmError, type Failure, type LocalCode } from "./errors.js";
export type * from "./protocol.js";
export type { Connection, Member, MemberChanges, Members } from "./roster.js";
export type { Schema } from "./schema.js";
