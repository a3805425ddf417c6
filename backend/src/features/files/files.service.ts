import { eq } from "drizzle-orm";
import type { ReadsPort } from "../../adapters/reads/port.ts";
import { readsMax, type Streamable } from "../../adapters/storage/port.ts";
import type { Caller } from "../../auth/actor.ts";
import { assertVersion } from "../../db/assert-version.ts";
import { file } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { createSeats } from "../../seats.ts";
import { contentDisposition } from "./file-name.ts";
import type { FilesDeps } from "./files.deps.ts";
import { createFindAllowed } from "./files.find.ts";
import { createMultipart } from "./files.multipart.ts";
import { assertPicture, smallerPicture } from "./files.pictures.ts";
import { deleteVerdict, knownIn, readVerdict } from "./files.policy.ts";
import { createPresign } from "./files.presign.ts";
import { createReading } from "./files.reading.ts";
import { createRegister } from "./files.register.ts";
import { createRelease } from "./files.release.ts";
import { type FileRow, objectKey, objectKeys, type PictureSize, toFileDto } from "./files.rows.ts";
import type { FileWithUrl } from "./files.schema.ts";
import { assertServable, statusOf } from "./files.servable.ts";
import { mayKnowThreat, seeVerdict } from "./files.shown.policy.ts";
import { lockShown } from "./files.single.ts";
import { isInline, targets } from "./files.targets.ts";

export type FilesService = ReturnType<typeof createFilesService>;

/** What is left of the store's reads is for checks and scans. */
const streamsMax = Math.floor(readsMax * 0.9);

const downloadSeconds = 5 * 60;

/** Files: presign, register, read, stream, delete. Every method decides on the row's owner first. */
export function createFilesService(deps: FilesDeps & { readonly reads: ReadsPort }) {
  const { db, storage, scanning, reads } = deps;
  const found = createFindAllowed(db);

  /** Pictures of people and organizations are on every page. */
  function noteRead(caller: Caller, { id, organizationId, target }: FileRow): void {
    if (organizationId !== null && !targets[target].picture) reads.file(caller, organizationId, id);
  }

  const register = createRegister(deps);
  const read = createReading(storage, createSeats(streamsMax));

  return {
    presign: createPresign(deps),
    register,
    multipart: createMultipart(deps, register),
    release: createRelease(deps, found),

    /** The file and, once it is ready, a URL that serves it for five minutes. */
    async get(caller: Caller, fileId: string): Promise<FileWithUrl> {
      const { row, ownership } = await found(caller, fileId, ({ status }, owned) =>
        seeVerdict(caller, owned, status),
      );
      const status = statusOf(row, scanning);
      const threat = mayKnowThreat(caller, ownership) ? row.threat : null;
      const shown = { ...toFileDto(row), status, threat };
      if (status !== "ready") return { ...shown, downloadUrl: null, downloadUrlExpiresAt: null };
      noteRead(caller, row);
      const signed = await storage.presignGet({
        key: objectKey(row),
        contentType: row.contentType,
        contentDisposition: dispositionOf(row),
        expiresIn: downloadSeconds,
      });
      return {
        ...shown,
        downloadUrl: signed.url,
        downloadUrlExpiresAt: signed.expiresAt.toISOString(),
      };
    },

    /** @throws AppError `scan_pending`, `quarantined`, `invalid_state` while or because its bytes may not be served */
    async stream(caller: Caller, fileId: string, size?: PictureSize): Promise<Streamable> {
      // What went into quarantine may have been read before: its readers are told.
      const { row } = await found(caller, fileId, ({ status }, owned) =>
        status === "quarantined" ? readVerdict(caller, owned) : seeVerdict(caller, owned, status),
      );
      if (size !== undefined) assertPicture(row);
      assertServable(row, scanning, knownIn(caller, row.organizationId));
      if (size !== undefined)
        return smallerPicture(storage, row, size, (key, range) => read(caller, key, range));
      return {
        // The bytes of a file never change, so its id is their validator.
        etag: `"${row.id}"`,
        size: row.size,
        contentType: row.contentType,
        disposition: dispositionOf(row),
        async open(range) {
          const source = await read(caller, objectKey(row), range);
          noteRead(caller, row);
          return source;
        },
      };
    },

    async delete(caller: Caller, fileId: string, version: number | undefined): Promise<void> {
      const { row } = await found(caller, fileId, (_, owned) => deleteVerdict(caller, owned));
      assertVersion(row, version);
      await db.transaction(async (tx) => {
        // The owner before the file, in the order of everybody who locks both.
        if (targets[row.target].single) await lockShown(tx, row);
        const [gone] = await tx.delete(file).where(eq(file.id, fileId)).returning();
        if (!gone) throw new AppError("not_found", "Not found");
        // Once more, of the very row that goes.
        assertVersion(gone, version);
        await deps.queue.enqueue("object-delete", { keys: objectKeys(gone) }, tx);
        await deps.audit.record(tx, caller, {
          action: "file.deleted",
          organizationId: gone.organizationId,
          target: { type: "file", id: fileId },
          changes: { target: gone.target, size: gone.size },
        });
      });
    },
  };
}

const dispositionOf = (row: FileRow): string =>
  contentDisposition(isInline(row.contentType) ? "inline" : "attachment", row.fileName);
