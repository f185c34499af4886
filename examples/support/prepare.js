// What an example needs besides Node: the SDK, built, and a link to it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const sdk = fileURLToPath(new URL("../../sdk/typescript/", import.meta.url));

export function prepare() {
  const npm = (folder, ...args) => execFileSync("npm", [...args, "--no-audit", "--no-fund"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  if (!existsSync(`${sdk}dist/index.js`)) {
    console.error("building the SDK, once");
    npm(sdk, "ci");
    npm(sdk, "run", "build");
  }
  if (!existsSync(`${here}node_modules/rtm-sdk`)) npm(here, "ci");
}
