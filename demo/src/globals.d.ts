declare const ACTOR_WORKER: string;
declare const BOTS_WORKER: string;
