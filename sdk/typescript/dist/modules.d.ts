import type { ClientModule, ClientModuleContext } from "./config.js";
export declare class Modules {
    #private;
    constructor(context: ClientModuleContext);
    add(module: ClientModule): void;
    connected(): Promise<void>;
    disconnected(): Promise<void>;
    shutdown(): Promise<void>;
}
//# sourceMappingURL=modules.d.ts.map