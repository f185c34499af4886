// The public surface, and nothing else.
export { RealtimeClient } from "./client.js";
export { PresenceChannel } from "./channel.js";
export { ConnectError, RequestError, RtmError } from "./errors.js";
//# sourceMappingURL=index.js.map