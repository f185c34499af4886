// What a page has to load for the core, beside socket.io-client.
import { brotliCompressSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

const CORE_BYTES_MAX = 5_000;
const ALL_BYTES_MAX = 18_000;
const root = fileURLToPath(new URL("../..", import.meta.url));

async function bytes(entry: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external,
    write: false,
  });
  return brotliCompressSync(outputFiles[0].contents).length;
}

it("the core is at most 5,000 bytes of brotli without socket.io-client", async () => {
  const size = await bytes("src/index.ts", ["socket.io-client"]);
  console.log(`core: ${size} bytes of brotli`);
  expect(size).toBeLessThanOrEqual(CORE_BYTES_MAX);
});

it("everything in one file, socket.io-client included, is at most 18,000 bytes of brotli", async () => {
  const size = await bytes("src/browser.ts", []);
  console.log(`all in one: ${size} bytes of brotli`);
  expect(size).toBeLessThanOrEqual(ALL_BYTES_MAX);
});
