import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Transaction } from "../db/client.ts";

const entry = z.strictObject({ kind: z.string().min(1), id: z.uuid(), at: z.iso.datetime() });

/** Something that was erased for good, as the ledger outside of all backups remembers it. */
export type Erasure = z.infer<typeof entry>;

/** Erases it again, in the transaction of the restore. Doing it twice, or when it is not there, changes nothing. */
export type Eraser = (tx: Transaction, erasure: Erasure) => Promise<void>;

/** By kind. Whatever is to be erased for good adds itself here. */
export const erasers: Readonly<Record<string, Eraser>> = {};

/**
 * The ledger, one JSON object a line, oldest first.
 *
 * @throws naming the line, when it is malformed or of a kind that nobody can erase: leaving it out would bring it back
 */
export async function readErasures(
  path: string,
  known: Readonly<Record<string, Eraser>>,
): Promise<Erasure[]> {
  const erasures: Erasure[] = [];
  const text = await readFile(path, "utf8");
  for (const [index, line] of text.split("\n").entries()) {
    const number = index + 1;
    if (line.trim() === "") continue;
    const read = entry.safeParse(parsed(line));
    if (!read.success) throw new Error(`Line ${number} of the erasure ledger is malformed.`);
    if (!Object.hasOwn(known, read.data.kind))
      throw new Error(`Line ${number} of the erasure ledger: this release cannot erase "${read.data.kind}".`);
    erasures.push(read.data);
  }
  return erasures;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Erases again what came back with the backup. */
export async function replayErasures(
  tx: Transaction,
  erasures: readonly Erasure[],
  known: Readonly<Record<string, Eraser>>,
): Promise<void> {
  for (const erasure of erasures) await known[erasure.kind]?.(tx, erasure);
}
