// Builds the demo into app/assets/demo, from where it becomes part of the binary. With --check it builds nothing, and fails if what is there
// is not what this would build.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = path.resolve(here, "../app/assets/demo");
const sdk = path.resolve(here, "../sdk/typescript/src");

const common = {
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  platform: "browser",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  entryNames: "[name]-[hash]",
  metafile: true,
  // One React, and the SDK as it is.
  alias: {
    react: path.join(here, "node_modules/react"),
    "rtm-sdk/react": `${sdk}/react/index.ts`,
    "rtm-sdk/chat": `${sdk}/modules/chat.ts`,
    "rtm-sdk": `${sdk}/index.ts`,
  },
};

const files = new Map();
/** Bundles, keeps the files, and says where the page finds each entry. */
async function bundle(entryPoints, define = {}) {
  const { outputFiles } = await build({ ...common, entryPoints, define: { "process.env.NODE_ENV": '"production"', ...define } });
  for (const { path: file, contents } of outputFiles) files.set(path.relative(out, file), Buffer.from(contents));
  return (name, ext) => `/demo/${[...files.keys()].find((file) => file.startsWith(`${name}-`) && file.endsWith(ext))}`;
}

const worker = await bundle(["src/workers/actor.ts", "src/workers/bots.ts"]);
const page = await bundle(["src/main.tsx", "src/styles.css"], {
  ACTOR_WORKER: JSON.stringify(worker("actor", ".js")),
  BOTS_WORKER: JSON.stringify(worker("bots", ".js")),
});
const icon = readFileSync(path.join(here, "src/icon.svg"));
files.set("icon.svg", icon);
const html = readFileSync(path.join(here, "src/index.html"), "utf8");
files.set("index.html", Buffer.from(html.replace("{{script}}", page("main", ".js")).replace("{{style}}", page("styles", ".css"))));

if (process.argv.includes("--check")) {
  const there = readdirSync(out).sort();
  const wanted = [...files.keys()].sort();
  const stale = wanted.filter((name) => !there.includes(name) || !readFileSync(path.join(out, name)).equals(files.get(name)));
  const extra = there.filter((name) => !files.has(name));
  if (stale.length + extra.length > 0) {
    console.error(`app/assets/demo is not what demo/src makes: run \`npm run build\` in demo (missing or other: ${stale}; too many: ${extra})`);
    process.exit(1);
  }
} else {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const [name, contents] of files) writeFileSync(path.join(out, name), contents);
}
for (const [name, { length }] of files) console.log(`${String(length).padStart(8)}  ${name}`);
