import type { ByteRange, StoragePort, StoredBytes } from "../../adapters/storage/port.ts";
import type { Caller } from "../../auth/actor.ts";
import { AppError } from "../../errors.ts";
import type { Seats } from "../../seats.ts";
import { createSlots } from "./files.slots.ts";

/** The bytes of a file for a person, of whom only so many streams are open, and who has a seat for each. */
export function createReading(storage: Pick<StoragePort, "read">, seats: Seats) {
  const slots = createSlots();

  /** @throws AppError `not_found`, `rate_limited` (too many of this person), `unavailable` (too many of all) */
  return async ({ userId, origin }: Caller, key: string, range: ByteRange | null): Promise<StoredBytes> => {
    const giveBack = await slots.take(userId);
    let leave = (): void => undefined;
    const release = () => {
      leave();
      giveBack();
    };
    try {
      const seat = seats.take({ ip: origin.ip, userId });
      leave = seat.leave;
      const source = await storage.read(key, range ?? undefined);
      if (!source) throw new AppError("not_found", "Not found");
      seat.mayEnd(() => source.destroy(new Error("The stream gave way to another: too many are open")));
      // Whoever sends it hears of the error, too.
      return source.once("close", release).on("error", () => undefined);
    } catch (error) {
      release();
      throw error;
    }
  };
}
