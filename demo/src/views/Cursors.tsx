// Everybody's pointer, and as many bots as one likes.
import { useEffect, useMemo, useRef, useState } from "react";
import { Facepile } from "../parts/Facepile.js";
import { RoomProvider, SERVER, me, token, useBroadcast, useEvent, useMembers, useRoom } from "../session.js";
import { type Field, createField } from "../stage/field.js";
import type { BotStats, ToBots } from "../workers/messages.js";
import { floorOf, floorsOf } from "../workers/floors.js";

const ROOM = "cursors";
const MOVE_EVERY_MS = 50;
const STEP = 0.03;

/** React renders at most once a frame, however many come and go. */
const onFrame = (flush: () => void): void => void requestAnimationFrame(flush);

export function Cursors() {
  const [count, setCount] = useState(0);
  const stats = useBots(count);
  const field = useMemo(createField, []);
  const rate = useRate(field);
  const floors = Math.max(1, floorsOf(count).length);
  const [heads, setHeads] = useState<number[]>([]);
  const counted = (floor: number) => (size: number) =>
    setHeads((before) => (before[floor] === size ? before : Object.assign([...before], { [floor]: size })));
  const total = heads.slice(0, floors).reduce((sum, size) => sum + (size ?? 0), 0);
  return (
    <div className="page">
      <div className="lead">
        <h1>Everybody’s pointer, live</h1>
        <p>
          Move here, and open <a href={`${location.pathname}#cursors`} target="_blank" rel="noreferrer">a second window</a>. Then add bots: each is a real presence that
          joins, heartbeats, moves and is told of all others.
        </p>
      </div>
      <RoomProvider roomId={ROOM} userId={me.userId} state={{ name: me.name }} schedule={onFrame}>
        <div className="row spread">
          <Facepile noun="in this room" />
          <Mine field={field} />
        </div>
        <FieldView field={field} />
        <Layer field={field} counted={counted(0)} />
      </RoomProvider>
      {Array.from({ length: floors - 1 }, (_, nth) => (
        <RoomProvider key={nth} roomId={floorOf(ROOM, nth + 1)} userId={me.userId} state={{ name: me.name }} schedule={onFrame}>
          <Layer field={field} counted={counted(nth + 1)} />
        </RoomProvider>
      ))}
      <section className="card bots" aria-label="Bots">
        <label>
          <span>
            Bots: <b>{count}</b>
          </span>
          <input type="range" min={0} max={500} step={10} value={count} onChange={(event) => setCount(Number(event.target.value))} />
        </label>
        <dl className="numbers">
          <Figure name="presences seen here" value={total - (floors - 1)} id="presences" />
          <Figure name="bots joined" value={stats.presences} id="bots" />
          <Figure name="bot connections" value={stats.connections} id="connections" />
          <Figure name="messages a second here" value={rate} id="rate" />
          <Figure name="messages a second to all bots" value={stats.heard} id="delivered" />
        </dl>
        <p className="hint">
          Every move goes to everybody, so that the server’s work grows with the square of the crowd: with more bots each of them moves less often. A browser opens some 250
          connections; beyond 240 bots a connection is in a second room, and then in a third, all of which you see here.
        </p>
      </section>
    </div>
  );
}

function Figure({ name, value, id }: { name: string; value: number; id: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-testid={id}>{value.toLocaleString("en")}</dd>
    </div>
  );
}

/** What of a room is drawn: who is there, and where they move. */
function Layer({ field, counted }: { field: Field; counted: (size: number) => void }) {
  const { roomId } = useRoom();
  const members = useMembers();
  useEffect(() => {
    field.people(roomId, members);
    counted(members.size);
  });
  useEffect(() => () => field.people(roomId, new Map()), [field, roomId]);
  useEvent("cursor:move", (move, sender) => sender && field.move(roomId, sender.userId, move));
  return null;
}

/** The own pointer, and how the keyboard moves it. */
function Mine({ field }: { field: Field }) {
  const broadcast = useBroadcast();
  const { joined } = useRoom();
  useEffect(() => {
    let last = 0;
    field.onPointer = (x, y, at) => {
      field.move(ROOM, me.userId, { x, y });
      if (at - last < MOVE_EVERY_MS) return;
      last = at;
      broadcast("cursor:move", { x, y });
    };
    return () => (field.onPointer = undefined);
  }, [field, broadcast]);
  return <span className="hint">{joined ? "Arrow keys move your pointer, too" : "Joining"}</span>;
}

function FieldView({ field }: { field: Field }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => field.attach(canvas.current as HTMLCanvasElement), [field]);
  const at = useRef({ x: 0.5, y: 0.5 });
  const point = (x: number, y: number, when: number) => {
    at.current = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    field.onPointer?.(at.current.x, at.current.y, when);
  };
  return (
    <canvas
      ref={canvas}
      className="field"
      tabIndex={0}
      role="img"
      aria-label="Pointers of everybody in the room; arrow keys move yours"
      onPointerMove={(event) => {
        const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
        point((event.clientX - left) / width, (event.clientY - top) / height, event.timeStamp);
      }}
      onKeyDown={(event) => {
        const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
        if (!step) return;
        event.preventDefault();
        point(at.current.x + (step[0] as number), at.current.y + (step[1] as number), event.timeStamp);
      }}
    />
  );
}

const NONE: BotStats = { connections: 0, presences: 0, sent: 0, heard: 0 };

/** A worker with so many bots, from the first one on. */
function useBots(count: number): BotStats {
  const worker = useRef<Worker>(undefined);
  const [stats, setStats] = useState(NONE);
  useEffect(() => {
    if (count === 0 && !worker.current) return;
    if (!worker.current) {
      worker.current = new Worker(BOTS_WORKER, { type: "module", name: "bots" });
      worker.current.onmessage = ({ data }: MessageEvent<BotStats>) => setStats(data);
    }
    const message: ToBots = { type: "bots", url: SERVER, token: token(), userId: token() && me.userId, roomId: ROOM, count };
    worker.current.postMessage(message);
  }, [count]);
  useEffect(
    () => () => {
      worker.current?.terminate();
      worker.current = undefined;
    },
    [],
  );
  return stats;
}

/** Messages that came in the last second. */
function useRate(field: Field): number {
  const [rate, setRate] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRate(field.heard()), 1_000);
    return () => clearInterval(timer);
  }, [field]);
  return rate;
}

