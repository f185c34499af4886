// Asks for a token where the server does.
import { type FormEvent, useEffect, useState } from "react";
import { useClient } from "../session.js";

export function TokenForm() {
  const client = useClient();
  const [asked, setAsked] = useState(false);
  useEffect(() => client.on("error", ({ code }) => code === "unauthorized" && setAsked(true)), [client]);
  if (!asked) return null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    sessionStorage.setItem("rtm-token", String(new FormData(event.currentTarget).get("token")).trim());
    location.reload();
  };
  return (
    <form className="card notice" onSubmit={submit}>
      <p>
        This server asks for a token. Make one with <code>rtm token</code>, and paste it here; it stays in this tab.
      </p>
      <label>
        Token <input name="token" required autoComplete="off" />
      </label>
      <button className="primary">Use it</button>
    </form>
  );
}
