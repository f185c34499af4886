// Three people talk; one comes late and reads what was said.
import { join } from "../support/join.js";
import { Conversation } from "./conversation.js";

export async function scene(url, say) {
  const open = [];
  const enter = async (userId) => {
    const module = Conversation.module();
    const { client } = await join(url, "team", userId, {}, [module]);
    const conversation = new Conversation(module.api, "team");
    await conversation.open();
    open.push(client);
    return conversation;
  };
  const until = (conversation, check) =>
    new Promise((resolve) => {
      conversation.onChange = () => check() && resolve();
      conversation.onChange();
    });

  const [ann, bob] = [await enter("ann"), await enter("bob")];
  await ann.type();
  await until(bob, () => bob.typing.length > 0);
  say("bob", `sees ${bob.typing.join(", ")} typing`);
  const { msgId } = await ann.say("Lunch at noon?");
  await until(bob, () => bob.messages.length === 1);
  say("bob", `reads: ${bob.messages[0].message.text}`);
  await bob.markRead();
  await until(ann, () => ann.readBy(msgId).includes("bob"));
  say("ann", `sees that ${ann.readBy(msgId).join(", ")} read it`);
  await bob.say("Yes!");

  const cid = await enter("cid");
  say("cid", `comes late and reads: ${cid.messages.map(({ userId, message }) => `${userId}: ${message.text}`).join(" · ")}`);
  await Promise.all(open.map((client) => client.shutdown()));
}
