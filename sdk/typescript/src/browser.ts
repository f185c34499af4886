// The entry of the one-file build: everything, as the global `Rtm`.
export * from "./index.js";
export * from "./modules/chat.js";
export * from "./modules/relay.js";
