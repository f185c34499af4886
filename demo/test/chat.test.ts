import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, serve } from "./support.js";

const message = (page: Page, text: string) => page.getByRole("list", { name: "Messages" }).getByRole("listitem").filter({ hasText: text });

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

it("two windows: typing shows, a message arrives once, and its receipt turns from sent to read", async () => {
  const { url } = await serve();
  const ada = await open(url, "chat");
  const bob = await open(url, "chat");
  for (const page of [ada, bob]) await page.getByTestId("count").getByText("2").waitFor();
  await ada.getByLabel("Message", { exact: true }).fill("Hel");
  await bob.getByText("is typing…").waitFor();
  await say(ada, "Hello there");
  await message(bob, "Hello there").waitFor();
  await bob.getByText("is typing…").waitFor({ state: "hidden" });
  await message(ada, "Hello there").getByText("read by").waitFor();
  expect(await message(ada, "Hello there").count()).toBe(1);
  await say(bob, "And to you");
  await message(ada, "And to you").waitFor();

  // Who comes later reads what was said.
  const cleo = await open(url, "chat");
  await message(cleo, "Hello there").waitFor();
  await message(cleo, "And to you").waitFor();
});

it("a guest reads, types and answers", async () => {
  const { url } = await serve();
  const page = await open(url, "chat");
  await page.getByRole("button", { name: "Invite a guest" }).click();
  await page.getByTestId("count").getByText("2").waitFor();
  await say(page, "Anybody here?");
  await page.getByText("Guest is typing…").waitFor();
  await message(page, "I read that").waitFor();
  await message(page, "Anybody here?").getByText("read by Guest").waitFor();
  await page.getByRole("button", { name: "Send the guest away" }).click();
  await page.getByTestId("count").getByText("1").waitFor();
});
