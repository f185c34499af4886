import type { ClientModule, ClientModuleContext } from "./config.js";
export interface Modules {
    add(module: ClientModule): void;
    connected(): Promise<void>;
    disconnected(): Promise<void>;
    shutdown(): Promise<void>;
}
export declare function createModules(context: ClientModuleContext): Modules;
//# sourceMappingURL=modules.d.ts.map