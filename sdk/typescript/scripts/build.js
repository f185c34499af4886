// Builds dist: ES modules with types by the compiler, and one file for pages without a bundler.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, "-p", root, "--noEmit", "false"], { stdio: "inherit" });
await build({
  absWorkingDir: root,
  entryPoints: ["src/browser.ts"],
  outfile: "dist/browser/rtm.min.js",
  bundle: true,
  minify: true,
  sourcemap: true,
  format: "iife",
  globalName: "Rtm",
  platform: "browser",
  target: "es2022",
  legalComments: "none",
});
