import { AppError } from "./errors.ts";
import { neighbourhoodOf } from "./http/client-ip.ts";

interface Taken {
  readonly who: string;
  /** What takes more than a rented machine to leave. */
  readonly place: string;
  /** Makes its holder go; unknown while the holder is still sitting down. */
  end?: () => void;
}

export type Seats = ReturnType<typeof createSeats>;
export type Seat = ReturnType<Seats["take"]>;

interface Guest {
  readonly ip: string;
  /** The person, where we know them: many may come from one place. */
  readonly userId?: string;
}

/**
 * What only so many may hold at a time, and each as long as they like. Once all are taken nobody is kept out by those who
 * have more: the oldest seat of who has most goes to the newcomer. So it takes as many people in as many places to fill
 * them for good, however slowly each of them goes about it.
 */
export function createSeats(total: number) {
  /** In the order in which they were taken. */
  const taken = new Set<Taken>();

  /** The oldest seat of the group that has most, if that is still no fewer than the newcomer's group has then. */
  function oldestOfMost(newcomer: Taken, groupOf: (seat: Taken) => string): Taken | undefined {
    const groups = Map.groupBy(taken, groupOf);
    const own = groups.get(groupOf(newcomer))?.length ?? 0;
    let most: readonly Taken[] = [];
    for (const group of groups.values()) if (group.length > most.length) most = group;
    return most.length > own + 1 ? most.find(({ end }) => end) : undefined;
  }

  function makeRoom(newcomer: Taken): void {
    const isFirst = ![...taken].some(({ who }) => who === newcomer.who);
    const leaving =
      oldestOfMost(newcomer, ({ who }) => who) ??
      // An office or a school is one place: its people only give way to somebody who has nothing at all.
      (isFirst ? oldestOfMost(newcomer, ({ place }) => place) : undefined);
    if (!leaving) throw new AppError("unavailable", "Too much is under way: try again", { retryAfter: 5 });
    taken.delete(leaving);
    leaving.end?.();
  }

  return {
    /** How many are taken. */
    taken: (): number => taken.size,

    /** @throws AppError `unavailable` when all are taken, and nobody has more than their share */
    take({ ip, userId }: Guest) {
      const place = neighbourhoodOf(ip);
      const seat: Taken = { who: userId ?? place, place };
      if (taken.size >= total) makeRoom(seat);
      taken.add(seat);
      return {
        /** From now on the seat may be given to somebody else, and `end` is then called. */
        mayEnd(end: () => void): void {
          seat.end = end;
        },
        /** To be called once it is no longer needed; may be called again. */
        leave(): void {
          taken.delete(seat);
        },
      };
    },
  };
}
