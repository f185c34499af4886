// What the channel fires, as it comes.
import { useEffect, useRef, useState } from "react";
import { useChannel } from "../session.js";

const NAMES = ["joinAck", "connected", "disconnected", "presenceEvent", "members", "heartbeatAck", "error"] as const;
const KEPT_MAX = 200;

interface Entry {
  nth: number;
  at: string;
  name: string;
  text: string;
  brief: string;
}

export function Inspector() {
  const channel = useChannel();
  const [entries, setEntries] = useState<Entry[]>([]);
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useState("");
  const pausing = useRef(false);
  pausing.current = paused;
  const count = useRef(0);
  useEffect(() => {
    if (!channel) return;
    const offs = NAMES.map((name) =>
      channel.on(name, (payload: unknown): void => {
        if (pausing.current) return;
        const entry = { nth: ++count.current, at: new Date().toISOString().slice(11, 23), name, text: pretty(payload), brief: brief(payload) };
        setEntries((before) => [entry, ...before].slice(0, KEPT_MAX));
      }),
    );
    return () => {
      for (const off of offs) off();
    };
  }, [channel]);
  const wanted = filter.trim().toLowerCase();
  const shown = wanted ? entries.filter(({ name, text }) => `${name} ${text}`.toLowerCase().includes(wanted)) : entries;
  return (
    <section className="card inspector" aria-label="Events">
      <div className="row spread">
        <h2>Events</h2>
        <div className="row">
          <input aria-label="Filter events" placeholder="Filter" value={filter} onChange={(event) => setFilter(event.target.value)} />
          <button aria-pressed={paused} onClick={() => setPaused(!paused)}>
            {paused ? "Go on" : "Pause"}
          </button>
          <button onClick={() => setEntries([])}>Clear</button>
        </div>
      </div>
      <ol className="events" tabIndex={0} aria-label="Latest first">
        {shown.map(({ nth, at, name, text, brief: line }) => (
          <li key={nth}>
            <details>
              <summary>
                <time>{at}</time>
                <b className={`event ${name}`}>{name}</b>
                <span>{line}</span>
              </summary>
              <pre>{text}</pre>
            </details>
          </li>
        ))}
        {shown.length === 0 && <li className="hint">{entries.length > 0 ? "None matches the filter." : "Nothing yet."}</li>}
      </ol>
    </section>
  );
}

const plain = (value: unknown): unknown =>
  value instanceof Map ? Object.fromEntries(value) : value instanceof Error ? { ...value, message: value.message } : value;

const short = (text: string): string => (text.length > 16 ? `${text.slice(0, 15)}…` : text);

const pretty = (payload: unknown): string => JSON.stringify(payload, (_, value: unknown) => plain(value), 2) ?? "";

function brief(payload: unknown): string {
  if (payload === null || typeof payload !== "object") return String(payload);
  const it = payload as Record<string, unknown>;
  if ("joined" in it && "left" in it) {
    const size = (key: string) => (it[key] as unknown[]).length;
    return `${size("joined")} joined, ${size("left")} left, ${size("updated")} changed`;
  }
  if ("type" in it) return [it.type, it.userId, it.reason].filter(Boolean).join(" · ");
  if ("ok" in it) return it.ok ? ["ok", it.version !== undefined && `version ${it.version}`].filter(Boolean).join(" · ") : `refused: ${it.code}`;
  return Object.entries(it)
    .filter(([, value]) => typeof value !== "object")
    .map(([key, value]) => `${key}: ${short(String(value))}`)
    .join(" · ");
}
