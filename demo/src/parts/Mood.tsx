/** A mood as a word with a coloured dot. */
export function Mood({ mood }: { mood: string | undefined }) {
  return mood ? <span className={`mood ${mood}`}>{mood}</span> : null;
}
