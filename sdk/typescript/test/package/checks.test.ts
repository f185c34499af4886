// What package managers, bundlers and compilers make of the package.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { folder, pack, root, run } from "../support/packed.ts";

const bin = (name: string): string => path.join(root, "node_modules/.bin", name);

it("publint finds no fault", async () => {
  expect(await run(root, bin("publint"), "--strict", await pack(folder("publint")))).toMatch(/All good/);
});

it("are-the-types-wrong finds no fault", async () => {
  await run(root, bin("attw"), "--profile", "esm-only", await pack(folder("attw")));
});

it("nothing is typed `any`", () => {
  const files = ["src", "dist"].flatMap((name) =>
    readdirSync(path.join(root, name), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.ts$/.test(file))
      .map((file) => path.join(root, name, file)),
  );
  expect(files.length).toBeGreaterThan(30);
  const untyped = files.filter((file) => /[:<|(,=]\s*any\b|\bany\[\]|as any\b/.test(readFileSync(file, "utf8").replace(/\/\*[^]*?\*\/|\/\/.*/g, "")));
  expect(untyped).toEqual([]);
});

it("the archive has the build, its sources for the maps, the README and the licence, and no tests", async () => {
  const listed = await run(root, "tar", "-tzf", await pack(folder("list")));
  for (const file of ["dist/index.js", "dist/index.d.ts", "dist/browser/rtm.min.js", "dist/modules/chat.js", "dist/react/index.js", "src/index.ts", "README.md", "LICENSE"]) {
    expect(listed).toContain(`package/${file}\n`);
  }
  expect(listed).not.toMatch(/test|vitest|tsconfig/);
});
