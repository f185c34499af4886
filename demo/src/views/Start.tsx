// The first view: join a room, and see each event and the code that made it.
import { type FormEvent, useState } from "react";
import { Inspector } from "../parts/Inspector.js";
import { MembersList } from "../parts/MembersList.js";
import { Mood } from "../parts/Mood.js";
import { type Stay, type Step, Snippet } from "../parts/Snippet.js";
import { RoomProvider, me, useMyState, useRoom } from "../session.js";

const MOODS = ["fine", "busy", "away"] as const;

interface Props {
  stay: Stay | undefined;
  steps: Step[];
  join(stay: Stay): void;
  leave(): void;
  told(step: Step): void;
}

export function Start() {
  const [stay, setStay] = useState<Stay>();
  const [steps, setSteps] = useState<Step[]>([]);
  const [name, setName] = useState(me.name);
  const told = (step: Step) => setSteps((before) => [...before.slice(-7), step]);
  const join = (next: Stay) => {
    setStay(next);
    setName(next.name);
    setSteps([]);
  };
  const leave = () => {
    setStay(undefined);
    told({ kind: "leave" });
  };
  const layout = <Layout stay={stay} steps={steps} join={join} leave={leave} told={told} name={name} />;
  return (
    <div className="page">
      <div className="lead">
        <h1>Who is here, with which state. Always right.</h1>
        <p>Join a room: the code beside it is what your clicks do, and below is what the server says.</p>
      </div>
      {stay ? (
        <RoomProvider roomId={stay.roomId} userId={stay.userId} state={{ name: stay.name, mood: MOODS[0] }}>
          {layout}
        </RoomProvider>
      ) : (
        layout
      )}
    </div>
  );
}

function Layout({ stay, steps, join, leave, told, name }: Props & { name: string }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    join({ roomId: String(form.get("room")).trim(), userId: me.userId, name: String(form.get("name")).trim() });
  };
  return (
    <div className="split">
      <div className="column">
        <section className="card">
          <h2>{stay ? <>You are in “{stay.roomId}”</> : "Join a room"}</h2>
          {stay ? (
            <>
              <Mine told={told} />
              <MembersList />
              <div className="row">
                <button autoFocus onClick={leave}>
                  Leave
                </button>
                <a className="hint" href={`${location.pathname}#start`} target="_blank" rel="noreferrer">
                  Open a second window, and join as somebody else
                </a>
              </div>
            </>
          ) : (
            <form className="fields" onSubmit={submit}>
              <label>
                Your name
                <input name="name" defaultValue={name} required maxLength={40} autoComplete="off" />
              </label>
              <label>
                Room
                <input name="room" defaultValue="lobby" required maxLength={64} autoComplete="off" />
              </label>
              <button className="primary">Join</button>
            </form>
          )}
        </section>
        <section className="card quiet">
          <h2>{stay ? "Go on to" : "Or look at"}</h2>
          <ul className="plain">
            <li>
              <a href="#stage">Stage</a>: cut a client’s network, freeze it, and watch all of them agree again
            </li>
            <li>
              <a href="#cursors">Cursors</a>: everybody’s pointer, with up to 500 bots
            </li>
            <li>
              <a href="#chat">Chat</a>: typing, read receipts, and nothing lost
            </li>
          </ul>
        </section>
      </div>
      <div className="column">
        <Snippet stay={stay} steps={steps} />
        {stay ? (
          <Inspector />
        ) : (
          <section className="card quiet">
            <h2>Events</h2>
            <p className="hint">They appear here as they come, once you have joined.</p>
          </section>
        )}
      </div>
    </div>
  );
}

function Mine({ told }: { told: (step: Step) => void }) {
  const [state, setState] = useMyState();
  const { error } = useRoom();
  const change = (patch: { mood?: string; note?: string }) => {
    setState(patch);
    told({ kind: "state", patch });
  };
  if (error) return <p role="alert" className="notice">The server refused: {error.message}</p>;
  return (
    <div className="mine">
      <div role="group" aria-label="Your mood" className="row">
        {MOODS.map((mood) => (
          <button key={mood} aria-pressed={state.mood === mood} onClick={() => change({ mood })}>
            <Mood mood={mood} />
          </button>
        ))}
      </div>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          change({ note: String(new FormData(event.currentTarget).get("note")) });
        }}
      >
        <input name="note" aria-label="A note for the others" placeholder="A note for the others" maxLength={80} defaultValue={state.note ?? ""} autoComplete="off" />
        <button>Show it</button>
      </form>
    </div>
  );
}
