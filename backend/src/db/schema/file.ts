import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { targetNames } from "../../features/files/files.targets.ts";
import { at, createdAt, id, updatedAt, version } from "./columns.ts";
import { organization } from "./organization.ts";
import { user } from "./user.ts";

const target = () => text("target", { enum: targetNames }).notNull();
const owners = {
  /** The tenant that owns the bytes; null for an avatar, which belongs to `uploadedBy`. */
  organizationId: uuid("organization_id").references(() => organization.id),
  fileName: text("file_name").notNull(),
  declaredType: text("declared_type").notNull(),
  size: bigint("size", { mode: "number" }).notNull(),
  /** Hex. On an intent: what the client promised, if it did. */
  sha256: text("sha256"),
};

/** A file whose bytes lie at `objects/<organization or user>/<id>`. */
export const file = pgTable(
  "file",
  {
    id: id(),
    target: target(),
    ...owners,
    uploadedBy: uuid("uploaded_by")
      .notNull()
      .references(() => user.id),
    /** Sniffed from the bytes; until then what was declared. */
    contentType: text("content_type").notNull(),
    status: text("status", { enum: ["processing", "ready", "quarantined", "rejected"] }).notNull(),
    /** Longest side in pixels of each smaller picture that lies beside the bytes. */
    sizes: integer("sizes").array().notNull().default([]),
    /** When the malware scanner last had its say. */
    scannedAt: at("scanned_at"),
    /** What the scanner found, by the scanner's name for it. */
    threat: text("threat"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    version: version(),
  },
  (t) => [
    unique("file_organization_id_unique").on(t.organizationId, t.id),
    index("file_uploaded_by_idx").on(t.uploadedBy),
    // Lists: of one kind, and of the few that are not simply there.
    index("file_target_idx").on(t.organizationId, t.target, t.id),
    index("file_not_ready_idx").on(t.organizationId, t.id).where(sql`${t.status} <> 'ready'`),
    // What an organization takes up, without a look at the rows.
    index("file_usage_idx").on(t.organizationId, t.size).where(sql`${t.status} <> 'rejected'`),
    index("file_unscanned_idx").on(t.id).where(sql`${t.scannedAt} is null`),
    index("file_processing_idx").on(t.createdAt).where(sql`${t.status} = 'processing'`),
    check("file_owner", sql`(${t.target} = 'avatar') = (${t.organizationId} is null)`),
    check("file_size", sql`${t.size} >= 1`),
    check("file_status", sql`${t.status} in ('processing','ready','quarantined','rejected')`),
  ],
);

/**
 * Permission to upload one object and register it once. It names both keys the bytes may ever lie at
 * (`staging/<storageKey>` and the final key made of `fileId`), so that a sweep can find everything a
 * killed process left behind.
 */
export const uploadIntent = pgTable(
  "upload_intent",
  {
    id: id(),
    fileId: uuid("file_id").notNull(),
    storageKey: text("storage_key").notNull().unique(),
    target: target(),
    ...owners,
    userId: uuid("user_id")
      .notNull()
      .references(() => user.id, { onDelete: "cascade" }),
    /** While set and recent, a register is at work on it. */
    claimedAt: at("claimed_at"),
    /** The store's name for an upload in parts, and the size of each part but the last. */
    uploadId: text("upload_id"),
    partSize: integer("part_size"),
    /** Set once it led to a file, or was refused for good. */
    usedAt: at("used_at"),
    expiresAt: at("expires_at").notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index("upload_intent_expires_at_idx").on(t.expiresAt),
    index("upload_intent_user_id_idx").on(t.userId),
    index("upload_intent_organization_id_idx").on(t.organizationId),
  ],
);
