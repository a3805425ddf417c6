import { z } from "@hono/zod-openapi";
import { idSchema } from "../../http/ids.ts";
import { instant } from "../../http/openapi.ts";
import { targetNames } from "./files.targets.ts";

/** `[a-zA-Z0-9/_-]`, no leading or trailing slash, no empty segment; dots are not in the set, so neither is `..`. */
const prefixPattern = /^[a-zA-Z0-9_-]+(\/[a-zA-Z0-9_-]+)*$/;

const storageKeyPattern =
  /^[a-zA-Z0-9_-]+(\/[a-zA-Z0-9_-]+)*\/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.[a-z0-9]{1,10}$/;

const contentType = z
  .string()
  .max(127)
  // What a browser says of its own recordings has parameters: `audio/webm;codecs=opus`.
  .transform((type) => type.replace(/;.*/s, "").trim().toLowerCase())
  .pipe(z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/, "Must be a media type"))
  .openapi({ type: "string", example: "application/pdf" });

export const presignSchema = z
  .strictObject({
    target: z.enum(targetNames),
    fileName: z
      .string()
      .min(1)
      .max(500)
      .refine((name) => !name.includes("\0"), "NUL characters are not allowed")
      .openapi({ example: "welcome.pdf" }),
    contentType,
    size: z
      .int()
      .min(1)
      .openapi({ description: "Bytes; the upload must be exactly this long", example: 52_431 }),
    prefix: z
      .string()
      .min(1)
      .max(64)
      .regex(prefixPattern, "Letters, digits, _ and -, in segments divided by single slashes")
      .optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, "Must be 64 hexadecimal digits")
      .transform((hex) => hex.toLowerCase())
      .optional()
      .openapi({ type: "string", description: "If given, the bytes must have this digest" }),
    organizationId: idSchema.optional().openapi({ description: "Needed for orgLogo and organizationFile" }),
  })
  .openapi("Presign");

export const presignedSchema = z
  .object({
    uploadUrl: z.string().openapi({ description: "Absolute; start the PUT before `expiresAt`" }),
    method: z.literal("PUT"),
    headers: z.record(z.string(), z.string()).openapi({ description: "Send these verbatim" }),
    storageKey: z.string().openapi({ description: "For `POST /files/register`, within an hour" }),
    expiresAt: instant,
  })
  .openapi("Presigned");

export const registerSchema = z
  .strictObject({
    storageKey: z.string().max(150).regex(storageKeyPattern, "Must be a storage key from presign"),
  })
  .openapi("Register");

export const streamQuery = z.strictObject({
  size: z
    .enum(["64", "256", "1024"])
    .transform((size) => Number(size) as 64 | 256 | 1024)
    .optional()
    .openapi({
      type: "string",
      enum: ["64", "256", "1024"],
      description: "Of an avatar or logo: longest side of a WebP in pixels; pictures are never enlarged",
    }),
});

const fields = {
  id: idSchema,
  target: z.enum(targetNames),
  organizationId: idSchema.nullable(),
  mentorshipId: idSchema.nullable(),
  sessionId: idSchema.nullable(),
  fileName: z.string(),
  contentType: z.string().openapi({ description: "Sniffed from the bytes" }),
  declaredType: z.string(),
  size: z
    .int()
    .openapi({ description: "Of the bytes kept; a picture that lost its metadata is not what was sent" }),
  sha256: z.string().nullable().openapi({ description: "Of the bytes kept; null until they are checked" }),
  status: z.enum(["processing", "ready", "quarantined", "rejected"]),
  uploadedBy: idSchema,
  createdAt: instant,
  version: z.int(),
};

export const fileSchema = z.object(fields).openapi("File");

export const fileWithUrlSchema = z
  .object({
    ...fields,
    downloadUrl: z.string().nullable().openapi({ description: "Null until the file is ready" }),
    downloadUrlExpiresAt: instant.nullable(),
    threat: z.string().nullable().openapi({
      description:
        "What the malware scanner found, in its words; stays after a release. Null to whom quarantine is not shown",
    }),
  })
  .openapi("FileWithUrl");

export type Presign = z.infer<typeof presignSchema>;
export type Presigned = z.infer<typeof presignedSchema>;
export type FileDto = z.infer<typeof fileSchema>;
export type FileWithUrl = z.infer<typeof fileWithUrlSchema>;
