import { createEmitter } from "../emitter.js";
import { call } from "./request.js";
export function createRelayModule() {
    let context;
    const handlers = createEmitter(() => context?.logger);
    return {
        name: "relay",
        api: {
            in: (roomId) => ({
                emit: async (event, payload, options) => {
                    await call(context, event, { ...payload, roomId }, options);
                },
                on: (event, handler) => handlers.add(key(roomId, event), (payload, sender) => handler(payload, sender)),
            }),
        },
        onConnected(connected) {
            context = connected;
            context.socket.onAny(hear);
        },
        onDisconnected() {
            context?.socket.offAny(hear);
        },
        onShutdown: () => handlers.clear(),
    };
    function hear(event, payload, sender) {
        if (typeof sender?.roomId === "string")
            handlers.fire(key(sender.roomId, event), payload, sender);
    }
}
/** No room holds a line break: it is a control character. */
function key(roomId, event) {
    return `${roomId}\n${event}`;
}
//# sourceMappingURL=relay.js.map