export const emptyRoster = { version: null, members: new Map() };
/** The room as an answer to join or sync gave it. It sets the version, up or down. */
export function applySnapshot(roster, { snapshot, version }) {
    const members = new Map();
    for (const entry of snapshot)
        members.set(entry.userId, withConnection(members.get(entry.userId), entry));
    for (const [userId, member] of members) {
        const before = roster.members.get(userId);
        if (before && sameMember(before, member))
            members.set(userId, before);
    }
    return { roster: { version, members }, changes: difference(roster.members, members) };
}
/** One event, by the rule of the protocol. */
export function applyEvent(roster, event) {
    const { version, members } = roster;
    // In this order: after a repair several events may carry one version, and then `prev` is that version.
    if (version === null || event.prev !== version) {
        const verdict = version !== null && event.version <= version ? "ignored" : "gap";
        return { verdict, roster, changes: difference(members, members) };
    }
    const next = new Map(members);
    const member = changed(members.get(event.userId), event);
    if (member)
        next.set(event.userId, member);
    else
        next.delete(event.userId);
    return {
        verdict: "applied",
        roster: { version: event.version, members: next },
        changes: difference(members, next, [event.userId]),
    };
}
/** Nothing changed. */
export function isEmpty({ joined, left, updated }) {
    return !(joined.length + left.length + updated.length);
}
function changed(member, event) {
    const { connId, userId, state, epoch, ts: lastSeenMs } = event;
    if (event.type !== "leave" && state)
        return withConnection(member, { connId, userId, state, lastSeenMs, epoch });
    const connections = member?.connections.filter((connection) => connection.connId !== connId) ?? [];
    return connections.length ? { userId, connections } : undefined;
}
function withConnection(member, entry) {
    const others = member?.connections.filter(({ connId }) => connId !== entry.connId) ?? [];
    const connections = [...others, entry].sort((a, b) => (a.connId < b.connId ? -1 : 1));
    return { userId: entry.userId, connections };
}
function difference(before, after, users = new Set([...before.keys(), ...after.keys()])) {
    const joined = [];
    const left = [];
    const updated = [];
    if (before !== after) {
        for (const userId of users) {
            const old = before.get(userId);
            const now = after.get(userId);
            if (!old && now)
                joined.push(now);
            else if (old && !now)
                left.push(old);
            else if (old && now && old !== now)
                updated.push(now);
        }
    }
    return { joined, left, updated };
}
/** When it was last heard of is no difference: it moves on without an event. */
function sameMember(a, b) {
    return essence(a) === essence(b);
}
function essence({ connections }) {
    return JSON.stringify(connections.map(({ connId, epoch, state }) => [connId, epoch, state]));
}
//# sourceMappingURL=roster.js.map