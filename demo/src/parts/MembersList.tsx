import { useMembers, useRoom, useSelf } from "../session.js";
import { Avatar } from "./Avatar.js";
import { Mood } from "./Mood.js";

/** Everyone in the room with their state, as this client sees it. */
export function MembersList() {
  const members = useMembers();
  const self = useSelf();
  const { joined } = useRoom();
  return (
    <ul className="members" aria-label="Members" data-joined={joined}>
      {[...members.values()].map(({ userId, connections }) => {
        const state = connections[0]?.state;
        const name = state?.name ?? userId;
        return (
          <li key={userId} data-user={userId}>
            <Avatar userId={userId} name={name} dim={!joined} />
            <span className="who">
              <b>{name}</b>
              {userId === self?.userId && <span className="tag">you</span>}
              {connections.length > 1 && <span className="tag">{connections.length} connections</span>}
              {state?.note && <span className="note">{state.note}</span>}
            </span>
            <Mood mood={state?.mood} />
          </li>
        );
      })}
    </ul>
  );
}
