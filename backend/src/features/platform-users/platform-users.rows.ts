import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import type { Database, Transaction } from "../../db/client.ts";
import { personMatches } from "../../db/person-search.ts";
import { user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import type { PlatformUser, PlatformUsersQuery } from "./platform-users.schema.ts";

const columns = {
  id: user.id,
  email: user.email,
  name: user.name,
  emailVerified: user.emailVerified,
  globalRole: user.globalRole,
  twoFactorEnabled: user.twoFactorEnabled,
  bannedAt: user.bannedAt,
  createdAt: user.createdAt,
  version: user.version,
  /** As in `/me`: neither what was left nor what was deleted. */
  memberships: sql<PlatformUser["memberships"]>`(
    select coalesce(json_agg(json_build_object(
      'memberId', m.id, 'organizationId', o.id, 'organizationName', o.name, 'organizationSlug', o.slug,
      'role', m.role, 'status', m.status) order by m.id), '[]')
    from member m join organization o on o.id = m.organization_id
    where m.user_id = "user".id and m.status <> 'removed' and o.deleted_at is null)`,
};

type Selected = Pick<typeof user.$inferSelect, Exclude<keyof typeof columns, "memberships">>;

export interface PlatformUserRow extends Selected {
  readonly memberships: PlatformUser["memberships"];
}

export function toPlatformUser(row: PlatformUserRow): PlatformUser {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    emailVerified: row.emailVerified,
    globalRole: row.globalRole,
    twoFactorEnabled: row.twoFactorEnabled,
    bannedAt: row.bannedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    version: row.version,
    memberships: row.memberships,
  };
}

/** Up to `limit + 1` people, newest first, in one statement that walks the primary key backwards. */
export async function listPlatformUsers(
  db: Database,
  { q, limit }: PlatformUsersQuery,
  after: string | undefined,
): Promise<PlatformUserRow[]> {
  return db
    .select(columns)
    .from(user)
    .where(and(q ? personMatches(q) : undefined, after === undefined ? undefined : lt(user.id, after)))
    .orderBy(desc(user.id))
    .limit(limit + 1);
}

/** @throws AppError `not_found` */
export async function findPlatformUser(db: Database | Transaction, userId: string): Promise<PlatformUserRow> {
  const [row] = await db.select(columns).from(user).where(eq(user.id, userId));
  if (!row) throw new AppError("not_found", "Not found");
  return row;
}

/** The same, and nobody else changes the person until the transaction ends. */
export async function lockPlatformUser(tx: Transaction, userId: string): Promise<PlatformUserRow> {
  const [row] = await tx.select(columns).from(user).where(eq(user.id, userId)).for("no key update");
  if (!row) throw new AppError("not_found", "Not found");
  return row;
}

interface Changes {
  readonly globalRole?: "platform_admin" | null;
  readonly bannedAt?: SQL | null;
}

/** Writes a new state of who was locked before. */
export async function changePlatformUser(tx: Transaction, userId: string, changes: Changes): Promise<void> {
  await tx
    .update(user)
    .set({ ...changes, updatedAt: sql`now()`, version: sql`${user.version} + 1` })
    .where(eq(user.id, userId));
}
