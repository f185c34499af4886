// The frame around the views: where one is, and what the connection is doing.
import { type ReactNode, useEffect, useState } from "react";
import { RealtimeProvider, client, token, useStatus } from "./session.js";
import { TokenForm } from "./parts/TokenForm.js";
import { Chat } from "./views/Chat.js";
import { Cursors } from "./views/Cursors.js";
import { Start } from "./views/Start.js";
import { Stage } from "./views/Stage.js";

const VIEWS: { id: string; title: string; show: () => ReactNode }[] = [
  { id: "start", title: "Start", show: () => <Start /> },
  { id: "stage", title: "Stage", show: () => <Stage /> },
  { id: "cursors", title: "Cursors", show: () => <Cursors /> },
  { id: "chat", title: "Chat", show: () => <Chat /> },
];

export function App() {
  const view = useView();
  return (
    <RealtimeProvider client={client}>
      <header className="top">
        <a className="brand" href="#start">
          <img src="/demo/icon.svg" alt="" width="28" height="28" />
          rtm
        </a>
        <nav aria-label="Views">
          {VIEWS.map(({ id, title }) => (
            <a key={id} href={`#${id}`} aria-current={id === view.id ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <main>
        <TokenForm />
        {view.show()}
      </main>
      <footer className="foot">
        Served by the binary itself: no account, no CDN, nothing leaves this machine. Turn this page off with <code>DEMO=false</code>.
      </footer>
    </RealtimeProvider>
  );
}

const STATUS = { idle: "Not connected", connecting: "Connecting", connected: "Connected", waiting: "Reconnecting", suspended: "Asleep" };

function Connection() {
  const status = useStatus();
  return (
    <span className={`status ${status}`} role="status" title={token() ? "with a token" : "without a token"}>
      {STATUS[status]}
    </span>
  );
}

function useView() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const view = VIEWS.find(({ id }) => hash === `#${id}`) ?? (VIEWS[0] as (typeof VIEWS)[number]);
  useEffect(() => void (document.title = `${view.title} · rtm`), [view]);
  return view;
}
