// Plays one example: node examples/run.js NAME
// Builds what is missing, starts a server of its own (or uses RTM_URL), and shows what each client sees.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { prepare } from "./support/prepare.js";
import { startServer } from "./support/server.js";

const [name, ...rest] = process.argv.slice(2);
const names = readdirSync(fileURLToPath(new URL(".", import.meta.url)), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !["node_modules", "support", "test"].includes(entry.name))
  .map((entry) => entry.name);
if (!names.includes(name) || rest.length) {
  console.error(`usage: node examples/run.js ${names.join(" | ")}`);
  process.exit(2);
}

prepare();
const server = process.env.RTM_URL ? { url: process.env.RTM_URL, stop() {} } : await startServer();
try {
  const { scene } = await import(`./${name}/scene.js`);
  await scene(server.url, (who, what) => console.log(`${who.padEnd(10)} ${what}`));
} finally {
  await server.stop();
}
