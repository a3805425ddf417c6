import { eq, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import type { Database } from "../../db/client.ts";
import { file } from "../../db/schema/index.ts";
import type { FileOwnership } from "./files.policy.ts";
import type { FileDto } from "./files.schema.ts";
import { type TargetName, targets } from "./files.targets.ts";

export type FileRow = typeof file.$inferSelect;

/** Where the bytes of a registered file lie; no URL handed to a client can write there. */
export const objectKey = (row: { id: string; organizationId: string | null; uploadedBy: string }): string =>
  `objects/${row.organizationId ?? row.uploadedBy}/${row.id}`;

/** Longest sides of the pictures that are made of an avatar or logo. */
export const pictureSizes = [64, 256, 1024] as const;
export type PictureSize = (typeof pictureSizes)[number];

/** Where the smaller picture of an object lies. */
export const sizeKey = (key: string, size: PictureSize): string => `${key}.${size}.webp`;

/** All places where bytes of a file may lie, whether they were ever written or not: what to remove with it. */
export function objectKeys(row: Parameters<typeof objectKey>[0] & { target: TargetName }): string[] {
  const key = objectKey(row);
  return targets[row.target].picture ? [key, ...pictureSizes.map((size) => sizeKey(key, size))] : [key];
}

/** Where the bytes lie until they are registered. */
export const stagingKey = (storageKey: string): string => `staging/${storageKey}`;

/**
 * Finds a file, and who owns it in the eyes of the caller, by one statement. It is built once: that is a good part of
 * the time until the first byte of a stream.
 */
export function createFindFile(db: Database) {
  const mine = sql.placeholder("userId");
  const statement = db
    .select({
      row: file,
      colleague: sql<boolean>`${file.organizationId} is null and exists (
        select 1 from member mine
        join member theirs on theirs.organization_id = mine.organization_id
        join "user" them on them.id = theirs.user_id and them.global_role is null
        join organization o on o.id = mine.organization_id and o.suspended_at is null and o.deleted_at is null
        where mine.user_id = ${mine} and mine.status = 'active'
          and theirs.user_id = ${file.uploadedBy} and theirs.status = 'active')`,
    })
    .from(file)
    .where(eq(file.id, sql.placeholder("fileId")))
    .prepare("find_file");

  /** @returns null when there is none */
  return async (
    { userId }: Caller,
    fileId: string,
  ): Promise<{ row: FileRow; ownership: FileOwnership } | null> => {
    const [found] = await statement.execute({ userId, fileId });
    if (!found) return null;
    const { target, organizationId, uploadedBy } = found.row;
    return { row: found.row, ownership: { target, organizationId, uploadedBy, colleague: found.colleague } };
  };
}

export function toFileDto(row: FileRow): FileDto {
  return {
    id: row.id,
    target: row.target,
    organizationId: row.organizationId,
    mentorshipId: null,
    sessionId: null,
    fileName: row.fileName,
    contentType: row.contentType,
    declaredType: row.declaredType,
    size: row.size,
    sha256: row.sha256,
    status: row.status,
    uploadedBy: row.uploadedBy,
    createdAt: row.createdAt.toISOString(),
    version: row.version,
  };
}
