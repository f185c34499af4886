// What goes over the wire. The files are generated from the Rust crate in sdk/protocol.
export * from "./protocol/auth.js";
export * from "./protocol/chat.js";
export * from "./protocol/common.js";
export * from "./protocol/errors.js";
export * from "./protocol/names.js";
export * from "./protocol/presence.js";
