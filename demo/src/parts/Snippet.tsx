// The code that does what the visitor has just done.
import { useState } from "react";

export interface Stay {
  roomId: string;
  userId: string;
  name: string;
}

export type Step = { kind: "state"; patch: object } | { kind: "leave" };

const FALLBACK: Stay = { roomId: "lobby", userId: "you", name: "You" };

export function Snippet({ stay, steps }: { stay: Stay | undefined; steps: Step[] }) {
  const [language, setLanguage] = useState<"js" | "react">("js");
  const [copied, setCopied] = useState(false);
  const code = language === "js" ? script(stay ?? FALLBACK, steps) : component(stay ?? FALLBACK, steps);
  const copy = () => {
    void navigator.clipboard?.writeText(code).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    }, () => undefined);
  };
  return (
    <section className="card code" aria-label="Code">
      <div className="row spread">
        <div role="group" aria-label="Language" className="row">
          <button aria-pressed={language === "js"} onClick={() => setLanguage("js")}>
            JavaScript
          </button>
          <button aria-pressed={language === "react"} onClick={() => setLanguage("react")}>
            React
          </button>
        </div>
        <button onClick={copy}>{copied ? "Copied" : "Copy"}</button>
      </div>
      <pre tabIndex={0} aria-label="What your clicks do">
        {code.split("\n").map((line, at) => (
          <code key={`${at}${line}`} className={isNew(line, steps) ? "line fresh" : "line"}>
            {line}
            {"\n"}
          </code>
        ))}
      </pre>
    </section>
  );
}

/** A value as one writes it. */
function json(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${key}: ${json(part)}`)
    .join(", ")} }`;
}

const call = (step: Step): string => (step.kind === "leave" ? "await channel.leave();" : `await channel.updateState(${json(step.patch)});`);

function isNew(line: string, steps: Step[]): boolean {
  const last = steps.at(-1);
  return last !== undefined && (line.includes(call(last)) || (last.kind === "state" && line.includes(`setState(${json(last.patch)})`)));
}

function script({ roomId, userId, name }: Stay, steps: Step[]): string {
  return [
    `import { RealtimeClient } from "rtm-sdk";`,
    "",
    `const client = new RealtimeClient({ baseUrl: ${JSON.stringify(location.origin)} });`,
    "await client.connect();",
    "const { channel } = await client.joinRoom({",
    `  roomId: ${json(roomId)}, userId: ${json(userId)},`,
    `  state: ${json({ name })},`,
    "});",
    `channel.on("members", ({ members }) => show(members));`,
    ...steps.map(call),
  ].join("\n");
}

function component({ roomId, userId, name }: Stay, steps: Step[]): string {
  const last = steps.findLast((step) => step.kind === "state");
  return [
    `import { RoomProvider, useMembers, useMyState } from "rtm-sdk/react";`,
    "",
    `<RoomProvider roomId=${JSON.stringify(roomId)} userId=${JSON.stringify(userId)}`,
    `              state={${json({ name })}}>`,
    "  <Room />",
    "</RoomProvider>",
    "",
    "function Room() {",
    "  const names = useMembers((members) => [...members.keys()]);",
    "  const [state, setState] = useMyState();",
    `  const change = () => setState(${last ? json(last.patch) : "{ mood: \"fine\" }"});`,
    "  return <button onClick={change}>{names.join()}</button>;",
    "}",
  ].join("\n");
}
