import { z } from "@hono/zod-openapi";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";

const upload = {
  uploadId: idSchema,
  storageKey: z.string(),
  partSize: z.int().openapi({ description: "Bytes of each part but the last", example: 16_777_216 }),
  partCount: z.int().openapi({ example: 12 }),
  expiresAt: instant.openapi({ description: "Complete the upload before" }),
};
const uploaded = z.array(z.object({ partNumber: z.int(), size: z.int() }));

export const multipartStartedSchema = z.object(upload).openapi("MultipartStarted");

export const multipartSchema = z.object({ ...upload, uploaded }).openapi("Multipart");

export const partsRequestSchema = z
  .strictObject({
    partNumbers: z
      .array(z.int().min(1).max(10_000))
      .max(100)
      .refine((numbers) => new Set(numbers).size === numbers.length, "Name each part once")
      .default([])
      .openapi({ description: "Parts to get a URL for; none: only what is there", example: [1, 2, 3] }),
  })
  .openapi("PartsRequest");

export const partsSchema = z
  .object({
    uploaded,
    parts: z.array(
      z.object({
        partNumber: z.int(),
        uploadUrl: z.string().openapi({ description: "Absolute; start the PUT within 10 minutes" }),
        method: z.literal("PUT"),
        headers: z.record(z.string(), z.string()).openapi({ description: "Send these verbatim" }),
        size: z.int().openapi({ description: "Bytes; the part must be exactly this long" }),
      }),
    ),
  })
  .openapi("Parts");

export type MultipartStarted = z.infer<typeof multipartStartedSchema>;
export type Multipart = z.infer<typeof multipartSchema>;
export type PartsRequest = z.infer<typeof partsRequestSchema>;
export type Parts = z.infer<typeof partsSchema>;
