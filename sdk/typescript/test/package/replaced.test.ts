import { expect, it } from "vitest";
import path from "node:path";
import { fill, project, root, run } from "../support/packed.ts";
import { serve } from "../support/real.ts";

it("an application that uses every name of the replaced SDK compiles and runs, and each documented event fires", async () => {
  const { url } = await serve();
  const made = await project("replaced");
  fill(made, "replaced");
  await run(made, process.execPath, path.join(root, "node_modules/typescript/bin/tsc"), "-p", made);
  expect(await run(made, process.execPath, "out/main.js", url)).toContain("every name works");
});
