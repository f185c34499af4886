// A room that speaks: messages in one order for all, who types, and who has read what.
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { Avatar } from "../parts/Avatar.js";
import { Facepile } from "../parts/Facepile.js";
import { compare, useChat } from "../parts/useChat.js";
import { RoomProvider, me, useMembers, useRoom } from "../session.js";
import { Actor } from "../stage/actor.js";

const ROOM = "chat";

export function Chat() {
  return (
    <div className="page narrow">
      <div className="lead">
        <h1>Chat that loses nothing</h1>
        <p>
          Open <a href={`${location.pathname}#chat`} target="_blank" rel="noreferrer">a second window</a>, or invite a guest who reads and answers.
        </p>
      </div>
      <RoomProvider roomId={ROOM} userId={me.userId} state={{ name: me.name }}>
        <Room />
      </RoomProvider>
    </div>
  );
}

function Room() {
  const { messages, pending, typists, read, typing, send } = useChat();
  const { joined } = useRoom();
  const [text, setText] = useState("");
  const names = useMembers((members) => new Map([...members.values()].map(({ userId, connections }) => [userId, connections[0]?.state.name ?? userId])));
  const name = (userId: string) => (userId === me.userId ? "You" : (names.get(userId) ?? "Somebody"));
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => void list.current?.scrollTo({ top: list.current.scrollHeight }), [messages, pending, typists]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    send(text.trim());
    setText("");
  };
  const typed = [...typists].filter((userId) => userId !== me.userId).map(name);
  return (
    <section className="card chat" aria-label="Chat">
      <div className="row spread">
        <Facepile max={5} />
        <Guest />
      </div>
      <ol ref={list} className="messages" tabIndex={0} aria-label="Messages" aria-live="polite">
        {messages.length === 0 && <li className="hint">Nothing has been said yet.</li>}
        {messages.map(({ msgId, userId, message, ts }) => {
          const mine = userId === me.userId;
          const readers = [...read].filter(([reader, upTo]) => reader !== userId && reader !== me.userId && compare(upTo, msgId) >= 0).map(([reader]) => reader);
          return (
            <li key={msgId} className={mine ? "mine" : ""} data-message={msgId}>
              {!mine && <Avatar userId={userId} name={names.get(userId) ?? "?"} />}
              <div className="bubble">
                {!mine && <b>{name(userId)}</b>}
                <p>{message.text}</p>
                <small>
                  <time>{new Date(ts).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}</time>
                  {mine && <span data-testid="receipt">{readers.length > 0 ? ` ✓✓ read by ${readers.map(name).join(", ")}` : " ✓ sent"}</span>}
                </small>
              </div>
            </li>
          );
        })}
        {pending.map(({ clientMsgId, text: said, failed }) => (
          <li key={clientMsgId} className="mine">
            <div className="bubble pending">
              <p>{said}</p>
              <small>{failed ? <button onClick={() => send(said, clientMsgId)}>Not sent: try again</button> : "sending"}</small>
            </div>
          </li>
        ))}
      </ol>
      <p className="typing" role="status">
        {typed.length > 0 && `${typed.join(", ")} ${typed.length === 1 ? "is" : "are"} typing…`}
      </p>
      <form className="row composer" onSubmit={submit}>
        <input
          aria-label="Message"
          placeholder="Say something"
          value={text}
          maxLength={500}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            typing(event.target.value !== "");
          }}
        />
        <button className="primary" disabled={!joined}>
          Send
        </button>
      </form>
    </section>
  );
}

/** A client in a worker that reads, types and answers. */
function Guest() {
  const [invited, setInvited] = useState(false);
  const guest = useMemo(() => new Actor(ROOM, `guest-${me.userId}`, { name: "Guest" }, () => undefined, true), []);
  useEffect(() => {
    if (!invited) return;
    guest.start();
    return () => guest.end();
  }, [guest, invited]);
  return (
    <button aria-pressed={invited} onClick={() => setInvited(!invited)}>
      {invited ? "Send the guest away" : "Invite a guest"}
    </button>
  );
}
