import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { Server, open, serve } from "./support.js";

/** Only a client's own silence ends it: the server's pings are too far apart. */
const SILENCE_ENDS = { PRESENCE_TTL_MS: "3000", PRESENCE_REAPER_INTERVAL_MS: "100", PING_INTERVAL_MS: "60000", PING_TIMEOUT_MS: "60000" };
const AGREED = "all see the same";

const card = (page: Page, name: string) => page.getByRole("region", { name: `Client ${name}` });
const seen = (page: Page, by: string, who: string) => page.getByRole("list", { name: `What ${by} sees` }).getByRole("listitem").filter({ hasText: who });
const timeline = (page: Page) => page.getByRole("list", { name: "Latest first" });
const act = (page: Page, name: string, button: string) => card(page, name).getByRole("button", { name: button }).click();
const agree = (page: Page, count: number) => page.getByText(`${count} of ${count} in the room, ${AGREED}`).waitFor();

/** The stage with that many clients, all of which see each other. */
async function stage(url: string, count = 3, expected?: RegExp): Promise<Page> {
  const page = await open(url, "stage", {}, expected);
  if (count !== 3) await page.getByRole("button", { name: `${count} clients` }).click();
  for (const by of ["Ada", "Bob", "Cleo", "Dan"].slice(0, count)) {
    for (const who of ["Ada", "Bob", "Cleo", "Dan"].slice(0, count)) await seen(page, by, who).waitFor();
  }
  await agree(page, count);
  return page;
}

it("clients see each other's state and pointers", async () => {
  const { url } = await serve();
  const page = await stage(url, 2);
  await act(page, "Ada", "Be busy");
  await seen(page, "Bob", "Ada").filter({ hasText: "busy" }).waitFor();
  await card(page, "Ada").locator(".floor").hover();
  await card(page, "Bob").locator('[data-cursor="ada"]').waitFor();
  await agree(page, 2);
});

it("whose network is cut for five seconds resumes, and nobody sees it go or come", async () => {
  const { url } = await serve();
  const page = await stage(url);
  await page.getByRole("button", { name: "Clear" }).click();
  await act(page, "Ada", "Cut network");
  await timeline(page).getByText("connection lost").waitFor();
  await act(page, "Bob", "Be busy");
  await card(page, "Ada").getByText("no network 5 s").waitFor();
  // As it was when it was cut.
  await seen(page, "Ada", "Bob").filter({ hasText: "fine" }).waitFor();
  await act(page, "Ada", "Mend network");
  await timeline(page).getByText("resumed, same presence").waitFor();
  await seen(page, "Ada", "Bob").filter({ hasText: "busy" }).waitFor();
  await agree(page, 3);
  const told = (await timeline(page).textContent()) ?? "";
  expect(told).not.toMatch(/sees Ada (join|leave)|told: ada/);
  expect(told.match(/resumed/g)).toHaveLength(1);
  expect(await seen(page, "Bob", "Ada").textContent(), "one connection").not.toMatch(/\d×/);
});

it("who is frozen beyond the TTL expires everywhere at once, and comes back by itself", async () => {
  const { url } = await serve(SILENCE_ENDS);
  const page = await stage(url, 4);
  await page.getByRole("button", { name: "Clear" }).click();
  await act(page, "Ada", "Freeze");
  for (const by of ["Bob", "Cleo", "Dan"]) await seen(page, by, "Ada").waitFor({ state: "detached" });
  await page.getByText(`3 of 4 in the room, ${AGREED}`).waitFor();
  expect((await timeline(page).textContent())?.match(/told: ada expired/g), "by all the others").toHaveLength(3);
  // The frozen one knows nothing of it.
  await seen(page, "Ada", "Bob").waitFor();

  await act(page, "Ada", "Unfreeze");
  for (const by of ["Bob", "Cleo", "Dan"]) await seen(page, by, "Ada").waitFor();
  await agree(page, 4);
});

it("who is reloaded leaves and joins again", async () => {
  const { url } = await serve();
  const page = await stage(url, 2);
  await act(page, "Ada", "Reload");
  await timeline(page).getByText("sees Ada leave").waitFor();
  await timeline(page).getByText("sees Ada join").first().waitFor();
  await agree(page, 2);
});

it("all return when the server is started again", async () => {
  const first = await serve();
  const page = await stage(first.url, 3, /WebSocket connection|ERR_CONNECTION_REFUSED/);
  await first.stop();
  await page.getByText(`0 of 3 in the room`).waitFor();
  await serve({ PORT: String(first.port) });
  await agree(page, 3);
  for (const by of ["Ada", "Bob", "Cleo"]) for (const who of ["Ada", "Bob", "Cleo"]) await seen(page, by, who).waitFor();
});
