import { and, desc, eq, inArray, isNull, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { Caller } from "../../auth/actor.ts";
import type { Database, Transaction } from "../../db/client.ts";
import { lockOrganization } from "../../db/organization-lock.ts";
import { personMatches } from "../../db/person-search.ts";
import { member, organization, user } from "../../db/schema/index.ts";
import { AppError } from "../../errors.ts";
import { memberScope } from "./members.policy.ts";
import type { Member, MembersQuery } from "./members.schema.ts";

const columns = {
  id: member.id,
  userId: member.userId,
  organizationId: member.organizationId,
  name: user.name,
  email: user.email,
  role: member.role,
  status: member.status,
  createdAt: member.createdAt,
  version: member.version,
};

export interface MemberRow
  extends Pick<typeof member.$inferSelect, Exclude<keyof typeof columns, "name" | "email">> {
  readonly name: string;
  readonly email: string;
}

export function toMember(row: MemberRow): Member {
  return {
    id: row.id,
    userId: row.userId,
    organizationId: row.organizationId,
    name: row.name,
    email: row.email,
    role: row.role,
    status: row.status,
    joinedAt: row.createdAt.toISOString(),
    version: row.version,
  };
}

/** The rows a caller may know of; everything else is like a row that is not there. */
function known(caller: Caller, organizationId: string): SQL | undefined {
  const scope = memberScope(caller, organizationId);
  return and(
    eq(member.organizationId, organizationId),
    ne(member.status, "removed"),
    caller.globalRole === "platform_admin" ? undefined : isNull(user.globalRole),
    scope === "everyone"
      ? undefined
      : or(inArray(member.role, [...scope.roles]), eq(member.userId, scope.userId)),
  );
}

/**
 * Up to `limit + 1` members, newest first, in one statement. It starts at the organization, so that an empty list
 * differs from an organization that is not there.
 *
 * @throws AppError `not_found` for platform admins who name no living organization
 */
export async function listMembers(
  db: Database,
  caller: Caller,
  organizationId: string,
  { role, status, q, limit }: MembersQuery,
  after: string | undefined,
): Promise<MemberRow[]> {
  const found = db
    .select(columns)
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(
      and(
        known(caller, organizationId),
        role && eq(member.role, role),
        status && eq(member.status, status),
        q ? personMatches(q) : undefined,
        after === undefined ? undefined : lt(member.id, after),
      ),
    )
    .orderBy(desc(member.id))
    .limit(limit + 1)
    .as("found");
  const living = db
    .select({ id: organization.id })
    .from(organization)
    .where(and(eq(organization.id, organizationId), isNull(organization.deletedAt)))
    .as("living");
  const rows = await db
    .select()
    .from(living)
    .leftJoin(found, eq(found.organizationId, living.id))
    .orderBy(desc(found.id));
  if (rows.length === 0) throw new AppError("not_found", "Not found");
  return rows.flatMap((row) => (row.found ? [row.found] : []));
}

const details = {
  ...columns,
  updatedAt: member.updatedAt,
  profileUpdatedAt: user.updatedAt,
  /** Whatever can still become one again counts: suspended members and deleted organizations too. */
  memberOf: sql<string[]>`array(
    select m.organization_id from member m where m.user_id = ${member.userId} and m.status <> 'removed')`,
};

export interface MemberDetails extends MemberRow {
  readonly updatedAt: Date;
  readonly profileUpdatedAt: Date;
  readonly memberOf: readonly string[];
}

const select = (db: Database | Transaction, caller: Caller, organizationId: string, memberId: string) =>
  db
    .select(details)
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .innerJoin(organization, eq(organization.id, member.organizationId))
    .where(and(eq(member.id, memberId), isNull(organization.deletedAt), known(caller, organizationId)));

/** @throws AppError `not_found` */
export async function findMember(
  db: Database,
  caller: Caller,
  organizationId: string,
  memberId: string,
): Promise<MemberDetails> {
  const [row] = await select(db, caller, organizationId, memberId);
  if (!row) throw new AppError("not_found", "Not found");
  return row;
}

/** The same, and nobody else changes the row, or any other of its organization, until the transaction ends. */
export async function lockMember(
  tx: Transaction,
  caller: Caller,
  organizationId: string,
  memberId: string,
): Promise<MemberDetails> {
  await lockOrganization(tx, organizationId);
  const [row] = await select(tx, caller, organizationId, memberId).for("update", { of: member });
  if (!row) throw new AppError("not_found", "Not found");
  return row;
}
