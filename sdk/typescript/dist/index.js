// The public surface, and nothing else.
export { RealtimeClient } from "./client.js";
export { PresenceChannel } from "./channel.js";
export { AuthError, ConnectError, LostError, RequestError, RtmError, orThrow } from "./errors.js";
//# sourceMappingURL=index.js.map