// How many bots are spread over rooms: a connection is in a room once, and a browser opens some 250 connections.

export const CONNECTIONS_MAX = 240;

/** The size of each room. */
export function floorsOf(count: number): number[] {
  const floors: number[] = [];
  for (let rest = count; rest > 0; rest -= CONNECTIONS_MAX) floors.push(Math.min(rest, CONNECTIONS_MAX));
  return floors;
}

export const floorOf = (roomId: string, floor: number): string => (floor === 0 ? roomId : `${roomId}:${floor + 1}`);
