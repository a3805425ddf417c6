import { createHash } from "node:crypto";
import { AppError } from "../../errors.ts";
import type { Cursors } from "./port.ts";

interface Sealer {
  seal(purpose: string, payload: string): string;
  unseal(purpose: string, sealed: string): string | null;
}

/** Cursors that carry their own signature: nothing is kept on our side. */
export function createCursors(sealer: Sealer): Cursors {
  const scope = (list: string, filter: object): string =>
    createHash("sha256")
      .update(JSON.stringify([list, Object.entries(filter).sort()]))
      .digest("base64url")
      .slice(0, 16);
  return {
    read(list, filter, cursor) {
      if (cursor === undefined) return undefined;
      const [madeFor, position] = sealer.unseal("cursor", cursor)?.split("|") ?? [];
      if (madeFor !== scope(list, filter) || !position)
        throw new AppError("invalid_cursor", "This cursor was not made for this list and filter");
      return position;
    },
    page(list, filter, rows, limit, position) {
      const data = rows.slice(0, limit);
      const last = data.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      const nextCursor = hasMore ? sealer.seal("cursor", `${scope(list, filter)}|${position(last)}`) : null;
      return { data, page: { nextCursor, hasMore } };
    },
  };
}
