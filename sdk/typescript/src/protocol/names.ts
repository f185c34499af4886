// The events' names. Generated from the Rust crate in sdk/protocol: change it there.

export const PRESENCE_JOIN = "presence:join";
export const PRESENCE_HEARTBEAT = "presence:heartbeat";
export const PRESENCE_LEAVE = "presence:leave";
export const PRESENCE_SYNC = "presence:sync";
export const PRESENCE_EVENT = "presence:event";
export const PRESENCE_LOST = "presence:lost";
export const SERVER_DRAINING = "server:draining";
export const CHAT_SEND = "chat:send";
export const CHAT_HISTORY = "chat:history";
export const CHAT_SINCE = "chat:since";
export const CHAT_MESSAGE = "chat:message";
export const CHAT_TYPING = "chat:typing";
export const CHAT_READ = "chat:read";
export const CHAT_RECEIPTS = "chat:receipts";
export const AUTH_REFRESH = "auth:refresh";
