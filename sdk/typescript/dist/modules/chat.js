import { createEmitter } from "../emitter.js";
import { CHAT_HISTORY, CHAT_MESSAGE, CHAT_READ, CHAT_RECEIPTS, CHAT_SEND, CHAT_SINCE, CHAT_TYPING, } from "../protocol.js";
import { Backlog } from "./backlog.js";
import { call } from "./request.js";
/** Rooms whose latest message is remembered; a socket may be in as many. */
const ROOMS_MAX = 128;
export function createChatModule() {
    let context;
    const handlers = createEmitter(() => context?.logger);
    const backlogs = new Map();
    const since = (roomId, msgId, options) => call(context, CHAT_SINCE, { roomId, msgId }, options);
    const api = {
        async sendMessage(roomId, message, { clientMsgId, ...options } = {}) {
            const request = { roomId, message, ...(clientMsgId !== undefined && { clientMsgId }) };
            const { msgId, ts } = await call(context, CHAT_SEND, request, options);
            return { msgId, ts };
        },
        async getHistory(roomId, limit = 50, { before, ...options } = {}) {
            const request = { roomId, limit, ...(before !== undefined && { before }) };
            return (await call(context, CHAT_HISTORY, request, options)).messages;
        },
        async getSince(roomId, msgId, options) {
            const { messages, complete } = await since(roomId, msgId, options);
            return { messages, complete };
        },
        async setTyping(roomId, typing, options) {
            await call(context, CHAT_TYPING, { roomId, typing }, options);
        },
        async markRead(roomId, msgId, options) {
            await call(context, CHAT_READ, { roomId, msgId }, options);
        },
        async getReceipts(roomId, options) {
            return (await call(context, CHAT_RECEIPTS, { roomId }, options)).receipts;
        },
        onMessage: (handler) => handlers.add("message", handler),
        onGap: (handler) => handlers.add("gap", handler),
        onTyping: (handler) => handlers.add("typing", handler),
        onRead: (handler) => handlers.add("read", handler),
    };
    return {
        name: "chat",
        api,
        onConnected(connected) {
            context = connected;
            context.socket.on(CHAT_MESSAGE, heard);
            context.socket.on(CHAT_TYPING, (typing) => handlers.fire("typing", typing));
            context.socket.on(CHAT_READ, (read) => handlers.fire("read", read));
            // The channels have asked to join again before this, and the server answers in order.
            for (const [roomId, backlog] of backlogs)
                void catchUp(roomId, backlog);
        },
        onShutdown() {
            handlers.clear();
            backlogs.clear();
        },
    };
    function heard(message) {
        const { roomId } = message;
        const backlog = backlogs.get(roomId) ?? new Backlog((known) => handlers.fire("message", known));
        backlogs.delete(roomId);
        backlogs.set(roomId, backlog);
        for (const oldest of backlogs.keys())
            if (backlogs.size > ROOMS_MAX)
                backlogs.delete(oldest);
        backlog.hear(message);
    }
    async function catchUp(roomId, backlog) {
        const msgId = backlog.hold();
        try {
            const { messages, complete } = await since(roomId, msgId);
            if (!complete)
                handlers.fire("gap", { roomId });
            backlog.release(messages);
        }
        catch (error) {
            // The room was left meanwhile, or this connection has ended too.
            context?.logger.debug(`Not caught up with chat in ${roomId}`, error);
            backlog.release([]);
        }
    }
}
//# sourceMappingURL=chat.js.map