// Pointers on a canvas, drawn once a frame past React: moving one renders nothing else.
import type { Members } from "rtm-sdk";
import { hue } from "../session.js";
import type { Move, Person } from "../workers/messages.js";

interface Pointer {
  name: string;
  hue: number;
  bot: boolean;
  /** Where it was, where it goes, since when and for how long. */
  from: Move;
  to: Move;
  since: number;
  ms: number;
}

/** What others send often glides for as long as the next one takes. */
const GLIDE_MS = 80;
const NAMES_MAX = 24;

export interface Field {
  people(roomId: string, members: Members<Person>): void;
  move(roomId: string, userId: string, move: Move): void;
  /** Moves heard since the last call. */
  heard(): number;
  attach(canvas: HTMLCanvasElement): () => void;
  onPointer: ((x: number, y: number, at: number) => void) | undefined;
}

export function createField(): Field {
  const rooms = new Map<string, Map<string, Pointer>>();
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let moves = 0;

  const field: Field = {
    onPointer: undefined,
    people(roomId, members) {
      const before = rooms.get(roomId);
      const now = new Map<string, Pointer>();
      for (const { userId, connections } of members.values()) {
        const state = connections[0]?.state;
        const known = before?.get(userId);
        const at = known ?? { from: place(userId), to: place(userId), since: 0, ms: 0 };
        now.set(userId, { ...at, name: state?.name ?? userId, bot: state?.bot ?? false, hue: hue(userId) });
      }
      rooms.set(roomId, now);
    },
    move(roomId, userId, { x, y, ms = GLIDE_MS }) {
      moves += 1;
      const pointer = rooms.get(roomId)?.get(userId);
      if (!pointer) return;
      const now = performance.now();
      pointer.from = where(pointer, now);
      pointer.to = { x, y };
      pointer.since = now;
      pointer.ms = still.matches ? 0 : ms;
    },
    heard() {
      const heard = moves;
      moves = 0;
      return heard;
    },
    attach(canvas) {
      let frame = requestAnimationFrame(function draw(now) {
        paint(canvas, rooms, now, dark.matches);
        frame = requestAnimationFrame(draw);
      });
      return () => cancelAnimationFrame(frame);
    },
  };
  return field;
}

/** Until somebody moves, they stand somewhere of their own. */
function place(userId: string): Move {
  return { x: 0.08 + (0.84 * hue(userId)) / 360, y: 0.1 + (0.8 * hue(`${userId}y`)) / 360 };
}

function where({ from, to, since, ms }: Pointer, now: number): Move {
  const part = ms === 0 ? 1 : Math.min(1, (now - since) / ms);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

const ARROW = new Path2D("M0 0 L0 15 L4 11.5 L6.6 17.4 L9.2 16.2 L6.6 10.6 L11.6 10.2 Z");

function paint(canvas: HTMLCanvasElement, rooms: Map<string, Map<string, Pointer>>, now: number, dark: boolean): void {
  const scale = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const lightness = dark ? 72 : 50;
  let drawn = 0;
  const all = [...rooms.values()].flatMap((room) => [...room.values()]);
  const seen = new Set<string>();
  for (const pointer of all) {
    const { x, y } = where(pointer, now);
    pen.setTransform(scale, 0, 0, scale, x * width * scale, y * height * scale);
    pen.fillStyle = `oklch(${lightness}% 0.14 ${pointer.hue})`;
    pen.fill(ARROW);
    drawn += 1;
    if (pointer.bot && all.length > NAMES_MAX) continue;
    if (seen.has(pointer.name)) continue;
    seen.add(pointer.name);
    pen.font = "600 12px system-ui, sans-serif";
    const wide = pen.measureText(pointer.name).width;
    pen.beginPath();
    pen.roundRect(12, 14, wide + 12, 20, 6);
    pen.fill();
    pen.fillStyle = dark ? "#10171a" : "#fff";
    pen.fillText(pointer.name, 18, 28);
  }
  canvas.dataset.drawn = String(drawn);
}
