import { and, eq, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import { file } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { FilesDeps } from "./files.deps.ts";
import type { FindAllowed } from "./files.find.ts";
import { releaseVerdict } from "./files.quarantine.policy.ts";
import { toFileDto } from "./files.rows.ts";
import type { FileDto } from "./files.schema.ts";
import { isOutdated, lockShown, showInstead } from "./files.single.ts";
import { targets } from "./files.targets.ts";

/** Lets a file out of quarantine, by somebody who answers for it. It is not scanned again. */
export function createRelease({ db, audit, queue }: FilesDeps, found: FindAllowed) {
  /** @throws AppError `not_found`, `forbidden`, `precondition_failed`, `invalid_state` (not in quarantine) */
  return async (caller: Caller, fileId: string, version: number | undefined): Promise<FileDto> => {
    const { row } = await found(caller, fileId, (_, owned) => releaseVerdict(caller, owned));
    assertVersion(row, version);
    return db.transaction(async (tx) => {
      const { single } = targets[row.target];
      const shown = single ? await lockShown(tx, row) : null;
      const [released] = await tx
        .update(file)
        .set({ status: "ready", updatedAt: sql`now()`, version: sql`${file.version} + 1` })
        .where(and(eq(file.id, fileId), eq(file.status, "quarantined")))
        .returning();
      if (!released) throw new AppError("invalid_state", "The file is not in quarantine");
      if (isOutdated(released, shown))
        throw new AppError("invalid_state", "A newer picture took its place: delete this one");
      if (single) await showInstead(tx, queue, released, shown);
      await audit.record(tx, caller, {
        action: "file.released",
        organizationId: released.organizationId,
        target: { type: "file", id: fileId },
        changes: { target: released.target, threat: released.threat },
      });
      return toFileDto(released);
    });
  };
}
