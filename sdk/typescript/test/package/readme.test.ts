// The README's examples, unchanged, in an empty project and in a browser.
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { browser, site } from "../support/browser.ts";
import { project, root, run } from "../support/packed.ts";
import { join, serve, until } from "../support/real.ts";

const readme = readFileSync(path.join(root, "README.md"), "utf8");
const example = (language: string): string => {
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(readme) ?? [];
  if (!text) throw new Error(`the README has no example in ${language}`);
  return text;
};

/** The server that the README expects. */
const PORT = "3000";

it("the first example runs in Node after npm install, and the page's in a browser", async () => {
  const server = await serve({ PORT });
  const made = await project("readme");
  writeFileSync(path.join(made, "example.js"), example("js"));
  expect(await run(made, process.execPath, "example.js")).toContain("{ mood: 'great' }\n");

  const [context, at, watcher] = [await browser(), await site(`<!doctype html>${example("html")}`), await join(server.url, "lobby", "watcher")];
  const page = await context.newPage();
  // The one thing that is not as written: the file comes from the build, and not from a registry.
  await context.route("https://unpkg.com/rtm-sdk", (route) => route.fulfill({ path: path.join(made, "node_modules/rtm-sdk/dist/browser/rtm.min.js") }));
  await page.goto(at);
  await until(watcher.channel, "bob", () => watcher.channel.members.has("bob"));
  await page.waitForFunction(() => document.title === "bob, watcher" || document.title === "watcher, bob");
});

it("the package can be required, and loaded by the other names", async () => {
  const made = await project("names");
  const script = `Promise.all(["rtm-sdk", "rtm-sdk/auth", "rtm-sdk/chat", "rtm-sdk/relay"].map((name) => import(name))).then(([core, auth, chat, relay]) =>
    console.log(typeof core.RealtimeClient, typeof auth.createAuthModule, typeof chat.createChatModule, typeof relay.createRelayModule, core.RtmError === require("rtm-sdk").RtmError))`;
  writeFileSync(path.join(made, "names.cjs"), script);
  const flags = Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-require-module", "--no-warnings"] : [];
  expect((await run(made, process.execPath, ...flags, "names.cjs")).trim()).toBe("function function function function true");
});

it("rtm-sdk/react is loaded where there is React, and the rest needs none", async () => {
  const made = await project("react");
  writeFileSync(path.join(made, "hooks.js"), `import { createHooks, useMembers } from "rtm-sdk/react"; console.log(useMembers === createHooks().useMembers);`);
  await expect(run(made, process.execPath, "hooks.js")).rejects.toThrow(/Cannot find package 'react'/);
  symlinkSync(path.join(root, "node_modules/react"), path.join(made, "node_modules/react"));
  expect((await run(made, process.execPath, "hooks.js")).trim()).toBe("true");
});
