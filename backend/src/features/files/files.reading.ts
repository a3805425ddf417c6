import type { ByteRange, StoragePort, StoredBytes } from "../../adapters/storage/port.ts";
import type { Caller } from "../../auth/actor.ts";
import { AppError } from "../../errors.ts";
import type { Slots } from "./files.slots.ts";

/** The bytes of a file for a person, who has a slot while they are open. */
export function createReading(storage: Pick<StoragePort, "read">, slots: Slots) {
  /** @throws AppError `not_found`, `rate_limited`, `unavailable` */
  return async (caller: Caller, key: string, range: ByteRange | null): Promise<StoredBytes> => {
    const release = await slots.take(caller.userId);
    try {
      const source = await storage.read(key, range ?? undefined);
      if (!source) throw new AppError("not_found", "Not found");
      return source.once("close", release);
    } catch (error) {
      release();
      throw error;
    }
  };
}
