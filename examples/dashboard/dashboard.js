// A live dashboard: sources report figures as their state, screens show them, and a source that goes silent is seen to be gone.

/** Reports what `measure` returns, regularly, while the channel is in its room. Much faster than the server takes it does no harm: only the latest figures are sent. */
export function report(channel, measure, everyMs = 1_000) {
  const send = () => channel.roomId && channel.updateState({ ...measure(), at: Date.now() });
  const timer = setInterval(send, everyMs);
  send();
  return () => clearInterval(timer);
}

/** What a screen shows. It joins as a member with the state `{ screen: true }`, which is not a source. */
export class Dashboard {
  #channel;
  #offs;
  /** Sources that have gone, with the time when they did, until they are back. */
  #gone = new Map();
  /** Called when anything has changed. */
  onChange = () => {};

  constructor(channel) {
    this.#channel = channel;
    this.#offs = [
      channel.on("members", ({ joined, left }) => {
        for (const { userId, connections } of left) if (!connections[0].state.screen) this.#gone.set(userId, Date.now());
        for (const { userId } of joined) this.#gone.delete(userId);
        this.onChange();
      }),
      channel.on("connected", () => this.onChange()),
      channel.on("disconnected", () => this.onChange()),
    ];
  }

  /** Whether the figures are of now: without a connection they are as last known. */
  get live() {
    return this.#channel.joined;
  }

  /** The latest figures by source. */
  get sources() {
    const members = [...this.#channel.members.values()].filter(({ connections: [first] }) => !first.state.screen);
    return new Map(members.map(({ userId, connections: [first] }) => [userId, first.state]));
  }

  /** Sources that were here and are gone, and since when. */
  get gone() {
    return new Map(this.#gone);
  }

  /** The sum of one figure over all sources. */
  sum(figure) {
    return [...this.sources.values()].reduce((sum, figures) => sum + (figures[figure] ?? 0), 0);
  }

  close() {
    for (const off of this.#offs) off();
  }
}
