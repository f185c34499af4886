export * from "./index.js";
export * from "./modules/chat.js";
export * from "./modules/relay.js";
//# sourceMappingURL=browser.d.ts.map