// Each example runs by the command that its page gives.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { prepare } from "../support/prepare.js";

prepare();
const run = fileURLToPath(new URL("../run.js", import.meta.url));
const pages = new URL("../../docs/cookbook/", import.meta.url);

async function play(...args) {
  const child = spawn(process.execPath, [run, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  const [code] = await once(child, "close");
  return { code, said };
}

for (const page of readdirSync(pages).filter((name) => name.endsWith(".md") && name !== "README.md")) {
  test(`docs/cookbook/${page}`, async () => {
    const text = readFileSync(new URL(page, pages), "utf8");
    const [, name] = /^node examples\/run\.js (\w+)$/m.exec(text) ?? [];
    assert.ok(name, "the page gives no command");
    const { code, said } = await play(name);
    assert.equal(code, 0, said);
    const shown = text.split("```text\n")[1].split("```")[0].trimEnd().split("\n");
    // Figures and who is first may differ from one time to the next.
    const kinds = (lines) => lines.map((line) => line.split(/\s+/)[0]).toSorted();
    assert.equal(said.trimEnd().split("\n").length, shown.length, said);
    assert.deepEqual(new Set(kinds(said.trimEnd().split("\n"))), new Set(kinds(shown)), said);
  });
}

test("another name is refused with those there are", async () => {
  const { code, said } = await play("nonsense");
  assert.equal(code, 2);
  assert.match(said, /collaboration.*lobby/);
});
