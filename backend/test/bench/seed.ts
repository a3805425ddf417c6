import type { Sql } from "postgres";
import { v7 as uuidv7 } from "uuid";
import { createPasswords } from "../../src/auth/password.ts";

export const password = "correct horse battery";

export interface Seed {
  /** Where the manager works. */
  readonly organizationId: string;
  readonly manager: string;
  readonly platformAdmin: string;
  /** E-mail addresses of people who sign in; clients of the manager's organization. */
  readonly crowd: readonly string[];
}

const organizations = 1000;
const crowdSize = 100;
const members = 100_000;

/**
 * Organizations to page through, one manager, one platform admin, and a crowd, who all have the same password; and
 * members of the manager's organization to page through, who never sign in.
 */
export async function seed(sql: Sql): Promise<Seed> {
  const tenants = Array.from({ length: organizations }, (_, i) => ({
    id: uuidv7(),
    name: `Organization ${i}`,
    slug: `organization-${i}`,
  }));
  await sql`insert into organization ${sql(tenants)}`;
  const names = ["manager", "admin", ...Array.from({ length: crowdSize }, (_, i) => `person-${i}`)];
  const people = names.map((name) => ({
    id: uuidv7(),
    name,
    email: `${name}@bench.test`,
    email_verified: true,
    global_role: name === "admin" ? "platform_admin" : null,
  }));
  await sql`insert into "user" ${sql(people)}`;
  const hash = await createPasswords({ concurrency: 1 }).hash(password);
  const accounts = people.map(({ id }) => ({
    id: uuidv7(),
    account_id: id,
    provider_id: "credential",
    user_id: id,
    password: hash,
  }));
  await sql`insert into account ${sql(accounts)}`;
  const [manager, admin, ...crowd] = people;
  const tenant = tenants[organizations / 2];
  if (!manager || !admin || !tenant) throw new Error("Nobody was seeded");
  const memberships = [manager, ...crowd].map(({ id: user_id }) => ({
    id: uuidv7(),
    organization_id: tenant.id,
    user_id,
    role: user_id === manager.id ? "manager" : "client",
  }));
  await sql`insert into member ${sql(memberships)}`;
  await seedMembers(sql, tenant.id);
  await sql`analyze`;
  return {
    organizationId: tenant.id,
    manager: manager.email,
    platformAdmin: admin.email,
    crowd: crowd.map(({ email }) => email),
  };
}

async function seedMembers(sql: Sql, organizationId: string): Promise<void> {
  await sql`
    insert into "user" (id, name, email)
    select uuidv7(), 'Member ' || n, 'member-' || n || '@bench.test' from generate_series(1, ${members}::int) as n`;
  await sql`
    insert into member (id, organization_id, user_id, role)
    select uuidv7(), ${organizationId}, id, 'client' from "user" where email like 'member-%'`;
}
