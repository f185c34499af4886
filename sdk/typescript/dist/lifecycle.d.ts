export interface PageLife {
    /** The page goes into the back/forward cache: it may come back, but until then nobody is there. */
    hidden(): void;
    /** It came back from there. */
    shown(): void;
    /** It became visible, was thawed, or the network returned: what was thought of the connection may be outdated. */
    woken(): void;
}
/** Follows the page until the returned function is called. */
export declare function watchPage(life: PageLife): () => void;
//# sourceMappingURL=lifecycle.d.ts.map