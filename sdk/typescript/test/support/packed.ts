// The package as its users get it: packed, and installed into an empty project.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const exec = promisify(execFile);

/** Runs a program; what it printed is the result, or part of the error. */
export async function run(folder: string, program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await exec(program, args, { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" } });
    return stdout;
  } catch (error) {
    const { message, stdout = "", stderr = "" } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

const folders: string[] = [];
// Registered with the file: a hook that a running test registers is not called.
afterAll(() => folders.forEach((made) => rmSync(made, { recursive: true, force: true })));

/** A folder that ends with the test file. */
export function folder(name: string): string {
  const made = mkdtempSync(path.join(tmpdir(), `rtm-${name}-`));
  folders.push(made);
  return made;
}

/** Packs the build into `into`; the archive's path. */
export async function pack(into: string): Promise<string> {
  const [{ filename }] = JSON.parse(await run(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", into)) as { filename: string }[];
  return path.join(into, filename);
}

/** An empty project that has installed the package, and nothing else. */
export async function project(name: string): Promise<string> {
  const made = folder(name);
  writeFileSync(path.join(made, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await run(made, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline", await pack(folder("pack")));
  return made;
}

/** A project's own files, from `test/package/<name>`. */
export const fill = (made: string, name: string): void => cpSync(path.join(root, "test/package", name), made, { recursive: true });
