import { type AskOptions } from "../ask.js";
import type { ClientModuleContext } from "../config.js";
import { type Failure } from "../errors.js";
/** Rejects with a {@link RequestError} when the server refuses, does not answer, or is not connected. */
export declare function call<T extends {
    ok: true;
}>(context: ClientModuleContext | undefined, event: string, payload: unknown, options?: AskOptions): Promise<T>;
/** The reply if it is a success; otherwise throws it. */
export declare function orThrow<T extends {
    ok: true;
}>(reply: T | Failure): T;
//# sourceMappingURL=request.d.ts.map