import type { Storage } from "../storage/create.ts";

/** Calls that end in the store, of one object. Signing is arithmetic, and lists are read as they are needed. */
export const objectCalls = [
  "head",
  "read",
  "put",
  "copy",
  "delete",
  "startMultipart",
  "listParts",
  "completeMultipart",
  "abortMultipart",
] as const;

type Around = <T>(operation: string, call: () => Promise<T>) => Promise<T>;

/** The same store, with each call that ends in it told to `around`. */
export function watchedStorage(storage: Storage, around: Around): Storage {
  const watched = { ...storage };
  for (const operation of ["check", ...objectCalls] as const) {
    const call = storage[operation] as (...input: unknown[]) => Promise<unknown>;
    Object.assign(watched, {
      [operation]: (...input: unknown[]) => around(operation, () => call(...input)),
    });
  }
  return watched;
}
