// The messages of tests/wire, which the Rust crate reads and writes too.
import { readFileSync, readdirSync } from "node:fs";

interface Case {
  name: string;
  json?: string;
  encoded?: string;
}

const folder = new URL("../../../../tests/wire/", import.meta.url);

export const fixtures = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".json"));

/** The valid messages of a file, as they are written, by title. */
export function texts(name: string): [string, string][] {
  const { valid } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as { valid: Case[] };
  return valid.map((it) => [it.name, it.encoded ?? it.json ?? "null"]);
}

export const messages = <T>(name: string): [string, T][] => texts(name).map(([title, text]) => [title, JSON.parse(text) as T]);

/** The sets of fields of which a message of this kind was read. */
export const shapes = (name: string): Set<string> => new Set(texts(name).map(([, text]) => shape(JSON.parse(text))));

/** The names of a message's fields, those of a `resume` included. */
export function shape(value: unknown): string {
  const fields = Object.entries(JSON.parse(JSON.stringify(value ?? {})) as Record<string, unknown>);
  return fields
    .map(([name, field]) => (name === "resume" ? `resume(${shape(field)})` : name))
    .sort()
    .join();
}
