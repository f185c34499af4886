// Several clients side by side, each independent of the others: what happens to one can be seen at all.
import { useEffect, useMemo, useReducer, useState, useSyncExternalStore } from "react";
import { ActorCard } from "../stage/ActorCard.js";
import { Actor } from "../stage/actor.js";
import { createTimeline } from "../stage/timeline.js";
import { Avatar } from "../parts/Avatar.js";

const NAMES = ["Ada", "Bob", "Cleo", "Dan"];

export function Stage() {
  const [count, setCount] = useState(3);
  const roomId = useMemo(() => `stage-${Math.random().toString(36).slice(2, 8)}`, []);
  const timeline = useMemo(createTimeline, []);
  const actors = useMemo(
    () => NAMES.map((name) => new Actor(roomId, name.toLowerCase(), { name, mood: "fine" }, (actor, text, tone) => timeline.add(actor.userId, actor.state.name, text, tone))),
    [roomId, timeline],
  );
  const shown = actors.slice(0, count);
  return (
    <div className="page">
      <div className="lead">
        <h1>Break it, and watch it agree again</h1>
        <p>Each card is a client of its own, with its own connection. Cut one’s network for some seconds: it resumes, and nobody sees it go. Freeze it: after a while it is gone everywhere at once, and it comes back by itself when it thaws.</p>
      </div>
      <div className="row spread">
        <div role="group" aria-label="How many clients" className="row">
          {[2, 3, 4].map((many) => (
            <button key={many} aria-pressed={count === many} onClick={() => setCount(many)}>
              {many} clients
            </button>
          ))}
        </div>
        <Agreement actors={shown} />
      </div>
      <div className="ensemble">
        <div className={count === 4 ? "stage four" : "stage"}>
          {shown.map((actor) => (
            <Running key={actor.userId} actor={actor} />
          ))}
        </div>
        <Timeline timeline={timeline} />
      </div>
    </div>
  );
}

function Running({ actor }: { actor: Actor }) {
  useEffect(() => {
    actor.start();
    return () => actor.end();
  }, [actor]);
  return <ActorCard actor={actor} />;
}

/** Whether all who are in the room see the same room. */
function Agreement({ actors }: { actors: Actor[] }) {
  const [, changed] = useReducer((nth: number) => nth + 1, 0);
  useEffect(() => {
    const offs = actors.map((actor) => actor.subscribe(changed));
    return () => {
      for (const off of offs) off();
    };
  }, [actors.length, actors[0]]);
  const able = actors.map(({ view }) => view).filter(({ joined, cut, frozen }) => joined && !cut && !frozen);
  const seen = new Set(able.map(({ members }) => JSON.stringify(members.map(({ userId, state, connections }) => [userId, state, connections]).sort())));
  const agree = seen.size <= 1;
  return (
    <span className={agree ? "agreement yes" : "agreement"} role="status" data-testid="agreement">
      {agree ? `${able.length} of ${actors.length} in the room, all see the same` : "converging"}
    </span>
  );
}

function Timeline({ timeline }: { timeline: ReturnType<typeof createTimeline> }) {
  const entries = useSyncExternalStore(timeline.subscribe, timeline.snapshot);
  return (
    <section className="card timeline" aria-label="Timeline">
      <div className="row spread">
        <h2>Timeline</h2>
        <button onClick={timeline.clear}>Clear</button>
      </div>
      <ol tabIndex={0} aria-label="Latest first">
        {entries.map(({ nth, at, userId, name, text, tone }) => (
          <li key={nth} className={tone}>
            <time>{at}</time>
            <Avatar userId={userId} name={name} />
            <span>
              <b>{name}</b> {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
