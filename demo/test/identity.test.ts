import { it } from "vitest";
import { SECRET, token } from "../../tests/protocol/support/tokens.js";
import { open, serve } from "./support.js";

it("where clients must prove who they are, the page asks for a token, and works with one", async () => {
  const { url } = await serve({ AUTH_JWT_SECRET: SECRET });
  const page = await open(url, "start");
  await page.getByLabel("Token").fill(token({ sub: "ada" }));
  await page.getByRole("button", { name: "Use it" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: "you" }).waitFor();
});
