// The entry of the one-file build: everything, as the global `Rtm`.
export * from "./index.js";
export { createAuthModule } from "./modules/auth.js";
export { createChatModule } from "./modules/chat.js";
export { createRelayModule } from "./modules/relay.js";
