export const emptyRoster = { version: null, members: new Map() };
/** The room as an answer to join or sync gave it. It sets the version, up or down. */
export function applySnapshot(roster, { snapshot, version }) {
    const members = new Map();
    for (const entry of snapshot) {
        const { userId, connId } = entry;
        members.set(userId, withConnection(members.get(userId), userId, connId, entry));
    }
    const users = new Set([...roster.members.keys(), ...members.keys()]);
    return { roster: { version, members }, changes: difference(roster.members, members, users) };
}
/** One event, by the rule of the protocol. */
export function applyEvent(roster, event) {
    const { version, members } = roster;
    // In this order: after a repair several events may carry one version, and then `prev` is that version.
    if (version === null || event.prev !== version) {
        return { verdict: version !== null && event.version <= version ? "ignored" : "gap", roster };
    }
    const { userId, connId, state, ts: lastSeenMs, epoch } = event;
    const next = new Map(members);
    const member = withConnection(next.get(userId), userId, connId, state && { connId, userId, state, lastSeenMs, epoch });
    if (member)
        next.set(userId, member);
    else
        next.delete(userId);
    const outcome = { version: event.version, members: next };
    return { verdict: "applied", roster: outcome, changes: difference(members, next, [userId]) };
}
/** The member with that connection as `entry` says, or without it; nobody, if there is no other. */
function withConnection(member, userId, connId, entry) {
    const connections = member?.connections.filter((other) => other.connId !== connId) ?? [];
    if (entry)
        connections.push(entry);
    connections.sort((a, b) => (a.connId < b.connId ? -1 : 1));
    return connections.length ? { userId, connections } : undefined;
}
function difference(before, after, users) {
    const joined = [];
    const left = [];
    const updated = [];
    for (const userId of users) {
        const old = before.get(userId);
        const now = after.get(userId);
        if (now && essence(now) !== essence(old))
            (old ? updated : joined).push(now);
        if (old && !now)
            left.push(old);
    }
    return joined.length + left.length + updated.length ? { joined, left, updated } : undefined;
}
/** What makes a difference. When a connection was last heard of does not: it moves on without an event. */
function essence(member) {
    return JSON.stringify(member?.connections.map(({ connId, epoch, state }) => [connId, epoch, state])) ?? "";
}
//# sourceMappingURL=roster.js.map