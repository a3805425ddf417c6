import type { file } from "../../db/schema/index.ts";
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
export const sizeKey = (key: string, size: number): string => `${key}.${size}.webp`;

/** All places where bytes of a file may lie, whether they were ever written or not: what to remove with it. */
export function objectKeys(row: Parameters<typeof objectKey>[0] & { target: TargetName }): string[] {
  const key = objectKey(row);
  return targets[row.target].picture ? [key, ...pictureSizes.map((size) => sizeKey(key, size))] : [key];
}

/** Where the bytes lie until they are registered. */
export const stagingKey = (storageKey: string): string => `staging/${storageKey}`;

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
