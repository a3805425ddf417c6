import type { OrganizationProfile } from "../../auth/actor.ts";
import type { organization } from "../../db/schema/index.ts";
import type { Organization } from "./organizations.schema.ts";

/** A row as members see it; `deleted` is shown to platform admins only. */
export function fromRow(row: typeof organization.$inferSelect): Organization {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    logoFileId: row.logoFileId,
    status: row.deletedAt ? "deleted" : row.suspendedAt ? "suspended" : "active",
    createdAt: row.createdAt.toISOString(),
    version: row.version,
  };
}

/** The same, from what was read with the session. */
export function fromProfile(profile: OrganizationProfile): Organization {
  return {
    id: profile.id,
    name: profile.name,
    slug: profile.slug,
    logoFileId: profile.logoFileId,
    status: profile.suspended ? "suspended" : "active",
    createdAt: profile.createdAt,
    version: profile.version,
  };
}
