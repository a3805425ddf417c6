import { z } from "@hono/zod-openapi";

const bytes = z.int().min(0);

export const storageUsageSchema = z
  .object({
    usedBytes: bytes.openapi({ description: "Of all files but rejected ones, which have no bytes" }),
    reservedBytes: bytes.openapi({ description: "Promised to uploads that are not registered yet" }),
    fileCount: z.int().min(0),
    quotaBytes: bytes.nullable().openapi({ description: "Null: no limit" }),
  })
  .openapi("StorageUsage");

export const updateStorageSchema = z
  .strictObject({
    quotaBytes: bytes.nullable().openapi({
      description: "Null: the installation's default. 0 lets nothing more in. What is there already stays",
    }),
  })
  .openapi("UpdateStorage");

export type StorageUsage = z.infer<typeof storageUsageSchema>;
export type UpdateStorage = z.infer<typeof updateStorageSchema>;
