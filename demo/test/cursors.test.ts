import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, serve } from "./support.js";

const BOTS = 200;

const figure = async (page: Page, id: string): Promise<number> => Number((await page.getByTestId(id).textContent())?.replaceAll(",", ""));

/** Waits until a figure is as it should be. */
async function shows(page: Page, id: string, wanted: number): Promise<void> {
  await page.waitForFunction(
    ([at, value]) => document.querySelector(`[data-testid="${at}"]`)?.textContent?.replaceAll(",", "") === value,
    [id, String(wanted)] as const,
    { timeout: 45_000 },
  );
}

async function bots(page: Page, count: number): Promise<void> {
  await page.getByLabel("Bots:").fill(String(count));
}

/** Whether the own pointer of one window is drawn elsewhere in another, which has heard of it. */
it("two windows see each other's pointers and faces", async () => {
  const { url } = await serve();
  const ada = await open(url, "cursors");
  const bob = await open(url, "cursors");
  await shows(ada, "presences", 2);
  await shows(bob, "presences", 2);
  expect(await ada.getByTestId("count").textContent()).toBe("2 in this room");
  expect(await bob.locator("canvas").getAttribute("data-drawn")).toBe("2");
  expect(await figure(bob, "rate")).toBe(0);
  await ada.getByRole("img", { name: "Pointers" }).focus();
  const heard = bob.waitForFunction(() => Number(document.querySelector('[data-testid="rate"]')?.textContent) > 0);
  for (let nth = 0; nth < 12; nth += 1) {
    await ada.keyboard.press("ArrowRight");
    await ada.evaluate(() => new Promise(requestAnimationFrame));
  }
  await heard;
});

it(`${BOTS} bots with cursors: the counts are right, the page goes on, and all of them leave`, async () => {
  const { url } = await serve();
  const page = await open(url, "cursors");
  await shows(page, "presences", 1);
  await bots(page, BOTS);
  await shows(page, "bots", BOTS);
  await shows(page, "connections", BOTS);
  await shows(page, "presences", BOTS + 1);
  await page.waitForFunction((wanted) => document.querySelector("canvas")?.dataset.drawn === wanted, String(BOTS + 1));
  expect(await page.getByTestId("count").textContent()).toBe(`${BOTS + 1} in this room`);
  await page.waitForFunction(() => Number(document.querySelector('[data-testid="rate"]')?.textContent) > 0);

  const frames = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const began = performance.now();
        let count = 0;
        requestAnimationFrame(function next() {
          count += 1;
          if (performance.now() - began < 2_000) requestAnimationFrame(next);
          else resolve(count / 2);
        });
      }),
  );
  console.log(`with ${BOTS} bots: ${frames} frames a second, ${await figure(page, "rate")} messages a second, ${await figure(page, "delivered")} to the bots`);
  expect(frames, "the page still draws").toBeGreaterThan(1);

  // A second window counts the same, and the page answers meanwhile.
  const other = await open(url, "cursors");
  await shows(other, "presences", BOTS + 2);
  await shows(page, "presences", BOTS + 2);

  await bots(page, 0);
  await shows(page, "bots", 0);
  await shows(page, "presences", 2);
  await shows(other, "presences", 2);
});

it("beyond what a browser connects, bots share connections, and all are seen", async () => {
  const { url } = await serve();
  const page = await open(url, "cursors");
  await bots(page, 260);
  await shows(page, "bots", 260);
  expect(await figure(page, "connections")).toBe(240);
  await shows(page, "presences", 261);
});
