// A room's chat as React state: messages in order, who types, and how far everyone has read.
import type { ChatMessage } from "rtm-sdk/chat";
import { useCallback, useEffect, useRef, useState } from "react";
import { chat, me, useRoom } from "../session.js";

export type Message = ChatMessage<{ text: string }>;

export interface Pending {
  clientMsgId: string;
  text: string;
  failed: boolean;
}

const SHOWN_MAX = 200;
const TYPING_AGAIN_MS = 2_000;

export function useChat() {
  const { roomId, joined } = useRoom();
  const [messages, setMessages] = useState<Message[]>([]);
  const [pending, setPending] = useState<Pending[]>([]);
  const [typists, setTypists] = useState<ReadonlySet<string>>(new Set());
  const [read, setRead] = useState<ReadonlyMap<string, string>>(new Map());

  const add = useCallback((more: Message[]) => {
    setMessages((before) => merge(before, more));
    const known = new Set(more.map(({ clientMsgId }) => clientMsgId));
    setPending((before) => before.filter(({ clientMsgId }) => !known.has(clientMsgId)));
  }, []);

  useEffect(() => {
    const here = (at: { roomId: string }) => at.roomId === roomId;
    const offs = [
      chat.api.onMessage((message) => here(message) && add([message])),
      chat.api.onTyping((typing) => {
        if (!here(typing)) return;
        setTypists((before) => {
          const after = new Set(before);
          if (typing.typing) after.add(typing.userId);
          else after.delete(typing.userId);
          return after;
        });
      }),
      chat.api.onRead((mark) => here(mark) && setRead((before) => new Map(before).set(mark.userId, mark.msgId))),
    ];
    return () => {
      for (const off of offs) off();
    };
  }, [roomId, add]);

  useEffect(() => {
    if (!joined) return setTypists(new Set());
    chat.api.getHistory(roomId, 50).then(add, () => undefined);
    chat.api.getReceipts(roomId).then((all) => setRead(new Map(all.map(({ userId, msgId }) => [userId, msgId]))), () => undefined);
  }, [roomId, joined, add]);

  // What is shown while somebody looks is read.
  const last = messages.at(-1);
  useEffect(() => {
    if (!last || last.userId === me.userId || !joined) return;
    const mark = () => {
      if (document.visibilityState === "visible") chat.api.markRead(roomId, last.msgId).catch(() => undefined);
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [roomId, joined, last]);

  const typed = useRef(0);
  const typing = (on: boolean) => {
    const now = Date.now();
    if (on && now - typed.current < TYPING_AGAIN_MS) return;
    typed.current = on ? now : 0;
    chat.api.setTyping(roomId, on).catch(() => undefined);
  };

  /** With one id it may be said again: it is said once. */
  const send = (text: string, clientMsgId: string = crypto.randomUUID?.() ?? String(Math.random())) => {
    const fail = (failed: boolean) => setPending((before) => [...before.filter((it) => it.clientMsgId !== clientMsgId), { clientMsgId, text, failed }]);
    fail(false);
    typing(false);
    chat.api.sendMessage(roomId, { text }, { clientMsgId }).catch(() => fail(true));
  };

  return { messages, pending, typists, read, typing, send };
}

function merge(before: Message[], more: Message[]): Message[] {
  const all = new Map([...before, ...more].map((message) => [message.msgId, message]));
  return [...all.values()].sort((a, b) => compare(a.msgId, b.msgId)).slice(-SHOWN_MAX);
}

/** Ids are `<ms>-<place>`, compared as two numbers. */
export function compare(one: string, other: string): number {
  const [a = 0, b = 0] = one.split("-").map(Number);
  const [c = 0, d = 0] = other.split("-").map(Number);
  return a - c || b - d;
}
