// One client on the stage: what it sees of the room, and what may happen to it.
import { type PointerEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Avatar } from "../parts/Avatar.js";
import { Mood } from "../parts/Mood.js";
import { light } from "../session.js";
import type { Actor, ActorView } from "./actor.js";

const MOODS = ["fine", "busy", "away"];
const MOVE_EVERY_MS = 50;

export function ActorCard({ actor }: { actor: Actor }) {
  const view = useSyncExternalStore(actor.subscribe, actor.snapshot);
  const { cut, frozen, members } = view;
  const own = members.find(({ userId }) => userId === actor.userId);
  const next = MOODS[(MOODS.indexOf(own?.state.mood ?? "") + 1) % MOODS.length] as string;
  return (
    <section className={`card actor ${condition(view)}`} aria-label={`Client ${actor.state.name}`} data-actor={actor.userId}>
      <div className="row spread">
        <h3>
          <Avatar userId={actor.userId} name={actor.state.name} />
          {actor.state.name}
        </h3>
        <span className="state" data-testid="condition">
          {WORDS[condition(view)]} <Since key={`${cut}${frozen}`} on={cut || frozen} />
        </span>
      </div>
      <Floor actor={actor} view={view} />
      <ul className="seen" aria-label={`What ${actor.state.name} sees`}>
        {members.map(({ userId, state, connections }) => (
          <li key={userId} data-user={userId}>
            <Avatar userId={userId} name={state.name} />
            <span className="name">{state.name}</span> <Mood mood={state.mood} />
            {connections > 1 && <span className="tag">{connections}×</span>}
          </li>
        ))}
      </ul>
      <div className="buttons">
        <button aria-pressed={cut} disabled={frozen} onClick={() => actor.cut(!cut)}>
          {cut ? "Mend network" : "Cut network"}
        </button>
        <button aria-pressed={frozen} onClick={() => actor.freeze(!frozen)}>
          {frozen ? "Unfreeze" : "Freeze"}
        </button>
        <button disabled={frozen} onClick={() => actor.reload()}>
          Reload
        </button>
        <button disabled={frozen} onClick={() => actor.setState({ mood: next })} >
          Be {next}
        </button>
      </div>
      <p className="hint">{cut || frozen ? `The others see it go within ${Math.ceil(view.ttlMs / 1_000)} s, unless it is back before.` : "\u00a0"}</p>
    </section>
  );
}

function condition({ frozen, cut, joined }: ActorView): "frozen" | "cut" | "here" | "away" {
  if (frozen) return "frozen";
  if (cut) return "cut";
  return joined ? "here" : "away";
}
const WORDS = { frozen: "frozen", cut: "no network", here: "in the room", away: "coming back" };

/** Counts the seconds of a trouble. */
function Since({ on }: { on: boolean }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, [on]);
  return on ? <>{seconds} s</> : null;
}

/** Where the pointers are, as this client knows. */
function Floor({ actor, view }: { actor: Actor; view: ActorView }) {
  const last = useRef(0);
  const move = (event: PointerEvent<HTMLDivElement>) => {
    if (event.timeStamp - last.current < MOVE_EVERY_MS) return;
    last.current = event.timeStamp;
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    actor.move({ x: (event.clientX - left) / width, y: (event.clientY - top) / height });
  };
  const here = view.members.filter(({ userId }) => view.cursors.has(userId));
  return (
    <div className="floor" onPointerMove={move} onPointerDown={move}>
      {here.length === 0 && <span className="hint">Move your pointer here</span>}
      {here.map(({ userId, state }) => {
        const { x, y } = view.cursors.get(userId) as { x: number; y: number };
        return (
          <span key={userId} className="cursor" data-cursor={userId} style={{ left: `${x * 100}%`, top: `${y * 100}%`, background: light(userId) }} title={state.name} />
        );
      })}
    </div>
  );
}
