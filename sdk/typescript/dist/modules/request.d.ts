import { type AskOptions } from "../ask.js";
import type { ClientModuleContext } from "../config.js";
/** Rejects with a {@link RequestError} when the server refuses, does not answer, or is not connected. */
export declare function call<T extends {
    ok: true;
}>(context: ClientModuleContext | undefined, event: string, payload: unknown, options?: AskOptions): Promise<T>;
//# sourceMappingURL=request.d.ts.map