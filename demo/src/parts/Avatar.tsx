import { colour } from "../session.js";

/** A user as a coloured disc with initials. */
export function Avatar({ userId, name, dim = false }: { userId: string; name: string; dim?: boolean }) {
  const initials = name
    .split(/\s+/)
    .map((word) => word[0] ?? "")
    .join("")
    .slice(0, 2)
    .toUpperCase();
  return (
    <span className={dim ? "avatar dim" : "avatar"} style={{ background: colour(userId) }} title={name} aria-hidden="true">
      {initials}
    </span>
  );
}
