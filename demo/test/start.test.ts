import { expect, it } from "vitest";
import { open, serve } from "./support.js";

it("joining shows oneself, each event and the code for it; another window sees the state, and that one leaves", async () => {
  const { url } = await serve();
  const ada = await open(url, "start");
  const bob = await open(url, "start");
  for (const [page, name] of [[ada, "Ada"], [bob, "Bob"]] as const) {
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Join" }).click();
  }
  const members = ada.getByRole("list", { name: "Members" }).getByRole("listitem");
  await members.filter({ hasText: "Bob" }).waitFor();
  await members.filter({ hasText: "you" }).filter({ hasText: "Ada" }).waitFor();
  const events = ada.getByRole("region", { name: "Events" });
  await events.getByText("joinAck").waitFor();

  await ada.getByRole("button", { name: "busy" }).click();
  await ada.getByLabel("A note for the others").fill("back at nine");
  await ada.getByRole("button", { name: "Show it" }).click();
  const seen = bob.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: "Ada" });
  await seen.filter({ hasText: "busy" }).filter({ hasText: "back at nine" }).waitFor();

  const code = ada.getByLabel("What your clicks do");
  expect(await code.textContent()).toContain('await channel.updateState({ note: "back at nine" });');
  await ada.getByRole("button", { name: "React" }).click();
  expect(await code.textContent()).toContain('setState({ note: "back at nine" })');

  await events.getByLabel("Filter events").fill("heartbeatAck");
  await events.getByText("presenceEvent").first().waitFor({ state: "hidden" });
  await events.getByText("heartbeatAck").first().click();
  await events.getByText('"changed": true').first().waitFor();

  await ada.getByRole("button", { name: "Leave" }).click();
  await seen.waitFor({ state: "hidden" });
  await ada.getByRole("button", { name: "Join" }).waitFor();
});

