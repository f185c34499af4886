// Who is in the room: some faces, and how many more. It renders again only when somebody comes or goes.
import { useMembers } from "../session.js";
import { Avatar } from "./Avatar.js";

export interface Face {
  userId: string;
  name: string;
}

export function Facepile({ max = 7, noun = "here" }: { max?: number; noun?: string }) {
  const faces = useMembers(
    (members) => [...members.values()].map(({ userId, connections }) => ({ userId, name: connections[0]?.state.name ?? userId })),
    sameFaces,
  );
  return <Faces faces={faces} max={max} noun={noun} />;
}

export function Faces({ faces, max, noun }: { faces: Face[]; max: number; noun: string }) {
  return (
    <div className="facepile">
      <ul aria-label="People">
        {faces.slice(0, max).map(({ userId, name }) => (
          <li key={userId}>
            <Avatar userId={userId} name={name} />
            <span className="hidden">{name}</span>
          </li>
        ))}
        {faces.length > max && <li className="more">+{faces.length - max}</li>}
      </ul>
      <span data-testid="count">
        <b>{faces.length}</b> {noun}
      </span>
    </div>
  );
}

const sameFaces = (one: Face[], other: Face[]): boolean =>
  one.length === other.length && one.every(({ userId, name }, at) => userId === other[at]?.userId && name === other[at]?.name);
