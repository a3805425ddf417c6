import { v7 as uuidv7 } from "uuid";
import { createInvitationToken } from "../../src/features/invitations/invitations.token.ts";
import type { TestApp } from "../harness/app.ts";
import type { OrganizationRole, Person } from "../harness/client.ts";
import type { Scene } from "./attempts.ts";

/** What an attempt may spend: made past the API, where nobody of the world depends on it. */
export interface SpareMember {
  readonly memberId: string;
  readonly userId: string;
}

export async function spareUser(app: TestApp, { banned = false } = {}): Promise<string> {
  const userId = uuidv7();
  await app.deps.database.sql`
    insert into "user" (id, name, email, email_verified, banned_at)
    values (${userId}, 'Spare', ${`${userId}@example.test`}, true, ${banned ? new Date() : null})`;
  return userId;
}

export async function spareMember({ app, target }: Scene, role: OrganizationRole): Promise<SpareMember> {
  const [memberId, userId] = [uuidv7(), await spareUser(app)];
  await app.deps.database.sql`
    insert into member (id, organization_id, user_id, role)
    values (${memberId}, ${target.organizationId}, ${userId}, ${role})`;
  return { memberId, userId };
}

type State = "active" | "suspended" | "deleted";

/** An organization of nobody, or of one org_admin. */
export async function spareOrganization(
  app: TestApp,
  { state = "active", admin }: { state?: State; admin?: Person | undefined } = {},
): Promise<string> {
  const id = uuidv7();
  const { sql } = app.deps.database;
  const at = new Date();
  await sql`
    insert into organization (id, name, slug, suspended_at, deleted_at)
    values (${id}, 'Spare', ${`spare-${id}`}, ${state === "suspended" ? at : null}, ${state === "deleted" ? at : null})`;
  if (admin)
    await sql`
      insert into member (id, organization_id, user_id, role)
      values (${uuidv7()}, ${id}, ${admin.userId}, 'org_admin')`;
  return id;
}

export interface SpareInvitation {
  readonly id: string;
  readonly token: string;
}

/** A pending invitation, as if an org_admin of the target had sent it. */
export async function spareInvitation(
  { app, target }: Scene,
  {
    organizationId = target.organizationId,
    email = `${uuidv7()}@example.test`,
    role = "client",
  }: { organizationId?: string; email?: string; role?: OrganizationRole },
): Promise<SpareInvitation> {
  const id = uuidv7();
  const { token, tokenHash } = createInvitationToken();
  await app.deps.database.sql`
    insert into invitation (id, organization_id, email, role, token_hash, expires_at, invited_by)
    values (${id}, ${organizationId}, ${email}, ${role}, ${tokenHash}, now() + interval '1 day',
      ${target.people.org_admin.userId})`;
  return { id, token };
}

/** The role that the caller plays in the target at the moment, if any. */
export async function roleOf({ app, caller, target }: Scene): Promise<OrganizationRole | undefined> {
  const [found] = await app.deps.database.sql<{ role: OrganizationRole }[]>`
    select m.role from member m join organization o on o.id = m.organization_id
    where m.user_id = ${caller.userId} and m.organization_id = ${target.organizationId}
      and m.status = 'active' and o.suspended_at is null`;
  return found?.role;
}

export async function isPlatformAdmin({ app, caller }: Scene): Promise<boolean> {
  const [found] = await app.deps.database.sql`
    select 1 from "user" where id = ${caller.userId} and global_role = 'platform_admin'`;
  return found !== undefined;
}
