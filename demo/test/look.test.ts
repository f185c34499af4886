// How every view looks, on a screen and a phone, in both themes: for whoever reviews it, and for the docs (RTM_WRITE_IMAGES=1).
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, serve } from "./support.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const IMAGES = process.env.RTM_WRITE_IMAGES ? fileURLToPath(new URL("../../docs/images", import.meta.url)) : path.join(tmpdir(), "rtm-images");
const SIZES = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Brings a view to where there is something to see. */
const SCENES: Record<string, (page: Page) => Promise<void>> = {
  async start(page) {
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("button", { name: "busy" }).click();
    await page.getByRole("region", { name: "Events" }).getByText("update ·").waitFor();
  },
  async stage(page) {
    await page.getByText("3 of 3 in the room").waitFor();
    for (const [nth, name] of ["Ada", "Bob", "Cleo"].entries()) {
      const floor = page.getByRole("region", { name: `Client ${name}` }).locator(".floor");
      await floor.hover({ position: { x: 60 + 50 * nth, y: 70 - 20 * nth } });
      await page.getByRole("region", { name: "Client Ada" }).locator(`[data-cursor="${name.toLowerCase()}"]`).waitFor();
    }
    await page.getByRole("region", { name: "Client Bob" }).getByRole("button", { name: "Be busy" }).click();
    await page.getByRole("region", { name: "Client Cleo" }).getByRole("button", { name: "Cut network" }).click();
    await page.getByText("connection lost").waitFor();
    await page.evaluate(() => scrollTo(0, 0));
  },
  async cursors(page) {
    await page.getByLabel("Bots:").fill("40");
    await page.waitForFunction(() => document.querySelector('[data-testid="presences"]')?.textContent === "41");
    await page.waitForFunction(() => Number(document.querySelector('[data-testid="rate"]')?.textContent) > 50);
    await page.locator("canvas").hover();
    await page.evaluate(() => scrollTo(0, 0));
  },
  async chat(page) {
    await page.getByRole("button", { name: "Invite a guest" }).click();
    await page.getByTestId("count").getByText("2").waitFor();
    for (const text of ["Hello, anybody here?", "And if my network fails?"]) {
      await page.getByLabel("Message", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.getByRole("listitem").filter({ hasText: text }).getByText("read by Guest").waitFor();
      await page.getByText("Guest is typing…").waitFor();
      if (text.startsWith("Hello")) await page.getByText("I read that").first().waitFor();
    }
  },
};

for (const [view, scene] of Object.entries(SCENES)) {
  it(`${view} has no serious finding of axe and fits, on a screen and a phone, light and dark`, async () => {
    mkdirSync(IMAGES, { recursive: true });
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"] as const) {
        const { url } = await serve();
        const page = await open(url, view, { viewport, colorScheme, reducedMotion: "reduce" });
        await scene(page);
        await page.screenshot({ path: path.join(IMAGES, `${view}-${size}-${colorScheme}.png`) });
        const findings = await audit(page);
        expect(findings, `${view} ${size} ${colorScheme}`).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing is wider than the window").toBe(viewport.width);
        await page.context().close();
      }
    }
  });
}

async function audit(page: Page): Promise<string[]> {
  // The page's policy forbids scripts from elsewhere: this one is evaluated, and not loaded.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }).axe.run());
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
}
