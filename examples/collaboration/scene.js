// Ann and Bob edit one form; both reach for the title.
import { join } from "../support/join.js";
import { until } from "../support/until.js";
import { SharedForm } from "./form.js";

export async function scene(url, say) {
  const ann = await join(url, "form-7", "ann", { name: "Ann", field: null });
  const bob = await join(url, "form-7", "bob", { name: "Bob", field: null });
  const [anns, bobs] = [new SharedForm(ann.channel), new SharedForm(bob.channel)];
  await until(ann.channel, () => ann.channel.members.size === 2);

  const seen = new Promise((resolve) => bobs.onCursor(({ x, y }, { userId }) => resolve(`${userId}'s cursor at ${x}, ${y}`)));
  anns.moveCursor(120, 45);
  say("bob", `sees ${await seen}`);

  const [first, second] = await Promise.all([anns.claim("title"), bobs.claim("title")]);
  say("ann", first ? "edits the title" : "was second");
  say("bob", second ? "edits the title" : "was second");
  const [winner, loser] = first ? [ann, bobs] : [bob, anns];
  say("all", `see that ${loser.holder("title").userId} holds the title`);

  await winner.client.shutdown();
  const watching = first ? bob : ann;
  await until(watching.channel, () => !loser.holder("title"));
  say(first ? "bob" : "ann", `edits the title now: ${await loser.claim("title")}`);
  await watching.client.shutdown();
}
