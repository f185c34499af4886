// Devices show their status as presence, and do what they are told, with an answer for each command.

/** How long a device may take to answer, in milliseconds. */
const ANSWER_MS = 2_000;
/** How often a command is sent before it counts as failed. */
const TRIES_MAX = 3;
/** Commands whose answers a device remembers, so that one that is repeated is not done twice. */
const DONE_MAX = 100;

/** A device: `commands` are its functions by name. It shows `status` to whoever watches. */
export function device(channel, commands) {
  const done = new Map();
  return channel.on("device:command", async ({ to, id, name, args }, sender) => {
    if (to !== channel.self?.connId) return;
    if (!done.has(id)) {
      done.set(id, attempt(commands, name, args));
      for (const oldest of done.keys()) if (done.size > DONE_MAX) done.delete(oldest);
    }
    const answer = await done.get(id);
    channel.emit("device:result", { to: sender.connId, id, ...answer });
  });
}

async function attempt(commands, name, args) {
  if (!Object.hasOwn(commands, name)) return { ok: false, error: `no such command: ${name}` };
  try {
    return { ok: true, value: await commands[name](args) };
  } catch (error) {
    return { ok: false, error: error.message };
  }
}

/** Who watches and commands devices. */
export class Controller {
  #channel;
  #waiting = new Map();
  #off;

  constructor(channel) {
    this.#channel = channel;
    this.#off = channel.on("device:result", ({ to, id, ...answer }) => {
      if (to === channel.self?.connId) this.#waiting.get(id)?.(answer);
    });
  }

  /** Devices that are there, and what they show. */
  get devices() {
    const members = [...this.#channel.members.values()].filter(({ connections: [first] }) => first.state.device);
    return new Map(members.map(({ userId, connections: [first] }) => [userId, first.state]));
  }

  /**
   * Has a device do something, once, and resolves with what it answered. Rejects if it is not there, does not answer, or says no: what
   * became of a command that was not answered is unknown.
   */
  async command(deviceId, name, args) {
    const id = crypto.randomUUID();
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const to = this.#channel.members.get(deviceId)?.connections[0].connId;
      if (!to) throw new Error(`${deviceId} is offline`);
      const answer = await this.#ask({ to, id, name, args });
      if (answer?.ok) return answer.value;
      if (answer) throw new Error(`${deviceId}: ${answer.error}`);
    }
    throw new Error(`${deviceId} does not answer`);
  }

  close() {
    this.#off();
  }

  async #ask(command) {
    const { id } = command;
    let timer;
    const answered = new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      timer = setTimeout(resolve, ANSWER_MS);
    });
    try {
      await this.#channel.emit("device:command", command, { ack: true });
      return await answered;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
}
