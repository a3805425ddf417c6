import { readFile } from "node:fs/promises";
import type { ReadFile } from "./read-values.ts";
import type { Environment } from "./variable.ts";
import { secretNames } from "./variables.ts";

/** What each secret file held at one moment, or the error that reading it met. */
export type Snapshot = ReadonlyMap<string, string | Error>;

/** Paths of all files that `NAME_FILE` variables name. */
export function secretPaths(source: Environment): string[] {
  const paths = secretNames.flatMap((name) => source[`${name}_FILE`] || []);
  return [...new Set(paths)];
}

const attempt = (path: string): Promise<string | Error> =>
  readFile(path, "utf8").catch((error: unknown) =>
    error instanceof Error ? error : new Error("unreadable"),
  );

/** Without blocking: a file may lie on a network that hangs. */
export async function takeSnapshot(paths: readonly string[]): Promise<Snapshot> {
  const contents = await Promise.all(paths.map(attempt));
  return new Map(paths.map((path, i) => [path, contents[i] ?? new Error("unreadable")]));
}

const comparable = (content: string | Error | undefined): unknown =>
  content instanceof Error ? content.message : content;

export const isSameSnapshot = (a: Snapshot, b: Snapshot): boolean =>
  [...a].every(([path, content]) => comparable(content) === comparable(b.get(path)));

/** Reads from the snapshot as if from the files. */
export const readerOf =
  (snapshot: Snapshot): ReadFile =>
  (path) => {
    const content = snapshot.get(path) ?? new Error("not read");
    if (content instanceof Error) throw content;
    return content;
  };
