// A client on the stage, as the page drives it: a worker of its own, and what it last said.
import type { FromActor, Move, Person, Seen, ToActor } from "../workers/messages.js";
import { SERVER, permitted, token } from "../session.js";
import type { Status } from "rtm-sdk";

export interface ActorView {
  status: Status;
  joined: boolean;
  members: Seen[];
  /** How long a silent client is borne. */
  ttlMs: number;
  cut: boolean;
  frozen: boolean;
  cursors: ReadonlyMap<string, Move>;
}

const BLANK: ActorView = { status: "idle", joined: false, members: [], ttlMs: 30_000, cut: false, frozen: false, cursors: new Map() };

export type Log = (actor: Actor, text: string, tone: "plain" | "good" | "bad") => void;

export class Actor {
  view: ActorView = BLANK;
  #worker: Worker | undefined;
  readonly #subscribers = new Set<() => void>();

  constructor(
    readonly roomId: string,
    readonly userId: string,
    readonly state: Person,
    readonly log: Log,
    readonly guest = false,
  ) {}

  start(): void {
    const worker = new Worker(ACTOR_WORKER, { type: "module", name: this.userId });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromActor>) => worker === this.#worker && this.#heard(data);
    this.#tell({ type: "start", url: SERVER, token: token(), roomId: this.roomId, userId: permitted(this.userId), state: this.state, guest: this.guest });
  }

  /** Ends it as a closed tab ends: without a word. */
  end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#set(BLANK);
  }

  reload(): void {
    this.log(this, "page reloaded", "bad");
    this.end();
    this.start();
  }

  cut(on: boolean): void {
    this.log(this, on ? "network cut" : "network back", on ? "bad" : "good");
    this.#tell({ type: on ? "cut" : "mend" });
    this.#set({ ...this.view, cut: on });
  }

  freeze(on: boolean): void {
    this.log(this, on ? "frozen" : "thawed", on ? "bad" : "good");
    this.#tell({ type: on ? "freeze" : "thaw" });
    this.#set({ ...this.view, frozen: on });
  }

  setState(patch: Partial<Person>): void {
    this.#tell({ type: "state", patch });
  }

  move(move: Move): void {
    if (this.view.frozen) return;
    this.#tell({ type: "move", move });
    this.#moved(this.userId, move);
  }

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  readonly snapshot = (): ActorView => this.view;

  #tell(message: ToActor): void {
    this.#worker?.postMessage(message);
  }

  #heard(message: FromActor): void {
    if (message.type === "log") this.log(this, message.text, message.tone);
    else if (message.type === "moved") this.#moved(message.userId, message.move);
    else {
      const { status, joined, members, ttlMs } = message;
      this.#set({ ...this.view, status, joined, members, ttlMs });
    }
  }

  #moved(userId: string, move: Move): void {
    this.#set({ ...this.view, cursors: new Map(this.view.cursors).set(userId, move) });
  }

  #set(view: ActorView): void {
    this.view = view;
    for (const subscriber of this.#subscribers) subscriber();
  }
}
